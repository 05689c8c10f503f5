//! Row-wise products of features with components: N rows, M components, C channels.

use burn::tensor::Tensor;

/// `out[n, c] = Σ_m a[n, m, c] b[n, m, c]`.
///
/// # Shapes
/// - `a`, `b`: `[N, M, C]`
/// - output: `[N, C]`
#[must_use]
pub fn dot(a: &Tensor<3>, b: &Tensor<3>) -> Tensor<2> {
    #[cfg(feature = "flex")]
    if let Some(out) = on_flex::dot(a, b) {
        return out;
    }
    (a.clone() * b.clone()).sum_dim(1).squeeze_dim(1)
}

/// `out[n, m, c] = a[n, m, c] s[n, c]`.
///
/// # Shapes
/// - `a`: `[N, M, C]`, `s`: `[N, C]`
/// - output: `[N, M, C]`
#[must_use]
pub fn scale(a: &Tensor<3>, s: &Tensor<2>) -> Tensor<3> {
    #[cfg(feature = "flex")]
    if let Some(out) = on_flex::scale(a, s) {
        return out;
    }
    a.clone() * s.clone().unsqueeze_dim(1)
}

#[cfg(feature = "flex")]
#[expect(
    clippy::inline_always,
    reason = "a loop is compiled for the processor's vector instructions only inside the function that `pulp` calls"
)]
mod on_flex {
    use burn::tensor::{DType, Tensor};

    use super::super::flex::{RowKernel, Scalar, by_dtype, fill, host, row, wrap};

    pub(super) fn dot(a: &Tensor<3>, b: &Tensor<3>) -> Option<Tensor<2>> {
        struct Kernel<'a, T> {
            a: &'a [T],
            b: &'a [T],
            components: usize,
        }
        impl<T: Scalar> RowKernel<T> for Kernel<'_, T> {
            #[inline(always)]
            fn row(&self, r: usize, out: &mut [T]) {
                let length = self.components * out.len();
                let (a, b) = (row(self.a, r, length), row(self.b, r, length));
                for (a, b) in a.chunks_exact(out.len()).zip(b.chunks_exact(out.len())) {
                    for ((o, &a), &b) in out.iter_mut().zip(a).zip(b) {
                        *o += a * b;
                    }
                }
            }
        }
        let [n, m, c] = a.dims();
        let (a, b) = (host(a)?, host(b)?);
        by_dtype!(a, T => {
            let kernel = Kernel { a: a.slice::<T>(), b: b.slice::<T>(), components: m };
            wrap(fill(&kernel, n, c, n * m * c), [n, c])
        })
    }

    pub(super) fn scale(a: &Tensor<3>, s: &Tensor<2>) -> Option<Tensor<3>> {
        struct Kernel<'a, T> {
            a: &'a [T],
            s: &'a [T],
            channels: usize,
        }
        impl<T: Scalar> RowKernel<T> for Kernel<'_, T> {
            #[inline(always)]
            fn row(&self, r: usize, out: &mut [T]) {
                let a = row(self.a, r, out.len());
                let s = row(self.s, r, self.channels);
                for (out, a) in out
                    .chunks_exact_mut(self.channels)
                    .zip(a.chunks_exact(self.channels))
                {
                    for ((o, &a), &s) in out.iter_mut().zip(a).zip(s) {
                        *o = a * s;
                    }
                }
            }
        }
        let [n, m, c] = a.dims();
        let (a, s) = (host(a)?, host(s)?);
        by_dtype!(a, T => {
            let kernel = Kernel { a: a.slice::<T>(), s: s.slice::<T>(), channels: c };
            wrap(fill(&kernel, n, m * c, n * m * c), [n, m, c])
        })
    }
}

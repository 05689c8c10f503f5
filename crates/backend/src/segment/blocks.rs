//! A matrix per row and channel, applied to every item of the row: N rows, E items, I × K matrices,
//! C channels.
//!
//! All three functions are derivatives of the form
//! Σ g\[e, k, c\] b\[n, i, k, c\] x\[e, i, c\] with n the row of item e, which is linear in each argument,
//! so the derivatives of each are again among them. Tensor products of pairs with the environment
//! of their centre have this form: contracting the environment with the coupling coefficients once
//! per atom leaves one small matrix for all pairs of the atom.

use burn::tensor::Tensor;

use super::{Index, gather, sum};

/// Which index of the matrices is summed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The first: `out[e, k, c] = Σ_i b[n, i, k, c] x[e, i, c]`.
    First,
    /// The second: `out[e, i, c] = Σ_k b[n, i, k, c] x[e, k, c]`.
    Second,
}

impl Side {
    /// The other index.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }
}

/// Applies the matrices of each item's row, summing over one of their indices.
///
/// # Shapes
/// - `b`: `[N, I·K, C]`, `x`: `[E, I, C]` or, over the second index, `[E, K, C]`
/// - output: `[E, K, C]` or `[E, I, C]`
#[must_use]
pub fn apply(b: &Tensor<3>, x: &Tensor<3>, index: &Index, side: Side) -> Tensor<3> {
    #[cfg(feature = "flex")]
    if let Some(out) = on_flex::apply(b, x, index, side) {
        return out;
    }
    let [_, ik, c] = b.dims();
    let [e, summed, _] = x.dims();
    let kept = ik / summed;
    let b = gather(b, index);
    match side {
        Side::First => (b.reshape([e, summed, kept, c]) * x.clone().unsqueeze_dim(2)).sum_dim(1),
        Side::Second => (b.reshape([e, kept, summed, c]) * x.clone().unsqueeze_dim(1)).sum_dim(2),
    }
    .reshape([e, kept, c])
}

/// `out[n, i, k, c] = Σ_{e of n} x[e, i, c] y[e, k, c]`.
///
/// # Shapes
/// - `x`: `[E, I, C]`, `y`: `[E, K, C]`
/// - output: `[N, I·K, C]`
#[must_use]
pub fn outer(x: &Tensor<3>, y: &Tensor<3>, index: &Index) -> Tensor<3> {
    #[cfg(feature = "flex")]
    if let Some(out) = on_flex::outer(x, y, index) {
        return out;
    }
    let [e, i, c] = x.dims();
    let [_, k, _] = y.dims();
    let product = x.clone().unsqueeze_dim::<4>(2) * y.clone().unsqueeze_dim(1); // [E, I, K, C]
    sum(&product.reshape([e, i * k, c]), index)
}

#[cfg(feature = "flex")]
#[expect(
    clippy::inline_always,
    reason = "a loop is compiled for the processor's vector instructions only inside the function that `pulp` calls"
)]
mod on_flex {
    use burn::tensor::{DType, Tensor};

    use super::{
        super::{
            Grouped, Index,
            flex::{RowKernel, Scalar, by_dtype, fill, host, items, row, wrap},
        },
        Side,
    };

    pub(super) fn apply(
        b: &Tensor<3>,
        x: &Tensor<3>,
        index: &Index,
        side: Side,
    ) -> Option<Tensor<3>> {
        struct Kernel<'a, T> {
            b: &'a [T],
            x: &'a [T],
            rows: &'a [u32],
            summed: usize,
            kept: usize,
            channels: usize,
            side: Side,
        }
        impl<T: Scalar> RowKernel<T> for Kernel<'_, T> {
            #[inline(always)]
            fn row(&self, e: usize, out: &mut [T]) {
                let c = self.channels;
                let matrix = self.summed * self.kept * c;
                let b = row(self.b, self.rows[e] as usize, matrix);
                let x = row(self.x, e, self.summed * c);
                for (s, x) in x.chunks_exact(c).enumerate() {
                    for (k, out) in out.chunks_exact_mut(c).enumerate() {
                        let entry = match self.side {
                            Side::First => s * self.kept + k,
                            Side::Second => k * self.summed + s,
                        };
                        let b = row(b, entry, c);
                        for ((o, &x), &b) in out.iter_mut().zip(x).zip(b) {
                            *o += x * b;
                        }
                    }
                }
            }
        }
        let [_, ik, c] = b.dims();
        let [e, summed, _] = x.dims();
        let kept = ik / summed;
        let (b, x) = (host(b)?, host(x)?);
        by_dtype!(x, T => {
            let kernel = Kernel {
                b: b.slice::<T>(),
                x: x.slice::<T>(),
                rows: index.rows(),
                summed,
                kept,
                channels: c,
                side,
            };
            wrap(fill(&kernel, e, kept * c, e * ik * c), [e, kept, c])
        })
    }

    pub(super) fn outer(x: &Tensor<3>, y: &Tensor<3>, index: &Index) -> Option<Tensor<3>> {
        struct Kernel<'a, T> {
            x: &'a [T],
            y: &'a [T],
            grouped: &'a Grouped,
            i: usize,
            k: usize,
            channels: usize,
        }
        impl<T: Scalar> RowKernel<T> for Kernel<'_, T> {
            #[inline(always)]
            fn row(&self, n: usize, out: &mut [T]) {
                let c = self.channels;
                for &e in items(self.grouped, n) {
                    let x = row(self.x, e as usize, self.i * c);
                    let y = row(self.y, e as usize, self.k * c);
                    for (out, x) in out.chunks_exact_mut(self.k * c).zip(x.chunks_exact(c)) {
                        for (out, y) in out.chunks_exact_mut(c).zip(y.chunks_exact(c)) {
                            for ((o, &x), &y) in out.iter_mut().zip(x).zip(y) {
                                *o += x * y;
                            }
                        }
                    }
                }
            }
        }
        let [e, i, c] = x.dims();
        let [_, k, _] = y.dims();
        let n = index.count();
        let (x, y) = (host(x)?, host(y)?);
        by_dtype!(x, T => {
            let kernel = Kernel {
                x: x.slice::<T>(),
                y: y.slice::<T>(),
                grouped: index.grouped(),
                i,
                k,
                channels: c,
            };
            wrap(fill(&kernel, n, i * k * c, e * i * k * c), [n, i * k, c])
        })
    }
}

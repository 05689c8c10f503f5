//! GELU and softmax over vector registers.

use backend::registers::{exp, sigmoid};
use pulp::{Simd, WithSimd};

/// 2 √(2/π), the slope inside the sigmoid form of `gelu_new`.
const SLOPE: f32 = 1.595_769;
const CUBE: f32 = 0.044_715;

/// x σ(2u) and its derivative, with u = √(2/π) (x + 0.044715 x³): the same function as 0.5 x (1 + tanh u), without the
/// loss of digits of 1 + tanh u for negative x.
#[inline(always)]
fn gelu_parts<S: Simd>(simd: S, x: S::f32s) -> (S::f32s, S::f32s) {
    let splat = |value: f32| simd.splat_f32s(value);
    let square = simd.mul_f32s(x, x);
    let inner = simd.mul_f32s(
        simd.mul_f32s(x, splat(SLOPE)),
        simd.mul_add_f32s(square, splat(CUBE), splat(1.0)),
    );
    let sigmoid = sigmoid(simd, inner);
    let value = simd.mul_f32s(x, sigmoid);
    let slope = simd.mul_f32s(
        splat(SLOPE),
        simd.mul_add_f32s(square, splat(3.0 * CUBE), splat(1.0)),
    );
    let rest = simd.mul_f32s(value, simd.sub_f32s(splat(1.0), sigmoid));
    (value, simd.mul_add_f32s(rest, slope, sigmoid))
}

/// `out` ← gelu(x).
pub(super) struct Gelu<'a> {
    pub(super) x: &'a [f32],
    pub(super) out: &'a mut [f32],
}

impl WithSimd for Gelu<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (x, x_tail) = S::as_simd_f32s(self.x);
        let (out, out_tail) = S::as_mut_simd_f32s(self.out);
        for (out, &x) in out.iter_mut().zip(x) {
            *out = gelu_parts(simd, x).0;
        }
        let last = gelu_parts(simd, simd.partial_load_f32s(x_tail)).0;
        simd.partial_store_f32s(out_tail, last);
    }
}

/// `out` ← gelu(x), and `gradient` ← `gradient` · gelu'(x).
pub(super) struct GeluBackward<'a> {
    pub(super) x: &'a [f32],
    pub(super) out: &'a mut [f32],
    pub(super) gradient: &'a mut [f32],
}

impl WithSimd for GeluBackward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (x, x_tail) = S::as_simd_f32s(self.x);
        let (out, out_tail) = S::as_mut_simd_f32s(self.out);
        let (gradient, gradient_tail) = S::as_mut_simd_f32s(self.gradient);
        for ((out, gradient), &x) in out.iter_mut().zip(gradient).zip(x) {
            let (value, slope) = gelu_parts(simd, x);
            *out = value;
            *gradient = simd.mul_f32s(*gradient, slope);
        }
        let (value, slope) = gelu_parts(simd, simd.partial_load_f32s(x_tail));
        let last = simd.mul_f32s(simd.partial_load_f32s(gradient_tail), slope);
        simd.partial_store_f32s(out_tail, value);
        simd.partial_store_f32s(gradient_tail, last);
    }
}

/// Turns a row of logits into ln Σ e^x (returned) and, where asked, into the gradient (softmax − one-hot) · `scale`.
pub(super) struct SoftmaxRow<'a> {
    pub(super) row: &'a mut [f32],
    pub(super) target: usize,
    pub(super) scale: Option<f32>,
}

impl WithSimd for SoftmaxRow<'_> {
    /// −ln p(target).
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let chosen = self.row[self.target];
        let mut largest = f32::NEG_INFINITY;
        {
            let (vectors, tail) = S::as_simd_f32s(self.row);
            let mut top = simd.splat_f32s(f32::NEG_INFINITY);
            for &x in vectors {
                top = simd.max_f32s(top, x);
            }
            if !vectors.is_empty() {
                largest = simd.reduce_max_f32s(top);
            }
            largest = tail.iter().copied().fold(largest, f32::max);
        }
        if self.row.iter().any(|x| x.is_nan()) {
            return f64::NAN;
        }
        let shift = simd.splat_f32s(largest);
        let tail_length = self.row.len() % S::F32_LANES;
        let (vectors, tail) = S::as_mut_simd_f32s(self.row);
        let mut sums = simd.splat_f32s(0.0);
        for x in vectors.iter_mut() {
            let e = exp(simd, simd.sub_f32s(*x, shift));
            sums = simd.add_f32s(sums, e);
            *x = e;
        }
        let mut sum = simd.reduce_sum_f32s(sums);
        if tail_length > 0 {
            let last = exp(simd, simd.sub_f32s(simd.partial_load_f32s(tail), shift));
            simd.partial_store_f32s(tail, last);
            sum += tail.iter().sum::<f32>();
        }
        if let Some(scale) = self.scale {
            let factor = simd.splat_f32s(scale / sum);
            let (vectors, tail) = S::as_mut_simd_f32s(self.row);
            for x in vectors {
                *x = simd.mul_f32s(*x, factor);
            }
            for x in tail {
                *x *= scale / sum;
            }
            self.row[self.target] -= scale;
        }
        f64::from(sum).ln() + f64::from(largest) - f64::from(chosen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gelu_and_its_derivative_agree_with_the_definition() {
        let x: Vec<f32> = (-100..=103).map(|i| i as f32 * 0.1).collect();
        let mut out = vec![0.0; x.len()];
        let mut again = vec![0.0; x.len()];
        let mut slope = vec![1.0; x.len()];
        pulp::Arch::new().dispatch(Gelu {
            x: &x,
            out: &mut out,
        });
        pulp::Arch::new().dispatch(GeluBackward {
            x: &x,
            out: &mut again,
            gradient: &mut slope,
        });
        assert_eq!(out, again);
        let gelu = |x: f64| {
            let u = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
            0.5 * x * (1.0 + u.tanh())
        };
        for ((x, y), slope) in x.iter().zip(out).zip(slope) {
            let x = f64::from(*x);
            assert!((f64::from(y) - gelu(x)).abs() < 1e-6 * x.abs().max(1.0));
            let expected = (gelu(x + 1e-5) - gelu(x - 1e-5)) / 2e-5;
            assert!((f64::from(slope) - expected).abs() < 2e-6, "{x}: {slope}");
        }
    }

    #[test]
    fn softmax_rows_give_loss_and_gradient() {
        for length in [3, 16, 37] {
            let logits: Vec<f32> = (0..length).map(|i| ((i * 7) % 11) as f32 - 4.0).collect();
            let sum: f64 = logits.iter().map(|&x| f64::from(x).exp()).sum();
            let mut row = logits.clone();
            let loss = pulp::Arch::new().dispatch(SoftmaxRow {
                row: &mut row,
                target: 2,
                scale: Some(0.5),
            });
            assert!((loss - (sum.ln() - f64::from(logits[2]))).abs() < 1e-6);
            for (index, (&x, &gradient)) in logits.iter().zip(&row).enumerate() {
                let expected = 0.5 * (f64::from(x).exp() / sum - f64::from(u8::from(index == 2)));
                assert!((f64::from(gradient) - expected).abs() < 1e-6);
            }
        }
    }
}

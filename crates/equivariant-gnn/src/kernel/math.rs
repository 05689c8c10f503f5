//! The activations over vector registers.

use backend::registers::{exp, sigmoid};
use pulp::{Arch, Simd, WithSimd};

/// ln(1 + y) for y from 0 to 1 by 2 artanh(y/(2 + y)), whose series ends in the ninth power.
#[inline(always)]
fn ln_one_plus<S: Simd>(simd: S, y: S::f32s) -> S::f32s {
    let splat = |value: f32| simd.splat_f32s(value);
    let z = simd.div_f32s(y, simd.add_f32s(y, splat(2.0)));
    let square = simd.mul_f32s(z, z);
    let mut p = splat(2.0 / 13.0);
    for power in [11.0, 9.0, 7.0, 5.0, 3.0, 1.0] {
        p = simd.mul_add_f32s(p, square, splat(2.0 / power));
    }
    simd.mul_f32s(z, p)
}

/// What stands between two dense layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activation {
    /// x σ(x).
    Silu,
    /// ln(1 + eˣ) − ln 2.
    ShiftedSoftplus,
}

impl Activation {
    #[inline(always)]
    fn value<S: Simd>(self, simd: S, x: S::f32s) -> S::f32s {
        match self {
            Self::Silu => simd.mul_f32s(x, sigmoid(simd, x)),
            Self::ShiftedSoftplus => {
                let tail = ln_one_plus(simd, exp(simd, simd.neg_f32s(simd.abs_f32s(x))));
                let above = simd.max_f32s(x, simd.splat_f32s(0.0));
                let zero = simd.splat_f32s(-std::f32::consts::LN_2);
                simd.add_f32s(above, simd.add_f32s(tail, zero))
            }
        }
    }

    #[inline(always)]
    fn slope<S: Simd>(self, simd: S, x: S::f32s) -> S::f32s {
        let s = sigmoid(simd, x);
        match self {
            Self::Silu => {
                let rest = simd.sub_f32s(simd.splat_f32s(1.0), s);
                simd.mul_f32s(s, simd.mul_add_f32s(x, rest, simd.splat_f32s(1.0)))
            }
            Self::ShiftedSoftplus => s,
        }
    }

    /// `out` ← f(x).
    pub(super) fn apply(self, x: &[f32], out: &mut [f32]) {
        Arch::new().dispatch(Apply {
            activation: self,
            x,
            out,
        });
    }

    /// `gradient` ← `gradient` · f′(x).
    pub(super) fn backward(self, x: &[f32], gradient: &mut [f32]) {
        Arch::new().dispatch(Backward {
            activation: self,
            x,
            gradient,
        });
    }
}

struct Apply<'a> {
    activation: Activation,
    x: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (x, x_tail) = S::as_simd_f32s(self.x);
        let (out, out_tail) = S::as_mut_simd_f32s(self.out);
        for (out, &x) in out.iter_mut().zip(x) {
            *out = self.activation.value(simd, x);
        }
        let last = self.activation.value(simd, simd.partial_load_f32s(x_tail));
        simd.partial_store_f32s(out_tail, last);
    }
}

struct Backward<'a> {
    activation: Activation,
    x: &'a [f32],
    gradient: &'a mut [f32],
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (x, x_tail) = S::as_simd_f32s(self.x);
        let (gradient, tail) = S::as_mut_simd_f32s(self.gradient);
        for (g, &x) in gradient.iter_mut().zip(x) {
            *g = simd.mul_f32s(*g, self.activation.slope(simd, x));
        }
        let slope = self.activation.slope(simd, simd.partial_load_f32s(x_tail));
        let last = simd.mul_f32s(simd.partial_load_f32s(tail), slope);
        simd.partial_store_f32s(tail, last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn activations_and_their_slopes_agree_with_the_definitions() {
        type Function = fn(f64) -> f64;
        let silu: Function = |x| x / (1.0 + (-x).exp());
        let softplus: Function = |x| x.exp().ln_1p() - std::f64::consts::LN_2;
        let x: Vec<f32> = (-900..=903).map(|i| i as f32 * 0.1 + 0.03).collect();
        for (activation, exact) in [
            (Activation::Silu, silu),
            (Activation::ShiftedSoftplus, softplus),
        ] {
            let mut value = vec![0.0; x.len()];
            let mut slope = vec![1.0; x.len()];
            activation.apply(&x, &mut value);
            activation.backward(&x, &mut slope);
            for ((&x, value), slope) in x.iter().zip(value).zip(slope) {
                let x = f64::from(x);
                let expected = exact(x);
                let tolerance = 2e-7 + 3e-7 * expected.abs();
                assert!(
                    (f64::from(value) - expected).abs() < tolerance,
                    "{activation:?} at {x}: {value} {expected}"
                );
                let expected = (exact(x + 1e-5) - exact(x - 1e-5)) / 2e-5;
                assert!(
                    (f64::from(slope) - expected).abs() < 1e-6,
                    "{activation:?} at {x}: slope {slope} {expected}"
                );
            }
        }
    }
}

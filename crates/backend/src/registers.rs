//! Functions of `pulp`'s vector registers, for loops that the crates write for the processor.
#![expect(
    clippy::inline_always,
    reason = "compiled for the processor's vector instructions only inside the function that `pulp` calls"
)]

use pulp::Simd;

/// e^x to two units in the last place; 0 below −87, so that no result is subnormal; inputs above 88 count as 88.
///
/// The constants are those of the Cephes library (`expf.c`, Moshier 1992).
#[must_use]
#[inline(always)]
pub fn exp<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let splat = |value: f32| simd.splat_f32s(value);
    let low = splat(-87.0);
    let clamped = simd.min_f32s(simd.max_f32s(x, low), splat(88.0));
    // Adding 1.5 · 2²³ leaves the rounded quotient in the low bits.
    let shifted = simd.mul_add_f32s(
        clamped,
        splat(std::f32::consts::LOG2_E),
        splat(12_582_912.0),
    );
    let quotient = simd.sub_f32s(shifted, splat(12_582_912.0));
    let r = simd.mul_add_f32s(quotient, splat(-0.693_359_4), clamped);
    let r = simd.mul_add_f32s(quotient, splat(2.121_944_4e-4), r);
    let mut p = splat(1.987_569_1e-4);
    for coefficient in [
        1.398_199_9e-3,
        8.333_452e-3,
        4.166_579_6e-2,
        1.666_666_5e-1,
        0.5,
    ] {
        p = simd.mul_add_f32s(p, r, splat(coefficient));
    }
    let square = simd.mul_f32s(r, r);
    let y = simd.add_f32s(simd.mul_add_f32s(p, square, r), splat(1.0));
    let exponent =
        simd.wrapping_dyn_shl_u32s(simd.transmute_u32s_f32s(shifted), simd.splat_u32s(23));
    let scale = simd.transmute_f32s_u32s(simd.add_u32s(exponent, simd.splat_u32s(0x3f80_0000)));
    let result = simd.mul_f32s(y, scale);
    simd.select_f32s(simd.less_than_f32s(x, low), splat(0.0), result)
}

/// σ(x) = 1/(1 + e⁻ˣ), never below e⁻⁸⁰, so that it stays above the smallest normal number.
#[must_use]
#[inline(always)]
pub fn sigmoid<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let one = simd.splat_f32s(1.0);
    let e = exp(simd, simd.min_f32s(simd.neg_f32s(x), simd.splat_f32s(80.0)));
    simd.div_f32s(one, simd.add_f32s(one, e))
}

#[cfg(test)]
mod tests {
    use pulp::WithSimd;

    use super::*;

    struct Exp<'a>(&'a mut [f32]);

    impl WithSimd for Exp<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            for x in self.0 {
                let e = exp(simd, simd.splat_f32s(*x));
                *x = simd.reduce_max_f32s(e);
            }
        }
    }

    #[test]
    fn exp_is_right_to_a_few_units_in_the_last_place() {
        let inputs: Vec<f32> = (-8600..8800).map(|i| i as f32 * 0.01 + 0.003).collect();
        let mut found = inputs.clone();
        pulp::Arch::new().dispatch(Exp(&mut found));
        for (x, y) in inputs.iter().zip(found) {
            let expected = f64::from(*x).exp();
            let off = (f64::from(y) - expected).abs() / expected;
            assert!(off < 2.5e-7, "e^{x} is {y}, off by {off:e}");
        }
        let mut ends = [f32::NEG_INFINITY, -87.5, 0.0];
        pulp::Arch::new().dispatch(Exp(&mut ends));
        assert_eq!(ends.map(f32::to_bits), [0.0, 0.0, 1.0].map(f32::to_bits));
    }
}

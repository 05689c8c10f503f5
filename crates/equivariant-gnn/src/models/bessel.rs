//! Functions of the distance of NequIP, Allegro and MACE: Bessel functions and the polynomial cutoff
//! (Gasteiger et al., ICLR 2020, arXiv:2003.03123, eqs. 7 and 8).
//!
//! Axis letters: E pairs, K radial functions.

use std::f64::consts::PI;

use backend::tape::Var;

/// sin(wₖ π x)/(π x) with x = d/r, one column per root w.
///
/// # Shapes
/// - `x`: `[E, 1]`, `roots`: `[1, K]`
/// - output: `[E, K]`
pub(super) fn bessel(x: &Var<2>, roots: &Var<2>) -> Var<2> {
    let angle = x.scale(PI);
    angle.mul(roots).sin().mul(&angle.recip())
}

/// 1 − (p+1)(p+2)/2 xᵖ + p(p+2) xᵖ⁺¹ − p(p+1)/2 xᵖ⁺² for x = d/r below 1, and zero beyond.
///
/// # Shapes
/// - `x`: `[E, 1]`
/// - output: `[E, 1]`
pub(super) fn polynomial_cutoff(x: &Var<2>, power: u32) -> Var<2> {
    let p = f64::from(power);
    let inside = x.value().clone().lower_elem(1.0).float().cast(x.dtype());
    // Horner's scheme for the factor of xᵖ.
    let factor = x
        .scale(-0.5 * p * (p + 1.0))
        .shift(p * (p + 2.0))
        .mul(x)
        .shift(-0.5 * (p + 1.0) * (p + 2.0));
    x.powi(power)
        .mul(&factor)
        .shift(1.0)
        .mul(&Var::constant(inside))
}

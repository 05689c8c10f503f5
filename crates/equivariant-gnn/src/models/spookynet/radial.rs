//! Functions of the distance: exponential Bernstein polynomials and the cutoff function of
//! `SpookyNet` (eqs. 14 to 16 of the paper).
//!
//! Axis letters: H pairs of which both directions count as one, K radial functions.

use backend::tape::Var;
use burn::tensor::DType;

use crate::weights::{Init, Layout, Scope};

const NAME: &str = "radial_basis_functions";

/// Starting value of the decay constant: 1/2 per Bohr (the authors' value, in 1/Å).
const DECAY: f64 = 0.944_863_062_918_464;

/// x with softplus(x) = y.
pub(super) fn softplus_inverse(y: f64) -> f64 {
    y + (-(-y).exp_m1()).ln()
}

pub(super) fn declare(layout: &mut Layout, functions: usize) {
    let last = functions - 1;
    let mut logarithms = vec![0.0_f64; functions];
    for k in 2..functions {
        logarithms[k] = logarithms[k - 1] + (k as f64).ln();
    }
    let binomials = (0..functions)
        .map(|v| logarithms[last] - logarithms[v] - logarithms[last - v])
        .collect();
    let shape = [functions];
    layout.weight(
        format!("{NAME}._alpha"),
        &[],
        Init::Constant(softplus_inverse(DECAY)),
    );
    layout.buffer(format!("{NAME}.logc"), &shape, binomials);
    let powers =
        |each: fn(usize, usize) -> usize| (0..functions).map(|v| each(last, v) as f64).collect();
    layout.buffer(format!("{NAME}.n"), &shape, powers(|last, v| last - v));
    layout.buffer(format!("{NAME}.v"), &shape, powers(|_, v| v));
}

/// Which distances are below the cutoff, as ones and zeros.
pub(super) fn inside(distance: &Var<2>, cutoff: f64) -> Var<2> {
    let inside = distance.value().clone().lower_elem(cutoff).float();
    Var::constant(inside.cast(distance.dtype()))
}

/// The exponent of the cutoff function, −d²/((r − d)(r + d)), with zero beyond the cutoff r, where
/// [`inside`] must make up for it.
fn exponent(distance: &Var<2>, inside: &Var<2>, cutoff: f64) -> Var<2> {
    let d = distance.mul(inside);
    // The two factors, because r² − d² may round to zero below the cutoff.
    let rest = d.neg().shift(cutoff).mul(&d.shift(cutoff));
    d.square().mul(&rest.recip()).neg()
}

/// exp(−d²/((r − d)(r + d))) below the cutoff r, zero beyond (eq. 16): all derivatives are continuous.
///
/// # Shapes
/// - `distance`, output: `[H, 1]`
pub(super) fn cutoff_function(distance: &Var<2>, cutoff: f64) -> Var<2> {
    let inside = inside(distance, cutoff);
    exponent(distance, &inside, cutoff)
        .exp_flushed()
        .mul(&inside)
}

/// ρᵥ = C(K−1, v) e^{−αd(K−1−v)} (1 − e^{−αd})ᵛ f(d) e^{−αd} (eqs. 14 and 15), by its logarithm.
///
/// # Shapes
/// - `distance`: `[H, 1]`
/// - output: `[H, K]`
pub(super) fn basis(weights: &Scope<'_>, distance: &Var<2>, cutoff: f64) -> Var<2> {
    let row = |what: &str| {
        let values = weights.buffer::<1>(&format!("{NAME}.{what}"));
        let count = values.dims()[0];
        values.reshape([1, count])
    };
    let alpha = weights.weight::<1>(&format!("{NAME}._alpha"));
    let decay = alpha.softplus().reshape([1, 1]);
    let exponential = distance.mul(&decay).neg(); // [H, 1]
    let rise = exponential.exp().neg().shift(1.0).ln(); // [H, 1]
    let inside = inside(distance, cutoff);
    let envelope = exponent(distance, &inside, cutoff).add(&exponential); // [H, 1]
    exponential
        .mul(&row("n"))
        .add(&rise.mul(&row("v")))
        .add(&row("logc"))
        .add(&envelope) // [H, K]
        .exp_flushed()
        .mul(&inside)
}

/// The smooth step from one at `from` to zero at `to` (eq. 19), in float64: all derivatives are
/// continuous.
///
/// # Shapes
/// - `distance`, output: `[H, 1]`
pub(super) fn switch(distance: &Var<2>, from: f64, to: f64) -> Var<2> {
    debug_assert_eq!(
        distance.dtype(),
        DType::F64,
        "1/x of a small x needs float64"
    );
    let x = distance.shift(-from).scale(1.0 / (to - from));
    let value = x.value().clone();
    let before = value.clone().lower_equal_elem(0.0).float().cast(DType::F64);
    let after = value.greater_equal_elem(1.0).float().cast(DType::F64);
    let between = (before.clone() + after).neg() + 1.0;
    // The formula is evaluated at a half where it does not count.
    let idle = Var::constant((between.clone().neg() + 1.0) * 0.5);
    let between = Var::constant(between);
    let x = x.mul(&between).add(&idle);
    // fm/(fp + fm) with fp = exp(−1/x) and fm = exp(−1/(1 − x)) is a logistic function.
    x.recip()
        .sub(&x.neg().shift(1.0).recip())
        .sigmoid()
        .mul(&between)
        .add(&Var::constant(before))
}

//! The energy of the partial charges, damped at short distances (eqs. 21 and 22 of the paper).
//!
//! DIFFERENCE: Ewald's sum, which the authors' code has for rectangular cells and leaves off, is not
//! here; periodic structures need a finite range.

use backend::tape::Var;

use super::{
    geometry::Far,
    radial::{inside, switch},
    repulsion::COULOMB,
};

/// kₑ qᵢqⱼ [s/√(d² + 1) + (1 − s)/d], shared out to the atoms, in float64. The switch s goes from one to
/// zero between a quarter and three quarters of the network's cutoff.
///
/// With a finite range both kernels are shifted so that energy and force vanish there; without one,
/// `limit` is the distance that no pair has.
///
/// # Shapes
/// - `charges`: `[N, 1]` (e)
/// - output: `[N, 1]` (eV)
pub(super) fn energies(
    far: &Far,
    charges: &Var<2>,
    cutoff: f64,
    range: Option<f64>,
    limit: f64,
) -> Var<2> {
    let [i, j] = &far.ends;
    let d = &far.distance; // [H, 1]
    let switch = switch(d, 0.25 * cutoff, 0.75 * cutoff);
    let mut bare = d.recip();
    let mut damped = d.square().shift(1.0).sqrt().recip();
    if let Some(range) = range {
        let root = range.mul_add(range, 1.0).powf(1.5);
        bare = bare.add(&d.scale(range.powi(-2))).shift(-2.0 / range);
        let offset = (2.0 * range * range + 1.0) / root;
        damped = damped.add(&d.scale(range / root)).shift(-offset);
    }
    let kernel = switch
        .mul(&damped.sub(&bare))
        .add(&bare)
        .mul(&inside(d, limit));
    let of_pairs = charges
        .gather(i)
        .mul(&charges.gather(j))
        .mul(&kernel)
        .scale(COULOMB);
    far.share(&of_pairs)
}

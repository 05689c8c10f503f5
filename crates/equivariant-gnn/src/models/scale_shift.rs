//! A scale and a shift of the atomic energy for each element, as checkpoints of NequIP and Allegro
//! carry them; models trained here leave them at one and zero, because the potential has its own.

use backend::{segment::Index, tape::Var};
use burn::tensor::DType;

use super::Elements;
use crate::weights::{Layout, Scope};

const NAME: &str = "model.func.per_type_energy_scale_shift";

pub(super) fn declare(layout: &mut Layout, elements: &Elements) {
    let rows = elements.rows();
    layout.buffer(format!("{NAME}.scales"), &[rows, 1], vec![1.0; rows]);
    layout.buffer(format!("{NAME}.shifts"), &[rows, 1], vec![0.0; rows]);
}

/// Scaled and shifted in float64, because a shift may be thousands of times larger than the energy.
///
/// # Shapes
/// - `energies`, output: `[N, 1]`
pub(super) fn apply(weights: &Scope<'_>, energies: &Var<2>, element: &Index) -> Var<2> {
    let of_atoms = |what: &str| {
        let name = format!("{NAME}.{what}");
        weights.buffer_in::<2>(&name, DType::F64).gather(element)
    };
    let energies = energies
        .cast(DType::F64)
        .mul(&of_atoms("scales"))
        .add(&of_atoms("shifts"));
    weights.note(
        || "per_type_energy_scale_shift:atomic_energy".into(),
        &energies,
    );
    energies
}

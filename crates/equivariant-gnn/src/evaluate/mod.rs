//! From a model to energies, forces and stress.
//!
//! Everything is a derivative by the pair vectors r = R\[j\] + S·cell − R\[i\], on which alone the
//! energy depends. With g = ∂E/∂r of a pair (i, j), the force on an atom is the sum of g over the
//! pairs it is the centre of, less the sum over those it is the neighbour of; and since a strain ε
//! takes r to (1 + ε) r, the strain derivative is Σ g rᵀ, which is the virial in any cell and with
//! any shift.

mod local;

use backend::tape::{Graph, Role, Tape, Var};
use burn::tensor::DType;

use crate::{
    batch::Batch,
    models::{Input, Model},
    weights::{Scope, Weights, host},
};

pub(crate) use local::in_parts;

/// What to compute beside the energies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Forces, `[N, 3]`.
    pub forces: bool,
    /// Strain derivatives, `[G, 9]`.
    pub virial: bool,
}

/// A model's output on the tape, in the units of the network: the caller scales it and adds the
/// reference energies.
#[derive(Debug)]
pub struct Predicted {
    /// The energy of each atom in the model's float type, `[N, 1]`.
    pub atoms: Var<2>,
    /// The energy of each graph, summed in float64, `[G, 1]`.
    pub energies: Var<2>,
    /// The forces, `[N, 3]`.
    pub forces: Option<Var<2>>,
    /// ∂E/∂ε row by row, `[G, 9]`, not symmetrised.
    pub virial: Option<Var<2>>,
}

/// Evaluates a model on a batch. With [`Graph::Keep`] the forces can be differentiated by the
/// weights.
#[must_use]
pub fn predict(
    model: &dyn Model,
    weights: &Scope<'_>,
    batch: &Batch,
    tape: &Tape,
    wanted: Wanted,
    graph: Graph,
) -> Predicted {
    let derivatives = wanted.forces || wanted.virial;
    let vectors = if derivatives {
        tape.input(batch.edges.vectors.clone(), Role::Coordinates)
    } else {
        Var::constant(batch.edges.vectors.clone())
    };
    let input = Input {
        batch,
        vectors: &vectors,
    };
    let atoms = model.energies(weights, &input); // [N, 1]
    let energies = atoms.cast(DType::F64).segment_sum(&batch.graph); // [G, 1]
    let mut predicted = Predicted {
        atoms,
        energies,
        forces: None,
        virial: None,
    };
    if derivatives {
        let by_vectors = tape
            .gradients(&predicted.energies, Role::Coordinates, graph)
            .of(&vectors)
            .unwrap_or_else(|| Var::constant(vectors.value().zeros_like())); // [E, 3]
        predicted.forces = wanted.forces.then(|| forces(&by_vectors, batch));
        predicted.virial = wanted.virial.then(|| virial(&by_vectors, batch));
    }
    predicted
}

fn forces(by_vectors: &Var<2>, batch: &Batch) -> Var<2> {
    let pairs = &batch.edges.pairs;
    by_vectors
        .segment_sum(&pairs.centre)
        .sub(&by_vectors.segment_sum(&pairs.neighbour)) // [N, 3]
}

fn virial(by_vectors: &Var<2>, batch: &Batch) -> Var<2> {
    let e = batch.edges.pairs.len();
    let g = by_vectors.reshape([e, 3, 1]);
    let r = Var::constant(batch.edges.vectors.clone()).reshape([e, 1, 3]);
    // The rows become long sums over all pairs of a cell, so they are added up in float64.
    g.mul(&r) // [E, 3, 3]
        .reshape([e, 9])
        .cast(DType::F64)
        .segment_sum(&batch.edges.graph) // [G, 9]
}

/// The same as plain numbers, in the units of the network.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) energy: f64,
    pub(crate) atoms: Vec<f64>,
    pub(crate) forces: Vec<[f64; 3]>,
    /// The symmetric part of ∂E/∂ε.
    pub(crate) strain: Option<[[f64; 3]; 3]>,
}

/// What a model says about each structure of a batch.
pub(crate) fn answers(model: &dyn Model, weights: &Weights, batch: &Batch) -> Vec<Answer> {
    let wanted = Wanted {
        forces: true,
        virial: batch.volume.iter().any(Option::is_some),
    };
    let scope = weights.constants();
    let predicted = predict(model, &scope, batch, &Tape::new(), wanted, Graph::Drop);
    let energies = host(predicted.energies.value());
    let mut atoms = &host(predicted.atoms.value())[..];
    let mut forces = &triples(predicted.forces.as_ref().expect("forces were asked for"))[..];
    let strains = predicted.virial.as_ref().map(symmetric);
    let each = batch.atoms.iter().zip(energies).enumerate();
    each.map(|(g, (&count, energy))| {
        let (own_atoms, own_forces);
        (own_atoms, atoms) = atoms.split_at(count);
        (own_forces, forces) = forces.split_at(count);
        Answer {
            energy,
            atoms: own_atoms.to_vec(),
            forces: own_forces.to_vec(),
            strain: strains.as_ref().map(|strains| strains[g]),
        }
    })
    .collect()
}

/// Rows of three.
pub(crate) fn triples(x: &Var<2>) -> Vec<[f64; 3]> {
    let values = host(x.value());
    values.as_chunks().0.to_vec()
}

/// The symmetric part of each strain derivative.
pub(crate) fn symmetric(x: &Var<2>) -> Vec<[[f64; 3]; 3]> {
    let values = host(x.value());
    let each = values.as_chunks::<9>().0.iter();
    each.map(|v| {
        std::array::from_fn(|a| std::array::from_fn(|b| 0.5 * (v[3 * a + b] + v[3 * b + a])))
    })
    .collect()
}

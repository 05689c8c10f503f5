//! From features to energies, two layers with silu between, and back.

use super::{
    dense::{Dense, Into},
    fit,
    math::Activation::Silu,
    source::Source,
};

const NAME: &str = "output_modules.0.outnet";

#[derive(Debug)]
pub(super) struct Readout {
    half: usize,
    first: (Dense, Dense),
    second: Dense,
    /// The weights of the second layer.
    by_hidden: Vec<f32>,
}

/// What is kept for the way back.
#[derive(Debug, Default)]
pub(super) struct Memory {
    before: Vec<f32>,
    hidden: Vec<f32>,
    energies: Vec<f32>,
}

impl Memory {
    /// The energies of the last call.
    pub(super) fn energies(&self) -> &[f32] {
        &self.energies
    }
}

impl Readout {
    pub(super) fn new(source: &Source, width: usize) -> Self {
        let by_hidden = source.numbers(&format!("{NAME}.1.weight"));
        let half = by_hidden.len();
        Self {
            half,
            first: source.dense(&format!("{NAME}.0"), width),
            second: source.dense(&format!("{NAME}.1"), half).0,
            by_hidden,
        }
    }

    /// The energies of atoms from features in rows `stride` apart.
    pub(super) fn energies(
        &self,
        atoms: usize,
        (features, stride): (&[f32], usize),
        memory: &mut Memory,
    ) {
        fit(&mut memory.before, atoms * self.half);
        fit(&mut memory.hidden, atoms * self.half);
        fit(&mut memory.energies, atoms);
        let before = (&mut memory.before[..], self.half);
        self.first
            .0
            .apply(atoms, (features, stride), before, Into::Set);
        Silu.apply(&memory.before, &mut memory.hidden);
        let hidden = (&memory.hidden[..], self.half);
        self.second
            .apply(atoms, hidden, (&mut memory.energies, 1), Into::Set);
    }

    /// The derivatives of the sum of the energies by the features, into rows `stride` apart.
    pub(super) fn backward(
        &self,
        atoms: usize,
        (gradient, stride): (&mut [f32], usize),
        memory: &mut Memory,
    ) {
        for row in memory.hidden.chunks_exact_mut(self.half) {
            row.copy_from_slice(&self.by_hidden);
        }
        Silu.backward(&memory.before, &mut memory.hidden);
        let hidden = (&memory.hidden[..], self.half);
        self.first
            .1
            .apply(atoms, hidden, (gradient, stride), Into::Set);
    }
}

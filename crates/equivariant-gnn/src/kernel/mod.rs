//! Energies, forces and stress of `SchNet` and `PaiNN` on the processor without tensors.
//!
//! An operation on tensors costs some microseconds beside its arithmetic and makes a pass over memory of its own; for one
//! molecule that is most of the time. Here the weights are laid out once, all arrays are kept from call to call, an edge's
//! filter, product and sum are one loop, and the way back to the forces is written by hand. What a model *is* stays in
//! [`crate::models`]: the same numbers over the tape are the reference that tests hold these loops to.

#![expect(
    clippy::inline_always,
    reason = "a loop is compiled for the processor's vector instructions only inside the function that `pulp` calls"
)]

mod dense;
mod gaussians;
mod math;
mod painn;
mod pairs;
mod pass;
mod readout;
mod schnet;
mod source;
mod vectors;

use std::sync::{Mutex, PoisonError};

use crate::{
    batch::{Precision, Prepared},
    evaluate::Answer,
    models::{ModelConfig, half_repulsion},
    weights::Weights,
};
use pairs::{ByPair, Pairs};
use pass::Scratch;
use source::Source;

/// Widths must be a multiple of the longest vector's length.
const LANES: usize = 16;

/// A model's weights in the order of its loops.
#[derive(Debug)]
pub(crate) struct Kernel {
    network: Network,
    cutoff: f64,
    /// One over the potential's scale (1/eV), if the repulsion of nuclei is added.
    repulsion: Option<f64>,
    /// One for each evaluation that has ever run at the same time.
    spare: Mutex<Vec<Memory>>,
}

#[derive(Debug)]
enum Network {
    SchNet(schnet::Network),
    PaiNN(painn::Network),
}

/// All that an evaluation writes.
#[derive(Debug, Default)]
struct Memory {
    pairs: Pairs,
    by_pair: Vec<ByPair>,
    scratch: Vec<Scratch>,
    schnet: schnet::Memory,
    painn: painn::Memory,
}

impl Kernel {
    /// The loops of a model, if there are some for its architecture, its width, its float type and its device.
    pub(crate) fn new(config: &ModelConfig, weights: &Weights) -> Option<Self> {
        let model = config.model();
        if !weights.on_processor()
            || weights.precision() != Precision::F32
            || !model.width().is_multiple_of(LANES)
        {
            return None;
        }
        let source = Source::new(weights);
        let (config, repulsion) = match config {
            ModelConfig::Zbl(config) => (&*config.model, Some(1.0 / weights.unit())),
            other => (other, None),
        };
        let network = match config {
            ModelConfig::SchNet(config) => {
                Network::SchNet(schnet::Network::new(config, weights, &source))
            }
            ModelConfig::PaiNN(config) => Network::PaiNN(painn::Network::new(config, &source)),
            _ => return None,
        };
        Some(Self {
            network,
            cutoff: model.cutoff(),
            repulsion,
            spare: Mutex::default(),
        })
    }

    /// What the network says about one structure, or `None` if its list of pairs is not one that [`atoms`] made.
    pub(crate) fn evaluate(&self, structure: &Prepared) -> Option<Answer> {
        if !structure.has_both_directions() {
            return None;
        }
        let spare = || self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = spare().pop();
        let mut memory = taken.unwrap_or_default();
        let Memory {
            pairs,
            by_pair,
            scratch,
            schnet,
            painn,
        } = &mut memory;
        pairs.take(structure, self.cutoff);
        by_pair.clear();
        by_pair.resize(pairs.len(), [0.0; 4]);
        let species = structure.species();
        let atoms = match &self.network {
            Network::SchNet(network) => {
                network.evaluate(species, pairs, schnet, by_pair, scratch);
                schnet.energies()
            }
            Network::PaiNN(network) => {
                network.evaluate(species, pairs, painn, by_pair, scratch);
                painn.energies()
            }
        };
        let mut atoms: Vec<f64> = atoms.iter().map(|&e| f64::from(e)).collect();
        if let Some(unit) = self.repulsion {
            repel(species, pairs, self.cutoff, unit, &mut atoms, by_pair);
        }
        let (forces, strain) = pairs::forces(pairs, by_pair);
        spare().push(memory);
        Some(Answer {
            energy: atoms.iter().sum(),
            atoms,
            forces,
            strain: Some(strain),
        })
    }
}

/// Adds the repulsion of nuclei, times `unit`.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the derivative joins the network's, which are in float32"
)]
fn repel(
    species: &[u8],
    pairs: &Pairs,
    cutoff: f64,
    unit: f64,
    atoms: &mut [f64],
    by_pair: &mut [ByPair],
) {
    for (i, atom) in atoms.iter_mut().enumerate() {
        for e in pairs.of(i) {
            let distance = pairs.vectors[e].iter().map(|x| x * x).sum::<f64>().sqrt();
            let ends = [species[i], species[pairs.neighbour[e] as usize]];
            let [energy, slope] = half_repulsion(ends, distance, cutoff);
            *atom += unit * energy;
            by_pair[e][0] += (unit * slope) as f32;
        }
    }
}

/// Makes an array so long; what it holds is left over from before.
fn fit(array: &mut Vec<f32>, length: usize) {
    array.resize(length, 0.0);
}

/// The row of each atom's element, `width` numbers, at the beginning of rows `stride` apart.
fn rows_of(species: &[u8], table: &[f32], (out, stride): (&mut [f32], usize), width: usize) {
    for (&z, row) in species.iter().zip(out.chunks_exact_mut(stride)) {
        row[..width].copy_from_slice(&table[usize::from(z) * width..][..width]);
    }
}

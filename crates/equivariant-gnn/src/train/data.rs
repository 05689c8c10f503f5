//! Training structures with their neighbours found once and their labels without references.

use std::collections::BTreeMap;

use atoms::Structure;

use super::{batches::Size, loss::Label};
use crate::{
    batch::Prepared,
    error::{Error, Result},
};

/// A set of labelled structures.
#[derive(Debug)]
pub(super) struct Set {
    prepared: Vec<Prepared>,
    labels: Vec<Label>,
}

impl Set {
    /// Finds the neighbours and subtracts the references in float64.
    pub(super) fn new(
        structures: &[Structure],
        cutoff: f64,
        references: &BTreeMap<u8, f64>,
    ) -> Result<Self> {
        let mut set = Self {
            prepared: Vec::with_capacity(structures.len()),
            labels: Vec::with_capacity(structures.len()),
        };
        for (index, structure) in structures.iter().enumerate() {
            set.prepared.push(Prepared::new(structure, cutoff, index)?);
            let mut reference = 0.0;
            for (atom, z) in structure.species.iter().enumerate() {
                reference += references.get(z).ok_or_else(|| Error::UnknownElement {
                    index,
                    atom,
                    symbol: atoms::element::symbol(*z).unwrap_or("?"),
                })?;
            }
            set.labels.push(Label {
                energy: structure.energy.map(|energy| energy - reference),
                forces: structure.forces.clone(),
                stress: structure.stress.filter(|_| structure.volume().is_some()),
            });
        }
        Ok(set)
    }

    /// What each structure costs.
    pub(super) fn sizes(&self) -> Vec<Size> {
        let size = |prepared: &Prepared| Size {
            atoms: prepared.species().len(),
            pairs: prepared.pairs(),
        };
        self.prepared.iter().map(size).collect()
    }

    pub(super) fn pick(&self, indices: &[usize]) -> (Vec<&Prepared>, Vec<&Label>) {
        indices
            .iter()
            .map(|&k| (&self.prepared[k], &self.labels[k]))
            .unzip()
    }
}

/// What the network's numbers are multiplied by: the root mean square of the force components, or
/// without forces the deviation of the energies per atom from their references (eV or eV/Å).
pub(super) fn scale(set: &Set) -> f64 {
    let forces = || set.labels.iter().filter_map(|label| label.forces.as_ref());
    let count: usize = forces().map(|f| 3 * f.len()).sum();
    let mean_square = if count > 0 {
        let sum: f64 = forces().flat_map(|f| f.as_flattened()).map(|x| x * x).sum();
        sum / count as f64
    } else {
        let per_atom = |(label, prepared): (&Label, &Prepared)| {
            Some(label.energy? / prepared.species().len() as f64)
        };
        let all: Vec<f64> = set
            .labels
            .iter()
            .zip(&set.prepared)
            .filter_map(per_atom)
            .collect();
        all.iter().map(|x| x * x).sum::<f64>() / all.len().max(1) as f64
    };
    // One structure at its minimum has neither forces nor a deviation.
    if mean_square > 1e-12 {
        mean_square.sqrt()
    } else {
        1.0
    }
}

//! A trained potential as other programs use it: structures in, energies, forces and stress out.

mod calculator;
mod files;
mod member;
mod spread;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use atoms::{NeighbourList, Structure};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::{
    batch::Prepared,
    error::{Error, Result},
    models::ModelConfig,
    weights::Weights,
};
use member::{Member, SharedBatch};

pub use calculator::{Calculator, ForceField};
pub use spread::Uncertainty;

/// Most atoms that [`Potential::evaluate_batch`] puts into one graph.
const ATOMS_AT_ONCE: usize = 512;

/// What a potential says about a structure.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Evaluation {
    /// Total energy (eV).
    pub energy: f64,
    /// Force on each atom (eV/Å).
    pub forces: Vec<[f64; 3]>,
    /// Stress (eV/Å³), ∂E/∂ε over the volume, if the cell repeats along all three axes.
    pub stress: Option<[[f64; 3]; 3]>,
    /// The energy attributed to each atom, its reference energy included (eV).
    pub atom_energies: Vec<f64>,
    /// How far the members are apart, if the potential is an ensemble; all else is their mean then.
    #[serde(default)]
    pub uncertainty: Option<Uncertainty>,
}

/// A model with its weights, scale and reference energies on a device, or an ensemble of such.
///
/// The energy is `scale · Σ ε + Σ E₀[Z]`, with ε from the network and E₀ in float64; that of an
/// ensemble is the mean over its members. A potential can be shared between threads. Where a property
/// differs between the members of an ensemble, the methods tell that of the first one.
#[derive(Debug)]
pub struct Potential {
    /// At least one.
    members: Vec<Member>,
}

/// Where a potential comes from; written beside the weights.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Provenance {
    /// Hash of the training structures and labels.
    pub training_set: Option<String>,
    /// Optimiser steps.
    pub steps: Option<usize>,
    /// Validation error of the energy (meV/atom).
    pub energy_mae: Option<f64>,
    /// Validation error of force components (meV/Å).
    pub force_mae: Option<f64>,
}

impl Potential {
    /// Puts a potential together.
    ///
    /// `scale` multiplies the network's energies (eV), and `references` are the energies of the elements
    /// it may meet (eV).
    ///
    /// # Errors
    /// A setting of the model outside its range.
    pub fn new(
        config: ModelConfig,
        weights: Weights,
        scale: f64,
        references: BTreeMap<u8, f64>,
    ) -> Result<Self> {
        let provenance = Provenance::default();
        let member = Member::new(config, weights, scale, references, provenance)?;
        Ok(Self {
            members: vec![member],
        })
    }

    /// Makes one potential of several, such as of trainings from different seeds: its energy is the mean
    /// of theirs, and [`Evaluation::uncertainty`] says how far they are apart.
    ///
    /// # Errors
    /// An empty list, or members that do not know the same elements.
    pub fn ensemble(potentials: impl IntoIterator<Item = Self>) -> Result<Self> {
        let members: Vec<Member> = potentials.into_iter().flat_map(|p| p.members).collect();
        Self::of(members)
    }

    fn of(members: Vec<Member>) -> Result<Self> {
        let Some(first) = members.first() else {
            return Err(Error::Empty {
                what: "the ensemble",
            });
        };
        let elements = |member: &Member| -> Vec<&'static str> {
            let symbols = member.references.keys();
            symbols
                .map(|z| atoms::element::symbol(*z).unwrap_or("?"))
                .collect()
        };
        let expected = elements(first);
        if let Some(member) = members.iter().position(|m| elements(m) != expected) {
            return Err(Error::Members {
                member,
                got: elements(&members[member]).join(" "),
                expected: expected.join(" "),
            });
        }
        Ok(Self { members })
    }

    /// The same potential with networks of a distance as tables of so many intervals up to the cutoff, which
    /// is faster. The forces are the exact gradient of the energy that the tables give; with 1,000
    /// intervals it differs from the network's by about what rounding to float32 does.
    ///
    /// Files keep the network. `SchNet` in float32 on the processor has tables of 1,000 intervals from the start and
    /// gets others; `PaiNN` there is faster without, and Allegro and `SpookyNet` have nothing to tabulate: they are left as
    /// they are.
    #[must_use]
    pub fn with_radial_tables(mut self, intervals: usize) -> Self {
        for member in &mut self.members {
            member.tabulate(intervals);
        }
        self
    }

    /// The same potential with a note of where it comes from.
    #[must_use]
    pub fn with_provenance(mut self, provenance: Provenance) -> Self {
        self.members[0].provenance = provenance;
        self
    }

    /// Reads a potential from the folder that [`Potential::save`] wrote, onto the device of the given
    /// name (see [`backend::device`]). A folder with `ensemble.json` is an ensemble.
    ///
    /// # Errors
    /// A file that is missing, damaged, of another version or in other units, a weight that does not
    /// fit the architecture, an unknown device, members that do not fit together.
    pub fn load(folder: impl AsRef<Path>, device: &str) -> Result<Self> {
        let device = backend::device(device)?;
        Self::of(files::load(folder.as_ref(), &device)?)
    }

    /// Writes the potential into a folder: `model.json` (architecture, units, cutoff, elements,
    /// references, origin) and `weights.safetensors` (under the reference implementation's names). The
    /// members of an ensemble go into folders of their own, and `ensemble.json` lists them.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<()> {
        files::save(folder.as_ref(), &self.members)
    }

    /// The folder of a member, counted from 0, in the folder of an ensemble; trainings of members write
    /// there, and [`Potential::join_members`] makes them one potential.
    #[must_use]
    pub fn member_folder(folder: impl AsRef<Path>, member: usize) -> PathBuf {
        files::member_folder(folder.as_ref(), member)
    }

    /// Reads the first `members` member folders of a folder, writes the list that makes it an ensemble,
    /// and gives the ensemble.
    ///
    /// # Errors
    /// The errors of [`Potential::load`] and [`Potential::save`].
    pub fn join_members(folder: impl AsRef<Path>, members: usize, device: &str) -> Result<Self> {
        let folder = folder.as_ref();
        let each = (0..members).map(|k| Self::load(files::member_folder(folder, k), device));
        let ensemble = Self::ensemble(each.collect::<Result<Vec<_>>>()?)?;
        files::write_list(folder, members)?;
        Ok(ensemble)
    }

    /// Energy, forces and stress of one structure.
    ///
    /// # Errors
    /// A structure that is not valid, an element the potential was not made for, two atoms at one place,
    /// or a prediction that is not finite.
    pub fn evaluate(&self, structure: &Structure) -> Result<Evaluation> {
        let prepared = Prepared::new(structure, self.cutoff(), 0)?;
        Ok(self.evaluate_prepared(&[&prepared], 0)?.remove(0))
    }

    /// The same with a neighbour list that the caller keeps, such as that of [`atoms::VerletList`]; it
    /// may hold pairs beyond the cutoff. [`Calculator`] keeps one itself.
    ///
    /// # Errors
    /// The errors of [`Potential::evaluate`].
    pub fn evaluate_with(&self, structure: &Structure, list: &NeighbourList) -> Result<Evaluation> {
        let prepared = Prepared::with_list(structure, list, 0)?;
        Ok(self.evaluate_prepared(&[&prepared], 0)?.remove(0))
    }

    /// Energies, forces and stresses of many structures, several at a time.
    ///
    /// # Errors
    /// The errors of [`Potential::evaluate`], with the index of the structure.
    pub fn evaluate_batch(&self, structures: &[Structure]) -> Result<Vec<Evaluation>> {
        let mut out = Vec::with_capacity(structures.len());
        let mut waiting: Vec<Prepared> = Vec::new();
        let mut atoms = 0;
        for (index, structure) in structures.iter().enumerate() {
            let prepared = Prepared::new(structure, self.cutoff(), index)?;
            if atoms + structure.len() > ATOMS_AT_ONCE && !waiting.is_empty() {
                let batch: Vec<&Prepared> = waiting.iter().collect();
                out.extend(self.evaluate_prepared(&batch, index - batch.len())?);
                waiting.clear();
                atoms = 0;
            }
            atoms += structure.len();
            waiting.push(prepared);
        }
        if !waiting.is_empty() {
            let batch: Vec<&Prepared> = waiting.iter().collect();
            out.extend(self.evaluate_prepared(&batch, structures.len() - batch.len())?);
        }
        Ok(out)
    }

    fn evaluate_prepared(&self, structures: &[&Prepared], first: usize) -> Result<Vec<Evaluation>> {
        for (index, structure) in structures.iter().enumerate() {
            self.check_elements(structure, first + index)?;
        }
        let mut shared = SharedBatch::new(self.cutoff());
        let mut said: Vec<Vec<Evaluation>> = vec![Vec::new(); structures.len()];
        for member in &self.members {
            let evaluations = member.evaluate(structures, &mut shared, first)?;
            for (all, evaluation) in said.iter_mut().zip(evaluations) {
                all.push(evaluation);
            }
        }
        Ok(said.into_iter().map(spread::combine).collect())
    }

    fn check_elements(&self, structure: &Prepared, index: usize) -> Result<()> {
        let references = self.references();
        let unknown = structure
            .species()
            .iter()
            .position(|z| !references.contains_key(z));
        match unknown {
            None => Ok(()),
            Some(atom) => Err(Error::UnknownElement {
                index,
                atom,
                symbol: atoms::element::symbol(structure.species()[atom]).unwrap_or("?"),
            }),
        }
    }

    /// How many networks the potential has: more than one if it is an ensemble.
    #[must_use]
    pub fn members(&self) -> usize {
        self.members.len()
    }

    /// The distance from which on atoms do not see each other (Å), the largest of all members.
    #[must_use]
    pub fn cutoff(&self) -> f64 {
        let cutoffs = self.members.iter().map(|member| member.model.cutoff());
        cutoffs.fold(0.0, f64::max)
    }

    /// The architecture.
    #[must_use]
    pub fn config(&self) -> &ModelConfig {
        &self.members[0].config
    }

    /// The weights.
    #[must_use]
    pub fn weights(&self) -> &Weights {
        &self.members[0].weights
    }

    /// What the network's energies are multiplied by (eV).
    #[must_use]
    pub fn scale(&self) -> f64 {
        self.members[0].scale
    }

    /// The energy of each element that the potential knows (eV), by atomic number.
    #[must_use]
    pub fn references(&self) -> &BTreeMap<u8, f64> {
        &self.members[0].references
    }

    /// Where the potential comes from.
    #[must_use]
    pub fn provenance(&self) -> &Provenance {
        &self.members[0].provenance
    }

    /// The device that the weights are on.
    #[must_use]
    pub fn device(&self) -> Device {
        self.weights().device()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_potential_can_be_shared_between_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<Potential>();
        shared::<Calculator>();
    }
}

//! A trained potential as other programs use it: structures in, energies, forces and stress out.

use std::{collections::BTreeMap, path::Path};

use atoms::{NeighbourList, Structure};
use backend::tape::{Graph, Tape};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::{
    batch::{Batch, Precision, Prepared},
    error::{Error, Result},
    evaluate::{Wanted, predict, symmetric, triples},
    models::{Model, ModelConfig},
    weights::{Weights, host, read_named, write_named},
};

/// The version of the files that [`Potential::save`] writes.
const FORMAT: u32 = 1;

/// The units of every number in the files and in [`Evaluation`].
const UNITS: &str = "eV, angstrom";

const SETTINGS: &str = "model.json";
const WEIGHTS: &str = "weights.safetensors";

/// Most atoms that [`Potential::evaluate_batch`] puts into one graph.
const ATOMS_AT_ONCE: usize = 512;

/// What a potential says about a structure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Total energy (eV).
    pub energy: f64,
    /// Force on each atom (eV/Å).
    pub forces: Vec<[f64; 3]>,
    /// Stress (eV/Å³), ∂E/∂ε over the volume, if the cell repeats along all three axes.
    pub stress: Option<[[f64; 3]; 3]>,
    /// The energy attributed to each atom, its reference energy included (eV).
    pub atom_energies: Vec<f64>,
}

/// A model with its weights, scale and reference energies on a device.
///
/// The energy is `scale · Σ ε + Σ E₀[Z]`, with ε from the network and E₀ in float64. A potential can be
/// shared between threads.
#[derive(Debug)]
pub struct Potential {
    config: ModelConfig,
    model: Box<dyn Model>,
    weights: Weights,
    scale: f64,
    references: BTreeMap<u8, f64>,
    provenance: Provenance,
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

#[derive(Serialize, Deserialize)]
struct Settings {
    format: u32,
    crate_version: String,
    units: String,
    model: ModelConfig,
    precision: Precision,
    cutoff: f64,
    parameters: usize,
    scale: f64,
    /// Reference energy of each element by symbol (eV).
    references: BTreeMap<String, f64>,
    provenance: Provenance,
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
        let model = config.model();
        model.validate()?;
        check_references(&*model, &references)?;
        Ok(Self {
            config,
            model,
            weights: weights.with_unit(scale),
            scale,
            references,
            provenance: Provenance::default(),
        })
    }

    /// The same potential with a note of where it comes from.
    #[must_use]
    pub fn with_provenance(self, provenance: Provenance) -> Self {
        Self { provenance, ..self }
    }

    /// Reads a potential from the folder that [`Potential::save`] wrote, onto the device of the given
    /// name (see [`backend::device`]).
    ///
    /// # Errors
    /// A file that is missing, damaged, of another version or in other units, a weight that does not
    /// fit the architecture, an unknown device.
    pub fn load(folder: impl AsRef<Path>, device: &str) -> Result<Self> {
        let device = backend::device(device)?;
        let path = folder.as_ref().join(SETTINGS);
        let text = std::fs::read_to_string(&path).map_err(|source| Error::Io {
            path: path.clone(),
            source,
        })?;
        // The version is looked at first, so that a newer file is called newer and not malformed.
        let value: serde_json::Value =
            serde_json::from_str(&text).map_err(|source| Error::Json {
                path: path.clone(),
                source,
            })?;
        let found = value["format"].as_u64().unwrap_or(0);
        if found != u64::from(FORMAT) {
            return Err(Error::Version {
                path,
                found: u32::try_from(found).unwrap_or(u32::MAX),
                expected: FORMAT,
            });
        }
        let settings: Settings = serde_json::from_value(value).map_err(|source| Error::Json {
            path: path.clone(),
            source,
        })?;
        if settings.units != UNITS {
            return Err(Error::Units {
                path,
                found: settings.units,
                expected: UNITS,
            });
        }
        let model = settings.model.model();
        model.validate()?;
        let mut references = BTreeMap::new();
        for (symbol, energy) in settings.references {
            let number = atoms::element::number(&symbol).ok_or_else(|| Error::Setting {
                field: "references",
                value: symbol.clone(),
                expected: "element symbols",
            })?;
            references.insert(number, energy);
        }
        let named = read_named(&folder.as_ref().join(WEIGHTS))?;
        let weights = Weights::from_named(model.layout(), &named, settings.precision, &device)?;
        check_references(&*model, &references)?;
        Ok(Self {
            config: settings.model,
            model,
            weights: weights.with_unit(settings.scale),
            scale: settings.scale,
            references,
            provenance: settings.provenance,
        })
    }

    /// Writes the potential into a folder: `model.json` (architecture, units, cutoff, elements,
    /// references, origin) and `weights.safetensors` (under the reference implementation's names).
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<()> {
        let folder = folder.as_ref();
        let failed = |path: &Path, source| Error::Io {
            path: path.to_owned(),
            source,
        };
        std::fs::create_dir_all(folder).map_err(|source| failed(folder, source))?;
        write_named(&folder.join(WEIGHTS), &self.weights.to_named())?;
        let symbol = |z: u8| atoms::element::symbol(z).unwrap_or("?").to_owned();
        let settings = Settings {
            format: FORMAT,
            crate_version: env!("CARGO_PKG_VERSION").into(),
            units: UNITS.into(),
            model: self.config.clone(),
            precision: self.weights.precision(),
            cutoff: self.model.cutoff(),
            parameters: self.weights.layout().parameters(),
            scale: self.scale,
            references: self
                .references
                .iter()
                .map(|(z, e)| (symbol(*z), *e))
                .collect(),
            provenance: self.provenance.clone(),
        };
        let path = folder.join(SETTINGS);
        backend::run::write_json(&path, &settings).map_err(|source| failed(&path, source))
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
    /// may hold pairs beyond the cutoff.
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
        let batch = Batch::of(
            structures,
            self.cutoff(),
            self.weights.precision(),
            &self.weights.device(),
        )?;
        let tape = Tape::new();
        let wanted = Wanted {
            forces: true,
            virial: batch.volume.iter().any(Option::is_some),
        };
        let scope = self.weights.constants();
        let predicted = predict(&*self.model, &scope, &batch, &tape, wanted, Graph::Drop);
        let network = host(predicted.energies.value());
        let atoms = host(predicted.atoms.value());
        let forces = triples(predicted.forces.as_ref().expect("forces were asked for"));
        let virials = predicted.virial.as_ref().map(symmetric);
        let mut begin = 0;
        let mut out = Vec::with_capacity(structures.len());
        for (g, structure) in structures.iter().enumerate() {
            let range = begin..begin + structure.species().len();
            begin = range.end;
            let reference: f64 = structure.species().iter().map(|z| self.references[z]).sum();
            let evaluation = Evaluation {
                energy: self.scale * network[g] + reference,
                forces: forces[range.clone()]
                    .iter()
                    .map(|f| f.map(|x| self.scale * x))
                    .collect(),
                stress: batch.volume[g]
                    .zip(virials.as_ref())
                    .map(|(volume, virials)| {
                        virials[g].map(|row| row.map(|x| self.scale * x / volume))
                    }),
                atom_energies: atoms[range]
                    .iter()
                    .zip(structure.species())
                    .map(|(e, z)| self.scale * e + self.references[z])
                    .collect(),
            };
            check_finite(&evaluation, first + g)?;
            out.push(evaluation);
        }
        Ok(out)
    }

    fn check_elements(&self, structure: &Prepared, index: usize) -> Result<()> {
        let unknown = structure
            .species()
            .iter()
            .position(|z| !self.references.contains_key(z));
        match unknown {
            None => Ok(()),
            Some(atom) => Err(Error::UnknownElement {
                index,
                atom,
                symbol: atoms::element::symbol(structure.species()[atom]).unwrap_or("?"),
            }),
        }
    }

    /// The distance from which on atoms do not see each other (Å).
    #[must_use]
    pub fn cutoff(&self) -> f64 {
        self.model.cutoff()
    }

    /// The architecture.
    #[must_use]
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// The weights.
    #[must_use]
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// What the network's energies are multiplied by (eV).
    #[must_use]
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// The energy of each element that the potential knows (eV), by atomic number.
    #[must_use]
    pub fn references(&self) -> &BTreeMap<u8, f64> {
        &self.references
    }

    /// Where the potential comes from.
    #[must_use]
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// The device that the weights are on.
    #[must_use]
    pub fn device(&self) -> Device {
        self.weights.device()
    }
}

fn check_references(model: &dyn Model, references: &BTreeMap<u8, f64>) -> Result<()> {
    match references.keys().find(|z| !model.knows(**z)) {
        None => Ok(()),
        Some(&z) => Err(Error::Setting {
            field: "references",
            value: atoms::element::symbol(z).unwrap_or("?").to_owned(),
            expected: "elements that the model knows",
        }),
    }
}

fn check_finite(evaluation: &Evaluation, index: usize) -> Result<()> {
    let what = if !evaluation.energy.is_finite() {
        "energy"
    } else if !evaluation
        .forces
        .as_flattened()
        .iter()
        .all(|x| x.is_finite())
    {
        "force"
    } else {
        return Ok(());
    };
    Err(Error::NotFinite { index, what })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_potential_can_be_shared_between_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<Potential>();
    }
}

//! PaiNN and SchNet as families: depth is the number of interactions, width the features.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use atoms::Structure;
use backend::run::Progress;
use burn::tensor::Device;
use equivariant_gnn::models::RadialConfig;
use equivariant_gnn::train::{RateSchedule, References, TrainingConfig};
use equivariant_gnn::{ModelConfig, PaiNNConfig, SchNetConfig};

use super::share_of;
use crate::config::{Budget, FamilyPlan, Model, Potential};
use crate::error::{Cause, Error, Result};
use crate::family::{DataAxis, Family, Metric, Outcome, Tick};
use crate::inputs::StructurePool;
use crate::record::{Exposure, ParameterCount, Status};
use crate::spec::{RunSpec, Settings, Size};

const METRICS: [Metric; 2] = [
    Metric {
        name: "force_mae",
        unit: "meV/Å",
        title: "force MAE",
    },
    Metric {
        name: "energy_mae",
        unit: "meV/atom",
        title: "energy MAE",
    },
];

/// Rows of the embedding tables: atomic numbers 0 to 99.
const EMBEDDING_ROWS: usize = 100;

/// Operations of one training step over those of one energy: the energy, twice that for the
/// forces, and twice all of this for the gradient of both by the weights.
const PASSES: f64 = 9.0;

/// One architecture over one pool of structures.
#[derive(Debug)]
pub struct Potentials {
    name: String,
    equivariant: bool,
    settings: Potential,
    budget: Budget,
    device: Device,
    pool: Arc<StructurePool>,
    references: BTreeMap<String, f64>,
    /// Atoms of the first n training structures, for n from 0 on.
    atoms_before: Vec<u64>,
    /// Pairs within the cutoff over atoms.
    pairs_an_atom: f64,
}

impl Potentials {
    /// Fits the elements' reference energies to the largest training set, once for all runs, so
    /// that a training set without some element can still be validated on all of them.
    ///
    /// # Errors
    /// [`Error::Input`] if a structure cannot be used, such as two atoms at one place.
    pub fn new(
        plan: &FamilyPlan,
        field: &str,
        pool: &Arc<StructurePool>,
        device: &Device,
    ) -> Result<Self> {
        let (equivariant, settings) = match &plan.model {
            Model::Painn(settings) => (true, settings.clone()),
            Model::Schnet(settings) => (false, settings.clone()),
            Model::Chemgpt(_) => {
                return Err(Error::Setting {
                    field: format!("{field}.model.kind"),
                    value: "chemgpt".into(),
                    expected: "painn or schnet".into(),
                });
            }
        };
        let failed = |source: Cause| Error::Input {
            what: "structures",
            origin: pool.summary.origin.clone(),
            source,
        };
        let mut atoms_before = vec![0];
        let mut pairs = 0;
        for structure in &pool.train {
            atoms_before.push(atoms_before[atoms_before.len() - 1] + structure.len() as u64);
            let list = atoms::neighbour_list(structure, settings.cutoff)
                .map_err(|error| failed(error.into()))?;
            pairs += list.centre.len();
        }
        let references = references(&pool.train, device).map_err(failed)?;
        known_elements(&pool.validation, &references).map_err(failed)?;
        let all = atoms_before[pool.train.len()].max(1);
        Ok(Self {
            name: plan.name.clone(),
            equivariant,
            settings,
            budget: plan.grid.budget,
            device: device.clone(),
            pool: Arc::clone(pool),
            references,
            atoms_before,
            pairs_an_atom: pairs as f64 / all as f64,
        })
    }

    fn config(&self, size: Size) -> ModelConfig {
        let radial = RadialConfig {
            functions: self.settings.radial,
            cutoff: self.settings.cutoff,
        };
        if self.equivariant {
            ModelConfig::PaiNN(PaiNNConfig {
                width: size.width,
                depth: size.depth,
                radial,
            })
        } else {
            ModelConfig::SchNet(SchNetConfig {
                width: size.width,
                depth: size.depth,
                radial,
            })
        }
    }

    fn training(&self, spec: &RunSpec) -> Result<TrainingConfig, Cause> {
        let steps = usize::try_from(spec.steps)?;
        Ok(TrainingConfig {
            batch: spec.batch,
            steps,
            rate: spec.learning_rate,
            schedule: RateSchedule::Cosine { end: 0.0 },
            warmup: usize::try_from(share_of(self.settings.warmup, spec.steps))?,
            energy_weight: self.settings.energy_weight,
            force_weight: self.settings.force_weight,
            per_atom: true,
            clip: Some(self.settings.clip),
            // The rate ends at zero, which averages the weights already; a running average would
            // lag behind in short runs.
            ema: None,
            references: References::Given {
                energies: self.references.clone(),
            },
            // Only at the end: the best of many validations would be a choice made on the validation set.
            validate_every: steps,
            seed: spec.seed,
            ..TrainingConfig::default()
        })
    }

    /// Weights that each pair and each atom goes through once in an energy.
    fn weights_touched(&self, size: Size) -> (f64, f64) {
        let (width, depth, radial) = (
            size.width as f64,
            size.depth as f64,
            self.settings.radial as f64,
        );
        let pair = if self.equivariant {
            depth * 3.0 * width * radial
        } else {
            depth * (width * radial + width * width)
        };
        let atom = self.parameters(size).non_embedding as f64 - pair;
        // PaiNN's two mixing matrices act on the three components of the vector features.
        let vectors = if self.equivariant {
            depth * 4.0 * width * width
        } else {
            0.0
        };
        (pair, atom.max(0.0) + vectors)
    }
}

/// The last batch of a pass may be smaller.
fn structures_a_step(spec: &RunSpec) -> f64 {
    let per_pass = spec.data_size.div_ceil(spec.batch).max(1);
    spec.data_size as f64 / per_pass as f64
}

/// A validation structure with an element that no training structure has cannot be predicted; said
/// before any run begins.
fn known_elements(
    validation: &[Structure],
    references: &BTreeMap<String, f64>,
) -> Result<(), Cause> {
    for structure in validation {
        for &z in &structure.species {
            let symbol = atoms::element::symbol(z).unwrap_or("?");
            if !references.contains_key(symbol) {
                return Err(format!(
                    "a validation structure ({}) has the element {symbol}, which none of the training structures has; \
                     train on more structures or leave it out",
                    structure.formula()
                )
                .into());
            }
        }
    }
    Ok(())
}

/// The reference energies that a training fits by itself, taken from a training of one step: the
/// fit is the same, and it is made from all training structures of the study.
fn references(structures: &[Structure], device: &Device) -> Result<BTreeMap<String, f64>, Cause> {
    let smallest = ModelConfig::SchNet(SchNetConfig {
        width: 2,
        depth: 1,
        radial: RadialConfig {
            functions: 2,
            cutoff: 2.0,
        },
    });
    let one_step = TrainingConfig {
        batch: 1,
        steps: 1,
        ..TrainingConfig::default()
    };
    let trained =
        equivariant_gnn::train::train(&smallest, &one_step, structures, &[], device, &mut |_| {
            ControlFlow::Continue(())
        })?;
    Ok(trained
        .potential
        .references()
        .iter()
        .map(|(&z, &energy)| (atoms::element::symbol(z).unwrap_or("?").to_owned(), energy))
        .collect())
}

impl Family for Potentials {
    fn name(&self) -> &str {
        &self.name
    }

    fn items(&self) -> &'static str {
        "structures"
    }

    fn units(&self) -> &'static str {
        "atoms"
    }

    fn data_axis(&self) -> DataAxis {
        DataAxis::Items
    }

    fn metrics(&self) -> &'static [Metric] {
        &METRICS
    }

    fn settings(&self) -> Settings {
        Settings::from([
            (
                "kind".into(),
                if self.equivariant { "painn" } else { "schnet" }.into(),
            ),
            ("cutoff".into(), self.settings.cutoff.into()),
            ("radial".into(), self.settings.radial.into()),
            ("warmup".into(), self.settings.warmup.into()),
            ("energy_weight".into(), self.settings.energy_weight.into()),
            ("force_weight".into(), self.settings.force_weight.into()),
            ("clip".into(), self.settings.clip.into()),
            // Reference energies come from the largest training set, so it is part of every run.
            ("reference_structures".into(), self.pool.train.len().into()),
        ])
    }

    fn data_hash(&self) -> &str {
        &self.pool.summary.hash
    }

    fn steps(&self, data_size: usize, batch: usize) -> u64 {
        let per_pass = data_size.div_ceil(batch.max(1)).max(1);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number of steps"
        )]
        let steps = (self.budget.epochs_over(data_size) * per_pass as f64).ceil() as u64;
        steps.max(1)
    }

    fn parameters(&self, size: Size) -> ParameterCount {
        let total = self.config(size).parameters();
        ParameterCount {
            non_embedding: (total - EMBEDDING_ROWS * size.width) as u64,
            total: total as u64,
        }
    }

    fn exposure(&self, spec: &RunSpec, steps: u64) -> Exposure {
        let atoms = self.atoms_before[spec.data_size.min(self.atoms_before.len() - 1)];
        let structures = steps as f64 * structures_a_step(spec);
        let seen = structures * atoms as f64 / spec.data_size.max(1) as f64;
        let (pair, atom) = self.weights_touched(spec.size);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "counts of items seen"
        )]
        let (items_seen, units_seen) = (structures.round() as u64, seen.round() as u64);
        Exposure {
            items: spec.data_size as u64,
            unique_units: atoms,
            items_seen,
            units_seen,
            epochs: structures / spec.data_size.max(1) as f64,
            flops: PASSES * 2.0 * seen * (atom + self.pairs_an_atom * pair),
        }
    }

    fn cost(&self, spec: &RunSpec) -> f64 {
        // See the language family: a step's fixed part is most of a small model's time.
        let steps = spec.cut.unwrap_or(spec.steps);
        let exposure = self.exposure(spec, steps);
        let overhead = 4e-3 * spec.size.depth as f64 * steps as f64;
        let pairs = exposure.units_seen as f64 * self.pairs_an_atom;
        overhead
            + exposure.flops / 1e10
            + pairs * spec.size.width as f64 * spec.size.depth as f64 * 1e-8
    }

    fn run(
        &self,
        spec: &RunSpec,
        watch: &mut dyn FnMut(Tick) -> ControlFlow<()>,
    ) -> Result<Outcome, Cause> {
        let last = spec.cut.unwrap_or(spec.steps);
        let mut curve = Vec::new();
        let mut observer = |progress: &Progress| {
            let tick = Tick {
                step: progress.step,
                loss: progress.train_loss,
            };
            curve.push((tick.step, tick.loss));
            let flow = watch(tick);
            if progress.step >= last {
                ControlFlow::Break(())
            } else {
                flow
            }
        };
        let trained = equivariant_gnn::train::train(
            &self.config(spec.size),
            &self.training(spec)?,
            &self.pool.train[..spec.data_size],
            &self.pool.validation,
            &self.device,
            &mut observer,
        );
        match trained {
            Ok(trained) => {
                let validation: BTreeMap<String, f64> = [
                    ("force_mae", trained.errors.force_mae),
                    ("force_rmse", trained.errors.force_rmse),
                    ("energy_mae", trained.errors.energy_mae),
                    ("energy_rmse", trained.errors.energy_rmse),
                ]
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value?)))
                .collect();
                Ok(Outcome {
                    status: match spec.cut {
                        Some(step) => Status::Cut { step },
                        None => Status::Finished,
                    },
                    validation_curve: trained
                        .validations
                        .iter()
                        .filter_map(|v| Some((v.step as u64, v.errors.force_mae?)))
                        .collect(),
                    validation,
                    curve,
                })
            }
            Err(equivariant_gnn::Error::NotANumber { step, loss, .. }) => {
                curve.push((step as u64, loss));
                Ok(Outcome {
                    status: Status::Diverged { step: step as u64 },
                    curve,
                    validation: BTreeMap::new(),
                    validation_curve: Vec::new(),
                })
            }
            Err(error) => Err(error.into()),
        }
    }
}

//! The settings of a training.

use std::collections::BTreeMap;

use backend::optim::PlateauConfig;
use serde::{Deserialize, Serialize};

use crate::{
    batch::Precision,
    error::{Error, Result},
};

/// How a deviation counts.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Penalty {
    /// x².
    #[default]
    Mse,
    /// |x|.
    Mae,
    /// x²/2 up to `delta` and `delta` (|x| − `delta`/2) beyond (Huber 1964).
    Huber {
        /// Where the parabola becomes a line, in the units of the deviation.
        delta: f64,
    },
}

/// What the energy of an element by itself is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum References {
    /// The least-squares fit of the training energies by the composition.
    #[default]
    LeastSquares,
    /// Given energies (eV) by element symbol.
    Given {
        /// Energy of each element (eV).
        energies: BTreeMap<String, f64>,
    },
    /// Zero for every element.
    Zero,
}

/// How the learning rate moves.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RateSchedule {
    /// It stays.
    Constant,
    /// It falls when the validation error no longer does; training stops once it is at its minimum and
    /// waits there in vain.
    Plateau(PlateauConfig),
    /// Half a cosine from the rate down to `end` of it, over all steps.
    Cosine {
        /// The last rate as a fraction of the first.
        end: f64,
    },
}

impl Default for RateSchedule {
    fn default() -> Self {
        Self::Plateau(PlateauConfig::default())
    }
}

/// The settings of a training; all have defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainingConfig {
    /// Structures per optimiser step, unless one of the next two says otherwise.
    pub batch: usize,
    /// Atoms per optimiser step at most: structures are taken while they fit, and at least one.
    pub batch_atoms: Option<usize>,
    /// Directed pairs within the cutoff per optimiser step at most.
    pub batch_pairs: Option<usize>,
    /// Optimiser steps at most.
    pub steps: usize,
    /// Seconds of training at most.
    pub seconds: Option<f64>,
    /// The first learning rate; [`Model::first_rate`](crate::Model::first_rate) is what suits an architecture.
    pub rate: f64,
    /// How the rate moves.
    pub schedule: RateSchedule,
    /// Steps over which the rate rises from zero.
    pub warmup: usize,
    /// Weight decay of `AdamW`.
    pub weight_decay: f64,
    /// How deviations count.
    pub penalty: Penalty,
    /// Weight of the energy term (per eV², eV or as the penalty says).
    pub energy_weight: f64,
    /// Weight of the force term.
    pub force_weight: f64,
    /// Weight of the stress term; structures without the label are left out of it.
    pub stress_weight: f64,
    /// Whether the energy's deviation is divided by the number of atoms.
    pub per_atom: bool,
    /// Global norm that gradients are clipped to.
    pub clip: Option<f64>,
    /// Decay per step of the running average of the weights that is validated and kept.
    pub ema: Option<f64>,
    /// Energies of the elements by themselves, subtracted in float64.
    pub references: References,
    /// Steps between two validations; zero means once per pass over the training set.
    pub validate_every: usize,
    /// Validations without improvement after which training stops.
    pub patience: Option<usize>,
    /// Seed of the weights and of the order of the structures.
    pub seed: u64,
    /// The float type of the model.
    pub precision: Precision,
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            batch: 10,
            batch_atoms: None,
            batch_pairs: None,
            steps: 100_000,
            seconds: None,
            // NeuralForceField's rate for PaiNN, which is that of all models whose weights are drawn by fan-in.
            rate: 1e-3,
            schedule: RateSchedule::default(),
            warmup: 0,
            weight_decay: 0.0,
            penalty: Penalty::Mse,
            // SchNetPack's weights for molecules.
            energy_weight: 0.01,
            force_weight: 0.99,
            stress_weight: 0.0,
            per_atom: false,
            clip: Some(10.0),
            ema: Some(0.995),
            references: References::LeastSquares,
            validate_every: 0,
            patience: None,
            seed: 0,
            precision: Precision::F32,
        }
    }
}

impl TrainingConfig {
    /// Checks every setting.
    ///
    /// # Errors
    /// The first setting outside its range.
    pub fn validate(&self) -> Result<()> {
        let check = |good: bool, field, value: String, expected| {
            if good {
                Ok(())
            } else {
                Err(Error::Setting {
                    field,
                    value,
                    expected,
                })
            }
        };
        check(
            self.batch > 0,
            "batch",
            self.batch.to_string(),
            "at least 1",
        )?;
        for (field, value) in [
            ("batch_atoms", self.batch_atoms),
            ("batch_pairs", self.batch_pairs),
        ] {
            check(value != Some(0), field, "0".into(), "at least 1")?;
        }
        check(
            self.steps > 0,
            "steps",
            self.steps.to_string(),
            "at least 1",
        )?;
        let positive = |x: f64| x > 0.0 && x.is_finite();
        check(
            positive(self.rate),
            "rate",
            self.rate.to_string(),
            "a positive number",
        )?;
        for (field, value) in [
            ("weight_decay", self.weight_decay),
            ("energy_weight", self.energy_weight),
            ("force_weight", self.force_weight),
            ("stress_weight", self.stress_weight),
        ] {
            let good = value >= 0.0 && value.is_finite();
            check(good, field, value.to_string(), "zero or a positive number")?;
        }
        check(
            self.energy_weight + self.force_weight + self.stress_weight > 0.0,
            "energy_weight",
            self.energy_weight.to_string(),
            "one positive weight among energy, force and stress",
        )?;
        for (field, value) in [("clip", self.clip), ("seconds", self.seconds)] {
            if let Some(value) = value {
                check(
                    positive(value),
                    field,
                    value.to_string(),
                    "a positive number",
                )?;
            }
        }
        if let Some(decay) = self.ema {
            let good = (0.0..1.0).contains(&decay);
            check(good, "ema", decay.to_string(), "a number from 0 to below 1")?;
        }
        if let Penalty::Huber { delta } = self.penalty {
            check(
                positive(delta),
                "penalty.delta",
                delta.to_string(),
                "a positive number",
            )?;
        }
        Ok(())
    }
}

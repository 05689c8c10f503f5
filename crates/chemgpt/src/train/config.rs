//! Settings of a training run.

use backend::optim::{AdamWConfig, Decay, Schedule};
use burn::config::Config;

use crate::error::{Error, Result};
use crate::model::Precision;

/// How to train.
#[derive(Config, Debug, PartialEq)]
pub struct TrainingConfig {
    /// Optimiser steps of the run.
    pub steps: u64,
    /// Highest learning rate.
    #[config(default = 1e-3)]
    pub rate: f64,
    /// Steps of linear warm-up.
    #[config(default = 0)]
    pub warmup: u64,
    /// The rate after the warm-up.
    #[config(default = "Decay::Cosine")]
    pub decay: Decay,
    /// Where the rate ends, as a fraction of the highest.
    #[config(default = 0.0)]
    pub floor: f64,
    /// Rows of each step.
    #[config(default = 16)]
    pub batch: usize,
    /// Parts that the rows of a step are split into, to save memory; the gradients are those of the whole.
    #[config(default = 1)]
    pub accumulation: usize,
    /// The optimiser.
    #[config(default = "AdamWConfig::new()")]
    pub optimizer: AdamWConfig,
    /// Highest global gradient norm; `None` does not clip.
    #[config(default = "Some(1.0)")]
    pub clip: Option<f64>,
    /// Decay of an exponential moving average of the weights, which is then what is evaluated and returned.
    #[config(default = "None")]
    pub average: Option<f64>,
    /// The numbers in which matrix products are computed; the weights that the optimiser keeps are float32.
    #[config(default = "Precision::Float32")]
    pub precision: Precision,
    /// Keep only the input of each block for the backward pass and compute the rest again: about a third more time, a
    /// tenth of the memory, the same gradients.
    #[config(default = false)]
    pub recompute: bool,
    /// Steps between evaluations on the validation rows; 0 evaluates only at the end.
    #[config(default = 0)]
    pub evaluate_every: u64,
    /// Seed of the initial weights and of the order of the rows.
    #[config(default = 0)]
    pub seed: u64,
}

impl TrainingConfig {
    /// The learning rates.
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        Schedule {
            peak: self.rate,
            warmup: self.warmup,
            steps: self.steps,
            decay: self.decay,
            floor: self.floor,
        }
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`Error::Config`] naming the field, its value, and what is allowed.
    pub fn validate(&self) -> Result<()> {
        let bad = |field, value: String, allowed| {
            Err(Error::Config {
                field,
                value,
                allowed,
            })
        };
        if self.steps == 0 {
            return bad("steps", "0".into(), "at least 1");
        }
        if self.batch == 0 {
            return bad("batch", "0".into(), "at least 1");
        }
        if self.accumulation == 0 || self.accumulation > self.batch {
            return bad(
                "accumulation",
                self.accumulation.to_string(),
                "between 1 and the batch",
            );
        }
        if !(self.rate.is_finite() && self.rate >= 0.0) {
            return bad("rate", self.rate.to_string(), "a finite number from 0");
        }
        if self.clip.is_some_and(|clip| clip.is_nan() || clip <= 0.0) {
            return bad("clip", format!("{:?}", self.clip), "above 0");
        }
        if self
            .average
            .is_some_and(|decay| !(0.0..1.0).contains(&decay))
        {
            return bad("average", format!("{:?}", self.average), "from 0, below 1");
        }
        Ok(())
    }
}

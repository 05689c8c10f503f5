//! Searching learning rate and batch size on logarithmic axes.

mod design;
mod outcome;

use serde::{Deserialize, Serialize};

pub use design::{grid, random, sobol};
pub use outcome::{Analysis, Axis, Edge, Side, analyse};

use crate::{Error, Result};

/// One setting to train with.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// Learning rate.
    pub learning_rate: f64,
    /// Batch size.
    pub batch_size: usize,
}

/// The box that is searched; both axes are logarithmic.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Space {
    /// Lowest and highest learning rate.
    pub learning_rate: (f64, f64),
    /// Smallest and largest batch.
    pub batch_size: (usize, usize),
}

impl Space {
    /// Checks both ranges.
    ///
    /// # Errors
    /// [`Error::Settings`] with the range that is empty or not positive.
    pub fn validate(&self) -> Result<()> {
        let (low, high) = self.learning_rate;
        if !(low > 0.0 && low <= high && high.is_finite()) {
            return Err(Error::Settings(format!(
                "learning rates must be positive with the lower one first, got {low} to {high}"
            )));
        }
        let (small, large) = self.batch_size;
        if small == 0 || small > large {
            return Err(Error::Settings(format!(
                "batch sizes must be at least 1 with the smaller one first, got {small} to {large}"
            )));
        }
        Ok(())
    }

    /// The setting at a point of the unit square.
    fn at(&self, rate: f64, batch: f64) -> Configuration {
        let on = |low: f64, high: f64, share: f64| {
            if share <= 0.0 {
                low
            } else if share >= 1.0 {
                high
            } else {
                (low.ln() + share * (high.ln() - low.ln())).exp()
            }
        };
        let (small, large) = self.batch_size;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it lies between two batch sizes"
        )]
        let batch_size = on(small as f64, large as f64, batch).round() as usize;
        Configuration {
            learning_rate: on(self.learning_rate.0, self.learning_rate.1, rate),
            batch_size: batch_size.clamp(small, large),
        }
    }
}

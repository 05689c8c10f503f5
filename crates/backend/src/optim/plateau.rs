//! A learning rate that falls when a metric stops falling.

use serde::{Deserialize, Serialize};

/// Settings of [`Plateau`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PlateauConfig {
    /// Factor by which the rate falls.
    pub factor: f64,
    /// Evaluations without improvement that are waited for.
    pub patience: u64,
    /// The rate never falls below this.
    pub minimum: f64,
    /// An evaluation counts as better only below `best * (1 - threshold)`.
    pub threshold: f64,
}

impl Default for PlateauConfig {
    fn default() -> Self {
        Self {
            factor: 0.5,
            patience: 30,
            minimum: 1e-7,
            threshold: 1e-4,
        }
    }
}

/// PyTorch's `ReduceLROnPlateau` in mode `min` with a relative threshold; its state can be stored.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plateau {
    config: PlateauConfig,
    rate: f64,
    best: Option<f64>,
    waited: u64,
}

impl Plateau {
    /// Starts at `rate`.
    #[must_use]
    pub fn new(config: PlateauConfig, rate: f64) -> Self {
        Self {
            config,
            rate,
            best: None,
            waited: 0,
        }
    }

    /// The rate to use now.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// Whether the rate has reached its minimum.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.rate <= self.config.minimum
    }

    /// Takes the metric of one evaluation (lower is better; NaN is never better) and returns the new rate.
    pub fn observe(&mut self, metric: f64) -> f64 {
        let better = self
            .best
            .is_none_or(|best| metric < best * (1.0 - self.config.threshold));
        if better && !metric.is_nan() {
            self.best = Some(metric);
            self.waited = 0;
        } else {
            self.waited += 1;
        }
        if self.waited > self.config.patience {
            self.rate = (self.rate * self.config.factor).max(self.config.minimum);
            self.waited = 0;
        }
        self.rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_falls_only_after_patience_runs_out() {
        let config = PlateauConfig {
            factor: 0.1,
            patience: 2,
            minimum: 0.05,
            threshold: 1e-4,
        };
        let mut plateau = Plateau::new(config, 1.0);
        let rates: Vec<f64> = [5.0, 4.0, 4.0, 4.0, 4.0, 3.0, 3.0, 3.0, f64::NAN]
            .iter()
            .map(|&metric| plateau.observe(metric))
            .collect();
        assert_eq!(rates, [1.0, 1.0, 1.0, 1.0, 0.1, 0.1, 0.1, 0.1, 0.05]);
        assert!(plateau.is_exhausted());
    }
}

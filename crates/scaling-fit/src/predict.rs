//! Predictions: the loss of runs that were not made, and how far beyond the data they lie.

use crate::fit::Fit;
use crate::interval::percentile_interval;
use crate::special::t_quantile;
use crate::warning::Warning;
use serde::{Deserialize, Serialize};

/// A predicted loss with its intervals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// Where.
    pub resources: Vec<f64>,
    /// Predicted loss.
    pub loss: f64,
    /// Standard error of ln L̂ by the delta method.
    pub standard_error: Option<f64>,
    /// Interval of the law at this point.
    pub confidence: Option<(f64, f64)>,
    /// Interval of a new run at this point: wider by the noise of one run.
    pub prediction: Option<(f64, f64)>,
    /// Percentiles of the bootstrap refits at this point.
    pub bootstrap: Option<(f64, f64)>,
    /// Largest factor by which a resource, or their product, exceeds the largest fitted; at most 1 inside the data.
    pub extrapolation_factor: f64,
    /// What a reader must know.
    pub warnings: Vec<Warning>,
}

/// Factor of compute beyond which a prediction carries a warning.
const FAR: f64 = 10.0;

impl Fit {
    /// Predicts the loss at given resources, with intervals by the delta method on ln L and a t quantile.
    ///
    /// Past a break that is not identified, or past the data of such a fit, there is a warning and no interval.
    #[must_use]
    pub fn predict(&self, resources: &[f64], level: f64) -> Prediction {
        let ln_loss = |parameters: &[f64]| self.law.ln_loss(parameters, resources);
        let at = ln_loss(&self.values());
        let standard_error = self.delta_error(&ln_loss);
        let quantile = t_quantile(level, self.degrees_of_freedom);
        let around = |spread: f64| {
            (
                (at - quantile * spread).exp(),
                (at + quantile * spread).exp(),
            )
        };
        let confidence = standard_error.map(around);
        let noise = self.sigma.map(|sigma| {
            // A linear objective's residuals are in units of the loss.
            if self.objective.is_logarithmic() {
                sigma
            } else {
                sigma / at.exp()
            }
        });
        let prediction = standard_error
            .zip(noise)
            .map(|(error, sigma)| around(error.hypot(sigma)));
        let refits: Vec<f64> = self
            .samples
            .iter()
            .map(|sample| ln_loss(sample).exp())
            .collect();
        let extrapolation_factor = self.extrapolation_factor(resources);
        let mut warnings = Vec::new();
        // Ten times exactly is allowed, however it was rounded.
        if extrapolation_factor > FAR * (1.0 + 1e-9) {
            warnings.push(Warning::FarExtrapolation {
                factor: extrapolation_factor,
            });
        }
        let data_end = self.range.first().map_or(f64::INFINITY, |range| range.1);
        let before_breaks = warnings.len();
        for warning in &self.warnings {
            if let Warning::BreakNotIdentified { location, .. } = warning
                && resources[0] > location.min(data_end)
            {
                warnings.push(warning.clone());
            }
        }
        // Past a break that the data do not show, no interval means anything.
        let known = warnings.len() == before_breaks;
        Prediction {
            resources: resources.to_vec(),
            loss: at.exp(),
            standard_error: standard_error.filter(|_| known),
            confidence: confidence.filter(|_| known),
            prediction: prediction.filter(|_| known),
            bootstrap: percentile_interval(&refits, level).filter(|_| known),
            extrapolation_factor,
            warnings,
        }
    }

    /// Largest factor by which a resource, or the product of two (compute), exceeds the data.
    #[must_use]
    pub fn extrapolation_factor(&self, resources: &[f64]) -> f64 {
        let single = resources
            .iter()
            .zip(&self.range)
            .map(|(value, (_, high))| value / high)
            .fold(0.0, f64::max);
        match (resources, self.largest_product) {
            ([n, d], Some(most)) => single.max(n * d / most),
            _ => single,
        }
    }
}

//! Intervals of parameters: normal theory, profile and bootstrap.

mod bootstrap;
mod profile;
mod wald;

pub(crate) use bootstrap::{intervals as bootstrap_intervals, percentile_interval, resample};
pub(crate) use profile::profile;
pub(crate) use wald::{Spread, spread};

use serde::{Deserialize, Serialize};

/// How an interval was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Method {
    /// Estimate plus and minus a t quantile of standard errors, in the fitted coordinate.
    Wald,
    /// All values whose profile objective stays below the F threshold.
    Profile,
    /// Percentiles of the refits to resampled units.
    Bootstrap,
    /// The same, corrected for median bias (Efron 1987, doi:10.1080/01621459.1987.10478410).
    BootstrapBiasCorrected,
}

/// An interval in natural units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// What it is an interval of: a parameter or a derived quantity.
    pub of: String,
    /// How it was made.
    pub method: Method,
    /// Probability that it should cover the truth.
    pub level: f64,
    /// Lower end; `None` where the data set no lower end (for a positive parameter: down to 0).
    pub lower: Option<f64>,
    /// Upper end; `None` where the data set no upper end.
    pub upper: Option<f64>,
}

impl Interval {
    /// Upper end minus lower end, where both exist.
    #[must_use]
    pub fn width(&self) -> Option<f64> {
        Some(self.upper? - self.lower?)
    }

    /// Whether a value lies inside; an absent end excludes nothing.
    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        self.lower.is_none_or(|low| value >= low) && self.upper.is_none_or(|high| value <= high)
    }
}

//! Everything that a fit can be told.

use crate::constraints::Constraint;
use crate::error::{Error, Result};
use crate::law::Law;
use crate::objective::Objective;
use serde::{Deserialize, Serialize};

/// Options of [`crate::fit`]; the default is the robust fit with Wald and profile intervals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FitOptions {
    /// What is minimised.
    pub objective: Objective,
    /// Fixed, bounded and tied parameters.
    pub constraints: Vec<Constraint>,
    /// Descents to make; `None` means a number that suits the law.
    pub starts: Option<usize>,
    /// Probability that an interval should cover the truth.
    pub level: f64,
    /// Whether to walk the profile of each parameter.
    pub profile: bool,
    /// Whether and how to resample.
    pub bootstrap: Option<Bootstrap>,
    /// Leave out rows with invalid values, and list them, instead of refusing the data.
    pub skip_invalid: bool,
}

impl Default for FitOptions {
    fn default() -> Self {
        Self {
            objective: Objective::default(),
            constraints: Vec::new(),
            starts: None,
            level: 0.95,
            profile: true,
            bootstrap: None,
            skip_invalid: false,
        }
    }
}

/// How to resample: whole units ([`crate::Points::groups`]) with replacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bootstrap {
    /// Number of resamples.
    pub resamples: usize,
    /// Seed; each resample has its own stream of `ChaCha8`, so results do not depend on threads.
    pub seed: u64,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self {
            resamples: 2000,
            seed: 0,
        }
    }
}

impl FitOptions {
    /// Options with another objective.
    #[must_use]
    pub fn objective(mut self, objective: Objective) -> Self {
        self.objective = objective;
        self
    }

    /// Options with one more restriction.
    #[must_use]
    pub fn constrain(mut self, constraint: Constraint) -> Self {
        self.constraints.push(constraint);
        self
    }

    /// Options with a bootstrap.
    #[must_use]
    pub fn bootstrap(mut self, resamples: usize, seed: u64) -> Self {
        self.bootstrap = Some(Bootstrap { resamples, seed });
        self
    }

    /// Options for the estimate alone: no profile, no bootstrap.
    #[must_use]
    pub fn estimate_only(mut self) -> Self {
        self.profile = false;
        self.bootstrap = None;
        self
    }

    pub(crate) fn check(&self) -> Result<()> {
        self.objective.check()?;
        if !(self.level > 0.0 && self.level < 1.0) {
            return Err(Error::InvalidOption {
                option: "level".into(),
                value: self.level.to_string(),
                expected: "a number between 0 and 1".into(),
            });
        }
        if self.starts == Some(0) {
            return Err(Error::InvalidOption {
                option: "starts".into(),
                value: "0".into(),
                expected: "at least 1".into(),
            });
        }
        Ok(())
    }

    pub(crate) fn descents(&self, law: Law) -> usize {
        self.starts.unwrap_or(match law {
            Law::Power => 1,
            Law::Saturating
            | Law::Shifted { floor: false }
            | Law::OverTraining
            | Law::SigmoidLike
            | Law::Joint
            | Law::Broken { breaks: 0, .. } => 4,
            Law::Kaplan | Law::Shifted { floor: true } => 6,
            Law::Broken { breaks: 1, .. } => 12,
            Law::Broken { .. } => 24,
        })
    }
}

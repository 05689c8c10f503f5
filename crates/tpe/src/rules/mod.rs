//! When to stop a run: every rule as data, and its decisions as functions of the losses so far.
//!
//! A rule is used through a [`Driver`](crate::Driver). All rules keep at least one run, never
//! keep a diverged one, and keep whatever lies within the seed noise of their cut.

pub(crate) mod asha;
pub(crate) mod cut;
pub(crate) mod extrapolate;
pub(crate) mod median;
pub(crate) mod rungs;

pub use extrapolate::power_law_forecast;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A stopping rule. Epochs are counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Rule {
    /// Every run to its end.
    Full,
    /// A random share of the runs to their end: the baseline that costs the same.
    Random {
        /// Share of the runs.
        share: f64,
        /// Seed of the choice.
        seed: u64,
    },
    /// Every run for `epochs`, then the best share to the end. The paper's rule.
    SingleCut {
        /// The epoch of the decision, T.
        epochs: usize,
        /// Share of the runs that is kept; rounded, at least one run.
        keep: f64,
    },
    /// Rungs at `first_rung`, `first_rung`·η, …; of n runs at a rung the best ⌊n/η⌋ go on.
    ///
    /// Jamieson and Talwalkar, AISTATS 2016, arXiv:1502.07943.
    SuccessiveHalving {
        /// η, at least 2.
        eta: usize,
        /// Epoch of the first decision.
        first_rung: usize,
    },
    /// Successive halvings that start at different rungs, for when it is not known how early a
    /// decision may be taken. Li et al., JMLR 18, 185 (2018), arXiv:1603.06560.
    Hyperband {
        /// η, at least 2.
        eta: usize,
        /// The first rung of the most daring bracket.
        first_rung: usize,
    },
    /// Asynchronous halving, stopping form: a run that reaches a rung goes on at once if it is
    /// among the best 1/η of those that have reached it so far, and is stopped otherwise.
    ///
    /// Li et al., `MLSys` 2020, arXiv:1810.05934.
    AshaStop {
        /// η, at least 2.
        eta: usize,
        /// Epoch of the first decision.
        first_rung: usize,
    },
    /// Asynchronous halving, promotion form: a run pauses at each rung, and is taken up again
    /// once it is among the best 1/η there. Nothing is lost to an early arrival, but the
    /// training loop must keep checkpoints.
    AshaPromote {
        /// η, at least 2.
        eta: usize,
        /// Epoch of the first decision.
        first_rung: usize,
    },
    /// A run is stopped when its best loss so far is above the median of the finished runs'
    /// mean losses up to the same epoch. Golovin et al., KDD 2017, doi:10.1145/3097983.3098043.
    Median {
        /// Epochs before the first decision.
        grace: usize,
        /// Finished runs that are needed for a decision.
        needed: usize,
    },
    /// A run is stopped when a power law through its losses makes it improbable that it ends
    /// below the best finished run.
    Extrapolation {
        /// Epochs before the first decision, at least 4.
        grace: usize,
        /// Stop below this probability of being the best.
        probability: f64,
    },
}

impl Rule {
    /// A short name for tables.
    #[must_use]
    pub fn name(&self) -> String {
        match *self {
            Self::Full => "every run in full".to_owned(),
            Self::Random { share, .. } => format!("random {:.0} % in full", 100.0 * share),
            Self::SingleCut { epochs, keep } => {
                format!("one cut at {epochs}, keep {:.0} %", 100.0 * keep)
            }
            Self::SuccessiveHalving { eta, first_rung } => {
                format!("successive halving, eta {eta}, first rung {first_rung}")
            }
            Self::Hyperband { eta, first_rung } => {
                format!("Hyperband, eta {eta}, first rung {first_rung}")
            }
            Self::AshaStop { eta, first_rung } => {
                format!("ASHA (stop), eta {eta}, first rung {first_rung}")
            }
            Self::AshaPromote { eta, first_rung } => {
                format!("ASHA (promotion), eta {eta}, first rung {first_rung}")
            }
            Self::Median { grace, .. } => format!("median stopping, grace {grace}"),
            Self::Extrapolation { grace, probability } => {
                format!("power law, grace {grace}, p < {probability}")
            }
        }
    }

    /// Checks the settings against the number of epochs of a full run.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] or [`Error::Settings`], naming the setting and its range.
    pub fn validate(&self, epochs: usize) -> Result<()> {
        match *self {
            Self::Full => Ok(()),
            Self::Random { share, .. } => check_share("the share of random runs", share),
            Self::SingleCut { epochs: at, keep } => {
                check_epoch("the epoch of the cut", at, epochs)?;
                check_share("the share that is kept", keep)
            }
            Self::SuccessiveHalving { eta, first_rung }
            | Self::Hyperband { eta, first_rung }
            | Self::AshaStop { eta, first_rung }
            | Self::AshaPromote { eta, first_rung } => {
                if eta < 2 {
                    return Err(Error::OutOfRange {
                        name: "eta",
                        allowed: "at least 2",
                        value: eta as f64,
                    });
                }
                check_epoch("the first rung", first_rung, epochs)
            }
            Self::Median { grace, needed } => {
                if needed == 0 {
                    return Err(Error::OutOfRange {
                        name: "the finished runs that median stopping needs",
                        allowed: "at least 1",
                        value: 0.0,
                    });
                }
                check_epoch("the grace", grace, epochs)
            }
            Self::Extrapolation { grace, probability } => {
                if grace < 4 {
                    return Err(Error::OutOfRange {
                        name: "the grace of the extrapolation",
                        allowed: "at least 4 epochs",
                        value: grace as f64,
                    });
                }
                check_epoch("the grace", grace, epochs)?;
                check_share("the probability", probability)
            }
        }
    }

    /// The epochs at which runs are compared, ending with the last epoch of a full run.
    pub(crate) fn ladder(&self, epochs: usize) -> Vec<usize> {
        match *self {
            Self::SingleCut { epochs: at, .. } if at < epochs => vec![at, epochs],
            Self::SuccessiveHalving { eta, first_rung }
            | Self::Hyperband { eta, first_rung }
            | Self::AshaStop { eta, first_rung }
            | Self::AshaPromote { eta, first_rung } => rungs::ladder(first_rung, eta, epochs),
            _ => vec![epochs],
        }
    }

    /// The earliest epoch at which the rule looks at a score.
    pub(crate) fn first_decision(&self, epochs: usize) -> usize {
        self.ladder(epochs)[0]
    }
}

fn check_share(name: &'static str, value: f64) -> Result<()> {
    if value > 0.0 && value <= 1.0 {
        return Ok(());
    }
    Err(Error::OutOfRange {
        name,
        allowed: "above 0 and at most 1",
        value,
    })
}

fn check_epoch(name: &'static str, at: usize, epochs: usize) -> Result<()> {
    if (1..=epochs).contains(&at) {
        return Ok(());
    }
    Err(Error::Settings(format!(
        "{name} must lie between 1 and the {epochs} epochs of a full run, got {at}"
    )))
}

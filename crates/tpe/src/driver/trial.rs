//! One run under a rule, and what it is ranked by.

use serde::{Deserialize, Serialize};

use crate::estimate::{Estimator, Window};
use crate::{Curve, Error, Result};

/// Which losses a rule looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// The mean training loss of each epoch.
    #[default]
    Train,
    /// The validation loss after each epoch; every report must then carry one.
    Validation,
}

/// What the runs are ranked by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Criterion {
    /// The losses.
    pub signal: Signal,
    /// The estimator over the epochs up to the decision.
    pub estimator: Estimator,
}

impl Criterion {
    /// The validation loss at the decision.
    #[must_use]
    pub fn validation() -> Self {
        Self {
            signal: Signal::Validation,
            estimator: Estimator::TseE { last: 1 },
        }
    }
}

/// The losses of one epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Report {
    /// Mean training loss of the epoch.
    pub train: f64,
    /// Validation loss after the epoch, where it was taken.
    pub validation: Option<f64>,
}

/// Why a run was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// A loss was not finite.
    Diverged,
    /// The rule found better ones.
    Rule,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// To be started, or to be taken up again.
    Waiting,
    /// Handed out by `ask` and not yet at its rung.
    Running,
    /// At a rung, waiting for the comparison.
    Paused,
    /// Ended early.
    Stopped(StopReason),
    /// Ended after all epochs.
    Completed,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// Mean training loss of each epoch so far; +∞ where it was not finite.
    #[serde(with = "crate::loss_serde::list")]
    pub train: Vec<f64>,
    /// Validation loss after each epoch, where it was taken.
    #[serde(with = "crate::loss_serde::optional_list")]
    pub validation: Vec<Option<f64>>,
    /// Where it stands.
    pub state: State,
    /// Place of the rung it is heading to, or stands at, on the rule's ladder.
    pub rung: usize,
}

impl Trial {
    pub(super) fn new(rung: usize) -> Self {
        Self {
            train: Vec::new(),
            validation: Vec::new(),
            state: State::Waiting,
            rung,
        }
    }

    /// Epochs so far.
    #[must_use]
    pub fn epochs(&self) -> usize {
        self.train.len()
    }

    /// The last validation loss, or the last training loss where no validation was taken.
    #[must_use]
    pub fn last_loss(&self) -> f64 {
        let train = self.train.last().copied();
        let validation = self.validation.last().copied().flatten();
        validation.or(train).unwrap_or(f64::INFINITY)
    }

    /// The losses of one kind; a validation loss that was not taken counts as diverged, which
    /// cannot be asked for because reports are checked.
    pub(super) fn losses(&self, signal: Signal) -> Vec<f64> {
        match signal {
            Signal::Train => self.train.clone(),
            Signal::Validation => {
                let taken = self.validation.iter();
                taken.map(|loss| loss.unwrap_or(f64::INFINITY)).collect()
            }
        }
    }

    /// The score at epoch `at`; +∞ for a run that diverged before it could be scored.
    pub(super) fn score(&self, number: usize, criterion: &Criterion, at: usize) -> Result<f64> {
        let curve = Curve::from_epoch_means(format!("{number}"), self.losses(criterion.signal));
        criterion.estimator.score(&curve, Window::first_epochs(at))
    }

    pub(super) fn push(&mut self, report: Report) {
        let worst = |x: f64| if x.is_finite() { x } else { f64::INFINITY };
        self.train.push(worst(report.train));
        self.validation.push(report.validation.map(worst));
    }

    pub(super) fn check(
        &self,
        number: usize,
        epoch: usize,
        signal: Signal,
        report: Report,
    ) -> Result<()> {
        let problem = if self.state != State::Running {
            format!("it is {:?}, so no report is expected", self.state)
        } else if epoch != self.epochs() + 1 {
            format!("expected epoch {}, got epoch {epoch}", self.epochs() + 1)
        } else if signal == Signal::Validation && report.validation.is_none() {
            format!("the rule ranks by validation loss, and epoch {epoch} has none")
        } else {
            return Ok(());
        };
        Err(Error::Report {
            trial: number,
            problem,
        })
    }
}

//! A search that a training loop drives: `ask` what to train, `report` each epoch.
//!
//! The decisions depend on the reported losses alone, so a driver that was written to JSON,
//! read again and fed the same losses decides the same.

mod decisions;
mod settings;
mod trial;

use serde::{Deserialize, Serialize};

pub use settings::Settings;
pub(crate) use settings::share_of;
pub use trial::{Criterion, Report, Signal, State, StopReason, Trial};

use crate::rules::Rule;
use crate::{Error, Result};

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Train this run from epoch `from` (counted from 1; above 1 it has a checkpoint to go on
    /// from) to epoch `until`, and report every epoch.
    Train {
        /// The run.
        trial: usize,
        /// First epoch to train.
        from: usize,
        /// Last epoch to train unless a report says otherwise.
        until: usize,
    },
    /// Nothing can be handed out until a running one reports.
    Wait,
    /// The search has ended.
    Done,
}

/// What a training loop does after a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Train the next epoch.
    Continue,
    /// Keep a checkpoint and ask again; the run may be taken up later.
    Pause,
    /// The run has ended early; its checkpoint can go.
    Stop(StopReason),
    /// The run has all its epochs.
    Complete,
}

/// A search over a fixed list of runs under one rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct Driver {
    settings: Settings,
    trials: Vec<Trial>,
}

/// What is read from a file, before it is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    settings: Settings,
    trials: Vec<Trial>,
}

impl TryFrom<Stored> for Driver {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        stored.settings.validate()?;
        let rungs = stored.settings.rule.ladder(stored.settings.epochs).len();
        if stored.trials.len() != stored.settings.trials {
            return Err(Error::Lengths {
                first: "trials in the settings",
                second: "trials in the state",
                first_len: stored.settings.trials,
                second_len: stored.trials.len(),
            });
        }
        for (number, trial) in stored.trials.iter().enumerate() {
            let problem = if trial.rung >= rungs {
                format!(
                    "its rung {} is beyond the {rungs} rungs of the rule",
                    trial.rung
                )
            } else if trial.validation.len() != trial.train.len() {
                "it has different numbers of training and validation losses".to_owned()
            } else if trial.epochs() > stored.settings.epochs {
                format!("it has more than {} epochs", stored.settings.epochs)
            } else {
                continue;
            };
            return Err(Error::Report {
                trial: number,
                problem,
            });
        }
        Ok(Self {
            settings: stored.settings,
            trials: stored.trials,
        })
    }
}

impl Driver {
    /// A search in which nothing has been trained.
    ///
    /// # Errors
    /// As [`Settings::validate`].
    pub fn new(settings: Settings) -> Result<Self> {
        settings.validate()?;
        let trials = settings.initial_trials();
        Ok(Self { settings, trials })
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The runs, by number.
    #[must_use]
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// What to train next. A run that is handed out counts as running until it is reported on
    /// up to its rung, or until [`Driver::requeue_running`].
    ///
    /// # Errors
    /// As the estimator of the criterion.
    pub fn ask(&mut self) -> Result<Ask> {
        if let Rule::AshaPromote { eta, .. } = self.settings.rule {
            self.promote(eta)?;
        }
        let waiting = self.next_waiting();
        if let Some(trial) = waiting {
            self.trials[trial].state = State::Running;
            return Ok(Ask::Train {
                trial,
                from: self.trials[trial].epochs() + 1,
                until: self.until(trial),
            });
        }
        if self.trials.iter().any(|t| t.state == State::Running) {
            return Ok(Ask::Wait);
        }
        if self.take_up_last()? {
            return self.ask();
        }
        Ok(Ask::Done)
    }

    /// Takes in the losses of one epoch of a running run, and says how it goes on.
    ///
    /// # Errors
    /// A run that is not running, an epoch that is not its next one, a validation loss that the
    /// rule needs and that is missing. The state is then as before.
    pub fn report(&mut self, trial: usize, epoch: usize, report: Report) -> Result<Verdict> {
        let Some(run) = self.trials.get_mut(trial) else {
            return Err(Error::Report {
                trial,
                problem: format!("there are only {} trials", self.settings.trials),
            });
        };
        run.check(trial, epoch, self.settings.criterion.signal, report)?;
        run.push(report);
        let diverged =
            !report.train.is_finite() || report.validation.is_some_and(|loss| !loss.is_finite());
        if diverged && self.settings.stop_diverged {
            run.state = State::Stopped(StopReason::Diverged);
            self.settle(&self.ladder())?;
            return Ok(Verdict::Stop(StopReason::Diverged));
        }
        if epoch == self.settings.epochs {
            run.state = State::Completed;
            return Ok(Verdict::Complete);
        }
        self.decide(trial, epoch)
    }

    /// Puts the runs that were being trained back in the queue, after the process that trained
    /// them has ended. `ask` hands them out from the epoch after the last reported one.
    pub fn requeue_running(&mut self) {
        for trial in &mut self.trials {
            if trial.state == State::Running {
                trial.state = State::Waiting;
            }
        }
    }

    /// Forgets the epochs of a waiting run after `epochs`, for a checkpoint older than the last
    /// report.
    ///
    /// # Errors
    /// A run that is not waiting, or one with fewer epochs.
    pub fn rewind(&mut self, trial: usize, epochs: usize) -> Result<()> {
        let problem = match self.trials.get_mut(trial) {
            None => format!("there are only {} trials", self.settings.trials),
            Some(run) if run.state != State::Waiting => {
                format!("it is {:?}; only a waiting run can be rewound", run.state)
            }
            Some(run) if run.epochs() < epochs => {
                format!("it has only {} epochs", run.epochs())
            }
            Some(run) => {
                run.train.truncate(epochs);
                run.validation.truncate(epochs);
                return Ok(());
            }
        };
        Err(Error::Report { trial, problem })
    }

    /// The completed run with the lowest last loss, and that loss. `None` before one is completed,
    /// and at the end of a search in which every run that the rule kept diverged later.
    #[must_use]
    pub fn best(&self) -> Option<(usize, f64)> {
        let completed = self.trials.iter().enumerate();
        completed
            .filter(|(_, t)| t.state == State::Completed && t.last_loss().is_finite())
            .map(|(number, t)| (number, t.last_loss()))
            .min_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// Epochs trained so far, over all runs.
    #[must_use]
    pub fn cost(&self) -> usize {
        self.trials.iter().map(Trial::epochs).sum()
    }

    /// Epochs trained so far as a share of every run in full.
    #[must_use]
    pub fn cost_share(&self) -> f64 {
        self.cost() as f64 / (self.settings.trials * self.settings.epochs) as f64
    }

    /// The next rung under a rule that pauses runs there, and the last epoch under the others.
    fn until(&self, trial: usize) -> usize {
        let pauses = matches!(self.settings.rule, Rule::AshaPromote { .. });
        if pauses || self.settings.keep_at_rung().is_some() {
            self.ladder()[self.trials[trial].rung]
        } else {
            self.settings.epochs
        }
    }

    fn ladder(&self) -> Vec<usize> {
        self.settings.rule.ladder(self.settings.epochs)
    }

    /// The waiting run to hand out: one that has been promoted before a new one, so that the
    /// promotion form of asynchronous halving finishes what it has started.
    fn next_waiting(&self) -> Option<usize> {
        let waiting = || {
            let all = self.trials.iter().enumerate();
            all.filter(|(_, t)| t.state == State::Waiting)
        };
        let furthest = waiting().max_by_key(|(number, t)| (t.rung, std::cmp::Reverse(*number)));
        let first = waiting().next();
        match self.settings.rule {
            Rule::AshaPromote { .. } => furthest.map(|(number, _)| number),
            _ => first.map(|(number, _)| number),
        }
    }
}

//! What a search is: its rule, its length, its runs, and what they are ranked by.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use super::trial::{Criterion, Signal, State, StopReason, Trial};
use crate::estimate::Estimator;
use crate::rules::{Rule, rungs};
use crate::{Error, Result};

/// The settings of a search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The stopping rule.
    pub rule: Rule,
    /// What the runs are ranked by.
    #[serde(default)]
    pub criterion: Criterion,
    /// Epochs of a full run.
    pub epochs: usize,
    /// Number of runs.
    pub trials: usize,
    /// Standard deviation of ln(final loss) between seeds; runs within it of a cut are kept.
    #[serde(default)]
    pub seed_noise: f64,
    /// Whether a run is ended at its first loss that is not finite. Without it a diverged run is
    /// trained up to its next comparison, and falls there.
    #[serde(default = "yes")]
    pub stop_diverged: bool,
}

fn yes() -> bool {
    true
}

impl Settings {
    /// A search with a rule and otherwise the defaults.
    #[must_use]
    pub fn new(rule: Rule, trials: usize, epochs: usize) -> Self {
        Self {
            rule,
            criterion: Criterion::default(),
            epochs,
            trials,
            seed_noise: 0.0,
            stop_diverged: true,
        }
    }

    /// The protocol of the paper: every run for the first 20 % of its epochs, ranked by TSE; the
    /// best one alone goes on. (Frey et al. 2023: 10 of 50 epochs.)
    #[must_use]
    pub fn paper(trials: usize, epochs: usize) -> Self {
        let cut = epochs.div_ceil(5).max(1);
        let rule = Rule::SingleCut {
            epochs: cut,
            keep: 1.0 / trials.max(1) as f64,
        };
        Self {
            criterion: Criterion {
                estimator: Estimator::Tse,
                ..Criterion::default()
            },
            ..Self::new(rule, trials, epochs)
        }
    }

    /// The default that replays of recorded searches support: successive halving with η = 3,
    /// first rung at 4 % of the epochs (at least 2), ranked by the loss of the rung's epoch.
    ///
    /// Rank by the validation loss where there is one: a run that fits its training set to
    /// nothing looks best by training loss late, and is not (crate documentation, table).
    #[must_use]
    pub fn recommended(trials: usize, epochs: usize, signal: Signal) -> Self {
        let rule = Rule::SuccessiveHalving {
            eta: 3,
            first_rung: epochs.div_ceil(25).max(2).min(epochs.max(1)),
        };
        Self {
            criterion: Criterion {
                signal,
                ..Criterion::default()
            },
            ..Self::new(rule, trials, epochs)
        }
    }

    /// Checks every setting.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] or [`Error::Settings`], naming the setting.
    pub fn validate(&self) -> Result<()> {
        if self.epochs == 0 || self.trials == 0 {
            return Err(Error::Settings(format!(
                "a search needs at least one epoch and one run, got {} epochs and {} runs",
                self.epochs, self.trials
            )));
        }
        if !(self.seed_noise >= 0.0 && self.seed_noise.is_finite()) {
            return Err(Error::OutOfRange {
                name: "the seed noise",
                allowed: "finite and at least 0",
                value: self.seed_noise,
            });
        }
        self.rule.validate(self.epochs)?;
        let first = self.rule.first_decision(self.epochs);
        match self.criterion.estimator {
            Estimator::TseE { last } if last == 0 || last > first => Err(Error::Settings(format!(
                "TSE-E over the last {last} epochs cannot rank runs at epoch {first}, the first decision of the rule"
            ))),
            Estimator::TseEmaSum { gamma: weight } | Estimator::TseEmaMean { mu: weight }
                if !(0.0..=1.0).contains(&weight) =>
            {
                Err(Error::OutOfRange {
                    name: "the weight of TSE-EMA",
                    allowed: "between 0 and 1",
                    value: weight,
                })
            }
            _ => Ok(()),
        }
    }

    /// The runs before any training.
    pub(super) fn initial_trials(&self) -> Vec<Trial> {
        let mut trials: Vec<Trial> = self.starts().into_iter().map(Trial::new).collect();
        if let Rule::Random { share, seed } = self.rule {
            let mut order: Vec<usize> = (0..self.trials).collect();
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            // Fisher–Yates by hand: the crate's shuffle may change its stream between versions.
            for i in (1..order.len()).rev() {
                order.swap(i, random.random_range(0..=i));
            }
            for &out in &order[share_of(share, self.trials)..] {
                trials[out].state = State::Stopped(StopReason::Rule);
            }
        }
        trials
    }

    /// How many of n runs a rung of a synchronous rule keeps; `None` for the other rules.
    pub(super) fn keep_at_rung(&self) -> Option<impl Fn(usize) -> usize + use<>> {
        let rule = self.rule;
        match rule {
            Rule::SingleCut { .. } | Rule::SuccessiveHalving { .. } | Rule::Hyperband { .. } => {
                Some(move |n: usize| match rule {
                    Rule::SingleCut { keep, .. } => share_of(keep, n),
                    Rule::SuccessiveHalving { eta, .. } | Rule::Hyperband { eta, .. } => {
                        (n / eta).max(1)
                    }
                    _ => n,
                })
            }
            _ => None,
        }
    }

    /// The runs that are compared with one another.
    pub(super) fn brackets(&self) -> Vec<Vec<usize>> {
        let starts = self.starts();
        let last = starts.iter().copied().max().unwrap_or(0);
        (0..=last)
            .map(|start| (0..self.trials).filter(|&i| starts[i] == start).collect())
            .collect()
    }

    /// For each run, the rung at which it is compared first.
    fn starts(&self) -> Vec<usize> {
        match self.rule {
            Rule::Hyperband { eta, .. } => {
                let rungs = self.rule.ladder(self.epochs).len();
                rungs::hyperband_starts(self.trials, rungs, eta)
            }
            _ => vec![0; self.trials],
        }
    }
}

/// A share of n runs, rounded (halves to even), at least one.
pub(crate) fn share_of(share: f64, n: usize) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of 0 to 1 of a count is a count"
    )]
    let rounded = (share * n as f64).round_ties_even() as usize;
    rounded.clamp(1, n.max(1))
}

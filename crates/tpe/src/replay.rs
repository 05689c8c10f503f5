//! What a rule would have cost and found: searches replayed over recorded curves.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use crate::driver::{Ask, Driver, Report, Settings, Verdict};
use crate::{Error, Result};

/// One recorded run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// Mean training loss of each epoch.
    #[serde(with = "crate::loss_serde::list")]
    pub train: Vec<f64>,
    /// Validation loss after each epoch; empty where none was taken.
    #[serde(default, with = "crate::loss_serde::list")]
    pub validation: Vec<f64>,
}

impl Recorded {
    /// The loss that counts after `epochs` epochs: validation where it was taken.
    fn final_loss(&self, epochs: usize) -> f64 {
        let losses = if self.validation.is_empty() {
            &self.train
        } else {
            &self.validation
        };
        losses
            .get(epochs - 1)
            .copied()
            .filter(|loss| loss.is_finite())
            .unwrap_or(f64::INFINITY)
    }
}

/// The outcome of one replayed search.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The run that the search found, if one was completed.
    pub winner: Option<usize>,
    /// Its final loss; +∞ without one.
    #[serde(with = "crate::loss_serde::single")]
    pub winner_loss: f64,
    /// The truly best run (the first of equal ones).
    pub best: usize,
    /// Its final loss.
    #[serde(with = "crate::loss_serde::single")]
    pub best_loss: f64,
    /// Epochs that the search trained.
    pub cost: usize,
    /// The same as a share of every run in full.
    pub cost_share: f64,
}

impl Outcome {
    /// Final loss of the winner over that of the best, less 1; +∞ without a winner.
    ///
    /// It has a meaning for positive losses only.
    #[must_use]
    pub fn regret(&self) -> f64 {
        self.winner_loss / self.best_loss - 1.0
    }

    /// Whether the best final loss was found.
    #[must_use]
    pub fn hit(&self) -> bool {
        self.winner_loss <= self.best_loss
    }
}

/// Replays a search with one worker over recorded runs; `settings.trials` is ignored.
///
/// # Errors
/// Settings that do not fit, or a run with fewer losses than `settings.epochs`.
pub fn replay(runs: &[Recorded], settings: &Settings) -> Result<Outcome> {
    let epochs = settings.epochs;
    for (number, run) in runs.iter().enumerate() {
        let has_validation = !run.validation.is_empty();
        if run.train.len() < epochs || (has_validation && run.validation.len() < epochs) {
            return Err(Error::TooFewEpochs {
                run: number.to_string(),
                epochs: run.train.len().min(if has_validation {
                    run.validation.len()
                } else {
                    usize::MAX
                }),
                asked: epochs,
            });
        }
    }
    let mut driver = Driver::new(Settings {
        trials: runs.len(),
        ..settings.clone()
    })?;
    while let Ask::Train { trial, from, until } = driver.ask()? {
        for epoch in from..=until {
            let run = &runs[trial];
            let report = Report {
                train: run.train[epoch - 1],
                validation: run.validation.get(epoch - 1).copied(),
            };
            if driver.report(trial, epoch, report)? != Verdict::Continue {
                break;
            }
        }
    }
    let finals: Vec<f64> = runs.iter().map(|run| run.final_loss(epochs)).collect();
    let best = crate::rank::ascending(&finals)[0];
    let winner = driver.best();
    Ok(Outcome {
        winner: winner.map(|(number, _)| number),
        winner_loss: winner.map_or(f64::INFINITY, |(_, loss)| loss),
        best,
        best_loss: finals[best],
        cost: driver.cost(),
        cost_share: driver.cost_share(),
    })
}

/// A rule's record over many replayed searches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Name of the rule.
    pub rule: String,
    /// Number of searches.
    pub searches: usize,
    /// Mean share of the compute of training every run in full.
    pub cost_share: f64,
    /// Mean regret over the searches that completed a run.
    pub mean_regret: f64,
    /// The regret that 90 % of those searches stay at or below.
    pub regret_90: f64,
    /// Share of the searches that found the best.
    pub hit_rate: f64,
    /// Searches that completed no run.
    pub empty: usize,
}

/// Replays each of the settings over the same `pools` random pools of `pool` runs.
///
/// # Errors
/// A pool size of 0 or above the number of runs, no pools, and as [`replay`].
pub fn replay_pools(
    runs: &[Recorded],
    settings: &[(String, Settings)],
    pool: usize,
    pools: usize,
    seed: u64,
) -> Result<Vec<Summary>> {
    if pool == 0 || pool > runs.len() || pools == 0 {
        return Err(Error::Settings(format!(
            "cannot draw {pools} pools of {pool} runs from {} recorded ones",
            runs.len()
        )));
    }
    let drawn: Vec<Vec<Recorded>> = (0..pools)
        .map(|k| draw(runs, pool, seed, k as u64))
        .collect();
    settings
        .iter()
        .map(|(name, settings)| {
            let outcomes: Vec<Outcome> = drawn
                .iter()
                .map(|pool| replay(pool, settings))
                .collect::<Result<_>>()?;
            Ok(summarise(name, &outcomes))
        })
        .collect()
}

/// `count` runs without repetition, in random order.
fn draw(runs: &[Recorded], count: usize, seed: u64, stream: u64) -> Vec<Recorded> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(stream);
    let mut order: Vec<usize> = (0..runs.len()).collect();
    for i in 0..count {
        order.swap(i, random.random_range(i..runs.len()));
    }
    order[..count].iter().map(|&i| runs[i].clone()).collect()
}

fn summarise(rule: &str, outcomes: &[Outcome]) -> Summary {
    let n = outcomes.len() as f64;
    let mut regrets: Vec<f64> = outcomes
        .iter()
        .filter(|o| o.winner.is_some())
        .map(Outcome::regret)
        .collect();
    regrets.sort_by(f64::total_cmp);
    let at_90 = (regrets.len() * 9).div_ceil(10).saturating_sub(1);
    Summary {
        rule: rule.to_owned(),
        searches: outcomes.len(),
        cost_share: outcomes.iter().map(|o| o.cost_share).sum::<f64>() / n,
        mean_regret: regrets.iter().sum::<f64>() / regrets.len().max(1) as f64,
        regret_90: regrets.get(at_90).copied().unwrap_or(f64::INFINITY),
        hit_rate: outcomes.iter().filter(|o| o.hit()).count() as f64 / n,
        empty: outcomes.len() - regrets.len(),
    }
}

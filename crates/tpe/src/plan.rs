//! How to spend a budget: from a target saving to the settings of a rule.

use serde::{Deserialize, Serialize};

use crate::driver::share_of;
use crate::rules::{Rule, rungs};
use crate::{Error, Result};

/// Compute of one cut as a share of every run in full: `T/T_end` + k (1 − `T/T_end`).
///
/// A large saving needs both small: T = 10 % with k = 10 % still costs 19 %.
#[must_use]
pub fn cut_cost_share(cut: usize, epochs: usize, keep: f64) -> f64 {
    let early = cut as f64 / epochs as f64;
    early + keep * (1.0 - early)
}

/// A rule with what it costs when no run diverges and nothing lies within the seed noise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The rule.
    pub rule: Rule,
    /// Epochs over all runs.
    pub cost: usize,
    /// The same as a share of every run in full.
    pub cost_share: f64,
    /// Runs that are trained to the end.
    pub completed: usize,
}

/// The plans that reach a target saving.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plans {
    /// One cut: for each epoch T, the largest share that may be kept.
    pub cuts: Vec<Plan>,
    /// Successive halving: for each η and first rung.
    pub halvings: Vec<Plan>,
    /// The plan to take: the halving that makes the most of the budget (halving finds better
    /// runs than one cut at the same cost), or a cut where no halving is cheap enough.
    pub recommended: Plan,
}

/// Exact cost of a synchronous rule; `None` for a rule whose cost depends on the losses.
#[must_use]
pub fn cost(rule: &Rule, trials: usize, epochs: usize) -> Option<Plan> {
    if trials == 0 || epochs == 0 || rule.validate(epochs).is_err() {
        return None;
    }
    let ladder = rule.ladder(epochs);
    let (cost, completed) = match *rule {
        Rule::Full => (trials * epochs, trials),
        Rule::Random { share, .. } => {
            let run = share_of(share, trials);
            (run * epochs, run)
        }
        Rule::SingleCut { keep, .. } => climb(&ladder, 0, trials, |n| share_of(keep, n)),
        Rule::SuccessiveHalving { eta, .. } => climb(&ladder, 0, trials, |n| (n / eta).max(1)),
        Rule::Hyperband { eta, .. } => {
            let starts = rungs::hyperband_starts(trials, ladder.len(), eta);
            let brackets = (0..ladder.len()).map(|start| {
                let n = starts.iter().filter(|&&s| s == start).count();
                climb(&ladder, start, n, |n| (n / eta).max(1))
            });
            brackets.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
        }
        _ => return None,
    };
    Some(Plan {
        rule: *rule,
        cost,
        cost_share: cost as f64 / (trials * epochs) as f64,
        completed,
    })
}

/// Epochs paid by n runs that start at a rung, and how many of them reach the end.
fn climb(
    ladder: &[usize],
    start: usize,
    mut runs: usize,
    keep: impl Fn(usize) -> usize,
) -> (usize, usize) {
    let (mut paid, mut from) = (0, 0);
    if runs == 0 {
        return (0, 0);
    }
    for (rung, &epoch) in ladder.iter().enumerate().skip(start) {
        paid += runs * (epoch - from);
        from = epoch;
        if rung + 1 < ladder.len() {
            runs = keep(runs);
        }
    }
    (paid, runs)
}

/// Every plan for `trials` runs of `epochs` epochs that saves at least the share `saving` of the
/// compute of training all of them in full.
///
/// # Errors
/// A saving outside of 0 to 1, no runs or epochs, or a saving that nothing reaches; the message
/// then names the cheapest plan.
pub fn plan(trials: usize, epochs: usize, saving: f64) -> Result<Plans> {
    if !(0.0..1.0).contains(&saving) {
        return Err(Error::OutOfRange {
            name: "the saving",
            allowed: "at least 0 and below 1",
            value: saving,
        });
    }
    if trials == 0 || epochs == 0 {
        return Err(Error::Settings(format!(
            "a plan needs at least one run and one epoch, got {trials} and {epochs}"
        )));
    }
    let allowed = (1.0 - saving) * (trials * epochs) as f64 * (1.0 + 1e-12);
    let fits = |plan: &Plan| plan.cost as f64 <= allowed;
    let all_cuts = |epochs_at: usize| {
        (1..=trials).filter_map(move |kept| {
            let keep = kept as f64 / trials as f64;
            cost(
                &Rule::SingleCut {
                    epochs: epochs_at,
                    keep,
                },
                trials,
                epochs,
            )
        })
    };
    let cuts: Vec<Plan> = (1..epochs)
        .filter_map(|at| all_cuts(at).rfind(fits))
        .collect();
    let all_halvings = (2..=6).flat_map(|eta| {
        (1..epochs).filter_map(move |first_rung| {
            cost(&Rule::SuccessiveHalving { eta, first_rung }, trials, epochs)
        })
    });
    let halvings: Vec<Plan> = all_halvings.filter(fits).collect();
    // After one epoch the order is still mostly that of the initial transients.
    let late_enough = |p: &&Plan| p.rule.first_decision(epochs) >= 2 || epochs < 10;
    let dearest = |a: &&Plan, b: &&Plan| a.cost.cmp(&b.cost);
    let recommended = halvings
        .iter()
        .filter(late_enough)
        .max_by(dearest)
        .or_else(|| halvings.iter().max_by(dearest))
        .or_else(|| cuts.iter().max_by(dearest))
        .copied();
    match recommended {
        Some(recommended) => Ok(Plans {
            cuts,
            halvings,
            recommended,
        }),
        None => Err(out_of_reach(trials, epochs, saving)),
    }
}

fn out_of_reach(trials: usize, epochs: usize, saving: f64) -> Error {
    let rule = Rule::SingleCut {
        epochs: 1,
        keep: 1.0 / trials as f64,
    };
    let least = cost(&rule, trials, epochs).map_or(1.0, |plan| plan.cost_share);
    Error::Settings(format!(
        "a saving of {:.1} % is out of reach: deciding after the first of {epochs} epochs and keeping one of {trials} runs saves {:.1} %",
        100.0 * saving,
        100.0 * (1.0 - least)
    ))
}

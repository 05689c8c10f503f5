//! What a finished search says: the best setting, how flat it is there, and whether the box was
//! large enough.

use serde::{Deserialize, Serialize};

use super::{Configuration, Space};
use crate::{Error, Result};

/// An axis of the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Axis {
    /// Learning rate.
    LearningRate,
    /// Batch size.
    BatchSize,
}

/// An end of an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The lower end.
    Low,
    /// The upper end.
    High,
}

/// The best setting lies at an end of an axis, so a better one may lie beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edge {
    /// The axis.
    pub axis: Axis,
    /// Its end.
    pub side: Side,
}

/// The outcome of a search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Analysis {
    /// Place of the best setting.
    pub best: usize,
    /// Its final loss.
    pub best_loss: f64,
    /// Place and loss of the second best, if a second one has a finite loss.
    pub runner_up: Option<(usize, f64)>,
    /// ln(runner-up / best); `None` without a runner-up or with losses that are not positive.
    pub margin: Option<f64>,
    /// All settings that the seed noise cannot tell from the best, the best among them.
    pub within_noise: Vec<usize>,
    /// Ends of axes at which the best setting lies.
    pub edges: Vec<Edge>,
    /// Whether every setting within the noise lies at an end too. If not, the optimum may just
    /// as well lie inside.
    pub edge_is_certain: bool,
    /// The box to search next where the best lies at an end: widened there by half its length in
    /// the logarithm.
    pub extended: Option<Space>,
    /// Settings whose loss is not finite.
    pub diverged: Vec<usize>,
}

/// Looks at the final losses of the settings that were tried.
///
/// On an axis with few distinct values (a grid) the end is the first or last of them; otherwise
/// it is the outer 1/(2√n) of the box, half of the mean distance between n samples.
///
/// # Errors
/// Lists of different lengths, no setting with a finite loss, or a box that is empty.
pub fn analyse(
    space: &Space,
    tried: &[Configuration],
    losses: &[f64],
    seed_noise: f64,
) -> Result<Analysis> {
    space.validate()?;
    if tried.len() != losses.len() {
        return Err(Error::Lengths {
            first: "settings",
            second: "final losses",
            first_len: tried.len(),
            second_len: losses.len(),
        });
    }
    let order: Vec<usize> = crate::rank::ascending(losses)
        .into_iter()
        .filter(|&i| losses[i].is_finite())
        .collect();
    let Some(&best) = order.first() else {
        return Err(Error::TooFewRuns {
            what: "a search",
            needed: 1,
            got: 0,
        });
    };
    let best_loss = losses[best];
    let runner_up = order.get(1).map(|&i| (i, losses[i]));
    let ratio = |loss: f64| (best_loss > 0.0).then(|| (loss / best_loss).ln());
    let within_noise: Vec<usize> = order
        .iter()
        .copied()
        .filter(|&i| i == best || ratio(losses[i]).is_some_and(|r| r <= seed_noise))
        .collect();
    let edges = edges_of(space, tried, best);
    let edge_is_certain = !edges.is_empty()
        && within_noise.iter().all(|&i| {
            let theirs = edges_of(space, tried, i);
            edges.iter().any(|edge| theirs.contains(edge))
        });
    Ok(Analysis {
        best,
        best_loss,
        runner_up,
        margin: runner_up.and_then(|(_, loss)| ratio(loss)),
        within_noise,
        edge_is_certain,
        extended: (!edges.is_empty()).then(|| extended(space, &edges)),
        edges,
        diverged: (0..losses.len())
            .filter(|&i| !losses[i].is_finite())
            .collect(),
    })
}

fn edges_of(space: &Space, tried: &[Configuration], at: usize) -> Vec<Edge> {
    let rates: Vec<f64> = tried.iter().map(|c| c.learning_rate.ln()).collect();
    let batches: Vec<f64> = tried.iter().map(|c| (c.batch_size as f64).ln()).collect();
    let (low, high) = space.learning_rate;
    let (small, large) = space.batch_size;
    let ends = [
        (Axis::LearningRate, &rates, &batches, low.ln(), high.ln()),
        (
            Axis::BatchSize,
            &batches,
            &rates,
            (small as f64).ln(),
            (large as f64).ln(),
        ),
    ];
    ends.into_iter()
        .filter_map(|(axis, values, others, low, high)| {
            side_of(values, distinct(others).len(), at, low, high).map(|side| Edge { axis, side })
        })
        .collect()
}

fn distinct(values: &[f64]) -> Vec<f64> {
    let mut distinct = values.to_vec();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup_by(|a, b| (*a - *b).abs() < 1e-9);
    distinct
}

fn side_of(values: &[f64], others: usize, at: usize, low: f64, high: f64) -> Option<Side> {
    let n = values.len();
    let levels = distinct(values);
    if levels.len() < 2 || high <= low {
        return None;
    }
    let (first, last, reach) = if 2 * levels.len() <= n {
        (levels[0], levels[levels.len() - 1], 1e-9)
    } else {
        // With the other axis fixed all samples lie on this one, and closer together.
        let along = (n as f64).sqrt().max(n as f64 / others as f64);
        (low, high, (high - low) / (2.0 * along))
    };
    if values[at] - first <= reach {
        Some(Side::Low)
    } else if last - values[at] <= reach {
        Some(Side::High)
    } else {
        None
    }
}

fn extended(space: &Space, edges: &[Edge]) -> Space {
    let mut next = *space;
    for edge in edges {
        match (edge.axis, edge.side) {
            (Axis::LearningRate, side) => {
                let (low, high) = space.learning_rate;
                let factor = (high / low).sqrt();
                match side {
                    Side::Low => next.learning_rate.0 = low / factor,
                    Side::High => next.learning_rate.1 = high * factor,
                }
            }
            (Axis::BatchSize, side) => {
                let (small, large) = space.batch_size;
                let factor = (large as f64 / small as f64).sqrt();
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a positive size; a huge one saturates"
                )]
                match side {
                    Side::Low => {
                        next.batch_size.0 = ((small as f64 / factor).round() as usize).max(1);
                    }
                    Side::High => next.batch_size.1 = (large as f64 * factor).round() as usize,
                }
            }
        }
    }
    next
}

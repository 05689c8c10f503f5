//! Pairs bootstrap: whole units are drawn with replacement and the law is refitted.

use super::{Interval, Method};
use crate::linalg::Vector;
use crate::objective::Objective;
use crate::options::Bootstrap;
use crate::solver::{Problem, minimise};
use crate::special::{normal_cdf, normal_quantile};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;
use rayon::prelude::*;

/// Refits to resampled units; `None` where a resample has too few points or its refit fails.
///
/// Each resample has its own stream of the generator, so the result is the same for any number of threads.
pub(crate) fn resample(
    problem: &Problem<'_>,
    objective: Objective,
    best: &Vector,
    units: usize,
    options: Bootstrap,
) -> Vec<Option<Vector>> {
    (0..options.resamples)
        .into_par_iter()
        .map(|index| {
            let mut random = ChaCha8Rng::seed_from_u64(options.seed);
            random.set_stream(index as u64 + 1);
            let mut counts = vec![0.0; units];
            for _ in 0..units {
                counts[random.random_range(0..units)] += 1.0;
            }
            let weights: Vec<f64> = problem
                .rows
                .iter()
                .zip(problem.weights)
                .map(|(row, weight)| weight * counts[row.unit])
                .collect();
            let mut distinct: Vec<[u64; 2]> = problem
                .rows
                .iter()
                .zip(&weights)
                .filter(|(_, weight)| **weight > 0.0)
                .map(|(row, _)| row.ln_x.map(f64::to_bits))
                .collect();
            distinct.sort_unstable();
            distinct.dedup();
            if distinct.len() < problem.space.free {
                return None;
            }
            let resampled = Problem {
                weights: &weights,
                ..*problem
            };
            let end = minimise(&resampled, objective, best, 250);
            let finite = end.value.is_finite()
                && end.phi[..problem.space.free].iter().all(|v| v.is_finite());
            finite.then_some(end.phi)
        })
        .collect()
}

/// Percentile of sorted values, interpolated linearly between order statistics.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a position between 0 and the number of values"
)]
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let position = share.clamp(0.0, 1.0) * (sorted.len() - 1) as f64;
    let below = position.floor();
    let rest = position - below;
    let index = below as usize;
    let next = sorted[(index + 1).min(sorted.len() - 1)];
    sorted[index] + rest * (next - sorted[index])
}

/// Percentile and bias-corrected intervals of one quantity from its refitted values.
pub(crate) fn intervals(of: &str, estimate: f64, values: &[f64], level: f64) -> Vec<Interval> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    if sorted.is_empty() {
        return Vec::new();
    }
    sorted.sort_by(f64::total_cmp);
    let make = |method: Method, low: f64, high: f64| {
        let end = |share: f64| Some(percentile(&sorted, share)).filter(|v| v.is_finite());
        Interval {
            of: of.to_owned(),
            method,
            level,
            lower: end(low),
            upper: end(high),
        }
    };
    let tail = 0.5 * (1.0 - level);
    let n = sorted.len() as f64;
    let below = sorted.iter().filter(|v| **v < estimate).count() as f64;
    let equal = sorted
        .iter()
        .filter(|v| v.to_bits() == estimate.to_bits())
        .count() as f64;
    let share = ((below + 0.5 * equal) / n).clamp(0.5 / n, 1.0 - 0.5 / n);
    let shift = 2.0 * normal_quantile(share);
    let corrected = |p: f64| normal_cdf(shift + normal_quantile(p));
    vec![
        make(Method::Bootstrap, tail, 1.0 - tail),
        make(
            Method::BootstrapBiasCorrected,
            corrected(tail),
            corrected(1.0 - tail),
        ),
    ]
}

/// The percentile interval alone.
pub(crate) fn percentile_interval(values: &[f64], level: f64) -> Option<(f64, f64)> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    if sorted.is_empty() {
        return None;
    }
    sorted.sort_by(f64::total_cmp);
    let tail = 0.5 * (1.0 - level);
    Some((percentile(&sorted, tail), percentile(&sorted, 1.0 - tail)))
}

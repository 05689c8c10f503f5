//! Deterministic multi-start: seeds by variable projection, ranked, and the best of them descended.

use super::descent::{Descent, Known};
use super::problem::Problem;
use super::robust::minimise_beside;
use crate::law::seeds::seeds;
use crate::linalg::Vector;
use crate::objective::{Kernel, Objective};
use serde::{Deserialize, Serialize};

/// How the best optimum was found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Starts {
    /// Seeds that the law proposed from the data.
    pub proposed: usize,
    /// Seeds, best first, from which a descent was made.
    pub descended: usize,
    /// Share of the descents that ended at the best optimum, or were ended in its immediate basin: within 0.1 of its
    /// coordinates and 0.1 % of its objective.
    pub share_at_best: f64,
    /// Steps of the best descent.
    pub iterations: usize,
    /// Largest gradient entry at the end, in units of its own curvature and of the objective.
    pub gradient: f64,
}

/// Relative distance to the best objective within which two descents count as the same optimum.
const SAME: f64 = 1e-6;

/// Finds the best optimum over seeds; extra seeds are tried first.
pub(crate) fn solve(
    problem: &Problem<'_>,
    objective: Objective,
    extra: &[Vector],
    most: usize,
) -> Option<(Descent, Starts)> {
    let proposed = seeds(problem.law, problem.rows, problem.weights, problem.space);
    let kernel = match objective {
        Objective::LogHuber { .. } | Objective::LogHuberFreeScale { .. } => {
            Kernel::huber(1e-2, 1.0)
        }
        other => Kernel::squares(other.residual()),
    };
    let ranking = Problem { kernel, ..*problem };
    // Only the best are kept, so a sum that has passed the worst of them need not be finished.
    let mut ranked: Vec<(f64, Vector)> = Vec::with_capacity(most.min(proposed.len()) + 1);
    for theta in &proposed {
        let phi = problem.space.phi(theta);
        let bound = match ranked.last() {
            Some((worst, _)) if ranked.len() >= most => *worst,
            _ => f64::INFINITY,
        };
        let value = ranking.value_below(&phi, bound);
        if value < bound {
            let place = ranked.partition_point(|(other, _)| *other <= value);
            ranked.insert(place, (value, phi));
            ranked.truncate(most);
        }
    }
    let starts: Vec<Vector> = extra
        .iter()
        .copied()
        .chain(ranked.iter().map(|(_, phi)| *phi))
        .collect();
    let mut ends: Vec<Descent> = Vec::with_capacity(starts.len());
    for start in &starts {
        let known = ends
            .iter()
            .min_by(|a, b| a.value.total_cmp(&b.value))
            .map_or(Known::Nothing, Known::Optimum);
        let end = minimise_beside(problem, objective, start, 250, known);
        if end.value.is_finite() {
            ends.push(end);
        }
    }
    let best = *ends.iter().min_by(|a, b| a.value.total_cmp(&b.value))?;
    // Exact data end at rounding, where ratios of objectives mean nothing.
    let rounding = 1e-18 * problem.weights.iter().sum::<f64>();
    let same = ends
        .iter()
        .filter(|end| end.value - best.value <= SAME * best.value.abs() + rounding)
        .count();
    Some((
        best,
        Starts {
            proposed: proposed.len(),
            descended: starts.len(),
            share_at_best: same as f64 / starts.len() as f64,
            iterations: best.iterations,
            gradient: best.gradient,
        },
    ))
}

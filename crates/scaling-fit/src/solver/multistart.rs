//! Deterministic multi-start: seeds by variable projection, ranked, and the best of them descended.

use super::descent::Descent;
use super::problem::Problem;
use super::robust::minimise;
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
    /// Share of the descents that ended at the best optimum.
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
    let mut ranked: Vec<(f64, Vector)> = proposed
        .iter()
        .map(|theta| {
            let phi = problem.space.phi(theta);
            (ranking.value(&phi), phi)
        })
        .filter(|(value, _)| value.is_finite())
        .collect();
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
    let starts: Vec<Vector> = extra
        .iter()
        .copied()
        .chain(ranked.iter().map(|(_, phi)| *phi).take(most))
        .collect();
    let ends: Vec<Descent> = starts
        .iter()
        .map(|start| minimise(problem, objective, start, 250))
        .filter(|end| end.value.is_finite())
        .collect();
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

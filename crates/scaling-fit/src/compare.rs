//! Model choice: likelihood, information criteria, nested tests and held-out error.

use crate::data::Points;
use crate::error::Result;
use crate::fit::{Fit, Role, fit};
use crate::law::Law;
use crate::objective::Objective;
use crate::options::FitOptions;
use crate::special::f_tail;
use serde::{Deserialize, Serialize};

/// One law among the candidates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The fit to the rows that were not held out, by squares of ln L.
    pub fit: Fit,
    /// Parameters that the law could move, without the noise.
    pub parameters: usize,
    /// Gaussian log-likelihood of ln L: -n/2 (ln(2 pi SSE/n) + 1).
    pub log_likelihood: f64,
    /// Akaike's criterion; the noise counts as a parameter.
    pub aic: f64,
    /// The same, corrected for few rows (Hurvich and Tsai 1989, doi:10.1093/biomet/76.2.297); infinite where undefined.
    pub aicc: f64,
    /// Schwarz's criterion.
    pub bic: f64,
    /// `AICc` above the best one.
    pub delta_aicc: f64,
    /// Akaike weight among the candidates.
    pub akaike_weight: f64,
    /// Root mean square of ln L̂ - ln L on the held-out rows.
    pub held_out_rmse: Option<f64>,
    /// Mean of ln L̂ - ln L on the held-out rows: negative where the law promises too low a loss.
    pub held_out_bias: Option<f64>,
}

/// Candidates and the choices that follow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Candidates in the order given.
    pub candidates: Vec<Candidate>,
    /// Index of the lowest `AICc`.
    pub best_aicc: usize,
    /// Index of the lowest BIC.
    pub best_bic: usize,
    /// Index of the lowest held-out error, where rows were held out.
    pub best_held_out: Option<usize>,
    /// Index of the choice: the fewest parameters within 2 of the best `AICc`.
    pub selected: usize,
}

/// F test of a law against one that contains it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NestedTest {
    /// The F statistic.
    pub f: f64,
    /// Extra parameters of the larger law.
    pub extra: f64,
    /// Degrees of freedom of the larger law.
    pub degrees: f64,
    /// Probability of an F this large if the smaller law holds.
    pub p: f64,
}

/// Fits laws by squares of ln L to all rows but those with the `held_out` largest values of the first resource,
/// and compares them.
///
/// # Errors
/// As [`fit`], for the first law that cannot be fitted.
pub fn compare(laws: &[Law], points: &Points, held_out: usize) -> Result<Comparison> {
    let mut order: Vec<usize> = (0..points.len()).collect();
    if let Some(first) = points.resources.first() {
        order.sort_by(|&a, &b| first[a].total_cmp(&first[b]).then(a.cmp(&b)));
    }
    let (kept, held) = order.split_at(points.len().saturating_sub(held_out));
    let training = points.select(kept);
    let options = FitOptions::default()
        .objective(Objective::LogSquares)
        .estimate_only();
    let mut candidates = laws
        .iter()
        .map(|&law| {
            let found = fit(law, &training, &options)?;
            Ok(candidate(found, points, held))
        })
        .collect::<Result<Vec<_>>>()?;
    let best = |key: &dyn Fn(&Candidate) -> f64| {
        (0..candidates.len())
            .min_by(|&a, &b| key(&candidates[a]).total_cmp(&key(&candidates[b])))
            .unwrap_or(0)
    };
    let best_aicc = best(&|c| c.aicc);
    let best_bic = best(&|c| c.bic);
    let best_held_out =
        (!held.is_empty()).then(|| best(&|c| c.held_out_rmse.unwrap_or(f64::INFINITY)));
    let least = candidates.get(best_aicc).map_or(0.0, |c| c.aicc);
    for candidate in &mut candidates {
        candidate.delta_aicc = candidate.aicc - least;
    }
    let sum: f64 = candidates.iter().map(|c| (-0.5 * c.delta_aicc).exp()).sum();
    for candidate in &mut candidates {
        candidate.akaike_weight = (-0.5 * candidate.delta_aicc).exp() / sum;
    }
    let selected = (0..candidates.len())
        .filter(|&i| candidates[i].delta_aicc <= 2.0)
        .min_by(|&a, &b| {
            let key = |i: usize| (candidates[i].parameters, candidates[i].delta_aicc);
            let ((p, x), (q, y)) = (key(a), key(b));
            p.cmp(&q).then(x.total_cmp(&y))
        })
        .unwrap_or(0);
    Ok(Comparison {
        candidates,
        best_aicc,
        best_bic,
        best_held_out,
        selected,
    })
}

fn candidate(found: Fit, points: &Points, held: &[usize]) -> Candidate {
    let n = found.rows;
    let parameters = found
        .parameters
        .iter()
        .filter(|p| !matches!(p.role, Role::Fixed | Role::Tied))
        .count();
    let k = parameters as f64 + 1.0;
    // Data without noise would have an infinite likelihood; rounding sets its limit.
    let variance = (found.sum_of_squares / n).max(1e-32);
    let log_likelihood = -0.5 * n * ((2.0 * std::f64::consts::PI * variance).ln() + 1.0);
    let aic = 2.0 * k - 2.0 * log_likelihood;
    let room = n - k - 1.0;
    let aicc = if room > 0.0 {
        aic + 2.0 * k * (k + 1.0) / room
    } else {
        f64::INFINITY
    };
    let errors: Vec<f64> = held
        .iter()
        .map(|&row| {
            let resources: Vec<f64> = points.resources.iter().map(|c| c[row]).collect();
            found.loss(&resources).ln() - points.loss[row].ln()
        })
        .collect();
    let count = errors.len() as f64;
    let some = !errors.is_empty();
    Candidate {
        parameters,
        log_likelihood,
        aic,
        aicc,
        bic: k * n.ln() - 2.0 * log_likelihood,
        delta_aicc: 0.0,
        akaike_weight: 0.0,
        held_out_rmse: some.then(|| (errors.iter().map(|e| e * e).sum::<f64>() / count).sqrt()),
        held_out_bias: some.then(|| errors.iter().sum::<f64>() / count),
        fit: found,
    }
}

/// F test of a smaller law against a larger one that contains it, both fitted by squares to the same rows.
///
/// `None` where the larger law has no degrees of freedom left or no more parameters than the smaller.
#[must_use]
pub fn nested_test(smaller: &Fit, larger: &Fit) -> Option<NestedTest> {
    let count = |fit: &Fit| {
        fit.parameters
            .iter()
            .filter(|p| !matches!(p.role, Role::Fixed | Role::Tied))
            .count() as f64
    };
    let extra = count(larger) - count(smaller);
    let degrees = larger.rows - count(larger);
    if extra <= 0.0 || degrees <= 0.0 || larger.sum_of_squares <= 0.0 {
        return None;
    }
    let gain = (smaller.sum_of_squares - larger.sum_of_squares).max(0.0);
    let f = gain / extra / (larger.sum_of_squares / degrees);
    Some(NestedTest {
        f,
        extra,
        degrees,
        p: f_tail(f, extra, degrees),
    })
}

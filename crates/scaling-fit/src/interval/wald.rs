//! Spread of the residuals and the covariance that normal theory gives.

use crate::linalg::{Matrix, Vector, eigenvalues, inverse_spd};
use crate::objective::{Kernel, Objective};
use crate::solver::{Problem, fitted_scale};

/// What the residuals say about noise, and the covariance of the free coordinates.
#[derive(Debug, Clone)]
pub(crate) struct Spread {
    /// Weighted rows minus free coordinates.
    pub(crate) degrees: f64,
    /// Sum of squared residuals.
    pub(crate) sse: f64,
    /// Increase of the kernel's objective that corresponds to F = 1; `None` where it is not defined.
    pub(crate) unit: Option<f64>,
    /// Covariance of the free coordinates.
    pub(crate) covariance: Option<Matrix>,
    /// Condition number of the Jacobian with unit columns.
    pub(crate) condition: Option<f64>,
}

/// Computes the spread at an optimum.
///
/// For squares this is s² (J'J)⁻¹. For Huber functions s² becomes sum psi² / (n - p) over the squared
/// mean of psi' (Huber 1973, doi:10.1214/aos/1176342503, Eq. 6.5), and the unit of the objective follows the same ratio
/// (the tau test of Hampel et al. 1986, Sec. 7.2). Absolute values are the limit of a small threshold, where the ratio
/// is the sparsity 1 / (2 f(0)) of Bassett and Koenker (1978, doi:10.1080/01621459.1978.10480065); the likelihood with a
/// free scale is a Huber function of residuals in units of that scale.
pub(crate) fn spread(problem: &Problem<'_>, objective: Objective, phi: &Vector) -> Spread {
    let n = problem.space.free;
    let total: f64 = problem.weights.iter().sum();
    let degrees = total - n as f64;
    let residuals = problem.residuals(phi);
    let sse = weighted(&residuals, problem.weights, |r| r * r);
    let information = problem.information(phi);
    let mut out = Spread {
        degrees,
        sse,
        unit: None,
        covariance: None,
        condition: condition(&information, n),
    };
    if degrees <= 0.5 || n == 0 {
        return out;
    }
    // The kernel, the unit of its residuals, and what its objective is divided by to become the one documented.
    let (kernel, scale, factor) = match objective {
        Objective::LogHuber { delta } => (Kernel::huber(delta, 1.0), 1.0, 1.0),
        Objective::Asymmetric { delta, factor } => (Kernel::huber(delta, factor), 1.0, 1.0),
        Objective::LogHuberFreeScale { delta } => (
            Kernel::huber(delta, 1.0),
            fitted_scale(problem, delta, phi),
            1.0,
        ),
        Objective::LogAbsolute | Objective::Absolute => {
            let mean = weighted(&residuals, problem.weights, f64::abs) / total;
            let delta = 1e-6 * mean;
            (Kernel::huber(delta, 1.0), 1.0, delta)
        }
        Objective::LogSquares
        | Objective::Squares
        | Objective::Log1pSquares
        | Objective::LogExcess => (Kernel::squares(objective.residual()), 1.0, 1.0),
    };
    if !(scale > 0.0 && factor > 0.0) {
        return out;
    }
    let scaled: Vec<f64> = residuals.iter().map(|r| r / scale).collect();
    let psi_squared = |r: f64| kernel.influence(r).psi.powi(2);
    let squared = weighted(&scaled, problem.weights, psi_squared) / degrees;
    let slope = mean_curvature(&kernel, &scaled, problem.weights, n);
    if !(slope > 0.0 && squared > 0.0) {
        return out;
    }
    out.unit = Some(0.5 * squared / slope / factor);
    let variance = squared * (scale / slope).powi(2);
    out.covariance = inverse_spd(&information, n).map(|mut inverse| {
        for row in &mut inverse[..n] {
            for entry in &mut row[..n] {
                *entry *= variance;
            }
        }
        inverse
    });
    out
}

fn weighted(values: &[f64], weights: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    values.iter().zip(weights).map(|(&r, w)| w * f(r)).sum()
}

/// Mean of psi', which for a Huber function is the share of residuals within its threshold.
///
/// Where the threshold is narrow, the rows inside are few, and among them are as many as there are free coordinates,
/// because the law then passes through that many points. The share is therefore taken from a wider window in
/// proportion: the one of Hall and Sheather (1988, doi:10.1111/j.2517-6161.1988.tb01735.x) for the sparsity at the
/// median, without those points.
fn mean_curvature(kernel: &Kernel, residuals: &[f64], weights: &[f64], free: usize) -> f64 {
    let total: f64 = weights.iter().sum();
    let counted = weighted(residuals, weights, |r| kernel.influence(r).curvature) / total;
    if kernel.delta.is_infinite() {
        return counted;
    }
    let mut sizes: Vec<(f64, f64)> = residuals
        .iter()
        .zip(weights)
        .map(|(r, w)| (r.abs(), *w))
        .collect();
    sizes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let rest = sizes.get(free..).unwrap_or_default();
    let rows: f64 = rest.iter().map(|(_, weight)| weight).sum();
    if rows <= 0.0 {
        return counted;
    }
    // Hall and Sheather's bandwidth at the median for intervals of 95 %: z^(2/3) (1.5 phi(0)²)^(1/3) n^(-1/3).
    let share = (2.0 * 0.9714 * rows.powf(-1.0 / 3.0)).min(0.9);
    let mut below = 0.0;
    let mut window = f64::INFINITY;
    for &(size, weight) in rest {
        below += weight;
        if below >= share * rows {
            window = size;
            break;
        }
    }
    if kernel.delta >= window {
        return counted;
    }
    let mean_factor = f64::midpoint(1.0, kernel.over);
    mean_factor * share * kernel.delta / window
}

fn condition(information: &Matrix, n: usize) -> Option<f64> {
    if n == 0 {
        return None;
    }
    let mut scaled = *information;
    for a in 0..n {
        for b in 0..n {
            scaled[a][b] = information[a][b] / (information[a][a] * information[b][b]).sqrt();
        }
    }
    let values = eigenvalues(&scaled, n);
    let high = values.iter().copied().fold(0.0, f64::max);
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    // Rounding leaves eigenvalues of either sign near 1e-16; below that the number only says "singular".
    let number = (high / low.max(high * 1e-16)).sqrt();
    number.is_finite().then_some(number)
}

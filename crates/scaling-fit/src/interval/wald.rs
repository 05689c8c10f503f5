//! Spread of the residuals and the covariance that normal theory gives.

use crate::linalg::{Matrix, Vector, eigenvalues, inverse_spd};
use crate::objective::{Kernel, Objective};
use crate::solver::Problem;

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
/// (the tau test of Hampel et al. 1986, Sec. 7.2); for absolute values neither is defined.
pub(crate) fn spread(problem: &Problem<'_>, objective: Objective, phi: &Vector) -> Spread {
    let n = problem.space.free;
    let total: f64 = problem.weights.iter().sum();
    let degrees = total - n as f64;
    let residuals = problem.residuals(phi);
    let sum = |f: &dyn Fn(f64) -> f64| -> f64 {
        residuals
            .iter()
            .zip(problem.weights)
            .map(|(&r, w)| w * f(r))
            .sum()
    };
    let sse = sum(&|r| r * r);
    let information = problem.information(phi);
    let condition = condition(&information, n);
    let kernel = match objective {
        Objective::LogHuber { delta } => Some(Kernel::huber(delta, 1.0)),
        Objective::Asymmetric { delta, factor } => Some(Kernel::huber(delta, factor)),
        squares if squares.is_squares() => Some(Kernel::squares(objective.residual())),
        _ => None,
    };
    let mut out = Spread {
        degrees,
        sse,
        unit: None,
        covariance: None,
        condition,
    };
    if degrees <= 0.5 || n == 0 {
        return out;
    }
    let Some(kernel) = kernel else { return out };
    let squared = sum(&|r| kernel.influence(r).psi.powi(2)) / degrees;
    let slope = sum(&|r| kernel.influence(r).curvature) / total;
    if slope <= 0.0 {
        return out;
    }
    out.unit = Some(0.5 * squared / slope);
    out.covariance = inverse_spd(&information, n).map(|mut inverse| {
        for row in &mut inverse[..n] {
            for entry in &mut row[..n] {
                *entry *= squared / (slope * slope);
            }
        }
        inverse
    });
    out
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

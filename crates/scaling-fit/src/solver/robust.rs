//! From an objective to kernels: continuation for absolute values, and the fitted scale.

use super::descent::{Descent, Known, descend, descend_beside};
use super::problem::Problem;
use crate::linalg::Vector;
use crate::objective::{Kernel, Objective, Residual};

/// Steps of a descent that must end at the optimum.
const LIMIT: usize = 400;

/// Minimises an objective from one start; the value returned is the objective as documented.
pub(crate) fn minimise(
    problem: &Problem<'_>,
    objective: Objective,
    start: &Vector,
    limit: usize,
) -> Descent {
    minimise_beside(problem, objective, start, limit, Known::Nothing)
}

/// Like [`minimise`], but a single descent (all objectives without continuation) may end early where it reaches what
/// is known already or can no longer end as low.
pub(crate) fn minimise_beside(
    problem: &Problem<'_>,
    objective: Objective,
    start: &Vector,
    limit: usize,
    known: Known<'_>,
) -> Descent {
    let residual = objective.residual();
    let with = |kernel: Kernel| Problem { kernel, ..*problem };
    match objective {
        Objective::LogHuber { delta } => {
            descend_beside(&with(Kernel::huber(delta, 1.0)), start, limit, known)
        }
        Objective::Asymmetric { delta, factor } => {
            descend_beside(&with(Kernel::huber(delta, factor)), start, limit, known)
        }
        Objective::LogSquares
        | Objective::Squares
        | Objective::Log1pSquares
        | Objective::LogExcess => {
            let mut end = descend(&with(Kernel::squares(residual)), start, limit);
            end.value *= 2.0;
            end
        }
        Objective::LogAbsolute | Objective::Absolute => {
            let (mut end, _) = absolute(problem, residual, start, limit);
            end.value = weighted_absolute(problem, residual, &end.phi);
            end
        }
        Objective::LogHuberFreeScale { delta } => {
            let (mut end, mean) = absolute(problem, residual, start, limit);
            let total: f64 = problem.weights.iter().sum();
            let mut scale = delta * mean.max(f64::MIN_POSITIVE);
            for _round in 0..4 {
                end = descend(&with(Kernel::huber(delta * scale, 1.0)), &end.phi, limit);
                scale = free_scale(problem, delta, &end.phi, scale);
            }
            let kernel = Kernel::huber(delta, 1.0);
            let sum: f64 = with(kernel)
                .residuals(&end.phi)
                .iter()
                .zip(problem.weights)
                .map(|(r, w)| w * kernel.rho(r / scale))
                .sum();
            end.value = total * (scale * huber_normaliser(delta)).ln() + sum;
            end
        }
    }
}

/// Sum of absolute residuals by Huber functions whose threshold shrinks; also returns their mean.
fn absolute(
    problem: &Problem<'_>,
    residual: Residual,
    start: &Vector,
    limit: usize,
) -> (Descent, f64) {
    let total: f64 = problem.weights.iter().sum();
    let mut end = descend(
        &Problem {
            kernel: Kernel::squares(residual),
            ..*problem
        },
        start,
        limit,
    );
    let mut mean = weighted_absolute(problem, residual, &end.phi) / total;
    let mut share = 1.0;
    // Each threshold starts where the one before ended, so a few Newton steps suffice each time.
    for _stage in 0..9 {
        share *= 0.1;
        if mean <= 1e-13 {
            break;
        }
        let kernel = Kernel {
            delta: share * mean,
            over: 1.0,
            residual,
        };
        end = descend(&Problem { kernel, ..*problem }, &end.phi, limit.min(LIMIT));
        mean = weighted_absolute(problem, residual, &end.phi) / total;
    }
    (end, mean)
}

fn weighted_absolute(problem: &Problem<'_>, residual: Residual, phi: &Vector) -> f64 {
    let problem = Problem {
        kernel: Kernel::squares(residual),
        ..*problem
    };
    problem
        .residuals(phi)
        .iter()
        .zip(problem.weights)
        .map(|(r, w)| w * r.abs())
        .sum()
}

/// The scale of the likelihood with a free scale at these coordinates.
pub(crate) fn fitted_scale(problem: &Problem<'_>, delta: f64, phi: &Vector) -> f64 {
    let total: f64 = problem.weights.iter().sum();
    let mean = weighted_absolute(problem, Residual::Log, phi) / total;
    free_scale(problem, delta, phi, delta * mean.max(f64::MIN_POSITIVE))
}

/// The scale at which the likelihood is largest: n = sum psi(r/s) r/s.
fn free_scale(problem: &Problem<'_>, delta: f64, phi: &Vector, start: f64) -> f64 {
    let problem = Problem {
        kernel: Kernel::huber(delta, 1.0),
        ..*problem
    };
    let residuals = problem.residuals(phi);
    let total: f64 = problem.weights.iter().sum();
    let excess = |scale: f64| {
        residuals
            .iter()
            .zip(problem.weights)
            .map(|(r, w)| {
                let z = r / scale;
                w * problem.kernel.influence(z).psi * z
            })
            .sum::<f64>()
            - total
    };
    // The sum falls with the scale, so bisection on its logarithm cannot miss.
    let (mut low, mut high) = (start.ln() - 40.0, start.ln() + 40.0);
    for _halving in 0..200 {
        let middle = f64::midpoint(low, high);
        if excess(middle.exp()) > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high).exp()
}

/// Integral of exp(-Huber(x)) over all x.
fn huber_normaliser(delta: f64) -> f64 {
    let inside = (2.0 * std::f64::consts::PI).sqrt()
        * crate::special::error_function(delta / std::f64::consts::SQRT_2);
    inside + 2.0 * (-0.5 * delta * delta).exp() / delta
}

//! One descent: damped Gauss-Newton steps from one start point.

#![expect(
    clippy::needless_range_loop,
    reason = "one index walks several vectors"
)]

use super::problem::{Assembled, Problem};
use crate::linalg::{Vector, ZERO_VECTOR, solve_spd};

/// Where a descent ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Descent {
    pub(crate) phi: Vector,
    pub(crate) value: f64,
    /// Largest gradient entry in units of its own curvature and of the objective; free of any scale.
    pub(crate) gradient: f64,
    pub(crate) iterations: usize,
}

/// What is known of the objective before a descent, and may end it early.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Known<'a> {
    /// Nothing: the descent goes to its own end.
    Nothing,
    /// An optimum of the same problem; a descent that reaches its basin ends there.
    Optimum(&'a Descent),
    /// A value that has to be reached; a descent that cannot is of no use.
    Rival(f64),
}

/// A relative decrease below this for two steps in a row ends a descent.
const STALL: f64 = 1e-15;

/// The scaled gradient at which a descent ends.
const FLAT: f64 = 1e-11;

/// Relative height above a known optimum, and half the squared distance from it in the metric of the residuals, below
/// which a descent is taken to end there.
const NEAR: f64 = 1e-3;

/// The furthest that a coordinate, a logarithm or an exponent, may be from the known optimum for that.
const NEAR_COORDINATE: f64 = 0.1;

/// A share of the height above a known optimum; a nearly undamped step that gains less than this will not reach it.
const HOPELESS: f64 = 1e-3;

/// The damping below which steps count as undamped.
const UNDAMPED: f64 = 1e-6;

/// Steps downhill until the scaled gradient or the relative decrease vanishes.
///
/// Two dampings act together: `lambda` adds a share of the diagonal (Levenberg and Marquardt), and
/// `mix` blends the true curvature of the Huber function, which converges quadratically but may be
/// singular, with the weights of iterated least squares, which always lead downhill. Both shrink on
/// success and grow on failure, and every inner loop is bounded.
pub(crate) fn descend(problem: &Problem<'_>, start: &Vector, limit: usize) -> Descent {
    descend_beside(problem, start, limit, Known::Nothing)
}

/// A descent that also ends where it reaches a known optimum, which is then returned, or where it can no longer reach
/// one as low.
pub(crate) fn descend_beside(
    problem: &Problem<'_>,
    start: &Vector,
    limit: usize,
    known: Known<'_>,
) -> Descent {
    let space = problem.space;
    let n = space.free;
    let mut phi = *start;
    for slot in 0..n {
        phi[slot] = phi[slot].clamp(space.lower[slot], space.upper[slot]);
    }
    let mut here = problem.assemble(&phi);
    let (mut lambda, mut mix) = (1e-3, 1.0);
    let (mut stalled, mut hopeless) = (0, 0);
    let mut iterations = 0;
    while iterations < limit && here.value.is_finite() && here.value > 0.0 {
        iterations += 1;
        let frozen = frozen(problem, &phi, &here);
        if scaled_gradient(&here, &frozen, n) <= FLAT {
            break;
        }
        let mut accepted = None;
        for attempt in 0..24 {
            if let Some(step) = step(&here, &frozen, n, lambda, mix) {
                let mut next = phi;
                for slot in 0..n {
                    next[slot] =
                        (phi[slot] + step[slot]).clamp(space.lower[slot], space.upper[slot]);
                }
                // The first attempt nearly always succeeds and its derivatives are needed then; later ones seldom do.
                let there = (attempt == 0 || problem.value_below(&next, here.value) < here.value)
                    .then(|| problem.assemble_below(&next, here.value));
                if let Some(there) = there.filter(|there| there.value < here.value) {
                    accepted = Some((next, there));
                    break;
                }
            }
            lambda = (lambda * 5.0_f64).max(1e-7);
            mix = (mix * 4.0_f64).clamp(0.05, 1.0);
        }
        let Some((next, there)) = accepted else {
            break;
        };
        let target = match known {
            Known::Nothing => f64::INFINITY,
            Known::Optimum(end) if is_near(&there, &next, end, n) => return *end,
            Known::Optimum(end) => end.value,
            Known::Rival(value) => value,
        };
        let gained = here.value - there.value;
        let lost = lambda <= UNDAMPED && gained < HOPELESS * (there.value - target);
        hopeless = if lost { hopeless + 1 } else { 0 };
        let decrease = (here.value - there.value) / here.value;
        (phi, here) = (next, there);
        lambda = (lambda * 0.15).max(1e-15);
        mix *= 0.2;
        stalled = if decrease <= STALL { stalled + 1 } else { 0 };
        if stalled >= 2 || hopeless >= 2 {
            break;
        }
    }
    let frozen = frozen(problem, &phi, &here);
    Descent {
        phi,
        value: here.value,
        gradient: scaled_gradient(&here, &frozen, n),
        iterations,
    }
}

/// True where a point lies in the immediate basin of a known optimum and not below it.
fn is_near(there: &Assembled, phi: &Vector, known: &Descent, n: usize) -> bool {
    let height = there.value - known.value;
    if !(0.0..=NEAR * known.value).contains(&height) {
        return false;
    }
    let mut squared = 0.0;
    for a in 0..n {
        let da = phi[a] - known.phi[a];
        if da.abs() > NEAR_COORDINATE {
            return false;
        }
        for b in 0..n {
            squared += da * there.weighted[a][b] * (phi[b] - known.phi[b]);
        }
    }
    0.5 * squared <= NEAR * known.value
}

/// Coordinates at a bound that the gradient pushes against.
fn frozen(problem: &Problem<'_>, phi: &Vector, here: &Assembled) -> [bool; 12] {
    let mut frozen = [false; 12];
    for slot in 0..problem.space.free {
        let at_lower = phi[slot] <= problem.space.lower[slot] && here.gradient[slot] > 0.0;
        let at_upper = phi[slot] >= problem.space.upper[slot] && here.gradient[slot] < 0.0;
        // A coordinate without any influence, such as the log of a vanished floor, would make the matrix singular.
        frozen[slot] = at_lower || at_upper || here.weighted[slot][slot] <= 1e-300;
    }
    frozen
}

fn scaled_gradient(here: &Assembled, frozen: &[bool; 12], n: usize) -> f64 {
    (0..n)
        .filter(|&slot| !frozen[slot])
        .map(|slot| {
            here.gradient[slot].abs()
                / (here.weighted[slot][slot] * here.value.max(f64::MIN_POSITIVE)).sqrt()
        })
        .fold(0.0, f64::max)
}

fn step(here: &Assembled, frozen: &[bool; 12], n: usize, lambda: f64, mix: f64) -> Option<Vector> {
    let mut matrix = here.curved;
    let mut right = ZERO_VECTOR;
    for a in 0..n {
        for b in 0..n {
            matrix[a][b] += mix * (here.weighted[a][b] - here.curved[a][b]);
            if frozen[a] || frozen[b] {
                matrix[a][b] = 0.0;
            }
        }
        if frozen[a] {
            matrix[a][a] = 1.0;
        } else {
            matrix[a][a] += lambda * here.weighted[a][a];
            right[a] = -here.gradient[a];
        }
    }
    solve_spd(&matrix, &right, n)
}

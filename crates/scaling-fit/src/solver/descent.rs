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

/// A relative decrease below this for two steps in a row ends a descent.
const STALL: f64 = 1e-15;

/// The scaled gradient at which a descent ends.
const FLAT: f64 = 1e-11;

/// Steps downhill until the scaled gradient or the relative decrease vanishes.
///
/// Two dampings act together: `lambda` adds a share of the diagonal (Levenberg and Marquardt), and
/// `mix` blends the true curvature of the Huber function, which converges quadratically but may be
/// singular, with the weights of iterated least squares, which always lead downhill. Both shrink on
/// success and grow on failure, and every inner loop is bounded.
pub(crate) fn descend(problem: &Problem<'_>, start: &Vector, limit: usize) -> Descent {
    let space = problem.space;
    let n = space.free;
    let mut phi = *start;
    for slot in 0..n {
        phi[slot] = phi[slot].clamp(space.lower[slot], space.upper[slot]);
    }
    let mut here = problem.assemble(&phi);
    let (mut lambda, mut mix) = (1e-3, 1.0);
    let mut stalled = 0;
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
                let there = (attempt == 0 || problem.value(&next) < here.value)
                    .then(|| problem.assemble(&next));
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
        let decrease = (here.value - there.value) / here.value;
        (phi, here) = (next, there);
        lambda = (lambda * 0.15).max(1e-15);
        mix *= 0.2;
        stalled = if decrease <= STALL { stalled + 1 } else { 0 };
        if stalled >= 2 {
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

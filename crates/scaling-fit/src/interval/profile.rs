//! Profile intervals: how far a coordinate can move while the others follow.

use crate::linalg::Vector;
use crate::objective::Objective;
use crate::solver::{Problem, minimise};

/// Ends of the profile interval of one free coordinate; `None` where no end is found within bounds.
pub(crate) fn profile(
    problem: &Problem<'_>,
    objective: Objective,
    best: &Vector,
    slot: usize,
    step: f64,
    rise: f64,
) -> (Option<f64>, Option<f64>) {
    let side = |sign: f64| end(problem, objective, best, slot, sign * step, rise);
    (side(-1.0), side(1.0))
}

/// Doublings of the step before an end counts as unbounded.
const REACH: usize = 14;

/// Walks outwards in growing steps, then closes in on the threshold.
///
/// The square root of the rise is nearly linear in the coordinate, which makes the
/// Illinois variant of regula falsi converge in a few steps.
///
/// With a narrow Huber threshold the others can be caught in a place that is best for a distant value only, and every value
/// would seem to lie beyond the end. So a descent begins at the last place found within the interval, and one that ends
/// beyond the threshold must do so from the nearest place outside as well.
fn end(
    problem: &Problem<'_>,
    objective: Objective,
    best: &Vector,
    slot: usize,
    step: f64,
    rise: f64,
) -> Option<f64> {
    let n = problem.space.free;
    // The objective as the kernel counts it: squares carry no factor one half in their name.
    let half = if objective.is_squares() { 0.5 } else { 1.0 };
    let base = half * minimise(problem, objective, best, 1).value;
    let mut within = remove(best, slot, n);
    let mut beyond: Option<Vector> = None;
    let mut at = |value: f64| {
        let space = problem.space.holding(slot, value);
        let held = Problem {
            space: &space,
            ..*problem
        };
        let height = |value: f64| ((half * value - base).max(0.0) / rise).sqrt() - 1.0;
        let mut found = minimise(&held, objective, &within, 120);
        if let Some(beyond) = beyond.filter(|_| height(found.value) > 0.0) {
            let other = minimise(&held, objective, &beyond, 120);
            if other.value < found.value {
                found = other;
            }
        }
        let height = height(found.value);
        if height < 0.0 {
            within = found.phi;
        } else if found.value.is_finite() {
            beyond = Some(found.phi);
        }
        height
    };
    let (low, high) = (problem.space.lower[slot], problem.space.upper[slot]);
    let mut inner = (best[slot], -1.0);
    let mut width = step;
    let mut outer = None;
    for _doubling in 0..REACH {
        let wanted = best[slot] + width;
        let value = wanted.clamp(low, high);
        let height = at(value);
        if height.is_nan() {
            return None;
        }
        if height >= 0.0 {
            outer = Some((value, height));
            break;
        }
        inner = (value, height);
        // A bound reached below the threshold means that the data set no end on this side.
        if (value - wanted).abs() > 0.0 {
            return None;
        }
        width *= 2.0;
    }
    let (mut a, mut b) = (inner, outer?);
    for _step in 0..60 {
        if (b.0 - a.0).abs() <= 1e-10 * step.abs() {
            break;
        }
        let guess = if b.1.is_finite() {
            (a.0 * b.1 - b.0 * a.1) / (b.1 - a.1)
        } else {
            f64::midpoint(a.0, b.0)
        };
        let height = at(guess);
        if height.abs() < 1e-10 {
            return Some(guess);
        }
        if height > 0.0 {
            b = (guess, height);
            a.1 *= 0.5;
        } else {
            a = (guess, height);
            b.1 *= 0.5;
        }
    }
    Some(f64::midpoint(a.0, b.0))
}

fn remove(phi: &Vector, slot: usize, n: usize) -> Vector {
    let mut out = *phi;
    out.copy_within(slot + 1..n, slot);
    out
}

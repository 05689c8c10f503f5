//! Warnings that a returned fit carries.

use super::result::{Fit, Role};
use crate::data::Checked;
use crate::interval::{Method, Spread};
use crate::law::Law;
use crate::solver::{Descent, Problem};
use crate::warning::Warning;

/// Condition number of the unit-column Jacobian above which a warning is due. Sound designs of the joint
/// law have about 100; at 1e5 half of the digits of a double are gone.
const ILL_CONDITIONED: f64 = 1e5;

/// Squared correlation of ln N and ln D above which the two terms count as confounded.
const COLLINEAR: f64 = 0.995;

/// Collects everything that can be said before intervals are known.
pub(crate) fn collect(
    out: &mut Fit,
    problem: &Problem<'_>,
    checked: &Checked,
    best: &Descent,
    spread: &Spread,
    zero_floors: &[&'static str],
) {
    if !checked.dropped.is_empty() {
        out.warnings.push(Warning::RowsDropped {
            rows: checked.dropped.clone(),
        });
    }
    if checked.distinct() <= problem.space.free || spread.degrees <= 0.5 {
        out.warnings.push(Warning::ExactlyDetermined);
    }
    for name in zero_floors {
        out.warnings.push(Warning::FloorAtZero {
            parameter: (*name).to_owned(),
        });
        if let Some(parameter) = out.parameters.iter_mut().find(|p| p.name == *name) {
            parameter.role = Role::AtZero;
        }
    }
    for slot in 0..problem.space.free {
        let Some((low, high)) = problem.space.caller_bounds[slot] else {
            continue;
        };
        let at = best.phi[slot];
        let bound = if at <= low {
            low
        } else if at >= high {
            high
        } else {
            continue;
        };
        let index = problem.space.owner[slot];
        out.parameters[index].role = Role::AtBound;
        out.warnings.push(Warning::AtBound {
            parameter: out.parameters[index].name.clone(),
            bound: super::natural(out.law, index, bound),
        });
    }
    let first = checked.rows[0].loss;
    if checked
        .rows
        .iter()
        .all(|row| row.loss.to_bits() == first.to_bits())
    {
        out.warnings.push(Warning::NoTrend);
    } else {
        rising(out);
    }
    ranges(out, checked);
    if out.law.resources().len() == 2 {
        out.largest_product = Some(largest_product(checked));
    }
    collinear(out, checked, spread);
}

fn rising(out: &mut Fit) {
    let names: &[&str] = match out.law {
        Law::Joint => &["alpha", "beta"],
        Law::Kaplan => &["alpha_N", "alpha_D"],
        Law::OverTraining => &["eta"],
        Law::SigmoidLike => &["c"],
        Law::Broken { breaks: 0, .. } => &["c0"],
        Law::Broken { .. } => &[],
        _ => &["b"],
    };
    for name in names {
        if out.value_of(name).is_some_and(|value| value < 0.0) {
            out.warnings.push(Warning::LossRisesWithResource {
                parameter: (*name).to_owned(),
            });
        }
    }
}

fn ranges(out: &mut Fit, checked: &Checked) {
    for (axis, resource) in out.law.resources().iter().enumerate() {
        let values = checked.rows.iter().map(|row| row.ln_x[axis]);
        let low = values.clone().fold(f64::INFINITY, f64::min);
        let high = values.fold(f64::NEG_INFINITY, f64::max);
        out.range.push((low.exp(), high.exp()));
        let decades = (high - low) / std::f64::consts::LN_10;
        if decades < 0.5 {
            out.warnings.push(Warning::NarrowRange {
                resource: (*resource).to_owned(),
                decades,
            });
        }
    }
}

/// Largest product of two resources: compute up to a constant.
fn largest_product(checked: &Checked) -> f64 {
    checked
        .rows
        .iter()
        .map(|row| (row.ln_x[0] + row.ln_x[1]).exp())
        .fold(0.0, f64::max)
}

fn collinear(out: &mut Fit, checked: &Checked, spread: &Spread) {
    let Some(condition_number) = spread.condition else {
        return;
    };
    if out.law.resources().len() == 2 {
        let squared_correlation = squared_correlation(checked);
        if squared_correlation > COLLINEAR {
            out.warnings.push(Warning::CollinearDesign {
                condition_number,
                squared_correlation,
            });
            return;
        }
    }
    if condition_number > ILL_CONDITIONED {
        out.warnings
            .push(Warning::IllConditioned { condition_number });
    }
}

fn squared_correlation(checked: &Checked) -> f64 {
    let total = checked.total_weight();
    let mean = |axis: usize| {
        checked
            .rows
            .iter()
            .map(|row| row.weight * row.ln_x[axis])
            .sum::<f64>()
            / total
    };
    let (first, second) = (mean(0), mean(1));
    let moment = |a: usize, b: usize| {
        checked
            .rows
            .iter()
            .map(|row| {
                let centred = [row.ln_x[0] - first, row.ln_x[1] - second];
                row.weight * centred[a] * centred[b]
            })
            .sum::<f64>()
    };
    let denominator = moment(0, 0) * moment(1, 1);
    if denominator > 0.0 {
        moment(0, 1).powi(2) / denominator
    } else {
        0.0
    }
}

/// A break counts only inside the data, with three points on each side and a finite profile interval.
pub(crate) fn breaks(out: &mut Fit, problem: &Problem<'_>) {
    let Law::Broken { breaks, .. } = out.law else {
        return;
    };
    for number in 1..=usize::from(breaks) {
        let Some(location) = out.value_of(&format!("d{number}")) else {
            continue;
        };
        let before = distinct(problem, |ln_r| ln_r < location.ln());
        let after = distinct(problem, |ln_r| ln_r > location.ln());
        let unbounded = out
            .interval(&format!("d{number}"), Method::Profile)
            .is_some_and(|interval| interval.lower.is_none() || interval.upper.is_none());
        if before < 3 || after < 3 || unbounded {
            out.warnings
                .push(Warning::BreakNotIdentified { number, location });
        }
    }
}

fn distinct(problem: &Problem<'_>, keep: impl Fn(f64) -> bool) -> usize {
    let mut seen: Vec<u64> = problem
        .rows
        .iter()
        .map(|row| row.ln_x[0])
        .filter(|&ln_r| keep(ln_r))
        .map(f64::to_bits)
        .collect();
    seen.sort_unstable();
    seen.dedup();
    seen.len()
}

//! The fit of one law to points, from checked input to a result that says how far to trust it.

mod checks;
mod remarks;
mod result;

pub use result::{Fit, Parameter, Role};

use crate::constraints::{Constraint, Space};
use crate::data::{Checked, Points, check};
use crate::error::{Error, Result};
use crate::interval::{Interval, Method, Spread, bootstrap_intervals, profile, resample, spread};
use crate::law::Law;
use crate::linalg::Vector;
use crate::objective::{Kernel, Objective};
use crate::options::FitOptions;
use crate::solver::{Descent, Known, Problem, Starts, minimise_beside, solve};
use crate::special::{f1_quantile, t_quantile};
use crate::warning::Warning;

/// Fits a law to points.
///
/// The same points and options give the same bits, whatever the order of the rows and the number of threads.
///
/// # Errors
/// Everything that makes the question meaningless: too few points, no variation in a resource, values that
/// are not finite or not positive, contradictory constraints. See [`Error`]; each has a stable code.
///
/// # Examples
/// ```
/// use scaling_fit::{FitOptions, Law, Points, fit};
/// let points = Points::one(&[1.0, 10.0, 100.0], &[11.0, 2.0, 1.1]);
/// let found = fit(Law::Saturating, &points, &FitOptions::default())?;
/// assert!((found.value_of("E").unwrap() - 1.0).abs() < 1e-6);
/// assert_eq!(found.warnings[0].code(), "exactly_determined");
/// # Ok::<(), scaling_fit::Error>(())
/// ```
pub fn fit(law: Law, points: &Points, options: &FitOptions) -> Result<Fit> {
    law.check()?;
    options.check()?;
    if options.objective == Objective::LogExcess && law != Law::Saturating {
        return Err(Error::NotDefined {
            law: law.name(),
            quantity: "log-excess objective; it belongs to the saturating law".into(),
        });
    }
    let objective = options.objective;
    let checked = check(
        points,
        law.resources(),
        &law.name(),
        &objective.name(),
        objective.is_logarithmic(),
        options.skip_invalid,
    )?;
    let implied = checks::implied_bounds(law, &checked.rows);
    let space = Space::new(law, &options.constraints, &implied)?;
    checks::identifiable(law, &checked, &space)?;
    let weights: Vec<f64> = checked.rows.iter().map(|row| row.weight).collect();
    let problem = problem(law, &checked, &weights, &space, objective);
    let (best, starts) = estimate(&problem, objective, options)?;
    let (space, best, zero_floors) =
        without_floors(law, &problem, objective, options, &implied, best)?;
    let problem = Problem {
        space: &space,
        ..problem
    };
    let spread = spread(&problem, objective, &best.phi);
    let mut out = Fit::new(
        law,
        objective,
        options.level,
        &problem,
        &best,
        &spread,
        starts,
    );
    out.units = checked.units;
    out.dropped.clone_from(&checked.dropped);
    remarks::collect(&mut out, &problem, &checked, &best, &spread, &zero_floors);
    add_wald(&mut out, &spread);
    if options.profile && spread.degrees > 0.5 {
        add_profile(&mut out, &problem, objective, &best, &spread);
    }
    remarks::breaks(&mut out, &problem);
    if let Some(bootstrap) = options.bootstrap {
        if spread.degrees <= 0.5 || checked.units < space.free + 2 {
            out.warnings.push(Warning::BootstrapRefused {
                units: checked.units,
            });
        } else {
            let refits = resample(&problem, objective, &best.phi, checked.units, bootstrap);
            add_bootstrap(&mut out, &problem, &refits);
        }
    }
    Ok(out)
}

fn problem<'a>(
    law: Law,
    checked: &'a Checked,
    weights: &'a [f64],
    space: &'a Space,
    objective: Objective,
) -> Problem<'a> {
    Problem {
        law,
        rows: &checked.rows,
        weights,
        space,
        kernel: Kernel::squares(objective.residual()),
    }
}

fn estimate(
    problem: &Problem<'_>,
    objective: Objective,
    options: &FitOptions,
) -> Result<(Descent, Starts)> {
    let most = options.descents(problem.law);
    solve(problem, objective, &[], most).ok_or_else(|| Error::NoConvergence {
        law: problem.law.name(),
        starts: most,
    })
}

/// Replaces floors that went to nothing by zero where that fits at least as well.
fn without_floors(
    law: Law,
    problem: &Problem<'_>,
    objective: Objective,
    options: &FitOptions,
    implied: &[(f64, f64)],
    best: Descent,
) -> Result<(Space, Descent, Vec<&'static str>)> {
    let mut space = problem.space.clone();
    let mut best = best;
    let mut constraints = options.constraints.clone();
    let mut zeroed = Vec::new();
    for spec in law.specs().iter().filter(|spec| spec.floor) {
        let slot = (0..space.free).find(|&slot| law.specs()[space.owner[slot]].name == spec.name);
        let Some(slot) = slot else { continue };
        let tied = constraints
            .iter()
            .any(|c| matches!(c, Constraint::Tied { to, .. } if to == spec.name));
        if tied || space.caller_bounds[slot].is_some_and(|(low, _)| low > f64::NEG_INFINITY) {
            continue;
        }
        let mut without = constraints.clone();
        without.retain(|c| !matches!(c, Constraint::Bounded { name, .. } if name == spec.name));
        without.push(Constraint::fixed(spec.name, 0.0));
        let smaller = Space::new(law, &without, implied)?;
        let theta = space.theta(&best.phi);
        let held = Problem {
            space: &smaller,
            ..*problem
        };
        let known = Known::Rival(best.value);
        let end = minimise_beside(&held, objective, &smaller.phi(&theta), 250, known);
        let scale = best.value.abs().max(1e-300);
        if end.value.is_finite() && end.value <= best.value + 1e-10 * scale && smaller.free > 0 {
            (space, best, constraints) = (smaller, end, without);
            zeroed.push(spec.name);
        }
    }
    Ok((space, best, zeroed))
}

fn natural(law: Law, index: usize, coordinate: f64) -> f64 {
    if law.specs()[index].positive {
        coordinate.exp()
    } else {
        coordinate
    }
}

/// An interval of a parameter in natural units from ends in its coordinate.
fn parameter_interval(
    out: &Fit,
    index: usize,
    method: Method,
    ends: (Option<f64>, Option<f64>),
) -> Interval {
    Interval {
        of: out.parameters[index].name.clone(),
        method,
        level: out.level,
        lower: ends.0.map(|end| natural(out.law, index, end)),
        upper: ends
            .1
            .map(|end| natural(out.law, index, end))
            .filter(|v| v.is_finite()),
    }
}

fn add_wald(out: &mut Fit, spread: &Spread) {
    if spread.degrees <= 0.5 {
        return;
    }
    let quantile = t_quantile(out.level, spread.degrees);
    for index in 0..out.parameters.len() {
        let parameter = &out.parameters[index];
        if let Some(error) = parameter.standard_error.filter(|se| *se > 0.0) {
            let (at, half) = (parameter.coordinate_value, quantile * error);
            let interval =
                parameter_interval(out, index, Method::Wald, (Some(at - half), Some(at + half)));
            out.intervals.push(interval);
        }
    }
}

fn add_profile(
    out: &mut Fit,
    problem: &Problem<'_>,
    objective: Objective,
    best: &Descent,
    spread: &Spread,
) {
    let Some(unit) = spread.unit.filter(|unit| *unit > 0.0) else {
        return;
    };
    let rise = unit * f1_quantile(out.level, spread.degrees);
    let space = problem.space;
    for slot in 0..space.free {
        let owner = space.owner[slot];
        let step = spread
            .covariance
            .map_or(0.1, |c| c[slot][slot].sqrt())
            .clamp(1e-9, 10.0);
        let ends = if space.free == 1 {
            let error = spread.covariance.map(|c| c[0][0].sqrt());
            let half = error.map(|se| se * t_quantile(out.level, spread.degrees));
            (half.map(|h| best.phi[0] - h), half.map(|h| best.phi[0] + h))
        } else {
            profile(problem, objective, &best.phi, slot, 1.5 * step, rise)
        };
        for index in 0..out.parameters.len() {
            let slope = space.slope(index, slot);
            if slope == 0.0 {
                continue;
            }
            // A tied parameter moves with its owner: shifted for logarithms, scaled otherwise.
            let shift = out.parameters[index].coordinate_value - slope * best.phi[slot];
            let map = |end: Option<f64>| end.map(|v| shift + slope * v);
            let mapped = if slope > 0.0 {
                (map(ends.0), map(ends.1))
            } else {
                (map(ends.1), map(ends.0))
            };
            let interval = parameter_interval(out, index, Method::Profile, mapped);
            out.intervals.push(interval);
        }
        debug_assert!(owner < out.parameters.len());
    }
}

fn add_bootstrap(out: &mut Fit, problem: &Problem<'_>, refits: &[Option<Vector>]) {
    let law = out.law;
    let good: Vec<Vector> = refits
        .iter()
        .flatten()
        .map(|phi| problem.space.theta(phi))
        .collect();
    let failed = refits.len() - good.len();
    if failed > 0 {
        out.warnings.push(Warning::BootstrapFailures {
            failed,
            resamples: refits.len(),
        });
    }
    out.samples = good
        .iter()
        .map(|theta| {
            (0..law.parameter_count())
                .map(|index| natural(law, index, theta[index]))
                .collect()
        })
        .collect();
    for index in 0..out.parameters.len() {
        if matches!(out.parameters[index].role, Role::Fixed | Role::AtZero) {
            continue;
        }
        let values: Vec<f64> = out.samples.iter().map(|sample| sample[index]).collect();
        let parameter = &out.parameters[index];
        let made = bootstrap_intervals(&parameter.name, parameter.value, &values, out.level);
        let name = parameter.name.clone();
        let width = made.first().and_then(Interval::width);
        let profiled = out
            .interval(&name, Method::Profile)
            .and_then(Interval::width);
        if let (Some(wide), Some(narrow)) = (width, profiled) {
            let ratio = wide / narrow;
            if ratio > 1.5 {
                out.warnings.push(Warning::IntervalsDisagree {
                    parameter: name,
                    ratio,
                });
            }
        }
        out.intervals.extend(made);
    }
}

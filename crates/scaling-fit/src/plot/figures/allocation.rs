//! Figures of the split between parameters and tokens: `IsoFLOP` curves, frontier, contours, bootstrap ridge.

use super::law::Labels;
use super::log_space;
use crate::data::Points;
use crate::error::{Error, Result};
use crate::fit::Fit;
use crate::interval::Method;
use crate::isoflop::{IsoFlop, IsoRun};
use crate::plot::axis::scientific;
use crate::plot::scene::Colour;
use crate::plot::{Axis, Figure, Legend, Marker, Panel, Stroke};
use crate::quantity::Quantity;

/// Loss against size at each budget, with parabolas, their minima starred, and skipped budgets in grey.
///
/// # Errors
/// None today; the type leaves room for refusals.
pub fn isoflop(runs: &[IsoRun], found: &IsoFlop, size: &str, loss: &str) -> Result<Figure> {
    let mut panel =
        Panel::new("IsoFLOP curves", Axis::log(size), Axis::linear(loss)).legend(Legend::Beside);
    let members = |compute: f64| -> (Vec<f64>, Vec<f64>) {
        runs.iter()
            .filter(|run| run.compute.to_bits() == compute.to_bits())
            .map(|run| (run.size, run.loss))
            .unzip()
    };
    for compute in &found.skipped {
        let (x, y) = members(*compute);
        panel = panel.points("skipped", &x, &y, Colour::new(170, 170, 170), Marker::Cross);
    }
    let count = found.budgets.len();
    for (index, budget) in found.budgets.iter().enumerate() {
        let colour = Colour::scale(0.92 * index as f64 / count.max(2) as f64);
        let (x, y) = members(budget.compute);
        let low = x.iter().copied().fold(f64::INFINITY, f64::min);
        let high = x.iter().copied().fold(0.0, f64::max);
        if budget.parabola[2] > 0.0 {
            let grid = log_space(low, high, 60);
            let curve: Vec<f64> = grid
                .iter()
                .map(|s| {
                    let t = s.log10();
                    budget.parabola[0] + t * (budget.parabola[1] + t * budget.parabola[2])
                })
                .collect();
            panel = panel.line("", &grid, &curve, colour, Stroke::Solid);
        }
        let name = format!("{} FLOP", scientific(budget.compute));
        panel = panel.points(&name, &x, &y, colour, Marker::Circle);
    }
    let (x, y): (Vec<f64>, Vec<f64>) = found.budgets.iter().map(|b| (b.size, b.loss)).unzip();
    if !x.is_empty() {
        panel = panel.points("minimum", &x, &y, Colour::new(20, 20, 20), Marker::Star);
    }
    Ok(Figure::one(panel))
}

/// Picks one number of a point of the frontier.
type Choose = fn(&crate::frontier::FrontierPoint) -> &Quantity;

/// Best parameters, tokens and tokens per parameter against compute, with 80 % and 95 % bands and the zone beyond
/// the data shaded.
///
/// # Errors
/// As [`Fit::frontier`].
pub fn frontier(fit: &Fit, low: f64, high: f64, k: f64) -> Result<Figure> {
    let computes = log_space(low, high, 25);
    let panels: [(&str, &str, Choose); 3] = [
        ("Compute-optimal size", "parameters N*", |p| &p.parameters),
        ("Compute-optimal data", "tokens D*", |p| &p.tokens),
        ("Their ratio", "tokens per parameter D*/N*", |p| {
            &p.tokens_per_parameter
        }),
    ];
    let mut narrow = Vec::new();
    let mut wide = Vec::new();
    for &compute in &computes {
        narrow.push(fit.frontier(compute, k, 0.80)?);
        wide.push(fit.frontier(compute, k, 0.95)?);
    }
    let edge = fit.largest_product.map(|product| product * k);
    let ends = |quantity: &Quantity| -> (f64, f64) {
        quantity
            .interval(Method::Bootstrap)
            .or_else(|| quantity.interval(Method::Wald))
            .map_or((f64::NAN, f64::NAN), |interval| {
                (
                    interval.lower.unwrap_or(f64::NAN),
                    interval.upper.unwrap_or(f64::NAN),
                )
            })
    };
    let drawn = panels
        .into_iter()
        .map(|(title, axis, choose)| {
            let mut panel = Panel::new(title, Axis::log("compute (FLOP)"), Axis::log(axis));
            if let Some(edge) = edge.filter(|edge| *edge < high) {
                panel = panel.shade(
                    edge,
                    high * 2.0,
                    "extrapolation",
                    Colour::series(4).opacity(0.14),
                );
            }
            for (points, name, opacity) in [(&wide, "95 %", 0.16), (&narrow, "80 %", 0.30)] {
                let (low, high): (Vec<f64>, Vec<f64>) =
                    points.iter().map(|p| ends(choose(p))).unzip();
                panel = panel.band(
                    name,
                    &computes,
                    &low,
                    &high,
                    Colour::series(0).opacity(opacity),
                );
            }
            let line: Vec<f64> = narrow.iter().map(|p| choose(p).value).collect();
            panel.line("fit", &computes, &line, Colour::series(0), Stroke::Solid)
        })
        .collect();
    Ok(Figure::grid(3, drawn))
}

/// Contours drawn.
const LINES: usize = 8;

/// Contours of the loss over parameters and tokens, the runs, and the compute-optimal line.
///
/// # Errors
/// [`Error::Figure`] for a law in one resource; as [`crate::Law::optimum`] for the line.
pub fn contours(fit: &Fit, points: &Points, k: f64, labels: &Labels) -> Result<Figure> {
    if fit.law.resources().len() != 2 {
        return Err(Error::Figure {
            figure: "contours".into(),
            reason: format!("law `{}` has one resource", fit.law.name()),
        });
    }
    let values = fit.values();
    let ((n_low, n_high), (d_low, d_high)) = (fit.range[0], fit.range[1]);
    let (n_low, n_high) = (n_low / 1.5, n_high * 1.5);
    let (d_low, d_high) = (d_low / 1.5, d_high * 1.5);
    let best = fit.law.loss(&values, &[n_high, d_high]);
    let worst = fit.law.loss(&values, &[n_low, d_low]);
    let title = |axis: usize| labels.resources.get(axis).map_or("", String::as_str);
    let mut panel = Panel::new(
        "Loss over size and data",
        Axis::log(title(0)).range(n_low, n_high),
        Axis::log(title(1)).range(d_low, d_high),
    );
    let grid = log_space(n_low, n_high, 160);
    for index in 1..=LINES {
        let share = index as f64 / (LINES + 1) as f64;
        let level = (best.ln() + share * share * (worst / best).ln()).exp();
        let loss = |n: f64, d: f64| fit.law.loss(&values, &[n, d]);
        let (mut x, mut y) = (Vec::new(), Vec::new());
        // A contour is steep where it leaves the panel at the top, so that end is found along the other axis.
        if let Some(n) = reached(|n| loss(n, d_high), level, n_low, n_high) {
            x.push(n);
            y.push(d_high);
        }
        for &n in &grid {
            if let Some(d) = reached(|d| loss(n, d), level, d_low, d_high) {
                x.push(n);
                y.push(d);
            }
        }
        if let Some(n) = reached(|n| loss(n, d_low), level, n_low, n_high) {
            x.push(n);
            y.push(d_low);
        }
        if x.len() < 2 {
            continue;
        }
        let colour = Colour::scale(0.9 - 0.8 * share);
        panel = panel.line("", &x, &y, colour, Stroke::Solid).note_along(
            &x,
            &y,
            &format!("{level:.3}"),
            colour,
        );
    }
    panel = panel.points(
        "runs",
        &points.resources[0],
        &points.resources[1],
        Colour::new(40, 40, 40),
        Marker::Dot,
    );
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for compute in log_space(k * n_low * d_low, k * n_high * d_high, 60) {
        let optimum = fit.law.optimum(&values, compute, k)?;
        x.push(optimum.parameters);
        y.push(optimum.tokens);
    }
    panel = panel.line("compute-optimal", &x, &y, Colour::series(1), Stroke::Solid);
    Ok(Figure::one(panel))
}

/// Where a falling loss reaches a level, by bisection in the logarithm.
fn reached(loss: impl Fn(f64) -> f64, level: f64, low: f64, high: f64) -> Option<f64> {
    let excess = |at: f64| loss(at) - level;
    if excess(low) < 0.0 || excess(high) > 0.0 {
        return None;
    }
    let (mut a, mut b) = (low.ln(), high.ln());
    for _halving in 0..60 {
        let middle = f64::midpoint(a, b);
        if excess(middle.exp()) > 0.0 {
            a = middle;
        } else {
            b = middle;
        }
    }
    Some(f64::midpoint(a, b).exp())
}

/// Bootstrap refits of two parameters against each other: the ridge along which they are tied.
///
/// # Errors
/// [`Error::UnknownParameter`](crate::Error::UnknownParameter), or [`Error::Figure`] without a bootstrap.
pub fn ridge(fit: &Fit, first: &str, second: &str) -> Result<Figure> {
    let (i, j) = (fit.law.index_of(first)?, fit.law.index_of(second)?);
    if fit.samples.is_empty() {
        return Err(Error::Figure {
            figure: "ridge".into(),
            reason: "the fit has no bootstrap refits".into(),
        });
    }
    let axis = |index: usize| {
        let parameter = &fit.parameters[index];
        if parameter.coordinate.starts_with("ln_") {
            Axis::log(&parameter.name)
        } else {
            Axis::linear(&parameter.name)
        }
    };
    // More dots than this hide one another and make the file heavy.
    let every = fit.samples.len().div_ceil(1500);
    let pick = |index: usize| -> Vec<f64> {
        fit.samples
            .iter()
            .step_by(every)
            .map(|s| s[index])
            .collect()
    };
    let correlation = fit.correlations().map_or(f64::NAN, |c| c[i][j]);
    let panel = Panel::new("Bootstrap refits", axis(j), axis(i))
        .points(
            "refits",
            &pick(j),
            &pick(i),
            Colour::series(0).opacity(0.35),
            Marker::Dot,
        )
        .points(
            "estimate",
            &[fit.parameters[j].value],
            &[fit.parameters[i].value],
            Colour::series(1),
            Marker::Star,
        )
        .remark(&format!(
            "correlation of {} and {}: {correlation:.4}",
            fit.parameters[i].coordinate.replace("ln_", "ln "),
            fit.parameters[j].coordinate.replace("ln_", "ln "),
        ));
    Ok(Figure::one(panel))
}

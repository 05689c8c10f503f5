//! Figures of one law: with its band, in slices, its local exponents, its residuals.

use super::log_space;
use crate::data::Points;
use crate::error::{Error, Result};
use crate::fit::{Fit, Role};
use crate::plot::axis::scientific;
use crate::plot::scene::Colour;
use crate::plot::{Axis, Figure, Marker, Panel, Stroke};
use crate::window::{Regime, Window};

/// Axis titles of the resources and of the loss.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// Resources in the law's order.
    pub resources: Vec<String>,
    /// Loss.
    pub loss: String,
}

impl Labels {
    /// Titles for a law in parameters and tokens, or in one resource.
    #[must_use]
    pub fn new(resources: &[&str], loss: &str) -> Self {
        Self {
            resources: resources.iter().map(|&name| name.to_owned()).collect(),
            loss: loss.to_owned(),
        }
    }

    fn resource(&self, axis: usize) -> &str {
        self.resources.get(axis).map_or("resource", String::as_str)
    }
}

/// Lines of a curve with the band that the fit gives.
struct Curve {
    x: Vec<f64>,
    y: Vec<f64>,
    low: Vec<f64>,
    high: Vec<f64>,
}

fn curve(fit: &Fit, x: Vec<f64>, level: f64, at: impl Fn(f64) -> Vec<f64>) -> Curve {
    let mut out = Curve {
        y: Vec::with_capacity(x.len()),
        low: Vec::new(),
        high: Vec::new(),
        x,
    };
    for &r in &out.x {
        let prediction = fit.predict(&at(r), level);
        out.y.push(prediction.loss);
        let band = prediction.bootstrap.or(prediction.confidence);
        out.low.push(band.map_or(f64::NAN, |b| b.0));
        out.high.push(band.map_or(f64::NAN, |b| b.1));
    }
    out
}

fn one_resource(fit: &Fit, figure: &str) -> Result<()> {
    if fit.law.resources().len() == 1 {
        return Ok(());
    }
    Err(Error::Figure {
        figure: figure.into(),
        reason: format!("law `{}` has two resources; draw slices", fit.law.name()),
    })
}

/// Name of a law with its fitted numbers, for a legend.
fn caption(fit: &Fit) -> String {
    let parts: Vec<String> = fit
        .parameters
        .iter()
        .filter(|p| p.role != Role::AtZero)
        .take(3)
        .map(|p| format!("{} = {}", p.name, scientific(p.value)))
        .collect();
    parts.join(", ")
}

/// A law in one resource with its band, fitted and held-out points told apart, its floor, and the zone beyond the
/// data shaded up to `reach` times the largest resource.
///
/// # Errors
/// [`Error::Figure`] for a law in two resources.
pub fn law(
    fit: &Fit,
    fitted: &Points,
    held_out: Option<&Points>,
    reach: f64,
    labels: &Labels,
) -> Result<Figure> {
    one_resource(fit, "law")?;
    let (low, high) = fit.range[0];
    let far = held_out
        .and_then(|points| points.resources.first())
        .into_iter()
        .flatten()
        .fold(high * reach.max(1.0), |a, b| a.max(*b));
    let line = curve(fit, log_space(low, far, 120), fit.level, |r| vec![r]);
    let blue = Colour::series(0);
    let mut panel = Panel::new(
        "Scaling law",
        Axis::log(labels.resource(0)),
        Axis::log(&labels.loss),
    );
    if far > high * 1.01 {
        panel = panel.shade(
            high,
            far * 2.0,
            "extrapolation",
            Colour::series(4).opacity(0.14),
        );
    }
    if line.low.iter().any(|v| v.is_finite()) {
        let name = format!("{:.0} % band", fit.level * 100.0);
        panel = panel.band(&name, &line.x, &line.low, &line.high, blue.opacity(0.22));
    }
    panel = panel.line(&caption(fit), &line.x, &line.y, blue, Stroke::Solid);
    if let Some(floor) = fit.value_of("E").filter(|e| *e > 0.0) {
        // A floor far below the data would squeeze them into a corner.
        if floor > 0.3 * line.y[line.y.len() - 1] {
            panel = panel.horizontal(floor, "floor E", Colour::series(6), Stroke::Dotted);
        }
    }
    panel = panel.points(
        "fitted",
        &fitted.resources[0],
        &fitted.loss,
        Colour::new(30, 30, 30),
        Marker::Circle,
    );
    if let Some(points) = held_out.filter(|points| !points.is_empty()) {
        panel = panel.points(
            "held out",
            &points.resources[0],
            &points.loss,
            Colour::series(1),
            Marker::OpenSquare,
        );
    }
    Ok(Figure::one(panel))
}

/// A law in two resources as curves over one of them (`axis` 0 or 1), one for each value of the other, with the runs.
///
/// With more than seven values of the other resource, runs are grouped into seven equal steps of its logarithm.
///
/// # Errors
/// [`Error::Figure`] for a law in one resource.
pub fn slices(fit: &Fit, points: &Points, axis: usize, labels: &Labels) -> Result<Figure> {
    if fit.law.resources().len() != 2 || points.resources.len() != 2 || axis > 1 {
        return Err(Error::Figure {
            figure: "slices".into(),
            reason: "slices need a law in two resources and axis 0 or 1".into(),
        });
    }
    let other = 1 - axis;
    let (groups, exact) = groups(&points.resources[other], 7);
    let mut panel = Panel::new(
        &format!("Loss against {}", labels.resource(axis)),
        Axis::log(labels.resource(axis)),
        Axis::log(&labels.loss),
    );
    let count = groups.len();
    for (index, (value, rows)) in groups.into_iter().enumerate() {
        let colour = Colour::scale(0.92 * index as f64 / count.max(2) as f64);
        let x: Vec<f64> = rows.iter().map(|&r| points.resources[axis][r]).collect();
        let y: Vec<f64> = rows.iter().map(|&r| points.loss[r]).collect();
        let low = x.iter().copied().fold(f64::INFINITY, f64::min);
        let high = x.iter().copied().fold(0.0, f64::max);
        let line = curve(fit, log_space(low * 0.8, high * 1.25, 60), fit.level, |r| {
            if axis == 0 {
                vec![r, value]
            } else {
                vec![value, r]
            }
        });
        if line.low.iter().any(|v| v.is_finite()) {
            panel = panel.band("", &line.x, &line.low, &line.high, colour.opacity(0.18));
        }
        let sign = if exact { "=" } else { "\u{2248}" };
        let name = format!(
            "{} {sign} {}",
            fit.law.resources()[other],
            scientific(value)
        );
        panel = panel
            .line("", &line.x, &line.y, colour, Stroke::Solid)
            .points(&name, &x, &y, colour, Marker::Circle);
    }
    Ok(Figure::one(panel))
}

/// Rows that share a value of a resource, or nearly so.
type Group = (f64, Vec<usize>);

/// Groups rows by value, or by equal steps of the logarithm where there are more values than `most`; the second
/// result says which of the two it was.
fn groups(values: &[f64], most: usize) -> (Vec<Group>, bool) {
    let mut order: Vec<usize> = (0..values.len()).filter(|&r| values[r] > 0.0).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut exact: Vec<Group> = Vec::new();
    for &row in &order {
        match exact.last_mut() {
            Some((value, rows)) if (values[row] / *value).ln().abs() < 1e-6 => rows.push(row),
            _ => exact.push((values[row], vec![row])),
        }
    }
    if exact.len() <= most {
        return (exact, true);
    }
    let (low, high) = (exact[0].0.ln(), exact[exact.len() - 1].0.ln());
    let mut out: Vec<Group> = (0..most)
        .map(|i| {
            let middle = low + (high - low) * (i as f64 + 0.5) / most as f64;
            (middle.exp(), Vec::new())
        })
        .collect();
    for row in order {
        let share = (values[row].ln() - low) / (high - low);
        // The last step whose lower edge lies at or below the value.
        let index = (1..most)
            .rev()
            .find(|&i| share >= i as f64 / most as f64)
            .unwrap_or(0);
        out[index].1.push(row);
    }
    out.retain(|(_, rows)| !rows.is_empty());
    (out, false)
}

/// Local exponents between neighbouring runs against the resource, the fitted law's own, and the accepted window.
///
/// # Errors
/// [`Error::Figure`] where the window's fit has two resources.
pub fn local_exponents(window: &Window, labels: &Labels) -> Result<Figure> {
    one_resource(&window.fit, "local exponents")?;
    let (x, y): (Vec<f64>, Vec<f64>) = window.local.iter().copied().unzip();
    let (low, high) = window.fit.range[0];
    let grid = log_space(low, high, 120);
    let model: Vec<f64> = grid
        .iter()
        .map(|r| {
            let up = window.fit.loss(&[r * 1.001]).ln();
            let down = window.fit.loss(&[r / 1.001]).ln();
            -(up - down) / (2.0 * 1.001_f64.ln())
        })
        .collect();
    let regime = match window.regime {
        Regime::PowerLaw => "one power law throughout",
        Regime::Saturating { .. } => "approaches a floor",
        Regime::Broken { .. } => "broken at a knee",
        Regime::PlateauThenPowerLaw { .. } => "plateau, then a power law",
    };
    let panel = Panel::new(
        &format!("Local exponent: {regime}"),
        Axis::log(labels.resource(0)),
        Axis::linear("\u{2212}d ln L / d ln R"),
    )
    .shade(
        window.range.0,
        window.range.1,
        "accepted window",
        Colour::series(2).opacity(0.12),
    )
    .horizontal(
        window.exponent,
        &format!("exponent {}", scientific(window.exponent)),
        Colour::series(6),
        Stroke::Dotted,
    )
    .line(
        "fitted law",
        &grid,
        &model,
        Colour::series(0),
        Stroke::Solid,
    )
    .points(
        "between neighbouring runs",
        &x,
        &y,
        Colour::series(1),
        Marker::Circle,
    );
    Ok(Figure::one(panel))
}

/// Residuals ln L - ln L̂ against the first resource, coloured by the second, with excluded rows marked.
///
/// # Errors
/// [`Error::Figure`] where the points do not have the law's resources.
pub fn residuals(
    fit: &Fit,
    points: &Points,
    excluded: &[usize],
    labels: &Labels,
) -> Result<Figure> {
    if points.resources.len() != fit.law.resources().len() {
        return Err(Error::Figure {
            figure: "residuals".into(),
            reason: "the points do not have the resources of the law".into(),
        });
    }
    let residual = |row: usize| {
        let at: Vec<f64> = points.resources.iter().map(|c| c[row]).collect();
        points.loss[row].ln() - fit.loss(&at).ln()
    };
    let kept: Vec<usize> = (0..points.len())
        .filter(|r| !excluded.contains(r))
        .collect();
    let column = |rows: &[usize]| -> (Vec<f64>, Vec<f64>) {
        rows.iter()
            .map(|&r| (points.resources[0][r], residual(r)))
            .unzip()
    };
    let (x, y) = column(&kept);
    let rms = (y.iter().map(|v| v * v).sum::<f64>() / y.len().max(1) as f64).sqrt();
    let mut panel = Panel::new(
        "Residuals",
        Axis::log(labels.resource(0)),
        Axis::linear("ln L \u{2212} ln L_{fit}"),
    )
    .horizontal(0.0, "", Colour::series(6), Stroke::Solid)
    .remark(&format!("rms {}", scientific(rms)));
    panel = if let Some(second) = points.resources.get(1) {
        let values: Vec<f64> = kept.iter().map(|&r| second[r].log10()).collect();
        panel.coloured_points(
            "fitted",
            &x,
            &y,
            &values,
            &format!("log_{{10}} {}", labels.resource(1)),
        )
    } else {
        panel.points("fitted", &x, &y, Colour::series(0), Marker::Circle)
    };
    if !excluded.is_empty() {
        let (x, y) = column(excluded);
        panel = panel.points("excluded", &x, &y, Colour::new(200, 30, 30), Marker::Cross);
    }
    Ok(Figure::one(panel))
}

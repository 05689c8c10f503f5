//! Figures of early discard, from plain numbers: predicted against true, cost against regret, learning curves.

use crate::error::{Error, Result};
use crate::plot::scene::Colour;
use crate::plot::{Axis, Figure, Legend, Marker, Panel, Stroke};

/// Predicted (or early) against true final loss, with the rank values as a remark such as `ρ = 0.93`; `values`
/// colour the runs, for instance by the logarithm of their learning rate.
///
/// # Errors
/// [`Error::Figure`] where the columns differ in length.
pub fn predicted_against_true(
    predicted: &[f64],
    truth: &[f64],
    values: Option<(&[f64], &str)>,
    axes: (&str, &str),
    remark: &str,
) -> Result<Figure> {
    let lengths = values.map_or(truth.len(), |(v, _)| v.len());
    if predicted.len() != truth.len() || lengths != truth.len() {
        return Err(Error::Figure {
            figure: "predicted against true".into(),
            reason: format!(
                "columns of {}, {} and {lengths} rows",
                predicted.len(),
                truth.len()
            ),
        });
    }
    let mut panel = Panel::new(
        "Early estimate against final loss",
        Axis::log(axes.0),
        Axis::log(axes.1),
    )
    .remark(remark);
    panel = match values {
        Some((values, bar)) => panel.coloured_points("runs", predicted, truth, values, bar),
        None => panel.points("", predicted, truth, Colour::series(0), Marker::Circle),
    };
    Ok(Figure::one(panel))
}

/// What a rule of early discard cost and lost, at one of its settings.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleOutcome {
    /// Rule; outcomes of one rule share a colour and a marker.
    pub rule: String,
    /// Compute spent as a share of running everything to the end.
    pub cost: f64,
    /// Mean regret; zero is drawn at the lower edge.
    pub regret: f64,
}

/// Mean regret against the share of the full cost, one marker for each rule.
///
/// # Errors
/// [`Error::Figure`] without outcomes.
pub fn cost_against_regret(outcomes: &[RuleOutcome]) -> Result<Figure> {
    let least = outcomes
        .iter()
        .map(|o| o.regret)
        .filter(|r| *r > 0.0)
        .fold(f64::INFINITY, f64::min);
    // A regret of zero has no logarithm; half a decade below the smallest positive one it stands on the edge.
    let edge = if least.is_finite() { least / 3.0 } else { 1e-4 };
    let markers = [
        Marker::Circle,
        Marker::Square,
        Marker::Triangle,
        Marker::Diamond,
        Marker::Ring,
        Marker::OpenSquare,
        Marker::Star,
        Marker::Cross,
    ];
    let mut rules: Vec<&str> = Vec::new();
    for outcome in outcomes {
        if !rules.contains(&outcome.rule.as_str()) {
            rules.push(&outcome.rule);
        }
    }
    let mut panel = Panel::new(
        "Compute spent against regret",
        Axis::linear("share of the full cost"),
        Axis::log("mean regret"),
    );
    if rules.len() > 6 {
        panel = panel.legend(Legend::Beside);
    }
    for (index, rule) in rules.iter().enumerate() {
        let mut own: Vec<(f64, f64)> = outcomes
            .iter()
            .filter(|o| o.rule == **rule)
            .map(|o| (o.cost, o.regret.max(edge)))
            .collect();
        own.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (x, y): (Vec<f64>, Vec<f64>) = own.into_iter().unzip();
        let colour = Colour::series(index);
        if x.len() > 1 {
            panel = panel.line("", &x, &y, colour.opacity(0.45), Stroke::Solid);
        }
        panel = panel.points(rule, &x, &y, colour, markers[index % markers.len()]);
    }
    if outcomes.iter().any(|o| o.regret <= 0.0) {
        panel = panel.horizontal(edge, "no regret", Colour::series(6), Stroke::Dotted);
    }
    Ok(Figure::one(panel))
}

/// Learning curves with the cut: kept runs in colour, stopped ones in grey.
///
/// `curves` holds the losses of each run from the first epoch on; `kept` says which ran to the end.
///
/// # Errors
/// [`Error::Figure`] where `kept` has another length, or no loss can be drawn.
pub fn learning_curves(
    curves: &[Vec<f64>],
    kept: &[bool],
    cut: f64,
    axes: (&str, &str),
) -> Result<Figure> {
    if curves.len() != kept.len() {
        return Err(Error::Figure {
            figure: "learning curves".into(),
            reason: format!("{} curves and {} fates", curves.len(), kept.len()),
        });
    }
    let mut panel = Panel::new(
        "Learning curves and the cut",
        Axis::linear(axes.0),
        Axis::log(axes.1),
    );
    let epochs = |curve: &Vec<f64>| -> Vec<f64> { (1..=curve.len()).map(|e| e as f64).collect() };
    for (fate, name, colour) in [
        (false, "stopped at the cut", Colour::new(190, 190, 190)),
        (true, "kept", Colour::series(0)),
    ] {
        for (curve, _) in curves.iter().zip(kept).filter(|(_, k)| **k == fate) {
            panel = panel.thin_line(name, &epochs(curve), curve, colour);
        }
    }
    Ok(Figure::one(panel.vertical(
        cut,
        &format!("decision at {cut}"),
        Colour::new(20, 20, 20),
        Stroke::Dashed,
    )))
}

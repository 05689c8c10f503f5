//! The study in a few tables of plain text, for a terminal or a notebook (Markdown).

use std::fmt::Write as _;

use super::losses::{Row, losses};
use super::text::{duration, exponent};
use crate::fits::{Axis, ScalingCurve};
use crate::results::{FamilyResults, Results};

/// Sizes, losses, exponents with intervals, and times.
#[must_use]
pub fn summary(results: &Results) -> String {
    let mut text = String::new();
    for input in &results.inputs {
        let _ = writeln!(
            text,
            "{} from {}: {} usable, {} left out, {} for validation",
            input.what, input.origin, input.usable, input.rejected, input.validation
        );
    }
    for family in &results.families {
        let _ = writeln!(text, "\n## {}\n", family.name);
        for search in &family.searches {
            let _ = writeln!(
                text,
                "- {}: learning rate {}, batch {} (of {} settings, cut at {:.0} %, {:.0} % of the full cost)",
                search.size,
                search.chosen.learning_rate,
                search.chosen.batch,
                search.trials.len(),
                100.0 * search.search.cut,
                100.0 * search.cost_share
            );
        }
        if !family.searches.is_empty() {
            text.push('\n');
        }
        for (metric, unit, title) in &family.metrics {
            values(&mut text, family, metric, unit, title);
        }
        laws(&mut text, family);
    }
    let _ = writeln!(
        text,
        "\n{} runs, {} of computing time",
        results.records().count(),
        duration(results.total_wall_s())
    );
    text
}

fn values(text: &mut String, family: &FamilyResults, metric: &str, unit: &str, title: &str) {
    let (columns, rows) = losses(family, metric);
    let _ = write!(
        text,
        "Final {title} ({unit}):\n\n| depth x width | parameters |"
    );
    for column in &columns {
        let _ = write!(
            text,
            " {} {} ({:.2} passes) |",
            column.items, family.items, column.epochs
        );
    }
    let _ = writeln!(text, "\n|{}", " ---: |".repeat(columns.len() + 2));
    for Row {
        size,
        parameters,
        cells,
    } in rows
    {
        let _ = write!(text, "| {size} | {parameters} |");
        for runs in cells {
            let shown =
                |loss: Option<f64>| loss.map_or("diverged".to_owned(), |l| format!("{l:.4}"));
            let runs: Vec<String> = runs.into_iter().map(shown).collect();
            let _ = write!(text, " {} |", runs.join(", "));
        }
        text.push('\n');
    }
    text.push('\n');
}

fn laws(text: &mut String, family: &FamilyResults) {
    text.push_str(
        "| metric | along | held | exponent (95 %) | verdict |\n| --- | --- | --- | --- | --- |\n",
    );
    let mut row =
        |metric: &str, along: &str, held: &str, value: &str, resolved: bool, reason: &str| {
            let verdict = if resolved { "resolved" } else { "not resolved" };
            let _ = writeln!(
                text,
                "| {metric} | {along} | {held} | {value} | {verdict}: {reason} |"
            );
        };
    for curve in &family.laws.curves {
        row(
            &curve.metric,
            along(curve),
            &curve.held,
            &curve
                .exponent
                .as_ref()
                .map_or_else(|| "none".to_owned(), exponent),
            curve.verdict.resolved,
            &curve.verdict.reason,
        );
    }
    let joint = &family.laws.joint;
    for (name, value, verdict) in &joint.exponents {
        row(
            &joint.metric,
            "both (joint law)",
            name,
            &exponent(value),
            verdict.resolved,
            &verdict.reason,
        );
    }
    if let Some(refused) = &joint.joint.refused {
        row(
            &joint.metric,
            "both (joint law)",
            "",
            "none",
            false,
            refused,
        );
    }
}

fn along(curve: &ScalingCurve) -> &'static str {
    match curve.axis {
        Axis::Parameters => "parameters",
        Axis::Data => "data",
    }
}

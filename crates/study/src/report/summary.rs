//! The study in a few tables of plain text, for a terminal or a notebook (Markdown).

use std::fmt::Write as _;

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
    let mut data_sizes: Vec<usize> = family
        .grid
        .iter()
        .map(|record| record.spec.data_size)
        .collect();
    data_sizes.sort_unstable();
    data_sizes.dedup();
    let mut sizes: Vec<_> = family
        .grid
        .iter()
        .map(|record| (record.parameters.non_embedding, record.spec.size))
        .collect();
    sizes.sort_unstable();
    sizes.dedup();
    let _ = write!(
        text,
        "Final {title} ({unit}):\n\n| depth x width | parameters |"
    );
    for data_size in &data_sizes {
        let run = family
            .grid
            .iter()
            .find(|record| record.spec.data_size == *data_size);
        let _ = write!(
            text,
            " {data_size} {} ({:.2} passes) |",
            family.items,
            run.map_or(0.0, |run| run.exposure.epochs)
        );
    }
    let _ = writeln!(text, "\n|{}", " ---: |".repeat(data_sizes.len() + 2));
    for (parameters, size) in sizes {
        let _ = write!(text, "| {size} | {parameters} |");
        for data_size in &data_sizes {
            let cell: Vec<String> = family
                .grid
                .iter()
                .filter(|record| record.spec.size == size && record.spec.data_size == *data_size)
                .map(|record| match record.validation.get(metric) {
                    Some(value) if value.is_finite() => format!("{value:.4}"),
                    _ => "diverged".to_owned(),
                })
                .collect();
            let _ = write!(text, " {} |", cell.join(", "));
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

//! The answer of the study in sentences.

use std::fmt::Write as _;

use super::text::{count, escape, exponent, significant};
use crate::fits::{Axis, ScalingCurve, compare};
use crate::results::{FamilyResults, Results};
use crate::search::SearchResult;

/// The page's answer in sentences.
pub(super) fn findings(html: &mut String, results: &Results) {
    html.push_str("<h2 id=\"findings\">What it shows</h2>\n<ul class=\"said\">\n");
    for family in &results.families {
        for sentence in family_findings(family) {
            let _ = writeln!(html, "<li>{sentence}</li>");
        }
    }
    for sentence in comparison_findings(results) {
        let _ = writeln!(html, "<li>{sentence}</li>");
    }
    html.push_str("</ul>\n");
}

fn family_findings(family: &FamilyResults) -> Vec<String> {
    let name = escape(&family.name);
    let mut said = Vec::new();
    if !family.searches.is_empty() {
        said.push(search_sentence(&name, &family.searches));
    }
    for (metric, unit, title) in &family.metrics {
        let best = family
            .grid
            .iter()
            .filter_map(|record| record.validation.get(metric).map(|value| (*value, record)))
            .filter(|(value, _)| value.is_finite())
            .min_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((value, record)) = best {
            said.push(format!(
                "{name}: the lowest {} is {} {} ({} on {} {}).",
                escape(title),
                significant(value, 4),
                escape(unit),
                record.spec.size,
                count(record.spec.data_size as u64),
                family.items
            ));
        }
    }
    for axis in [Axis::Parameters, Axis::Data] {
        let curves: Vec<&ScalingCurve> = family
            .laws
            .curves
            .iter()
            .filter(|curve| curve.axis == axis && curve.metric == family.metrics[0].0)
            .collect();
        let resolved: Vec<&&ScalingCurve> = curves
            .iter()
            .filter(|curve| curve.verdict.resolved)
            .collect();
        let along = if axis == Axis::Parameters {
            "model size"
        } else {
            "data"
        };
        let values: Vec<f64> = resolved
            .iter()
            .filter_map(|curve| curve.exponent.as_ref())
            .map(|exponent| exponent.value)
            .collect();
        let range = match (
            values.iter().copied().reduce(f64::min),
            values.iter().copied().reduce(f64::max),
        ) {
            (Some(low), Some(high)) if values.len() > 1 => {
                format!(", between {low:.3} and {high:.3}")
            }
            (Some(low), _) => format!(": {low:.3}"),
            _ => String::new(),
        };
        said.push(format!(
            "{name}: of {} exponents along {along}, <b>{} are resolved</b>{range}.",
            curves.len(),
            resolved.len()
        ));
    }
    said
}

fn search_sentence(name: &str, searches: &[SearchResult]) -> String {
    let first = &searches[0];
    let share =
        searches.iter().map(|search| search.cost_share).sum::<f64>() / searches.len() as f64;
    let chosen: Vec<String> = searches
        .iter()
        .map(|search| {
            format!(
                "{} with batch {} for {}",
                search.chosen.learning_rate, search.chosen.batch, search.size
            )
        })
        .collect();
    let mut text = format!(
        "{name}: of {} settings of learning rate and batch, {} were chosen after {:.0} % of training, for {:.0} % of the cost \
         of running all of them",
        first.trials.len(),
        chosen.join(", "),
        100.0 * first.search.cut,
        100.0 * share
    );
    let rhos: Vec<f64> = searches
        .iter()
        .filter_map(|search| search.rank_agreement().map(|(rho, _)| rho))
        .collect();
    if let (Some(low), Some(high)) = (
        rhos.iter().copied().reduce(f64::min),
        rhos.iter().copied().reduce(f64::max),
    ) {
        let _ = write!(
            text,
            "; early score and final metric agree in rank with Spearman ρ from {low:.2} to {high:.2}"
        );
    }
    let sizes = |wanted: &dyn Fn(&SearchResult) -> bool| {
        let names: Vec<String> = searches
            .iter()
            .filter(|search| wanted(search))
            .map(|search| search.size.to_string())
            .collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    if let Some(sizes) = sizes(&|search| search.missed) {
        let _ = write!(
            text,
            "; <b>a discarded control ended better</b> at {sizes}, so the estimate missed the best setting there"
        );
    }
    if let Some(sizes) = sizes(&|search| !search.on_edge.is_empty()) {
        let _ = write!(
            text,
            "; <b>the choice lies on the edge of the grid</b> at {sizes}, so the optimum may lie outside"
        );
    }
    text.push('.');
    text
}

/// Curves along the data over the best of all capacities, which is what the paper compares.
fn best_curve<'a>(family: &'a FamilyResults, metric: &str) -> Option<&'a ScalingCurve> {
    family
        .laws
        .curves
        .iter()
        .find(|curve| curve.axis == Axis::Data && curve.size.is_none() && curve.metric == metric)
}

/// Pairs of families that share items and a metric: potentials against each other.
pub(super) fn comparable(results: &Results) -> Vec<(&FamilyResults, &FamilyResults)> {
    let mut pairs = Vec::new();
    for (place, first) in results.families.iter().enumerate() {
        for second in &results.families[place + 1..] {
            if first.items == second.items && first.metrics == second.metrics {
                pairs.push((first, second));
            }
        }
    }
    pairs
}

fn comparison_findings(results: &Results) -> Vec<String> {
    let mut said = Vec::new();
    for (first, second) in comparable(results) {
        for (metric, _, title) in &first.metrics {
            let (Some(a), Some(b)) = (best_curve(first, metric), best_curve(second, metric)) else {
                continue;
            };
            let (Some(x), Some(y)) = (&a.exponent, &b.exponent) else {
                continue;
            };
            let verdict = match compare(x, y) {
                Some(c) if c.difference.abs() > c.half_width => format!(
                    "they differ by {:.3} ± {:.3}, more than their intervals allow for equal slopes",
                    c.difference, c.half_width
                ),
                Some(c) => format!(
                    "they differ by {:.3} ± {:.3}: the runs do not tell the slopes apart",
                    c.difference, c.half_width
                ),
                None => "an interval is open, so the slopes cannot be compared".to_owned(),
            };
            said.push(format!(
                "Slope of the {} against data, best capacity at each size: {} {}, {} {}; {verdict}.",
                escape(title),
                escape(&first.name),
                exponent(x),
                escape(&second.name),
                exponent(y),
            ));
        }
    }
    said
}

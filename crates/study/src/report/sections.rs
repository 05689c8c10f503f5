//! The parts of the page.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::figures::Figure;
use super::text::{count, duration, escape, exponent, significant};
use crate::fits::{Axis, ScalingCurve, Verdict, compare};
use crate::results::{FamilyResults, Results, Row};
use crate::search::{Fate, SearchResult};

/// The name of a family as a place on the page.
pub(super) fn anchor(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .collect();
    format!("family-{plain}")
}

fn chip(verdict: &Verdict) -> &'static str {
    if verdict.resolved {
        "<span class=\"chip yes\">resolved</span>"
    } else {
        "<span class=\"chip no\">not resolved</span>"
    }
}

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
    if let Some(search) = &family.search {
        said.push(search_sentence(&name, search));
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
        let resolved: Vec<&&ScalingCurve> = curves.iter().filter(|curve| curve.verdict.resolved).collect();
        let along = if axis == Axis::Parameters { "model size" } else { "data" };
        let values: Vec<f64> =
            resolved.iter().filter_map(|curve| curve.exponent.as_ref()).map(|exponent| exponent.value).collect();
        let range = match (values.iter().copied().reduce(f64::min), values.iter().copied().reduce(f64::max)) {
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

fn search_sentence(name: &str, search: &SearchResult) -> String {
    let mut text = format!(
        "{name}: learning rate {} with batch {} was chosen out of {} settings after {:.0} % of training, for \
         {:.0} % of the cost of running all of them",
        search.chosen.learning_rate,
        search.chosen.batch,
        search.trials.len(),
        100.0 * search.search.cut,
        100.0 * search.cost_share
    );
    if let Some(quality) = search.estimators.first().and_then(|first| first.calibration.as_ref().ok())
        && let Some(rho) = quality.spearman.value
    {
        let _ = write!(text, "; early score and final metric agree in rank with ρ = {rho:.2} over {} runs", quality.runs);
    }
    if search.missed {
        text.push_str("; <b>a discarded control ended better</b>, so the estimate missed the best setting");
    }
    if !search.on_edge.is_empty() {
        let _ = write!(
            text,
            "; <b>the choice lies on the edge of the grid</b> ({}), so the optimum may lie outside",
            escape(&search.on_edge.join(", "))
        );
    }
    text.push('.');
    text
}

/// Curves along the data over the best of all capacities, which is what the paper compares.
fn best_curve<'a>(family: &'a FamilyResults, metric: &str) -> Option<&'a ScalingCurve> {
    family.laws.curves.iter().find(|curve| {
        curve.axis == Axis::Data && curve.size.is_none() && curve.metric == metric
    })
}

/// Pairs of families that share items and a metric: potentials against each other.
fn comparable(results: &Results) -> Vec<(&FamilyResults, &FamilyResults)> {
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

/// Every exponent with its verdict.
pub(super) fn exponents(html: &mut String, results: &Results) {
    html.push_str(
        "<h2 id=\"exponents\">Exponents, and which of them may be quoted</h2>\n\
         <p>The metric is taken to fall as R<sup>−b</sup>. An exponent is called <b>resolved</b> if its 95 % profile \
         interval is bounded, leaves out zero and is narrower than ±50 % of the value, and if the local exponents \
         at both ends of the range agree within a factor of two. Everything else is listed with the reason, not hidden.</p>\n",
    );
    for family in &results.families {
        let _ = write!(
            html,
            "<h3>{}</h3>\n<div class=\"scroll\"><table>\n<thead><tr><th class=\"t\">metric</th><th class=\"t\">along</th>\
             <th class=\"t\">held</th><th>points</th><th>b (95 %)</th><th>local b, first → last</th><th>with a floor: b, floor</th>\
             <th class=\"t\">verdict</th><th class=\"t\">why</th><th class=\"t\">codes</th></tr></thead>\n<tbody>\n",
            escape(&family.name)
        );
        for curve in &family.laws.curves {
            exponent_row(html, family, curve);
        }
        joint_rows(html, family);
        html.push_str("</tbody></table></div>\n");
    }
}

fn exponent_row(html: &mut String, family: &FamilyResults, curve: &ScalingCurve) {
    let along = match curve.axis {
        Axis::Parameters => "parameters".to_owned(),
        Axis::Data => format!("data ({})", data_name(family, curve)),
    };
    let local = match (curve.local_exponents.first(), curve.local_exponents.last()) {
        (Some(first), Some(last)) => format!("{first:.3} → {last:.3}"),
        _ => "–".to_owned(),
    };
    let floor = curve.saturating.fit.as_ref().map_or_else(
        || "–".to_owned(),
        |fit| {
            let of = |name| fit.value_of(name).map_or_else(|| "–".to_owned(), |v| significant(v, 3));
            format!("{}, {}", of("b"), of("E"))
        },
    );
    let codes: BTreeSet<&str> = curve.power.codes.iter().map(String::as_str).collect();
    let _ = writeln!(
        html,
        "<tr><td class=\"t\">{}</td><td class=\"t\">{along}</td><td class=\"t\">{}</td><td>{}</td><td>{}</td>\
         <td>{local}</td><td>{floor}</td><td class=\"t\">{}</td><td class=\"w\">{}</td><td class=\"t\"><code>{}</code></td></tr>",
        escape(&curve.title),
        escape(&curve.held),
        curve.points.len(),
        curve.exponent.as_ref().map_or_else(|| "–".to_owned(), exponent),
        chip(&curve.verdict),
        escape(&curve.verdict.reason),
        codes.into_iter().collect::<Vec<_>>().join(" ")
    );
}

fn data_name<'a>(family: &'a FamilyResults, curve: &ScalingCurve) -> &'a str {
    // The largest point tells the two counts apart: tokens outnumber molecules.
    let largest = curve.points.last().map_or(0.0, |point| point.x);
    let items = family.grid.iter().map(|record| record.exposure.items).max().unwrap_or(0) as f64;
    if largest > items { &family.units } else { &family.items }
}

fn joint_rows(html: &mut String, family: &FamilyResults) {
    let joint = &family.laws.joint;
    let codes = joint.joint.codes.join(" ");
    if let Some(refused) = &joint.joint.refused {
        let _ = writeln!(
            html,
            "<tr><td class=\"t\">{}</td><td class=\"t\">both (joint law)</td><td class=\"t\">–</td><td>{}</td><td>–</td><td>–</td>\
             <td>–</td><td class=\"t\"><span class=\"chip no\">not resolved</span></td><td class=\"w\">{}</td>\
             <td class=\"t\"><code>{codes}</code></td></tr>",
            escape(&joint.metric),
            joint.rows.len(),
            escape(refused)
        );
    }
    for (name, value, verdict) in &joint.exponents {
        let floor = joint.joint.fit.as_ref().and_then(|fit| fit.value_of("E")).map_or(0.0, |floor| floor);
        let _ = writeln!(
            html,
            "<tr><td class=\"t\">{}</td><td class=\"t\">both (joint law)</td><td class=\"t\">{}</td><td>{}</td><td>{}</td>\
             <td>–</td><td>floor {}</td><td class=\"t\">{}</td><td class=\"w\">{}</td><td class=\"t\"><code>{codes}</code></td></tr>",
            escape(&joint.metric),
            escape(name),
            joint.rows.len(),
            exponent(value),
            significant(floor, 3),
            chip(verdict),
            escape(&verdict.reason)
        );
    }
}

fn plots(html: &mut String, figures: &[Figure], of: &str) {
    let mut any = false;
    for figure in figures.iter().filter(|figure| figure.family == of) {
        if !any {
            html.push_str("<div class=\"plots\">\n");
            any = true;
        }
        let _ = writeln!(
            html,
            "<figure><div class=\"plot\" role=\"img\" aria-label=\"{}\">{}</div><figcaption>{}</figcaption></figure>",
            escape(&figure.title),
            figure.svg,
            figure.caption
        );
    }
    if any {
        html.push_str("</div>\n");
    }
}

/// One family: its figures, its search, its table of losses.
pub(super) fn family(html: &mut String, results: &Results, family: &FamilyResults, figures: &[Figure]) {
    let _ = writeln!(html, "<h2 id=\"{}\">{}</h2>", anchor(&family.name), escape(&family.name));
    plots(html, figures, &family.name);
    for (metric, unit, title) in &family.metrics {
        loss_table(html, family, metric, unit, title);
    }
    if let Some(noise) = &family.laws.noise {
        let _ = writeln!(
            html,
            "<p>Noise between seeds: {} runs in {} repeated cells differ by {:.2} % (standard deviation of ln of the metric). \
             Differences below that mean nothing.</p>",
            noise.runs,
            noise.cells,
            100.0 * noise.sd_ln
        );
    }
    if let Some(search) = &family.search {
        search_table(html, results, search);
    }
}

fn loss_table(html: &mut String, family: &FamilyResults, metric: &str, unit: &str, title: &str) {
    let mut data_sizes: Vec<usize> = family.grid.iter().map(|record| record.spec.data_size).collect();
    data_sizes.sort_unstable();
    data_sizes.dedup();
    let mut sizes: Vec<_> =
        family.grid.iter().map(|record| (record.parameters.non_embedding, record.spec.size)).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let _ = write!(
        html,
        "<div class=\"scroll\"><table>\n<caption>Final {} ({}). Rows: depth × width; columns: training {}, with the number \
         of passes over them in brackets.</caption>\n<thead><tr><th class=\"t\">size</th><th>parameters</th>",
        escape(title),
        escape(unit),
        family.items
    );
    for data_size in &data_sizes {
        let run = family.grid.iter().find(|record| record.spec.data_size == *data_size);
        let units = run.map_or(0, |run| run.exposure.unique_units);
        let epochs = run.map_or(0.0, |run| run.exposure.epochs);
        let _ = write!(
            html,
            "<th>{}<br>{} {}<br>({} ×)</th>",
            count(*data_size as u64),
            count(units),
            family.units,
            significant(epochs, 2)
        );
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for (parameters, size) in sizes {
        let _ = write!(html, "<tr><td class=\"t\">{size}</td><td>{}</td>", count(parameters));
        for data_size in &data_sizes {
            let values: Vec<String> = family
                .grid
                .iter()
                .filter(|record| record.spec.size == size && record.spec.data_size == *data_size)
                .map(|record| match record.validation.get(metric) {
                    Some(value) if value.is_finite() => significant(*value, 4),
                    _ => "diverged".to_owned(),
                })
                .collect();
            let _ = write!(html, "<td>{}</td>", values.join("<br>"));
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody></table></div>\n");
}

fn search_table(html: &mut String, results: &Results, search: &SearchResult) {
    let _ = write!(
        html,
        "<h3>Learning rate and batch by training performance estimation</h3>\n<p>Every setting trained for the first {:.0} % of \
         its schedule, at size {} on {} items. The score is the mean training loss over the last quarter of that part. \
         The {} best went on and the best of these was taken; {} others went on as controls, only to compare the estimate \
         with the truth. The search cost {:.0} % of running every setting to its end ({:.0} % with the controls).</p>\n",
        100.0 * search.search.cut,
        search.search.size,
        count(search.search.data_size as u64),
        search.search.keep,
        search.trials.iter().filter(|trial| trial.fate == Fate::Control).count(),
        100.0 * search.cost_share,
        100.0 * search.cost_share_with_controls
    );
    html.push_str(
        "<div class=\"scroll\"><table>\n<thead><tr><th>learning rate</th><th>batch</th><th>score at the cut</th><th class=\"t\">fate</th>\
         <th>predicted</th><th>true final</th><th>wall time</th></tr></thead>\n<tbody>\n",
    );
    for trial in &search.trials {
        let chosen = trial.setting == search.chosen;
        let fate = match trial.fate {
            Fate::Kept if chosen => "kept, <b>chosen</b>",
            Fate::Kept => "kept",
            Fate::Control => "control",
            Fate::Discarded if trial.score.is_finite() => "discarded",
            Fate::Discarded => "diverged",
        };
        let of = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| significant(value, 4));
        let id = trial.full_id.as_ref().unwrap_or(&trial.early_id);
        let _ = writeln!(
            html,
            "<tr{}><td>{}</td><td>{}</td><td>{}</td><td class=\"t\">{fate}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            if chosen { " class=\"pick\"" } else { "" },
            trial.setting.learning_rate,
            trial.setting.batch,
            significant(trial.score, 4),
            of(trial.predicted),
            of(trial.truth),
            results.wall_s.get(id).map_or_else(|| "–".to_owned(), |wall| duration(*wall))
        );
    }
    html.push_str("</tbody></table></div>\n");
    estimator_table(html, search);
}

fn estimator_table(html: &mut String, search: &SearchResult) {
    html.push_str(
        "<div class=\"scroll\"><table>\n<caption>Estimators against the truth, over the settings that ran to their end. Ranks \
         come first: one bad run can drive R² to any value.</caption>\n<thead><tr><th class=\"t\">estimator</th><th>runs</th>\
         <th>Spearman ρ (95 %)</th><th>Kendall τ-b</th><th>R², ln–ln</th><th>R², left one out</th></tr></thead>\n<tbody>\n",
    );
    for quality in &search.estimators {
        let name = escape(&quality.estimator);
        match &quality.calibration {
            Ok(calibration) => {
                let of = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |v| format!("{v:.2}"));
                let interval = calibration.spearman.interval.as_ref().map_or_else(String::new, |interval| {
                    format!(" ({:.2} to {:.2})", interval.lower, interval.upper)
                });
                let _ = writeln!(
                    html,
                    "<tr><td class=\"t\">{name}</td><td>{}</td><td>{}{interval}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                    calibration.runs,
                    of(calibration.spearman.value),
                    of(calibration.kendall.value),
                    of(calibration.r2_log_log.value),
                    of(calibration.log_log.as_ref().and_then(|line| line.leave_one_out_r2)),
                );
            }
            Err(reason) => {
                let _ = writeln!(
                    html,
                    "<tr><td class=\"t\">{name}</td><td colspan=\"5\" class=\"w\">{}</td></tr>",
                    escape(reason)
                );
            }
        }
    }
    html.push_str("</tbody></table></div>\n");
}

/// Families over the same structures, next to each other.
pub(super) fn side_by_side(html: &mut String, results: &Results, figures: &[Figure]) {
    let pairs = comparable(results);
    if pairs.is_empty() {
        return;
    }
    html.push_str("<h2 id=\"side-by-side\">Side by side</h2>\n");
    plots(html, figures, "");
    html.push_str(
        "<div class=\"scroll\"><table>\n<thead><tr><th class=\"t\">metric</th><th class=\"t\">family</th><th class=\"t\">capacity</th>\
         <th>slope against data (95 %)</th><th class=\"t\">verdict</th></tr></thead>\n<tbody>\n",
    );
    let mut shown: BTreeSet<&str> = BTreeSet::new();
    for (first, second) in pairs {
        for (metric, _, title) in &first.metrics {
            for family in [first, second] {
                for curve in family.laws.curves.iter().filter(|curve| curve.axis == Axis::Data && &curve.metric == metric) {
                    if curve.size.is_none() || shown.insert(curve.points.first().map_or("", |point| point.id.as_str())) {
                        let _ = writeln!(
                            html,
                            "<tr{}><td class=\"t\">{}</td><td class=\"t\">{}</td><td class=\"t\">{}</td><td>{}</td><td class=\"t\">{}</td></tr>",
                            if curve.size.is_none() { " class=\"pick\"" } else { "" },
                            escape(title),
                            escape(&family.name),
                            escape(&curve.held),
                            curve.exponent.as_ref().map_or_else(|| "–".to_owned(), exponent),
                            chip(&curve.verdict)
                        );
                    }
                }
            }
            shown.clear();
        }
    }
    html.push_str("</tbody></table></div>\n");
}

/// What was read, and what was left out.
pub(super) fn inputs(html: &mut String, results: &Results) {
    html.push_str("<h2 id=\"data\">Data</h2>\n");
    for input in &results.inputs {
        let _ = write!(
            html,
            "<h3>{}</h3>\n<p>{} from {}: {} usable, {} of them set apart for validation, the same for every run. ",
            escape(&input.what),
            escape(&input.what),
            escape(&input.origin),
            count(input.usable as u64),
            count(input.validation as u64)
        );
        match &input.rejects_file {
            Some(file) => {
                let _ = write!(
                    html,
                    "<b>{} could not be used</b>; they are listed with the reason in <code>{}</code>. ",
                    count(input.rejected as u64),
                    escape(file)
                );
            }
            None => html.push_str("Nothing was left out. "),
        }
        if input.duplicates > 0 {
            let _ = write!(html, "{} repeats count once. ", count(input.duplicates as u64));
        }
        html.push_str("The smaller training sets lie inside the larger ones.</p>\n<ul>\n");
        for (what, value) in &input.details {
            let _ = writeln!(html, "<li>{}: {}</li>", escape(what), escape(value));
        }
        let _ = writeln!(html, "<li>SHA-256 of the set as used: <code>{}</code></li>\n</ul>", escape(&input.hash));
    }
}

/// Settings, seeds, versions.
pub(super) fn how(html: &mut String, results: &Results) {
    html.push_str(
        "<h2 id=\"how\">How it was done</h2>\n<p>Each run ends where its schedule ends: the learning rate rises over the first \
         steps and falls along a cosine to the run's own last step. Runs over small sets repeat them; the number of passes \
         is given with every table, because a law in the data counts distinct data only up to a few repeats. Exponents of single \
         curves are fitted by least squares of ln L, the joint law by a Huber loss on ln L (δ = 10<sup>−3</sup>); intervals are \
         profile intervals. Parameters are counted without embeddings; both counts are in the table of runs.</p>\n",
    );
    let settings = serde_json::to_string_pretty(&results.study).expect("plain data serialises");
    let _ = writeln!(
        html,
        "<details><summary>Settings and seeds (study.json)</summary><pre>{}</pre></details>",
        escape(&settings)
    );
    let versions: BTreeSet<String> = results
        .records()
        .flat_map(|record| record.versions.iter().map(|(name, version)| format!("{name} {version}")))
        .collect();
    let _ = writeln!(
        html,
        "<p class=\"soft\">Versions on the records: {}.</p>",
        escape(&versions.into_iter().collect::<Vec<_>>().join(", "))
    );
}

/// Every run.
pub(super) fn runs(html: &mut String, results: &Results) {
    html.push_str(
        "<h2 id=\"runs\">All runs</h2>\n<p>The same numbers are in <code>tables/runs.csv</code>, the whole loss curves in \
         <code>tables/learning_curves.csv</code> and in <code>records/</code>, everything in <code>results.json</code>.</p>\n\
         <details><summary>Table of runs</summary><div class=\"scroll\"><table>\n<thead><tr><th class=\"t\">id</th><th class=\"t\">family</th>\
         <th>size</th><th>parameters</th><th>all parameters</th><th>items</th><th>distinct units</th><th>passes</th><th>rate</th><th>batch</th>\
         <th>seed</th><th>steps</th><th class=\"t\">status</th><th class=\"t\">validation</th><th>wall time</th></tr></thead>\n<tbody>\n",
    );
    for record in results.records() {
        let row = Row::from(record);
        let validation: Vec<String> =
            row.validation.iter().map(|(name, value)| format!("{} {}", escape(name), significant(*value, 4))).collect();
        let _ = writeln!(
            html,
            "<tr><td class=\"t\"><code>{}</code></td><td class=\"t\">{}</td><td>{}x{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>\
             <td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class=\"t\">{}</td><td class=\"t\">{}</td><td>{}</td></tr>",
            row.id,
            escape(&row.family),
            row.depth,
            row.width,
            count(row.parameters),
            count(row.parameters_total),
            count(row.items),
            count(row.unique_units),
            significant(row.epochs, 2),
            row.learning_rate,
            row.batch,
            row.seed,
            row.steps,
            row.status,
            validation.join(", "),
            results.wall_s.get(&row.id).map_or_else(|| "unknown".to_owned(), |wall| duration(*wall))
        );
    }
    html.push_str("</tbody></table></div></details>\n");
}

//! One family: figures and losses; and families side by side.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::exponents::chip;
use super::figures::Figure;
use super::findings::comparable;
use super::losses::{Row, losses};
use super::search::searches;
use super::text::{anchor, count, escape, exponent, significant};
use crate::fits::Axis;
use crate::results::{FamilyResults, Results};

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
pub(super) fn family(
    html: &mut String,
    results: &Results,
    family: &FamilyResults,
    figures: &[Figure],
) {
    let _ = writeln!(
        html,
        "<h2 id=\"{}\">{}</h2>",
        anchor(&family.name),
        escape(&family.name)
    );
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
    searches(html, results, family);
}

fn loss_table(html: &mut String, family: &FamilyResults, metric: &str, unit: &str, title: &str) {
    let (columns, rows) = losses(family, metric);
    let _ = write!(
        html,
        "<div class=\"scroll\"><table>\n<caption>Final {} ({}). Rows: depth × width; columns: training {}, with the number \
         of passes over them in brackets.</caption>\n<thead><tr><th class=\"t\">size</th><th>parameters</th>",
        escape(title),
        escape(unit),
        family.items
    );
    for column in columns {
        let _ = write!(
            html,
            "<th>{}<br>{} {}<br>({} ×)</th>",
            count(column.items as u64),
            count(column.units),
            family.units,
            significant(column.epochs, 2)
        );
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for Row {
        size,
        parameters,
        cells,
    } in rows
    {
        let parameters = count(parameters);
        let _ = write!(html, "<tr><td class=\"t\">{size}</td><td>{parameters}</td>");
        for runs in cells {
            let shown =
                |loss: Option<f64>| loss.map_or("diverged".to_owned(), |l| significant(l, 4));
            let runs: Vec<String> = runs.into_iter().map(shown).collect();
            let _ = write!(html, "<td>{}</td>", runs.join("<br>"));
        }
        html.push_str("</tr>\n");
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
                for curve in family
                    .laws
                    .curves
                    .iter()
                    .filter(|curve| curve.axis == Axis::Data && &curve.metric == metric)
                {
                    if curve.size.is_none()
                        || shown.insert(curve.points.first().map_or("", |point| point.id.as_str()))
                    {
                        let _ = writeln!(
                            html,
                            "<tr{}><td class=\"t\">{}</td><td class=\"t\">{}</td><td class=\"t\">{}</td><td>{}</td><td class=\"t\">{}</td></tr>",
                            if curve.size.is_none() {
                                " class=\"pick\""
                            } else {
                                ""
                            },
                            escape(title),
                            escape(&family.name),
                            escape(&curve.held),
                            curve
                                .exponent
                                .as_ref()
                                .map_or_else(|| "–".to_owned(), exponent),
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

//! Every exponent with its verdict.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::text::{escape, exponent, significant};
use crate::fits::{Axis, ScalingCurve, Verdict};
use crate::results::{FamilyResults, Results};

/// Every exponent with its verdict.
pub(super) fn exponents(html: &mut String, results: &Results) {
    html.push_str(
        "<h2 id=\"exponents\">Exponents, and which of them may be quoted</h2>\n\
         <p>The metric is taken to fall as R<sup>−b</sup>. An exponent is called <b>resolved</b> if its 95 % profile \
         interval is bounded, leaves out zero and is narrower than ±50 % of the value, and if the \
         exponents of the lower and the upper half of the range agree within a factor of two. Everything else is listed with the reason, not hidden.</p>\n",
    );
    for family in &results.families {
        let _ = write!(
            html,
            "<h3>{}</h3>\n<div class=\"scroll\"><table class=\"wide\">\n<thead><tr><th class=\"t\">held</th><th>points</th>\
             <th>b (95 %)</th><th class=\"t\">verdict</th><th>local b,<br>first → last</th><th>with a floor:<br>b, floor</th>\
             <th class=\"t\">why, and warnings' codes</th></tr></thead>\n<tbody>\n",
            escape(&family.name)
        );
        let mut group = String::new();
        for curve in &family.laws.curves {
            let title = group_title(family, curve);
            if title != group {
                let _ = writeln!(
                    html,
                    "<tr class=\"group\"><td colspan=\"7\">{}</td></tr>",
                    escape(&title)
                );
                group = title;
            }
            exponent_row(html, curve);
        }
        joint_rows(html, family);
        html.push_str("</tbody></table></div>\n");
    }
}

fn group_title(family: &FamilyResults, curve: &ScalingCurve) -> String {
    match curve.axis {
        Axis::Parameters => format!(
            "{} along parameters (without embeddings), training set held",
            curve.title
        ),
        Axis::Data => {
            format!(
                "{} along distinct training {}, model size held",
                curve.title,
                data_name(family, curve)
            )
        }
    }
}

fn row(html: &mut String, cells: [&str; 5], verdict: &Verdict, codes: &[String]) {
    let [held, points, value, local, floor] = cells;
    let codes: BTreeSet<&str> = codes.iter().map(String::as_str).collect();
    let codes: Vec<String> = codes
        .into_iter()
        .map(|code| format!(" <code>{}</code>", escape(code)))
        .collect();
    let _ = writeln!(
        html,
        "<tr><td class=\"t\">{}</td><td>{points}</td><td>{value}</td><td class=\"t\">{}</td><td>{local}</td><td>{floor}</td>\
         <td class=\"w\">{}{}</td></tr>",
        escape(held),
        chip(verdict),
        escape(&verdict.reason),
        codes.concat()
    );
}

fn exponent_row(html: &mut String, curve: &ScalingCurve) {
    let local = match (curve.local_exponents.first(), curve.local_exponents.last()) {
        (Some(first), Some(last)) => format!("{first:.3} → {last:.3}"),
        _ => "–".to_owned(),
    };
    let floor = curve.saturating.fit.as_ref().map_or_else(
        || "–".to_owned(),
        |fit| {
            let of = |name| {
                fit.value_of(name)
                    .map_or_else(|| "–".to_owned(), |v| significant(v, 3))
            };
            format!("{}, {}", of("b"), of("E"))
        },
    );
    let value = curve
        .exponent
        .as_ref()
        .map_or_else(|| "–".to_owned(), exponent);
    let points = curve.points.len().to_string();
    row(
        html,
        [&curve.held, &points, &value, &local, &floor],
        &curve.verdict,
        &curve.power.codes,
    );
}

fn data_name<'a>(family: &'a FamilyResults, curve: &ScalingCurve) -> &'a str {
    // The largest point tells the two counts apart: tokens outnumber molecules.
    let largest = curve.points.last().map_or(0.0, |point| point.x);
    let items = family
        .grid
        .iter()
        .map(|record| record.exposure.items)
        .max()
        .unwrap_or(0) as f64;
    if largest > items {
        &family.units
    } else {
        &family.items
    }
}

fn joint_rows(html: &mut String, family: &FamilyResults) {
    let joint = &family.laws.joint;
    let _ = writeln!(
        html,
        "<tr class=\"group\"><td colspan=\"7\">{} along both: L = E + A N<sup>−α</sup> + B D<sup>−β</sup></td></tr>",
        escape(
            family
                .metrics
                .first()
                .map_or(&joint.metric, |(_, _, title)| title)
        )
    );
    let points = joint.rows.len().to_string();
    if let Some(refused) = &joint.joint.refused {
        let verdict = Verdict {
            resolved: false,
            reason: refused.clone(),
        };
        row(
            html,
            ["–", &points, "–", "–", "–"],
            &verdict,
            &joint.joint.codes,
        );
    }
    let floor = joint.joint.fit.as_ref().and_then(|fit| fit.value_of("E"));
    let floor = floor.map_or_else(
        || "–".to_owned(),
        |floor| format!("floor {}", significant(floor, 3)),
    );
    for (name, value, verdict) in &joint.exponents {
        row(
            html,
            [name, &points, &exponent(value), "–", &floor],
            verdict,
            &joint.joint.codes,
        );
    }
}

/// A verdict as a word with a colour.
pub(super) fn chip(verdict: &Verdict) -> &'static str {
    if verdict.resolved {
        "<span class=\"chip yes\">resolved</span>"
    } else {
        "<span class=\"chip no\">not resolved</span>"
    }
}

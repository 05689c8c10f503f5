//! The page: one file that opens offline, says what was found, and says what was not.

use std::fmt::Write as _;

use super::figures::Figure;
use super::text::{anchor, count, duration, escape};
use super::{closing, exponents, family, findings};
use crate::results::Results;

/// The whole page.
pub(super) fn page(results: &Results, figures: &[Figure]) -> String {
    let mut html = String::new();
    let name = escape(&results.study.name);
    let _ = write!(
        html,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{name}</title>\n<style>\n{}</style>\n</head>\n<body>\n<header>\n<h1>{name}</h1>\n",
        include_str!("style.css")
    );
    head(&mut html, results);
    html.push_str("</header>\n<main>\n");
    findings::findings(&mut html, results);
    for family in &results.families {
        family::family(&mut html, results, family, figures);
    }
    family::side_by_side(&mut html, results, figures);
    exponents::exponents(&mut html, results);
    closing::inputs(&mut html, results);
    closing::how(&mut html, results);
    closing::runs(&mut html, results);
    html.push_str("</main>\n</body>\n</html>\n");
    html
}

fn head(html: &mut String, results: &Results) {
    let study = &results.study;
    let runs = results.records().count();
    let flops: f64 = results.records().map(|record| record.exposure.flops).sum();
    let diverged = results
        .records()
        .filter(|record| record.score().is_infinite())
        .count();
    let _ = write!(
        html,
        "<p class=\"lead\">A scaling study of {} on the device <code>{}</code>, {} a run.</p>\n<nav>\
         <a href=\"#findings\">What it shows</a>",
        escape(
            &results
                .families
                .iter()
                .map(|family| family.name.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        ),
        escape(&study.device),
        match study.threads_per_run {
            1 => "one thread".to_owned(),
            n => format!("{n} threads"),
        }
    );
    for family in &results.families {
        let name = escape(&family.name);
        let _ = write!(html, "<a href=\"#{}\">{name}</a>", anchor(&family.name));
    }
    html.push_str("<a href=\"#exponents\">Exponents</a><a href=\"#data\">Data</a><a href=\"#how\">How it was done</a><a href=\"#runs\">All runs</a></nav>\n");
    html.push_str("<div class=\"cards\">\n");
    for (value, what) in [
        (count(runs as u64), "runs, each with its record".to_owned()),
        (
            super::text::significant(flops, 2),
            "floating-point operations, estimated".to_owned(),
        ),
        (
            duration(results.total_wall_s()),
            "computing time of all runs together".to_owned(),
        ),
        (
            diverged.to_string(),
            "runs diverged; listed, never dropped".to_owned(),
        ),
    ] {
        let _ = writeln!(
            html,
            "<div class=\"card\"><b>{value}</b><span>{what}</span></div>"
        );
    }
    html.push_str("</div>\n");
}

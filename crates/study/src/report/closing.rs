//! Data, settings, and the table of all runs.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::text::{count, duration, escape, significant};
use crate::results::{Results, Row};

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
            let _ = write!(
                html,
                "{} repeats count once. ",
                count(input.duplicates as u64)
            );
        }
        html.push_str("The smaller training sets lie inside the larger ones.</p>\n<ul>\n");
        for (what, value) in &input.details {
            let _ = writeln!(html, "<li>{}: {}</li>", escape(what), escape(value));
        }
        let _ = writeln!(
            html,
            "<li>SHA-256 of the set as used: <code>{}</code></li>\n</ul>",
            escape(&input.hash)
        );
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
        .flat_map(|record| {
            record
                .versions
                .iter()
                .map(|(name, version)| format!("{name} {version}"))
        })
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
        let validation: Vec<String> = row
            .validation
            .iter()
            .map(|(name, value)| format!("{} {}", escape(name), significant(*value, 4)))
            .collect();
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
            results
                .wall_s
                .get(&row.id)
                .map_or_else(|| "unknown".to_owned(), |wall| duration(*wall))
        );
    }
    html.push_str("</tbody></table></div></details>\n");
}

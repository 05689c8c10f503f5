//! The searches of one family: what was chosen at each size, and each setting behind it.

use std::fmt::Write as _;

use super::text::{count, duration, escape, significant};
use crate::results::{FamilyResults, Results};
use crate::search::{Fate, SearchResult};

/// How the settings were found: in words, a line a size, and every setting folded away.
pub(super) fn searches(html: &mut String, results: &Results, family: &FamilyResults) {
    let Some(first) = family.searches.first() else {
        return;
    };
    let _ = write!(
        html,
        "<h3>Learning rate and batch by training performance estimation</h3>\n<p>At each of the sizes below every setting \
         trained for the first {:.0} % of its schedule, on {} {}. The score is the mean training loss over the last quarter \
         of that part. The {} best went on and the best of these was taken; {} others went on as controls, only to compare \
         the estimate with the truth. Sizes that are not listed take the setting of the nearest one.</p>\n",
        100.0 * first.search.cut,
        count(first.search.data_size as u64),
        family.items,
        first.search.keep,
        first.search.controls,
    );
    choices(html, family);
    for search in &family.searches {
        let _ = writeln!(
            html,
            "<details><summary>Every setting at size {}</summary>",
            search.size
        );
        trials(html, results, search);
        estimators(html, search);
        html.push_str("</details>\n");
    }
}

/// One line a size.
fn choices(html: &mut String, family: &FamilyResults) {
    html.push_str(
        "<div class=\"scroll\"><table>\n<thead><tr><th class=\"t\">size</th><th>learning rate</th><th>batch</th><th>final</th>\
         <th>Spearman ρ, early and final</th><th>cost, of all in full</th><th class=\"t\">remarks</th></tr></thead>\n<tbody>\n",
    );
    for search in &family.searches {
        let rank = search.rank_agreement().map_or_else(
            || "–".to_owned(),
            |(rho, runs)| format!("{rho:.2} ({runs} runs)"),
        );
        let mut remarks = search.on_edge.clone();
        if search.missed {
            remarks.push("a control ended better".to_owned());
        }
        let _ = writeln!(
            html,
            "<tr><td class=\"t\">{}</td><td>{}</td><td>{}</td><td>{}</td><td>{rank}</td><td>{:.0} % ({:.0} % with controls)</td>\
             <td class=\"t\">{}</td></tr>",
            search.size,
            search.chosen.learning_rate,
            search.chosen.batch,
            significant(search.best, 4),
            100.0 * search.cost_share,
            100.0 * search.cost_share_with_controls,
            escape(&remarks.join("; "))
        );
    }
    html.push_str("</tbody></table></div>\n");
}

fn trials(html: &mut String, results: &Results, search: &SearchResult) {
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
        let of = |value: Option<f64>| {
            value.map_or_else(|| "–".to_owned(), |value| significant(value, 4))
        };
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
            results
                .wall_s
                .get(id)
                .map_or_else(|| "–".to_owned(), |wall| duration(*wall))
        );
    }
    html.push_str("</tbody></table></div>\n");
}

fn estimators(html: &mut String, search: &SearchResult) {
    html.push_str(
        "<div class=\"scroll\"><table>\n<caption>Estimators against the truth, over the settings that ran to their end. Ranks \
         come first: one bad run can drive R² to any value.</caption>\n<thead><tr><th class=\"t\">estimator</th><th>runs</th>\
         <th>Spearman ρ (95 %)</th><th>Kendall τ-b</th><th>R², ln–ln</th><th>R², left one out</th></tr></thead>\n<tbody>\n",
    );
    for quality in &search.estimators {
        let name = escape(&quality.estimator);
        match &quality.calibration {
            Ok(calibration) => {
                let of = |value: Option<f64>| {
                    value.map_or_else(|| "–".to_owned(), |v| format!("{v:.2}"))
                };
                let interval = calibration
                    .spearman
                    .interval
                    .as_ref()
                    .map_or_else(String::new, |interval| {
                        format!(" ({:.2} to {:.2})", interval.lower, interval.upper)
                    });
                let _ = writeln!(
                    html,
                    "<tr><td class=\"t\">{name}</td><td>{}</td><td>{}{interval}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                    calibration.runs,
                    of(calibration.spearman.value),
                    of(calibration.kendall.value),
                    of(calibration.r2_log_log.value),
                    of(calibration
                        .log_log
                        .as_ref()
                        .and_then(|line| line.leave_one_out_r2)),
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

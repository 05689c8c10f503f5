//! The analysis as text.

use std::fmt::Write as _;

use tpe::calibration::{Interval, Line, Prediction, Quantity};

use crate::analysis::Analysis;

pub(crate) fn render(analysis: &Analysis) -> String {
    let mut out = String::new();
    let window = analysis.window;
    let name = analysis.estimator.name();
    let _ = writeln!(
        out,
        "{} runs, {name} over epochs {} to {} of {}",
        analysis.runs.len(),
        window.first,
        window.last,
        analysis.epochs
    );
    if analysis.left_out > 0 {
        let n = analysis.left_out;
        let _ = writeln!(out, "{n} evaluations from before training were left out");
    }
    runs(&mut out, analysis);
    for one in &analysis.diverged {
        let _ = writeln!(out, "diverged: {} at epoch {}", one.run, one.epoch);
    }
    calibration(&mut out, analysis);
    replays(&mut out, analysis);
    if let Some(spent) = &analysis.energy {
        let per_epoch = spent
            .joules_per_epoch
            .map_or(String::new(), |j| format!(", {:.3} kJ an epoch", j / 1e3));
        let _ = writeln!(
            out,
            "\nenergy: {:.3} kJ in {:.0} s{per_epoch} (longest gap between readings {:.1} s)",
            spent.total.joules / 1e3,
            spent.total.seconds,
            spent.total.longest_gap
        );
    }
    out
}

fn runs(out: &mut String, analysis: &Analysis) {
    let width = analysis.runs.iter().map(|r| r.run.chars().count()).max();
    let width = width.unwrap_or(0).max(3);
    let _ = writeln!(
        out,
        "\n rank  {:width$}  {:>11}  {:>11}  predicted final loss",
        "run", "score", "final loss"
    );
    for run in &analysis.runs {
        let score = run
            .score
            .map_or("diverged".to_owned(), |s| format!("{s:.5}"));
        let last = match (run.finished, run.final_loss) {
            (true, Some(loss)) => format!("{loss:.5}"),
            (true, None) => "diverged".to_owned(),
            (false, _) => "-".to_owned(),
        };
        let predicted = run.predicted.map_or("-".to_owned(), |p| prediction(&p));
        let _ = writeln!(
            out,
            "{:5}  {:width$}  {score:>11}  {last:>11}  {predicted}",
            run.rank, run.run
        );
    }
}

fn prediction(p: &Prediction) -> String {
    match (p.lower, p.upper) {
        (Some(lower), Some(upper)) => format!("{:.5}  [{lower:.5}, {upper:.5}]", p.value),
        _ => format!("{:.5}", p.value),
    }
}

fn calibration(out: &mut String, analysis: &Analysis) {
    let Some(fit) = &analysis.calibration else {
        if let Some(why) = &analysis.no_calibration {
            let _ = writeln!(out, "\nno calibration: {why}");
        }
        return;
    };
    let level = 100.0 * fit.level;
    let _ = writeln!(
        out,
        "\nscore against final loss over {} finished runs ({} diverged); {level:.0} % bootstrap intervals",
        fit.runs,
        fit.diverged.len()
    );
    let (best, kept) = fit.recall_counts;
    let recall = format!("recall of the best {best} in the first {kept}");
    for (name, quantity) in [
        ("Spearman rho", &fit.spearman),
        ("Kendall tau-b", &fit.kendall),
        (recall.as_str(), &fit.recall),
        ("R2, log-log line", &fit.r2_log_log),
        ("R2, line", &fit.r2),
    ] {
        let _ = writeln!(out, "  {name:36} {}", number(quantity));
    }
    for (name, line) in [
        ("log-log", fit.log_log.as_ref()),
        ("linear", Some(&fit.linear)),
    ] {
        let Some(Line {
            slope,
            intercept,
            leave_one_out_r2,
            ..
        }) = line
        else {
            continue;
        };
        let left_out = leave_one_out_r2.map_or("undefined".to_owned(), |r2| format!("{r2:.4}"));
        let _ = writeln!(
            out,
            "  {name:8} slope {slope:.5}, intercept {intercept:.5}, leave-one-out R2 {left_out}"
        );
    }
    if fit.runs < 20 {
        let _ = writeln!(
            out,
            "  fewer than 20 runs: the bootstrap intervals are too narrow to be taken at their word"
        );
    }
}

fn number(quantity: &Quantity) -> String {
    let value = quantity
        .value
        .map_or("undefined".to_owned(), |v| format!("{v:.4}"));
    match quantity.interval {
        Some(Interval {
            lower,
            upper,
            undefined: 0,
        }) => {
            format!("{value}  [{lower:.4}, {upper:.4}]")
        }
        Some(Interval {
            lower,
            upper,
            undefined,
        }) => {
            format!("{value}  [{lower:.4}, {upper:.4}], {undefined} resamples undefined")
        }
        None => value,
    }
}

fn replays(out: &mut String, analysis: &Analysis) {
    let Some(first) = analysis.replays.first() else {
        return;
    };
    let width = analysis
        .replays
        .iter()
        .map(|r| r.rule.chars().count())
        .max()
        .unwrap_or(0);
    let _ = writeln!(
        out,
        "\nreplayed searches: {} random pools of {} runs",
        first.searches, analysis.replay_pool
    );
    let _ = writeln!(
        out,
        "  {:width$}  compute  mean regret  90 % below  finds the best",
        "rule"
    );
    for row in &analysis.replays {
        let _ = writeln!(
            out,
            "  {:width$}  {:5.1} %  {:9.2} %  {:8.2} %  {:12.0} %{}",
            row.rule,
            100.0 * row.cost_share,
            100.0 * row.mean_regret,
            100.0 * row.regret_90,
            100.0 * row.hit_rate,
            if row.empty > 0 {
                format!("  ({} searches completed no run)", row.empty)
            } else {
                String::new()
            }
        );
    }
}

/// The sentence that the example ends with.
pub(crate) fn last_line(analysis: &Analysis) -> String {
    match analysis.runs.iter().find(|run| run.score.is_some()) {
        Some(run) => format!("best by score: {}", run.run),
        None => "every run diverged".to_owned(),
    }
}

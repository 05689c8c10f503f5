//! The analysis as figures.

use std::path::Path;

use anyhow::Result;
use scaling_fit::plot::{Axis, Colour, Figure, Legend, Marker, Panel, Stroke};
use tpe::log::RunLog;

use crate::analysis::{Analysis, Ranked};

/// Writes each figure that the data allow, as SVG, PNG and CSV.
pub(crate) fn write(folder: &Path, runs: &[RunLog], analysis: &Analysis) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    Figure::one(learning_curves(runs, analysis)).write(folder, "learning_curves")?;
    if analysis.calibration.is_some() {
        Figure::one(predicted(analysis)).write(folder, "predicted_against_true")?;
    }
    if !analysis.replays.is_empty() {
        let mut figure = Figure::one(cost_against_regret(analysis));
        // The names of the rules stand beside the panel and need as much room again.
        figure.width *= 1.7;
        figure.write(folder, "cost_against_regret")?;
    }
    Ok(())
}

/// Every curve; those that a cut at the end of the window would keep stand out.
fn learning_curves(runs: &[RunLog], analysis: &Analysis) -> Panel {
    let kept = analysis.runs.len().div_ceil(10);
    let title = "Learning curves and the decision";
    let mut panel = Panel::new(title, Axis::log("epoch"), Axis::log("training loss"));
    let (grey, blue) = (Colour::new(165, 165, 165), Colour::series(0));
    let worst_first = analysis.runs.iter().rev();
    let (mut named_kept, mut named_out) = (false, false);
    for run in worst_first {
        let is_kept = run.rank <= kept && run.score.is_some();
        let losses = &runs[run.index].curve.losses;
        let epochs: Vec<f64> = (1..=losses.len()).map(|t| t as f64).collect();
        let named = if is_kept {
            &mut named_kept
        } else {
            &mut named_out
        };
        let name = match (std::mem::replace(named, true), is_kept) {
            (true, _) => "",
            (false, true) => "first tenth by score",
            (false, false) => "others",
        };
        panel = if is_kept {
            panel.line(name, &epochs, losses, blue, Stroke::Solid)
        } else {
            panel.thin_line(name, &epochs, losses, grey)
        };
    }
    let last = analysis.window.last;
    panel.vertical(
        last as f64,
        &format!("T = {last}"),
        Colour::series(1),
        Stroke::Dashed,
    )
}

fn predicted(analysis: &Analysis) -> Panel {
    let both = |run: &Ranked| Some((run.predicted?, run.final_loss?));
    let points: Vec<_> = analysis.runs.iter().filter_map(both).collect();
    let x: Vec<f64> = points.iter().map(|(p, _)| p.value).collect();
    let y: Vec<f64> = points.iter().map(|(_, loss)| *loss).collect();
    let ends = x.iter().chain(&y).copied();
    let low = ends.clone().fold(f64::INFINITY, f64::min);
    let high = ends.fold(f64::NEG_INFINITY, f64::max);
    let rho = analysis
        .calibration
        .as_ref()
        .and_then(|fit| fit.spearman.value);
    let remark = rho.map_or(String::new(), |rho| format!("ρ = {rho:.3}"));
    Panel::new(
        &format!("Final loss predicted from {} epochs", analysis.window.last),
        Axis::log("predicted final loss"),
        Axis::log("true final loss"),
    )
    .line(
        "equal",
        &[low, high],
        &[low, high],
        Colour::series(1),
        Stroke::Dashed,
    )
    .points("runs", &x, &y, Colour::series(0), Marker::Circle)
    .remark(&remark)
}

fn cost_against_regret(analysis: &Analysis) -> Panel {
    let title = format!(
        "{} searches of {} runs",
        analysis.replays[0].searches, analysis.replay_pool
    );
    let markers = [
        Marker::Star,
        Marker::Ring,
        Marker::Circle,
        Marker::Square,
        Marker::OpenSquare,
        Marker::Triangle,
        Marker::Diamond,
        Marker::Cross,
    ];
    let mut panel = Panel::new(
        &title,
        Axis::linear("compute used (% of every run in full)"),
        Axis::linear("mean regret (%)"),
    );
    for (place, row) in analysis.replays.iter().enumerate() {
        panel = panel.points(
            &row.rule,
            &[100.0 * row.cost_share],
            &[100.0 * row.mean_regret],
            Colour::series(place),
            markers[place % markers.len()],
        );
    }
    panel.legend(Legend::Beside)
}

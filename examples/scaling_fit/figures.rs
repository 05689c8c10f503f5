//! The figures of a fit.

use crate::table::Table;
use anyhow::{Context as _, Result};
use scaling_fit::plot::{Figure, figures};
use scaling_fit::{Fit, IsoRun, Law, Minimum, Points, isoflop, window};
use std::path::Path;

/// Writes each figure that the law and the table allow, as SVG, PNG and CSV.
pub(crate) fn write(
    folder: &Path,
    table: &Table,
    found: &Fit,
    points: &Points,
    held: &[usize],
    excluded: &[usize],
) -> Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    let mut drawn: Vec<(&str, Figure)> = Vec::new();
    if found.law.resources().len() == 1 {
        let labels = figures::Labels::new(&["resource"], "loss");
        let held = table.points.select(held);
        drawn.push((
            "law",
            figures::law(found, points, Some(&held), 10.0, &labels)?,
        ));
        drawn.push((
            "residuals",
            figures::residuals(found, &table.points, excluded, &labels)?,
        ));
        if let Ok(window) = window(points) {
            drawn.push((
                "local_exponents",
                figures::local_exponents(&window, &labels)?,
            ));
        }
    } else {
        let labels = figures::Labels::new(&["parameters", "tokens"], "loss");
        let each = table.flops_each();
        drawn.push((
            "loss_by_parameters",
            figures::slices(found, points, 0, &labels)?,
        ));
        drawn.push((
            "loss_by_tokens",
            figures::slices(found, points, 1, &labels)?,
        ));
        drawn.push((
            "residuals",
            figures::residuals(found, &table.points, excluded, &labels)?,
        ));
        if let Some(largest) = found.largest_product
            && !found.warned("collinear_design")
        {
            let smallest = found.range[0].0 * found.range[1].0;
            if let Ok(figure) =
                figures::frontier(found, each * smallest, each * largest * 100.0, each)
            {
                drawn.push(("frontier", figure));
            }
            if let Ok(figure) = figures::contours(found, points, each, &labels) {
                drawn.push(("contours", figure));
            }
        }
        if let Some(flops) = &table.flops {
            let runs: Vec<IsoRun> = (0..table.points.len())
                .filter(|row| !excluded.contains(row))
                .map(|row| IsoRun {
                    compute: flops[row],
                    size: table.points.resources[0][row],
                    loss: table.points.loss[row],
                })
                .collect();
            let iso = isoflop(&runs, Minimum::Parabola)?;
            if !iso.budgets.is_empty() {
                drawn.push((
                    "isoflop",
                    figures::isoflop(&runs, &iso, "parameters", "loss")?,
                ));
            }
        }
    }
    if !found.samples.is_empty() {
        let (first, second) = match found.law {
            Law::Joint => ("A", "alpha"),
            Law::Kaplan => ("Nc", "alpha_N"),
            Law::OverTraining => ("a", "eta"),
            Law::SigmoidLike => ("beta", "c"),
            Law::Broken { .. } => ("b", "c0"),
            _ => ("a", "b"),
        };
        drawn.push(("bootstrap_ridge", figures::ridge(found, first, second)?));
    }
    for (name, figure) in drawn {
        figure.write(folder, name)?;
    }
    Ok(())
}

//! Rolling extrapolation: what the law would have predicted at every earlier stage of the study.

use crate::data::Points;
use crate::error::Result;
use crate::fit::{Fit, fit};
use crate::law::Law;
use crate::options::FitOptions;
use serde::{Deserialize, Serialize};

/// One origin: the law fitted to the smaller runs and judged on the larger ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// Rows fitted.
    pub fitted: usize,
    /// Largest resource (or compute N D) among them.
    pub cut: f64,
    /// Error of each held-out row, smallest first: (resource or N D, ln L̂ - ln L). Negative where the law
    /// promised too low a loss.
    pub errors: Vec<(f64, f64)>,
    /// Root mean square of those errors.
    pub rmse: f64,
    /// Their mean, with its sign.
    pub bias: f64,
    /// Largest held-out resource over the cut.
    pub factor: f64,
    /// The fit to the smaller runs.
    pub fit: Fit,
}

/// Fits a law to ever more rows in the order of the resource, or of N D for laws in two, and judges each fit
/// on the rows that it has not seen. Origins at which the law cannot be fitted are left out.
///
/// # Errors
/// As [`fit`] for all rows together, so that bad rows are named once.
pub fn rolling(
    law: Law,
    points: &Points,
    options: &FitOptions,
    origins: &[usize],
) -> Result<Vec<Origin>> {
    let options = options.clone().estimate_only();
    fit(law, points, &options)?;
    let size = |row: usize| points.resources.iter().map(|c| c[row]).product::<f64>();
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|&a, &b| size(a).total_cmp(&size(b)).then(a.cmp(&b)));
    let mut out = Vec::new();
    for &count in origins {
        if count == 0 || count >= order.len() {
            continue;
        }
        let (kept, held) = order.split_at(count);
        let Ok(found) = fit(law, &points.select(kept), &options) else {
            continue;
        };
        let cut = size(kept[count - 1]);
        let errors: Vec<(f64, f64)> = held
            .iter()
            .map(|&row| {
                let resources: Vec<f64> = points.resources.iter().map(|c| c[row]).collect();
                (
                    size(row),
                    found.loss(&resources).ln() - points.loss[row].ln(),
                )
            })
            .collect();
        let n = errors.len() as f64;
        out.push(Origin {
            fitted: count,
            cut,
            rmse: (errors.iter().map(|(_, e)| e * e).sum::<f64>() / n).sqrt(),
            bias: errors.iter().map(|(_, e)| e).sum::<f64>() / n,
            factor: errors.last().map_or(1.0, |(last, _)| last / cut),
            errors,
            fit: found,
        });
    }
    Ok(out)
}

//! How much the answer depends on choices that a reader might have made otherwise.

use crate::data::Points;
use crate::error::Result;
use crate::fit::fit;
use crate::law::Law;
use crate::objective::Objective;
use crate::options::FitOptions;
use serde::{Deserialize, Serialize};

/// One choice and what it gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// The objective.
    pub objective: Objective,
    /// Rows used.
    pub rows: usize,
    /// Whether the excluded rows were put back.
    pub with_excluded: bool,
    /// Value of the objective.
    pub value: f64,
    /// Parameters in the law's order.
    pub parameters: Vec<f64>,
    /// Allocation exponent beta/(alpha+beta) of the joint law.
    pub allocation: Option<f64>,
}

/// The objectives that the table shows: Huber thresholds from 1e-5 to 1e-1, squares of ln L and of L.
#[must_use]
pub fn usual_objectives() -> Vec<Objective> {
    let mut out: Vec<Objective> = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1]
        .into_iter()
        .map(|delta| Objective::LogHuber { delta })
        .collect();
    out.extend([Objective::LogSquares, Objective::Squares]);
    out
}

/// Fits a law under several objectives, with the excluded rows left out and put back.
///
/// # Errors
/// As [`fit`], for the first choice that cannot be fitted.
pub fn sensitivity(
    law: Law,
    points: &Points,
    excluded: &[usize],
    objectives: &[Objective],
    options: &FitOptions,
) -> Result<Vec<Choice>> {
    let kept: Vec<usize> = (0..points.len())
        .filter(|row| !excluded.contains(row))
        .collect();
    let mut tables = vec![(points.select(&kept), false)];
    if !excluded.is_empty() {
        tables.push((points.clone(), true));
    }
    let mut out = Vec::new();
    for (table, with_excluded) in &tables {
        for &objective in objectives {
            let options = FitOptions {
                objective,
                ..options.clone().estimate_only()
            };
            let found = fit(law, table, &options)?;
            let parameters = found.values();
            out.push(Choice {
                objective,
                rows: table.len(),
                with_excluded: *with_excluded,
                value: found.value,
                allocation: (law == Law::Joint)
                    .then(|| parameters[4] / (parameters[3] + parameters[4])),
                parameters,
            });
        }
    }
    Ok(out)
}

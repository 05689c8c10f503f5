//! Checks of a study's design before its numbers are believed.

use crate::data::Points;
use crate::warning::Warning;
use serde::{Deserialize, Serialize};

/// Largest mismatch of schedule and tokens that leaves a final loss usable: a quarter
/// (Hoffmann et al. 2022, Appendix B; Hägele et al. 2024, arXiv:2405.18392).
const MISMATCH: f64 = 0.25;

/// Flags rows whose learning-rate schedule ended elsewhere than their tokens: such a loss is read off the middle
/// of a decaying run and overstates what the budget buys.
#[must_use]
pub fn schedule_mismatch(tokens: &[f64], schedule: &[f64]) -> Option<Warning> {
    let rows: Vec<usize> = tokens
        .iter()
        .zip(schedule)
        .enumerate()
        .filter(|(_, (tokens, schedule))| {
            let mismatch = (*schedule / *tokens - 1.0).abs();
            mismatch.is_nan() || mismatch > MISMATCH
        })
        .map(|(row, _)| row)
        .collect();
    (!rows.is_empty()).then_some(Warning::ScheduleMismatch { rows })
}

/// How far a set of runs meets the usual rule of at least five sizes over two decades.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// Distinct values of each resource.
    pub sizes: Vec<usize>,
    /// Decades that each resource spans.
    pub decades: Vec<f64>,
    /// Points with more than one run.
    pub replicated: usize,
    /// What falls short, in words.
    pub remarks: Vec<String>,
}

/// Counts sizes, decades and replicates.
#[must_use]
pub fn coverage(points: &Points, names: &[&str]) -> Coverage {
    let mut out = Coverage {
        sizes: Vec::new(),
        decades: Vec::new(),
        replicated: 0,
        remarks: Vec::new(),
    };
    for (column, name) in points.resources.iter().zip(names) {
        let mut values: Vec<f64> = column.iter().copied().filter(|v| *v > 0.0).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        let decades = match (values.first(), values.last()) {
            (Some(low), Some(high)) => (high / low).log10(),
            _ => 0.0,
        };
        if values.len() < 5 {
            out.remarks.push(format!(
                "{} sizes of {name}, better at least 5",
                values.len()
            ));
        }
        if decades < 2.0 {
            out.remarks.push(format!(
                "{name} spans {decades:.1} decades, better at least 2"
            ));
        }
        out.sizes.push(values.len());
        out.decades.push(decades);
    }
    let mut keys: Vec<Vec<u64>> = (0..points.len())
        .map(|row| points.resources.iter().map(|c| c[row].to_bits()).collect())
        .collect();
    keys.sort();
    let total = keys.len();
    let mut start = 0;
    while start < total {
        let end = (start..total)
            .find(|&i| keys[i] != keys[start])
            .unwrap_or(total);
        out.replicated += usize::from(end - start > 1);
        start = end;
    }
    if out.replicated == 0 {
        out.remarks
            .push("no size has two seeds, so the noise floor is unknown".into());
    }
    out
}

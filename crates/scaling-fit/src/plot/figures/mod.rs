//! The figures of a scaling study, each from results of this crate or from plain numbers.
//!
//! Every function returns a [`Figure`](super::Figure), so its data are one [`to_csv`](super::Figure::to_csv) away.

mod allocation;
mod law;
mod ranking;

pub use allocation::{contours, frontier, isoflop, ridge};
pub use law::{Labels, law, local_exponents, residuals, slices};
pub use ranking::{RuleOutcome, cost_against_regret, learning_curves, predicted_against_true};

/// `count` numbers spaced evenly in the logarithm.
fn log_space(low: f64, high: f64, count: usize) -> Vec<f64> {
    let step = (high / low).ln() / (count.max(2) - 1) as f64;
    (0..count)
        .map(|i| (low.ln() + step * i as f64).exp())
        .collect()
}

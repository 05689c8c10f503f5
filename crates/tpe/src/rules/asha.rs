//! The decisions of asynchronous halving.

use super::cut::survivors;

/// Stopping form: whether the run at `own` goes on, given the scores of all runs that have
/// reached the rung, its own among them.
pub(crate) fn goes_on(scores: &[f64], own: usize, eta: usize, noise: f64) -> bool {
    let keep = (scores.len() / eta).max(1);
    survivors(scores, keep, noise).contains(&own)
}

/// Promotion form: which of the runs that have reached a rung deserve the next one. Unlike the
/// stopping form this promotes nobody while fewer than η runs are there.
pub(crate) fn promotable(scores: &[f64], eta: usize, noise: f64) -> Vec<usize> {
    let keep = scores.len() / eta;
    if keep == 0 {
        return Vec::new();
    }
    survivors(scores, keep, noise)
}

//! Percentile intervals by resampling whole runs.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

/// A percentile interval over bootstrap resamples of the runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
    /// Resamples in which the quantity was undefined (for example because all runs were the
    /// same one) and which the interval leaves out.
    pub undefined: usize,
}

/// The places of the runs of each resample, drawn with replacement.
///
/// Each resample has its own random stream, so resample k is the same for any number of them.
pub(super) fn resamples(runs: usize, count: usize, seed: u64) -> impl Iterator<Item = Vec<usize>> {
    (0..count).map(move |k| {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(k as u64);
        (0..runs).map(|_| random.random_range(0..runs)).collect()
    })
}

/// The interval that holds the share `level` of the defined values.
///
/// `None` where fewer than half of the resamples define the quantity: an interval of the rest
/// would describe a different experiment.
pub(super) fn interval(values: &[Option<f64>], level: f64) -> Option<Interval> {
    let mut defined: Vec<f64> = values.iter().flatten().copied().collect();
    if defined.is_empty() || 2 * defined.len() < values.len() {
        return None;
    }
    defined.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of 0 to 1 of the last place is a place"
    )]
    let at = |share: f64| {
        let place = share * (defined.len() - 1) as f64;
        let below = defined[place.floor() as usize];
        let above = defined[place.ceil() as usize];
        below + (place - place.floor()) * (above - below)
    };
    Some(Interval {
        lower: at(0.5 - 0.5 * level),
        upper: at(0.5 + 0.5 * level),
        undefined: values.len() - defined.len(),
    })
}

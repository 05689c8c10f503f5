//! The distribution-learning metrics of `GuacaMol` that need no fitted model.

use serde::{Deserialize, Serialize};

use super::Sample;

/// `GuacaMol`'s shares, all of the number of texts asked for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct GuacamolMetrics {
    /// Texts that are molecules; the empty text is none.
    pub validity: f64,
    /// Distinct molecules, configurations left out.
    pub uniqueness: f64,
    /// Distinct molecules that are not in the training set, configurations left out.
    pub novelty: f64,
}

/// Computes the shares. `GuacaMol` draws from a model until it has enough molecules; here the list is what it is.
#[must_use]
pub fn guacamol(generated: &Sample, train: &Sample) -> GuacamolMetrics {
    let distinct = generated.distinct_flat();
    let novel = distinct.difference(&train.distinct_flat()).count();
    let share = |part: usize| {
        if generated.requested == 0 {
            0.0
        } else {
            part as f64 / generated.requested as f64
        }
    };
    GuacamolMetrics {
        validity: share(generated.molecules.len()),
        uniqueness: share(distinct.len()),
        novelty: share(novel),
    }
}

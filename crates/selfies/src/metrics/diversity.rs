//! Metrics of fingerprints: how alike a set is to itself and to another.

use rayon::prelude::*;

use crate::fingerprint::Fingerprint;

/// `IntDiv_p`: 1 − the mean over molecules of (mean over all molecules, itself included, of Tᵖ)^(1/p), T the Tanimoto
/// similarity. `None` for an empty set.
#[must_use]
pub fn internal_diversity(fingerprints: &[Fingerprint], p: i32) -> Option<f64> {
    if fingerprints.is_empty() {
        return None;
    }
    let count = fingerprints.len() as f64;
    let means: Vec<f64> = fingerprints
        .par_iter()
        .map(|one| {
            let sum: f64 = fingerprints
                .iter()
                .map(|other| one.tanimoto(other).powi(p))
                .sum();
            (sum / count).powf(1.0 / f64::from(p))
        })
        .collect();
    Some(1.0 - means.iter().sum::<f64>() / count)
}

/// SNN: the mean over molecules of the largest Tanimoto similarity to any of the references. `None` when either set is
/// empty.
#[must_use]
pub fn nearest_similarity(fingerprints: &[Fingerprint], references: &[Fingerprint]) -> Option<f64> {
    if fingerprints.is_empty() || references.is_empty() {
        return None;
    }
    let nearest: Vec<f64> = fingerprints
        .par_iter()
        .map(|one| {
            references
                .iter()
                .map(|other| one.tanimoto(other))
                .fold(0.0, f64::max)
        })
        .collect();
    Some(nearest.iter().sum::<f64>() / nearest.len() as f64)
}

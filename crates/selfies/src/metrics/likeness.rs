//! Counts of names and the likeness of two such counts.

use std::collections::HashMap;

/// How often each name occurs.
pub fn counts(names: impl IntoIterator<Item = String>) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for name in names {
        *counts.entry(name).or_insert(0) += 1;
    }
    counts
}

/// The cosine of the angle between two counts taken as vectors; `None` when one of them is empty.
#[must_use]
pub fn cosine<S: std::hash::BuildHasher>(
    first: &HashMap<String, usize, S>,
    second: &HashMap<String, usize, S>,
) -> Option<f64> {
    let norm = |counts: &HashMap<String, usize, S>| {
        counts
            .values()
            .map(|&count| (count as f64).powi(2))
            .sum::<f64>()
            .sqrt()
    };
    let dot: f64 = first
        .iter()
        .filter_map(|(name, &count)| Some(count as f64 * *second.get(name)? as f64))
        .sum();
    let scale = norm(first) * norm(second);
    (scale > 0.0).then(|| dot / scale)
}

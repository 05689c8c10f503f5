//! One number a molecule: its distribution over a set, and the distance of two distributions.

use serde::{Deserialize, Serialize};

/// A distribution in a few numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// The mean.
    pub mean: f64,
    /// The standard deviation of the sample (divided by n).
    pub deviation: f64,
    /// The smallest value.
    pub smallest: f64,
    /// The median.
    pub median: f64,
    /// The largest value.
    pub largest: f64,
}

impl Distribution {
    /// Of these values; `None` when there are none.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let count = sorted.len() as f64;
        let mean = sorted.iter().sum::<f64>() / count;
        let middle = sorted.len() / 2;
        Some(Self {
            mean,
            deviation: (sorted
                .iter()
                .map(|value| (value - mean).powi(2))
                .sum::<f64>()
                / count)
                .sqrt(),
            smallest: *sorted.first()?,
            median: if sorted.len() % 2 == 1 {
                sorted[middle]
            } else {
                f64::midpoint(sorted[middle - 1], sorted[middle])
            },
            largest: *sorted.last()?,
        })
    }
}

/// The Wasserstein-1 distance of two samples: the area between their cumulative distributions, in the values' unit.
/// `None` when either is empty.
#[must_use]
pub fn wasserstein(first: &[f64], second: &[f64]) -> Option<f64> {
    if first.is_empty() || second.is_empty() {
        return None;
    }
    let sorted = |values: &[f64]| {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        values
    };
    let (a, b) = (sorted(first), sorted(second));
    let mut all: Vec<f64> = a.iter().chain(&b).copied().collect();
    all.sort_by(f64::total_cmp);
    let below = |values: &[f64], limit: f64| {
        values.partition_point(|&value| value <= limit) as f64 / values.len() as f64
    };
    Some(
        all.windows(2)
            .map(|pair| (below(&a, pair[0]) - below(&b, pair[0])).abs() * (pair[1] - pair[0]))
            .sum(),
    )
}

#[cfg(test)]
mod tests {
    use super::{Distribution, wasserstein};

    #[test]
    fn a_shift_is_its_own_distance() {
        let shifted = wasserstein(&[1.0, 5.0, 2.0], &[1.5, 2.5, 5.5]).unwrap();
        assert!((shifted - 0.5).abs() < 1e-12);
    }

    #[test]
    fn samples_of_unequal_size_compare_by_their_cumulative_distributions() {
        // From 0 to 1 half the mass moves by one and the other half stays.
        assert!((wasserstein(&[0.0], &[0.0, 1.0]).unwrap() - 0.5).abs() < 1e-12);
        assert_eq!(wasserstein(&[], &[1.0]), None);
    }

    #[test]
    fn an_even_sample_has_its_median_between_two_values() {
        let distribution = Distribution::of(&[4.0, 1.0, 3.0, 2.0]).unwrap();
        assert!(
            (distribution.median - 2.5).abs() < 1e-12 && (distribution.mean - 2.5).abs() < 1e-12
        );
        assert_eq!(Distribution::of(&[]), None);
    }
}

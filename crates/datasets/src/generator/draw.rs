//! Random draws in whole numbers only, so that every platform draws the same.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// A number below `bound`, by the high half of a product (D. Lemire, doi:10.1145/3230636, without the rejection:
/// the bias is below bound / 2³²).
pub(super) fn below(rng: &mut ChaCha8Rng, bound: u32) -> u32 {
    let product = u64::from(rng.next_u32()) * u64::from(bound);
    u32::try_from(product >> 32).expect("the high half of a product of two u32 is a u32")
}

/// Indices drawn by whole-number weights.
#[derive(Clone, Debug)]
pub(super) struct Weighted {
    /// Running sums.
    sums: Vec<u32>,
}

impl Weighted {
    pub(super) fn new(weights: impl IntoIterator<Item = u32>) -> Self {
        let sums = weights
            .into_iter()
            .scan(0, |sum, weight| {
                *sum += weight;
                Some(*sum)
            })
            .collect();
        Self { sums }
    }

    pub(super) fn draw(&self, rng: &mut ChaCha8Rng) -> usize {
        let total = self.sums.last().copied().unwrap_or(0);
        let ticket = below(rng, total);
        self.sums.partition_point(|&sum| sum <= ticket)
    }
}

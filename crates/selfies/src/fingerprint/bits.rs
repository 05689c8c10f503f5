//! A set of bits and the likeness of two.

use serde::{Deserialize, Serialize};

/// A fingerprint of fixed length.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fingerprint {
    words: Vec<u64>,
    bits: usize,
    set: u32,
}

impl Fingerprint {
    /// A fingerprint without any bit set.
    ///
    /// # Panics
    /// If `bits` is zero.
    #[must_use]
    pub fn new(bits: usize) -> Self {
        assert!(bits > 0, "a fingerprint has at least one bit");
        Self {
            words: vec![0; bits.div_ceil(64)],
            bits,
            set: 0,
        }
    }

    /// Sets the bit that this environment falls on: its identifier modulo the length.
    pub fn insert(&mut self, environment: u32) {
        let bit = environment as usize % self.bits;
        let mask = 1 << (bit % 64);
        let word = &mut self.words[bit / 64];
        self.set += u32::from(*word & mask == 0);
        *word |= mask;
    }

    /// The number of bits.
    #[must_use]
    pub fn bits(&self) -> usize {
        self.bits
    }

    /// The number of bits that are set.
    #[must_use]
    pub fn set(&self) -> u32 {
        self.set
    }

    /// Whether a bit is set; bits past the end are not.
    #[must_use]
    pub fn contains(&self, bit: usize) -> bool {
        bit < self.bits && self.words[bit / 64] >> (bit % 64) & 1 == 1
    }

    /// The positions of the set bits, increasing.
    pub fn ones(&self) -> impl Iterator<Item = usize> {
        (0..self.bits).filter(|&bit| self.contains(bit))
    }

    /// Tanimoto similarity: bits in both / bits in either, and 0 for two empty fingerprints.
    ///
    /// # Panics
    /// If the lengths differ.
    #[must_use]
    pub fn tanimoto(&self, other: &Self) -> f64 {
        assert_eq!(
            self.bits, other.bits,
            "fingerprints of different lengths cannot be compared"
        );
        let both: u32 = self
            .words
            .iter()
            .zip(&other.words)
            .map(|(a, b)| (a & b).count_ones())
            .sum();
        let either = self.set + other.set - both;
        if either == 0 {
            0.0
        } else {
            f64::from(both) / f64::from(either)
        }
    }
}

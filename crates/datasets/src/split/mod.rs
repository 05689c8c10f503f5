//! Parting a set into training, validation and test records, and nested subsets of the training records.
//!
//! Every draw comes from a seed through `ChaCha8`, so the same seed gives the same split on every platform.

mod grouped;
mod leaks;
mod manifest;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

pub use grouped::{by_composition, by_group, by_molecule, by_scaffold, by_time_block};
pub use leaks::{LeakReport, molecule_leaks, structure_leaks};
pub use manifest::{Rule, SplitManifest};

/// Shares of the three parts; they add up to one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fractions {
    /// Share of training records.
    pub train: f64,
    /// Share of validation records.
    pub validation: f64,
    /// Share of test records.
    pub test: f64,
}

impl Default for Fractions {
    fn default() -> Self {
        Self {
            train: 0.8,
            validation: 0.1,
            test: 0.1,
        }
    }
}

impl Fractions {
    /// Checks that the shares are non-negative and add up to one to within 10⁻⁶.
    ///
    /// # Errors
    /// [`Error::Fractions`] with the shares.
    pub fn validate(&self) -> Result<()> {
        let parts = [self.train, self.validation, self.test];
        let sum: f64 = parts.iter().sum();
        if parts.iter().all(|f| *f >= 0.0) && (sum - 1.0).abs() < 1e-6 {
            return Ok(());
        }
        Err(Error::Fractions {
            train: self.train,
            validation: self.validation,
            test: self.test,
        })
    }

    /// Sizes of validation and test parts of n records; the rest is for training.
    fn sizes(&self, n: usize) -> (usize, usize) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of n is between 0 and n"
        )]
        let part = |share: f64| ((share * n as f64).round() as usize).min(n);
        let validation = part(self.validation);
        (validation, part(self.test).min(n - validation))
    }
}

/// Indices of the records of each part; every record is in exactly one of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Split {
    /// Training records, in random order for a random split.
    pub train: Vec<usize>,
    /// Validation records.
    pub validation: Vec<usize>,
    /// Test records.
    pub test: Vec<usize>,
}

/// A random split of the records 0 to n − 1.
///
/// # Errors
/// [`Error::Fractions`].
///
/// # Examples
/// ```
/// use datasets::split::{Fractions, nested, random};
///
/// let split = random(1000, &Fractions::default(), 7)?;
/// assert_eq!((split.train.len(), split.validation.len(), split.test.len()), (800, 100, 100));
/// let subsets = nested(&split.train, &[10, 100, 800], 7)?;
/// assert!(subsets[0].iter().all(|k| subsets[1].contains(k)));
/// # Ok::<(), datasets::Error>(())
/// ```
pub fn random(n: usize, fractions: &Fractions, seed: u64) -> Result<Split> {
    fractions.validate()?;
    let mut order: Vec<usize> = (0..n).collect();
    shuffle(&mut order, seed);
    Ok(cut(order, fractions))
}

/// A split in the order of the file: training records first, then validation, then test.
///
/// # Errors
/// [`Error::Fractions`].
pub fn sequential(n: usize, fractions: &Fractions) -> Result<Split> {
    fractions.validate()?;
    let (validation, test) = fractions.sizes(n);
    let train = n - validation - test;
    Ok(Split {
        train: (0..train).collect(),
        validation: (train..train + validation).collect(),
        test: (train + validation..n).collect(),
    })
}

/// Subsets of the training records by size, each inside all larger ones; in the order of `sizes`.
///
/// # Errors
/// [`Error::SubsetTooLarge`] where a size exceeds the number of training records.
pub fn nested(train: &[usize], sizes: &[usize], seed: u64) -> Result<Vec<Vec<usize>>> {
    if let Some(&wanted) = sizes.iter().find(|s| **s > train.len()) {
        return Err(Error::SubsetTooLarge {
            wanted,
            available: train.len(),
        });
    }
    let mut order = train.to_vec();
    shuffle(&mut order, seed);
    Ok(sizes.iter().map(|size| order[..*size].to_vec()).collect())
}

fn cut(mut order: Vec<usize>, fractions: &Fractions) -> Split {
    let (validation, test) = fractions.sizes(order.len());
    let test = order.split_off(order.len() - test);
    let validation = order.split_off(order.len() - validation);
    Split {
        train: order,
        validation,
        test,
    }
}

/// Fisher–Yates with the multiply-high reduction (Lemire, ACM TOMACS 29, 3, 2019,
/// <https://doi.org/10.1145/3230636>), written out so that an update of a library cannot change old splits. The bias
/// of the reduction without rejection is below n/2⁶⁴.
pub(crate) fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    for k in (1..items.len()).rev() {
        let wide = u128::from(random.next_u64()) * (k as u128 + 1);
        let pick = usize::try_from(wide >> 64).expect("the product is below k + 1");
        items.swap(k, pick);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_record_is_in_one_part(n in 0_usize..400, seed: u64, a in 0.0..1.0_f64, b in 0.0..1.0_f64) {
            let (low, high) = (a.min(b), a.max(b));
            let fractions = Fractions { train: low, validation: high - low, test: 1.0 - high };
            for split in [random(n, &fractions, seed).unwrap(), sequential(n, &fractions).unwrap()] {
                let mut all = [split.train, split.validation, split.test].concat();
                all.sort_unstable();
                prop_assert_eq!(all, (0..n).collect::<Vec<_>>());
            }
        }

        #[test]
        fn smaller_subsets_lie_inside_larger_ones(n in 1_usize..300, seed: u64) {
            let train: Vec<usize> = (0..n).map(|k| k * 3).collect();
            let sizes = [n / 100, n / 10, n / 2, n];
            let subsets = nested(&train, &sizes, seed).unwrap();
            for pair in subsets.windows(2) {
                prop_assert!(pair[0].iter().all(|k| pair[1].contains(k)));
            }
            for (subset, size) in subsets.iter().zip(sizes) {
                prop_assert_eq!(subset.len(), size);
            }
        }
    }

    #[test]
    fn a_seed_fixes_the_split_for_ever() {
        // These numbers may never change: studies are resumed and compared across versions by their seeds.
        let split = random(10, &Fractions::default(), 42).unwrap();
        assert_eq!(split, random(10, &Fractions::default(), 42).unwrap());
        assert_ne!(split, random(10, &Fractions::default(), 43).unwrap());
    }

    #[test]
    fn impossible_requests_are_refused() {
        for (train, validation, test) in [(0.5, 0.1, 0.1), (1.2, -0.1, -0.1), (f64::NAN, 0.5, 0.5)]
        {
            let fractions = Fractions {
                train,
                validation,
                test,
            };
            assert!(random(10, &fractions, 0).is_err());
        }
        assert!(nested(&[1, 2, 3], &[4], 0).is_err());
    }
}

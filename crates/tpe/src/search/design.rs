//! Which settings to try.

use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::{Configuration, Space};
use crate::{Error, Result};

/// All pairs of `rates` learning rates and `batches` batch sizes, evenly spaced in the logarithm
/// with both ends included. Batch sizes that round to the same number are tried once.
///
/// # Errors
/// As [`Space::validate`]; also a count of 0.
pub fn grid(space: &Space, rates: usize, batches: usize) -> Result<Vec<Configuration>> {
    space.validate()?;
    check_count(rates.min(batches))?;
    let share = |i: usize, n: usize| {
        if n == 1 {
            0.5
        } else {
            i as f64 / (n - 1) as f64
        }
    };
    let mut all: Vec<Configuration> = Vec::with_capacity(rates * batches);
    for i in 0..rates {
        for j in 0..batches {
            let next = space.at(share(i, rates), share(j, batches));
            if !all.contains(&next) {
                all.push(next);
            }
        }
    }
    Ok(all)
}

/// Independent settings, uniform in the logarithms.
///
/// # Errors
/// As [`Space::validate`]; also a count of 0.
pub fn random(space: &Space, count: usize, seed: u64) -> Result<Vec<Configuration>> {
    space.validate()?;
    check_count(count)?;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    Ok((0..count)
        .map(|_| {
            let rate = random.random::<f64>();
            let batch = random.random::<f64>();
            space.at(rate, batch)
        })
        .collect())
}

/// Settings of a Sobol sequence in the logarithms, shifted digitally by the seed: they fill the
/// box more evenly than random ones, and any number of them can be taken.
///
/// # Errors
/// As [`Space::validate`]; also a count of 0 or above 2³².
///
/// # References
/// Sobol', USSR Comput. Math. Math. Phys. 7, 86 (1967); direction numbers of the second dimension
/// from Joe and Kuo, SIAM J. Sci. Comput. 30, 2635 (2008), doi:10.1137/070709359.
pub fn sobol(space: &Space, count: usize, seed: u64) -> Result<Vec<Configuration>> {
    space.validate()?;
    check_count(count)?;
    if u32::try_from(count).is_err() {
        return Err(Error::Settings(format!(
            "a Sobol sequence has 2^32 points, {count} were asked for"
        )));
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let shift = [random.next_u32(), random.next_u32()];
    Ok((0..count as u64)
        .map(|index| {
            let [rate, batch] = sobol_point(index);
            space.at(unit(rate ^ shift[0]), unit(batch ^ shift[1]))
        })
        .collect())
}

/// The digits of one point in both dimensions.
fn sobol_point(index: u64) -> [u32; 2] {
    // First dimension: the digits of the index in reverse. Second: the primitive polynomial
    // x + 1 with m_1 = 1, whose direction numbers follow v_k = v_(k-1) xor (v_(k-1) >> 1).
    let mut point = [0_u32; 2];
    let mut direction = [1_u32 << 31; 2];
    let mut digits = index;
    while digits != 0 {
        if digits & 1 == 1 {
            point[0] ^= direction[0];
            point[1] ^= direction[1];
        }
        digits >>= 1;
        direction[0] >>= 1;
        direction[1] ^= direction[1] >> 1;
    }
    point
}

fn unit(bits: u32) -> f64 {
    (f64::from(bits) + 0.5) / 4_294_967_296.0
}

fn check_count(count: usize) -> Result<()> {
    if count > 0 {
        return Ok(());
    }
    Err(Error::Settings(
        "at least one setting must be tried, got 0".to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every elementary interval of a dyadic partition holds exactly one of the first 2^m
    /// points: the defining property of a (0, m, 2)-net.
    #[test]
    fn sobol_points_are_a_net() {
        let m = 6_u32;
        for split in 0..=m {
            let mut seen = std::collections::HashSet::new();
            for index in 0..1_u64 << m {
                let [x, y] = sobol_point(index);
                let cell_x = u64::from(x) >> (32 - split);
                let cell_y = u64::from(y) >> (32 - (m - split));
                assert!(
                    seen.insert((cell_x, cell_y)),
                    "split {split}, point {index}"
                );
            }
        }
    }
}

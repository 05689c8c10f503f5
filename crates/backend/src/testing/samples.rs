//! Structures for the checks, made from a seed.

/// Atoms, and a cell if it repeats along all axes.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Atomic numbers.
    pub species: Vec<u8>,
    /// Positions (Å).
    pub positions: Vec<[f64; 3]>,
    /// Cell vectors as rows (Å).
    pub cell: Option<[[f64; 3]; 3]>,
}

/// Uniform numbers in \[0, 1) from Knuth's linear congruence; good enough for places of atoms.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / f64::from(1_u32 << 31)
    }
}

const SPECIES: [u8; 4] = [1, 6, 7, 8];

/// A molecule of hydrogen, carbon, nitrogen and oxygen atoms, none closer than 0.9 Å to another and
/// none farther than 1.6 Å from all others.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number below four"
)]
pub fn molecule(atoms: usize, seed: u64) -> Sample {
    let mut random = Random::new(seed);
    let mut positions: Vec<[f64; 3]> = Vec::with_capacity(atoms);
    while positions.len() < atoms {
        let side = 1.5 * (atoms as f64).cbrt();
        let place: [f64; 3] = std::array::from_fn(|_| side * random.next());
        let nearest = positions
            .iter()
            .map(|other| distance(place, *other))
            .fold(f64::INFINITY, f64::min);
        if positions.is_empty() || (0.9..1.6).contains(&nearest) {
            positions.push(place);
        }
    }
    Sample {
        species: positions
            .iter()
            .map(|_| SPECIES[(4.0 * random.next()) as usize])
            .collect(),
        positions,
        cell: None,
    }
}

/// Several molecules of different sizes.
#[must_use]
pub fn molecules(count: usize, seed: u64) -> Vec<Sample> {
    (0..count)
        .map(|k| molecule(3 + k % 5, seed + 100 * k as u64))
        .collect()
}

/// A molecule in a skewed cell that is smaller than usual cutoffs, so that atoms see several images of
/// each other and of themselves.
#[must_use]
pub fn crystal(seed: u64) -> Sample {
    Sample {
        cell: Some([[3.9, 0.0, 0.0], [0.7, 4.1, 0.0], [-0.5, 0.9, 4.3]]),
        ..molecule(4, seed)
    }
}

pub(super) fn distance(a: [f64; 3], b: [f64; 3]) -> f64 {
    (0..3).map(|k| (a[k] - b[k]).powi(2)).sum::<f64>().sqrt()
}

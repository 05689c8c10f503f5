//! Masses, kinetic energy, and velocities of a temperature.

use atoms::units::{BOLTZMANN, DALTON_ANGSTROM2_PER_FS2};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// The inertia of each atom (eV fs²/Å²): its mass in the units in which a force over it is an
/// acceleration (Å/fs²).
pub(super) fn inertia(species: &[u8]) -> Vec<f64> {
    let mass = |z: &u8| atoms::element::mass(*z).expect("a valid structure has known elements");
    species
        .iter()
        .map(|z| mass(z) * DALTON_ANGSTROM2_PER_FS2)
        .collect()
}

/// The kinetic energy (eV) of atoms with these velocities (Å/fs).
#[must_use]
pub fn kinetic_energy(species: &[u8], velocities: &[[f64; 3]]) -> f64 {
    let each = inertia(species).into_iter().zip(velocities);
    0.5 * each.map(|(m, v)| m * square(*v)).sum::<f64>()
}

fn square(v: [f64; 3]) -> f64 {
    v.iter().map(|x| x * x).sum()
}

/// Velocities (Å/fs) drawn from Maxwell's distribution, without motion of the whole, scaled to have
/// exactly the temperature (K) over the 3N − 3 degrees of freedom that are left. One atom rests.
#[must_use]
pub fn thermal_velocities(species: &[u8], temperature: f64, seed: u64) -> Vec<[f64; 3]> {
    let inertia = inertia(species);
    let mut normal = Normal::new(seed, 0);
    let mut velocities: Vec<[f64; 3]> = inertia
        .iter()
        .map(|m| std::array::from_fn(|_| normal.draw() / m.sqrt()))
        .collect();
    let total: f64 = inertia.iter().sum();
    let drift: [f64; 3] = std::array::from_fn(|k| {
        let momentum: f64 = inertia.iter().zip(&velocities).map(|(m, v)| m * v[k]).sum();
        momentum / total
    });
    for v in &mut velocities {
        for k in 0..3 {
            v[k] -= drift[k];
        }
    }
    let wanted = 0.5 * degrees_of_freedom(species.len()) * BOLTZMANN * temperature;
    let kinetic = kinetic_energy(species, &velocities);
    let factor = if species.len() > 1 && kinetic > 0.0 {
        (wanted / kinetic).sqrt()
    } else {
        0.0
    };
    for v in &mut velocities {
        *v = v.map(|x| factor * x);
    }
    velocities
}

/// Three for each atom, less the motion of the whole.
pub(super) fn degrees_of_freedom(atoms: usize) -> f64 {
    3.0 * (atoms as f64) - 3.0
}

/// Normal numbers by Box and Muller, Ann. Math. Stat. 29, 610 (1958),
/// <https://doi.org/10.1214/aoms/1177706645>.
pub(super) struct Normal {
    random: ChaCha8Rng,
    waiting: Option<f64>,
}

impl Normal {
    /// The stream of a seed that has this number; streams are independent of each other.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(stream);
        Self {
            random,
            waiting: None,
        }
    }

    pub(super) fn draw(&mut self) -> f64 {
        if let Some(second) = self.waiting.take() {
            return second;
        }
        // From (0, 1], for the logarithm.
        let radius = (-2.0 * (1.0 - self.random.random::<f64>()).ln()).sqrt();
        let (sin, cos) = (std::f64::consts::TAU * self.random.random::<f64>()).sin_cos();
        self.waiting = Some(radius * sin);
        radius * cos
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn velocities_have_the_temperature_and_no_momentum() {
        let species = [8, 1, 1, 6, 1, 1, 1, 1];
        let velocities = thermal_velocities(&species, 300.0, 5);
        let kinetic = kinetic_energy(&species, &velocities);
        assert!((kinetic - 0.5 * 21.0 * BOLTZMANN * 300.0).abs() < 1e-12);
        for axis in 0..3 {
            let momentum: f64 = inertia(&species)
                .iter()
                .zip(&velocities)
                .map(|(m, v)| m * v[axis])
                .sum();
            assert!(momentum.abs() < 1e-12);
        }
        assert_ne!(velocities, thermal_velocities(&species, 300.0, 6));
        assert_eq!(thermal_velocities(&[18], 300.0, 5), [[0.0; 3]]);
    }

    #[test]
    fn normal_numbers_have_mean_zero_and_variance_one() {
        let mut normal = Normal::new(3, 9);
        let draws: Vec<f64> = (0..40_000).map(|_| normal.draw()).collect();
        let moment = |p: i32| draws.iter().map(|x| x.powi(p)).sum::<f64>() / draws.len() as f64;
        // Four standard errors of each moment.
        assert!(moment(1).abs() < 0.02, "{}", moment(1));
        assert!((moment(2) - 1.0).abs() < 0.03, "{}", moment(2));
        assert!((moment(4) - 3.0).abs() < 0.2, "{}", moment(4));
    }
}

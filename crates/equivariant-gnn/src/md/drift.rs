//! The trend of a conserved quantity.

use serde::{Deserialize, Serialize};

/// The straight line through energies over time, kept as sums so that it can be written down and
/// continued.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Drift {
    count: u64,
    mean_time: f64,
    mean_energy: f64,
    time_time: f64,
    time_energy: f64,
    energy_energy: f64,
}

impl Drift {
    /// Takes in an energy (eV) at a time (fs); Welford's update, so that a large energy with small
    /// changes loses no digits.
    pub fn add(&mut self, time: f64, energy: f64) {
        self.count += 1;
        let n = self.count as f64;
        let (dt, de) = (time - self.mean_time, energy - self.mean_energy);
        self.mean_time += dt / n;
        self.mean_energy += de / n;
        self.time_time += dt * (time - self.mean_time);
        self.time_energy += dt * (energy - self.mean_energy);
        self.energy_energy += de * (energy - self.mean_energy);
    }

    /// The slope of the line (eV/fs), from two different times on.
    #[must_use]
    pub fn slope(&self) -> Option<f64> {
        (self.time_time > 0.0).then(|| self.time_energy / self.time_time)
    }

    /// The slope in the unit of the literature, meV per atom and picosecond.
    #[must_use]
    pub fn per_atom_and_picosecond(&self, atoms: usize) -> Option<f64> {
        self.slope().map(|slope| 1e6 * slope / atoms as f64)
    }

    /// The standard deviation of the energies about their mean (eV).
    #[must_use]
    pub fn fluctuation(&self) -> f64 {
        (self.energy_energy / self.count.max(1) as f64).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_on_a_large_energy_is_found_to_its_last_digits() {
        let mut drift = Drift::default();
        assert_eq!(drift.slope(), None);
        for k in 0..1000 {
            let time = 0.5 * f64::from(k);
            drift.add(time, -20_000.0 + 3e-9 * time);
        }
        let slope = drift.per_atom_and_picosecond(30).unwrap();
        assert!((slope - 1e-4).abs() < 1e-6, "{slope}");
    }

    #[test]
    fn fluctuation_is_the_standard_deviation() {
        let mut drift = Drift::default();
        for (time, energy) in [(0.0, 1.0), (1.0, 3.0), (2.0, 3.0), (3.0, 1.0)] {
            drift.add(time, energy);
        }
        assert!((drift.fluctuation() - 1.0).abs() < 1e-15);
        assert!(drift.slope().unwrap().abs() < 1e-15);
    }
}

//! The mean of what the members of an ensemble say, and how far they are apart.

use serde::{Deserialize, Serialize};

use super::Evaluation;

/// How far the members of an ensemble are apart: sample standard deviations (n − 1 in the denominator).
///
/// It is a measure of what the training data left open, not an error bar: members that were trained on
/// the same data share its faults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Uncertainty {
    /// Of the total energy (eV).
    pub energy: f64,
    /// Of each force component (eV/Å).
    pub forces: Vec<[f64; 3]>,
    /// Of each stress component (eV/Å³), if there is a stress.
    pub stress: Option<[[f64; 3]; 3]>,
}

impl Uncertainty {
    /// The root of the summed squares of the three components, of the atom where it is largest (eV/Å): the
    /// usual measure of whether a structure is known to the ensemble. Zero without atoms.
    #[must_use]
    pub fn largest_force(&self) -> f64 {
        let squares = self.forces.iter().map(|s| s.iter().map(|x| x * x).sum());
        squares.fold(0.0, f64::max).sqrt()
    }
}

/// Mean and spread of several evaluations of one structure; one evaluation stays as it is.
pub(super) fn combine(mut members: Vec<Evaluation>) -> Evaluation {
    if members.len() == 1 {
        return members.remove(0);
    }
    let energy = statistics(&members, |m| m.energy);
    let atoms = members[0].forces.len();
    let force = |atom: usize, axis: usize| statistics(&members, |m| m.forces[atom][axis]);
    let forces: Vec<[[f64; 2]; 3]> = (0..atoms)
        .map(|atom| std::array::from_fn(|axis| force(atom, axis)))
        .collect();
    let stress: Option<[[[f64; 2]; 3]; 3]> = members[0].stress.is_some().then(|| {
        let entry =
            |a: usize, b: usize| statistics(&members, |m| m.stress.map_or(f64::NAN, |s| s[a][b]));
        std::array::from_fn(|a| std::array::from_fn(|b| entry(a, b)))
    });
    let part = |which: usize| {
        (
            energy[which],
            forces.iter().map(|f| f.map(|x| x[which])).collect(),
            stress.map(|s| s.map(|row| row.map(|x| x[which]))),
        )
    };
    let (mean_energy, mean_forces, mean_stress) = part(0);
    let (energy, forces, stress) = part(1);
    Evaluation {
        energy: mean_energy,
        forces: mean_forces,
        stress: mean_stress,
        atom_energies: (0..atoms)
            .map(|atom| statistics(&members, |m| m.atom_energies[atom])[0])
            .collect(),
        uncertainty: Some(Uncertainty {
            energy,
            forces,
            stress,
        }),
    }
}

/// Mean and sample standard deviation of one number over the members.
fn statistics(members: &[Evaluation], of: impl Fn(&Evaluation) -> f64) -> [f64; 2] {
    let n = members.len() as f64;
    let mean = members.iter().map(&of).sum::<f64>() / n;
    let squares: f64 = members.iter().map(|m| (of(m) - mean).powi(2)).sum();
    [mean, (squares / (n - 1.0)).sqrt()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(energy: f64, force: f64) -> Evaluation {
        Evaluation {
            energy,
            forces: vec![[force, 0.0, -force]],
            stress: Some([[force; 3]; 3]),
            atom_energies: vec![energy],
            uncertainty: None,
        }
    }

    #[test]
    fn mean_and_spread_are_those_of_a_sample() {
        let both = combine(vec![says(-1.0, 0.1), says(-2.0, 0.2), says(-6.0, 0.6)]);
        let spread = both.uncertainty.as_ref().unwrap();
        assert!((both.energy + 3.0).abs() < 1e-15);
        // Squares of 2, 1 and −3 sum to 14.
        assert!((spread.energy - 7.0_f64.sqrt()).abs() < 1e-15);
        assert!((both.forces[0][2] + 0.3).abs() < 1e-15);
        assert!((spread.forces[0][2] - 0.07_f64.sqrt()).abs() < 1e-15);
        assert!((spread.stress.unwrap()[1][2] - 0.07_f64.sqrt()).abs() < 1e-15);
        assert!((spread.largest_force() - 0.14_f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn one_member_has_no_spread() {
        let alone = says(-1.0, 0.1);
        assert_eq!(combine(vec![alone.clone()]), alone);
    }
}

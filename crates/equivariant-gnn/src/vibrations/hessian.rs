//! The matrix of second derivatives of a structure, and its normal modes.

use atoms::{Structure, units::DALTON_ANGSTROM2_PER_FS2};

use super::{EV_PER_WAVENUMBER, eigen, wavenumber};
use crate::{
    error::{Error, Result},
    potential::ForceField,
};

/// ∂²E/∂x∂y over the positions of all atoms (eV/Å²).
#[derive(Debug, Clone)]
pub struct Hessian {
    inertia: Vec<f64>,
    /// Row by row, 3N by 3N, symmetric.
    values: Vec<f64>,
    asymmetry: f64,
}

/// A normal mode.
#[derive(Debug, Clone, PartialEq)]
pub struct Mode {
    /// Wavenumber (cm⁻¹), negative if imaginary.
    pub wavenumber: f64,
    /// How far each atom moves, scaled so that the squares sum to one.
    pub displacements: Vec<[f64; 3]>,
}

impl Hessian {
    /// Central differences of the forces: two evaluations for each coordinate.
    ///
    /// # Errors
    /// A displacement (Å) that is not positive, or a structure that cannot be evaluated.
    pub fn of(
        field: &mut dyn ForceField,
        structure: &Structure,
        displacement: f64,
    ) -> Result<Self> {
        let atoms = structure.len();
        let rows = derivatives(field, structure, atoms, displacement)?;
        let n = 3 * atoms;
        let mut values = vec![0.0; n * n];
        let (mut difference, mut size) = (0.0, 0.0);
        for p in 0..n {
            for q in 0..n {
                values[p * n + q] = 0.5 * (rows[p][q] + rows[q][p]);
                difference += (rows[p][q] - rows[q][p]).powi(2);
                size += rows[p][q].powi(2);
            }
        }
        Ok(Self {
            inertia: inertia(&structure.species),
            values,
            asymmetry: if size > 0.0 {
                (difference / size).sqrt()
            } else {
                0.0
            },
        })
    }

    /// How far the differences were from being symmetric, before they were made so: the norm of the
    /// difference of the two triangles over the norm of the matrix. It measures rounding and truncation,
    /// and unmasks forces that are no derivatives.
    #[must_use]
    pub fn asymmetry(&self) -> f64 {
        self.asymmetry
    }

    /// The entry of two coordinates, 3 · atom + axis each (eV/Å²).
    #[must_use]
    pub fn entry(&self, p: usize, q: usize) -> f64 {
        self.values[p * 3 * self.inertia.len() + q]
    }

    /// Makes a shift of all atoms cost nothing, which rounding and truncation have kept from being
    /// exact, by giving each atom's own entries the rest of its row.
    pub fn impose_sum_rule(&mut self) {
        let n = 3 * self.inertia.len();
        for p in 0..n {
            for axis in 0..3 {
                let own = 3 * (p / 3) + axis;
                let rest: f64 = (axis..n)
                    .step_by(3)
                    .filter(|q| *q != own)
                    .map(|q| self.values[p * n + q])
                    .sum();
                self.values[p * n + own] = -rest;
            }
        }
        for p in 0..n {
            for q in 0..p {
                let mean = 0.5 * (self.values[p * n + q] + self.values[q * n + p]);
                self.values[p * n + q] = mean;
                self.values[q * n + p] = mean;
            }
        }
    }

    /// The normal modes, from the lowest: among them the three translations and, of a molecule at a
    /// minimum, its rotations, near zero.
    #[must_use]
    pub fn modes(&self) -> Vec<Mode> {
        let n = 3 * self.inertia.len();
        let root: Vec<f64> = (0..n).map(|p| self.inertia[p / 3].sqrt()).collect();
        let mut weighted = self.values.clone();
        for p in 0..n {
            for q in 0..n {
                weighted[p * n + q] /= root[p] * root[q];
            }
        }
        let (values, vectors) = eigen::symmetric(weighted, n);
        let mode = |(value, vector): (f64, Vec<f64>)| {
            let moves: Vec<f64> = vector.iter().zip(&root).map(|(x, r)| x / r).collect();
            let length = moves.iter().map(|x| x * x).sum::<f64>().sqrt();
            Mode {
                wavenumber: wavenumber(value),
                displacements: moves
                    .chunks(3)
                    .map(|v| std::array::from_fn(|k| v[k] / length))
                    .collect(),
            }
        };
        values.into_iter().zip(vectors).map(mode).collect()
    }
}

/// Half a quantum of each mode with a wavenumber above `least` (cm⁻¹), which tells vibrations from
/// translations and rotations (eV).
#[must_use]
pub fn zero_point_energy(modes: &[Mode], least: f64) -> f64 {
    let numbers = modes.iter().map(|mode| mode.wavenumber);
    0.5 * EV_PER_WAVENUMBER * numbers.filter(|w| *w > least).sum::<f64>()
}

/// The inertia of each atom (eV fs²/Å²).
pub(super) fn inertia(species: &[u8]) -> Vec<f64> {
    let mass =
        |z: &u8| atoms::element::mass(*z).expect("an evaluated structure has known elements");
    species
        .iter()
        .map(|z| mass(z) * DALTON_ANGSTROM2_PER_FS2)
        .collect()
}

/// −∂F/∂x for the coordinates of the first atoms, one row of 3N numbers each.
pub(super) fn derivatives(
    field: &mut dyn ForceField,
    structure: &Structure,
    first: usize,
    displacement: f64,
) -> Result<Vec<Vec<f64>>> {
    if !(displacement > 0.0 && displacement.is_finite()) {
        return Err(Error::Setting {
            field: "displacement",
            value: displacement.to_string(),
            expected: "a positive number",
        });
    }
    structure.validate().map_err(|source| Error::Structure {
        index: 0,
        formula: structure.formula(),
        source,
    })?;
    let mut moved = structure.clone();
    let mut rows = Vec::with_capacity(3 * first);
    for atom in 0..first {
        for axis in 0..3 {
            let mut forces = |sign: f64| -> Result<Vec<f64>> {
                moved.positions[atom][axis] = structure.positions[atom][axis] + sign * displacement;
                Ok(field.evaluate(&moved)?.forces.into_flattened())
            };
            let (ahead, behind) = (forces(1.0)?, forces(-1.0)?);
            moved.positions[atom][axis] = structure.positions[atom][axis];
            let pairs = ahead.iter().zip(&behind);
            rows.push(pairs.map(|(a, b)| (b - a) / (2.0 * displacement)).collect());
        }
    }
    Ok(rows)
}

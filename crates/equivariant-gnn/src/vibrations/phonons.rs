//! Vibrations of crystals: force constants from a supercell, frequencies at any wave vector.

use atoms::Structure;

use super::{
    eigen,
    hessian::{derivatives, inertia},
    wavenumber,
};
use crate::{
    error::{Error, Result},
    potential::ForceField,
};

/// How much two images may differ in distance and count as equally near (Å).
const EQUALLY_NEAR: f64 = 1e-4;

/// ∂²E over the coordinates of an atom in the home cell and one anywhere (eV/Å²).
#[derive(Debug, Clone)]
pub struct ForceConstants {
    cell: [[f64; 3]; 3],
    inertia: Vec<f64>,
    terms: Vec<Term>,
}

/// The 3 × 3 block of two atoms at a lattice vector.
#[derive(Debug, Clone)]
struct Term {
    home: usize,
    other: usize,
    /// Cells from the home atom's to the other's.
    lattice: [f64; 3],
    block: [[f64; 3]; 3],
}

/// The cell repeated along its vectors; the atoms of the first copy come first, then those of the others, the
/// third vector running fastest.
///
/// # Errors
/// A structure that does not repeat along all axes, or a count of zero.
pub fn supercell(structure: &Structure, counts: [usize; 3]) -> Result<Structure> {
    let invalid = |source| Error::Structure {
        index: 0,
        formula: structure.formula(),
        source,
    };
    structure.validate().map_err(invalid)?;
    let cell = match structure.cell {
        Some(cell) if structure.periodic == [true; 3] => cell,
        _ => {
            return Err(Error::Setting {
                field: "periodic",
                value: format!("{:?}", structure.periodic),
                expected: "a cell that repeats along all axes",
            });
        }
    };
    if counts.contains(&0) {
        return Err(Error::Setting {
            field: "supercell",
            value: format!("{counts:?}"),
            expected: "at least 1 along each axis",
        });
    }
    let mut species = Vec::new();
    let mut positions = Vec::new();
    for lattice in lattice_points(counts) {
        let shift = cartesian(&cell, lattice);
        species.extend_from_slice(&structure.species);
        let moved = |r: &[f64; 3]| std::array::from_fn(|k| r[k] + shift[k]);
        positions.extend(structure.positions.iter().map(moved));
    }
    let cell = std::array::from_fn(|v| cell[v].map(|x| x * counts[v] as f64));
    Structure {
        charge: structure.charge,
        spin: structure.spin,
        ..Structure::new(species, positions).map_err(invalid)?
    }
    .with_cell(cell, [true; 3])
    .map_err(invalid)
}

fn lattice_points(counts: [usize; 3]) -> impl Iterator<Item = [f64; 3]> {
    let [a, b, c] = counts;
    (0..a * b * c).map(move |k| [k / (b * c), k / c % b, k % c].map(|x| x as f64))
}

fn cartesian(cell: &[[f64; 3]; 3], lattice: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|k| (0..3).map(|v| lattice[v] * cell[v][k]).sum())
}

impl ForceConstants {
    /// Displaces each atom of the home cell in a supercell of these counts, which should be larger than
    /// twice the range of the forces; 6 evaluations for each atom.
    ///
    /// A pair of atoms is given to its nearest image, or shared between those that are equally near, and
    /// each atom's own block is set so that a shift of the crystal costs nothing.
    ///
    /// # Errors
    /// The errors of [`supercell`], a displacement (Å) that is not positive, or a structure that cannot be
    /// evaluated.
    pub fn of(
        field: &mut dyn ForceField,
        structure: &Structure,
        counts: [usize; 3],
        displacement: f64,
    ) -> Result<Self> {
        let large = supercell(structure, counts)?;
        let cell = structure.cell.expect("a supercell was made of it");
        let atoms = structure.len();
        let rows = derivatives(field, &large, atoms, displacement)?;
        let size = counts.map(|n| n as f64);
        let mut terms = Vec::new();
        for home in 0..atoms {
            let mut own = [[0.0; 3]; 3];
            for (copy, point) in lattice_points(counts).enumerate() {
                for other in 0..atoms {
                    let at = copy * atoms + other;
                    if at == home {
                        continue;
                    }
                    let block: [[f64; 3]; 3] = std::array::from_fn(|a| {
                        std::array::from_fn(|b| rows[3 * home + a][3 * at + b])
                    });
                    for a in 0..3 {
                        for b in 0..3 {
                            own[a][b] -= block[a][b];
                        }
                    }
                    let images = nearest(&cell, structure, home, other, point, size);
                    let share = 1.0 / images.len() as f64;
                    terms.extend(images.into_iter().map(|lattice| Term {
                        home,
                        other,
                        lattice,
                        block: block.map(|row| row.map(|x| share * x)),
                    }));
                }
            }
            terms.push(Term {
                home,
                other: home,
                lattice: [0.0; 3],
                block: own,
            });
        }
        Ok(Self {
            cell,
            inertia: inertia(&structure.species),
            terms,
        })
    }

    /// The wavenumbers (cm⁻¹) of the 3N branches at a wave vector in units of the reciprocal cell vectors, from the
    /// lowest; negative if imaginary.
    #[must_use]
    pub fn frequencies(&self, q: [f64; 3]) -> Vec<f64> {
        let n = 3 * self.inertia.len();
        // A Hermitian matrix A + iB has the eigenvalues of the symmetric [[A, −B], [B, A]], each twice.
        let size = 2 * n;
        let mut large = vec![0.0; size * size];
        for term in &self.terms {
            let phase: f64 = (0..3).map(|v| q[v] * term.lattice[v]).sum();
            let (sin, cos) = (std::f64::consts::TAU * phase).sin_cos();
            let root = (self.inertia[term.home] * self.inertia[term.other]).sqrt();
            for a in 0..3 {
                for b in 0..3 {
                    let value = term.block[a][b] / root;
                    let (row, column) = (3 * term.home + a, 3 * term.other + b);
                    // Half to the entry and half to its mirror makes the matrix Hermitian.
                    for (r, c, s) in [(row, column, 0.5 * sin), (column, row, -0.5 * sin)] {
                        large[r * size + c] += 0.5 * cos * value;
                        large[(n + r) * size + n + c] += 0.5 * cos * value;
                        large[(n + r) * size + c] += s * value;
                        large[r * size + n + c] -= s * value;
                    }
                }
            }
        }
        let (values, _) = eigen::symmetric(large, size);
        values.into_iter().step_by(2).map(wavenumber).collect()
    }

    /// The length of a wave vector in units of the reciprocal cell vectors (1/Å, without the factor 2π): the axis of
    /// a dispersion curve.
    #[must_use]
    pub fn length(&self, q: [f64; 3]) -> f64 {
        let inverse = atoms::inverse(&self.cell);
        let cartesian: [f64; 3] =
            std::array::from_fn(|k| (0..3).map(|v| inverse[k][v] * q[v]).sum());
        cartesian.iter().map(|x| x * x).sum::<f64>().sqrt()
    }
}

/// The lattice vectors, equal but for vectors of the supercell, at which the other atom is nearest.
fn nearest(
    cell: &[[f64; 3]; 3],
    structure: &Structure,
    home: usize,
    other: usize,
    point: [f64; 3],
    size: [f64; 3],
) -> Vec<[f64; 3]> {
    let mut best = f64::INFINITY;
    let mut images: Vec<([f64; 3], f64)> = Vec::new();
    for k in 0..27_i32 {
        let around = [k / 9 - 1, k / 3 % 3 - 1, k % 3 - 1].map(f64::from);
        let lattice: [f64; 3] = std::array::from_fn(|v| point[v] + around[v] * size[v]);
        let shift = cartesian(cell, lattice);
        let distance = (0..3)
            .map(|x| {
                let r = structure.positions[other][x] - structure.positions[home][x];
                (r + shift[x]).powi(2)
            })
            .sum::<f64>()
            .sqrt();
        best = best.min(distance);
        images.push((lattice, distance));
    }
    images.retain(|(_, distance)| *distance < best + EQUALLY_NEAR);
    images.into_iter().map(|(lattice, _)| lattice).collect()
}

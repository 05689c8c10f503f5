//! An atomistic structure with its labels.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::geometry::{cell_heights, cell_volume};
use crate::neighbours::{self, neighbour_list};

/// Atoms, the cell they live in, and what a calculation says about them.
///
/// The fields are public because any combination that [`Structure::validate`] accepts is meaningful; readers call it
/// on every structure they return. N is the number of atoms.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Structure {
    /// Atomic numbers, `[N]`, 1 to 118.
    pub species: Vec<u8>,
    /// Positions, `[N]` × xyz (Å). They may lie outside the cell.
    pub positions: Vec<[f64; 3]>,
    /// Cell vectors as rows (Å). A cell may be present although no axis is periodic.
    #[serde(default)]
    pub cell: Option<[[f64; 3]; 3]>,
    /// Which of the three cell vectors repeat.
    #[serde(default)]
    pub periodic: [bool; 3],
    /// Total charge (e).
    #[serde(default)]
    pub charge: i32,
    /// Number of unpaired electrons (multiplicity less one).
    #[serde(default)]
    pub spin: u32,
    /// Total energy (eV).
    #[serde(default)]
    pub energy: Option<f64>,
    /// Forces, `[N]` × xyz (eV/Å): minus the gradient of the energy.
    #[serde(default)]
    pub forces: Option<Vec<[f64; 3]>>,
    /// Stress (eV/Å³), symmetric, positive when the cell is under tension: the strain derivative of the energy
    /// over the volume.
    #[serde(default)]
    pub stress: Option<[[f64; 3]; 3]>,
    /// What the structure belongs to: a molecule, a trajectory, a configuration type. Splits keep groups together.
    #[serde(default)]
    pub group: Option<String>,
}

/// Cells flatter than this are refused as degenerate (Å).
pub(crate) const LEAST_HEIGHT: f64 = 1e-3;
/// Coordinates and cell vectors beyond this are refused (Å). A tenth of a millimetre is far beyond any structure, and
/// up to here doubles still tell distances to about 1e-10 Å, which the neighbour list relies on.
const MOST_COORDINATE: f64 = 1e6;

impl Structure {
    /// A molecule: atoms without a cell.
    ///
    /// # Errors
    /// The errors of [`Structure::validate`].
    pub fn new(species: Vec<u8>, positions: Vec<[f64; 3]>) -> Result<Self> {
        let structure = Self {
            species,
            positions,
            ..Self::default()
        };
        structure.validate()?;
        Ok(structure)
    }

    /// The same atoms in a cell that repeats along the axes where `periodic` is true.
    ///
    /// # Errors
    /// The errors of [`Structure::validate`].
    pub fn with_cell(mut self, cell: [[f64; 3]; 3], periodic: [bool; 3]) -> Result<Self> {
        self.cell = Some(cell);
        self.periodic = periodic;
        self.validate()?;
        Ok(self)
    }

    /// Number of atoms N.
    #[must_use]
    pub fn len(&self) -> usize {
        self.species.len()
    }

    /// True when there is no atom.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.species.is_empty()
    }

    /// True when at least one axis repeats.
    #[must_use]
    pub fn is_periodic(&self) -> bool {
        self.periodic.contains(&true)
    }

    /// Volume of the cell (Å³), if all three axes repeat.
    #[must_use]
    pub fn volume(&self) -> Option<f64> {
        let cell = self.cell.as_ref()?;
        (self.periodic == [true; 3]).then(|| cell_volume(cell))
    }

    /// Chemical formula in Hill order: carbon, hydrogen, then the rest by symbol.
    #[must_use]
    pub fn formula(&self) -> String {
        crate::element::hill_formula(&self.species)
    }

    /// Checks everything that a model relies on: equal lengths, known elements, finite numbers, coordinates and periodic
    /// cell vectors within 10⁶ Å, a cell that spans the periodic axes. It does not look at distances; see
    /// [`Structure::check_distances`].
    ///
    /// # Errors
    /// The first thing that is wrong, by atom and field.
    pub fn validate(&self) -> Result<()> {
        let atoms = self.species.len();
        if atoms == 0 {
            return Err(Error::NoAtoms);
        }
        if let Some((atom, &number)) = self
            .species
            .iter()
            .enumerate()
            .find(|(_, z)| !(1..=118).contains(*z))
        {
            return Err(Error::AtomicNumber { atom, number });
        }
        check_vectors("positions", &self.positions, atoms)?;
        for (atom, position) in self.positions.iter().enumerate() {
            if let Some(&value) = position.iter().find(|x| x.abs() > MOST_COORDINATE) {
                return Err(Error::TooFar {
                    atom,
                    value,
                    most: MOST_COORDINATE,
                });
            }
        }
        if let Some(forces) = &self.forces {
            check_vectors("forces", forces, atoms)?;
        }
        if let Some(value) = self.energy.filter(|e| !e.is_finite()) {
            return Err(Error::NotFinite {
                field: "energy",
                value,
            });
        }
        if let Some(stress) = &self.stress {
            check_matrix("stress", stress)?;
        }
        if let Some(cell) = &self.cell {
            check_matrix("cell", cell)?;
        }
        self.check_cell()
    }

    /// Refuses a structure in which two atoms, or an atom and a periodic image, are closer than `least` (Å).
    ///
    /// # Errors
    /// [`Error::TooClose`] with the first such pair, or the errors of the neighbour list.
    pub fn check_distances(&self, least: f64) -> Result<()> {
        let list = neighbour_list(self, least)?;
        let Some(first) = list.centre.first() else {
            return Ok(());
        };
        let distance = list.vectors(self)[0];
        Err(Error::TooClose {
            first: *first as usize,
            second: list.neighbour[0] as usize,
            distance: crate::geometry::norm(distance),
            least,
        })
    }

    fn check_cell(&self) -> Result<()> {
        let Some(axis) = self.periodic.iter().position(|p| *p) else {
            return Ok(());
        };
        let Some(cell) = &self.cell else {
            return Err(Error::PeriodicWithoutCell { axis });
        };
        for axis in (0..3).filter(|axis| self.periodic[*axis]) {
            if let Some(&value) = cell[axis].iter().find(|x| x.abs() > MOST_COORDINATE) {
                return Err(Error::CellTooLarge {
                    axis,
                    value,
                    most: MOST_COORDINATE,
                });
            }
        }
        let mut heights = cell_heights(&neighbours::completed_cell(cell, self.periodic));
        for (height, periodic) in heights.iter_mut().zip(self.periodic) {
            if !periodic {
                *height = f64::INFINITY;
            }
        }
        // A NaN height (two parallel vectors) must be refused too, hence the negated comparison.
        if heights.iter().all(|h| *h >= LEAST_HEIGHT) {
            Ok(())
        } else {
            Err(Error::DegenerateCell {
                heights,
                least: LEAST_HEIGHT,
            })
        }
    }
}

fn check_vectors(field: &'static str, vectors: &[[f64; 3]], expected: usize) -> Result<()> {
    if vectors.len() != expected {
        return Err(Error::Length {
            field,
            expected,
            found: vectors.len(),
        });
    }
    for (atom, vector) in vectors.iter().enumerate() {
        if let Some(&value) = vector.iter().find(|x| !x.is_finite()) {
            return Err(Error::NotFiniteAtom { field, atom, value });
        }
    }
    Ok(())
}

fn check_matrix(field: &'static str, matrix: &[[f64; 3]; 3]) -> Result<()> {
    match matrix.as_flattened().iter().find(|x| !x.is_finite()) {
        Some(&value) => Err(Error::NotFinite { field, value }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn water() -> Structure {
        Structure::new(
            vec![8, 1, 1],
            vec![
                [0.0, 0.0, 0.119],
                [0.0, 0.763, -0.477],
                [0.0, -0.763, -0.477],
            ],
        )
        .unwrap()
    }

    #[test]
    fn each_fault_is_named() {
        let good = water();
        assert_eq!(good.formula(), "H2O");
        let faults: Vec<(Structure, &str)> = vec![
            (Structure::default(), "no atoms"),
            (
                Structure {
                    positions: vec![],
                    ..good.clone()
                },
                "positions has 0 entries",
            ),
            (
                Structure {
                    species: vec![8, 0, 1],
                    ..good.clone()
                },
                "atom 1 has atomic number 0",
            ),
            (
                Structure {
                    energy: Some(f64::NAN),
                    ..good.clone()
                },
                "energy is NaN",
            ),
            (
                Structure {
                    forces: Some(vec![[0.0; 3]; 2]),
                    ..good.clone()
                },
                "forces has 2 entries",
            ),
            (
                Structure {
                    forces: Some(vec![[0.0; 3], [0.0, f64::INFINITY, 0.0], [0.0; 3]]),
                    ..good.clone()
                },
                "forces of atom 1 is inf",
            ),
            (
                Structure {
                    periodic: [false, true, false],
                    ..good.clone()
                },
                "axis 1 is periodic",
            ),
            (
                Structure {
                    periodic: [true; 3],
                    cell: Some([[1.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 3.0]]),
                    ..good.clone()
                },
                "degenerate",
            ),
            (
                Structure {
                    cell: Some([[f64::NAN; 3]; 3]),
                    ..good.clone()
                },
                "cell is NaN",
            ),
            (
                Structure {
                    positions: vec![[0.0; 3], [0.0, -1e308, 0.0], [0.0; 3]],
                    ..good.clone()
                },
                "positions of atom 1 is -1e308 Å, expected at most 1e6 Å",
            ),
            (
                Structure {
                    periodic: [true; 3],
                    cell: Some([[4.0, 0.0, 0.0], [0.0, 4.0, 1e300], [0.0, 0.0, 4.0]]),
                    ..good.clone()
                },
                "cell vector 1 has the entry 1e300 Å, expected at most 1e6 Å",
            ),
        ];
        for (structure, message) in faults {
            let error = structure.validate().unwrap_err().to_string();
            assert!(error.contains(message), "{error} does not say {message}");
        }
    }

    #[test]
    fn a_flat_cell_is_fine_where_it_does_not_repeat() {
        let slab = water().with_cell(
            [[4.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 0.0]],
            [true, true, false],
        );
        assert!(slab.is_ok());
    }

    #[test]
    fn atoms_on_top_of_each_other_are_found() {
        let mut pair = water();
        assert!(pair.check_distances(0.3).is_ok());
        pair.positions[2] = pair.positions[1];
        let error = pair.check_distances(0.3).unwrap_err();
        assert!(
            matches!(
                error,
                Error::TooClose {
                    first: 1,
                    second: 2,
                    ..
                }
            ),
            "{error}"
        );
    }
}

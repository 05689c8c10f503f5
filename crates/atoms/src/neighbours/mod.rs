//! Neighbour lists: all pairs of atoms closer than a cutoff, periodic images included.
//!
//! Letters: N atoms, E pairs (edges of the graph that a model sees).

mod bins;
mod found;
mod search;
#[cfg(test)]
mod tests;
mod verlet;

pub use verlet::VerletList;

use crate::error::{Error, Result};
use crate::geometry::{cross, norm, scale};
use crate::structure::Structure;

/// Every directed pair of atoms that are closer than a cutoff.
///
/// Pair e points from atom `centre[e]` to the image of atom `neighbour[e]` that lies `shift[e]` cells away:
/// r = R\[neighbour\] + shift · cell − R\[centre\]. Both directions of a pair are listed, an atom is never its own
/// neighbour but may be the neighbour of its images, and pairs are sorted by centre, then neighbour, then shift,
/// so the same structure gives the same list on every machine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NeighbourList {
    /// Index of the atom that a pair starts at, `[E]`.
    pub centre: Vec<u32>,
    /// Index of the atom that a pair ends at, `[E]`.
    pub neighbour: Vec<u32>,
    /// Whole cells between the stored position of the neighbour and the image that is meant, `[E]`.
    pub shift: Vec<[i32; 3]>,
}

impl NeighbourList {
    /// Number of directed pairs E.
    #[must_use]
    pub fn len(&self) -> usize {
        self.centre.len()
    }

    /// True when no two atoms are within the cutoff.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.centre.is_empty()
    }

    /// The vectors from centre to neighbour image, `[E]` × xyz (Å).
    ///
    /// # Panics
    /// If the list belongs to a structure with more atoms.
    #[must_use]
    pub fn vectors(&self, structure: &Structure) -> Vec<[f64; 3]> {
        let cell = structure.cell.unwrap_or_default();
        (0..self.len())
            .map(|e| {
                displacement(
                    &structure.positions,
                    &cell,
                    self.centre[e],
                    self.neighbour[e],
                    self.shift[e],
                )
            })
            .collect()
    }

    /// Where the pairs of each centre begin: pairs of atom i are `starts[i]..starts[i + 1]`, `[N + 1]`.
    ///
    /// # Panics
    /// If the list has a centre that is not below `atoms`.
    #[must_use]
    pub fn starts(&self, atoms: usize) -> Vec<usize> {
        let mut starts = vec![0; atoms + 1];
        for &i in &self.centre {
            starts[i as usize + 1] += 1;
        }
        for k in 0..atoms {
            starts[k + 1] += starts[k];
        }
        starts
    }
}

/// The full directed neighbour list of a structure; `cutoff` (Å), pairs at exactly the cutoff are left out.
///
/// The cost grows linearly with the number of atoms. Cells smaller than the cutoff, skewed cells, positions outside
/// the cell and periodicity along any subset of the axes are all handled.
///
/// # Errors
/// [`Error::Cutoff`] for a cutoff that is not positive and finite, [`Error::TooManyImages`] where the cutoff is
/// absurd for the cell, and the errors of [`Structure::validate`].
///
/// # Examples
/// ```
/// use atoms::{Structure, neighbour_list};
///
/// // A chain of hydrogen atoms, 1 Å apart: each sees two neighbours on each side within 2.5 Å.
/// let chain = Structure::new(vec![1], vec![[0.0; 3]])?
///     .with_cell([[1.0, 0.0, 0.0], [0.0, 9.0, 0.0], [0.0, 0.0, 9.0]], [true, false, false])?;
/// let list = neighbour_list(&chain, 2.5)?;
/// assert_eq!(list.shift, [[-2, 0, 0], [-1, 0, 0], [1, 0, 0], [2, 0, 0]]);
/// # Ok::<(), atoms::Error>(())
/// ```
pub fn neighbour_list(structure: &Structure, cutoff: f64) -> Result<NeighbourList> {
    if !(cutoff > 0.0 && cutoff.is_finite()) {
        return Err(Error::Cutoff { cutoff });
    }
    structure.validate()?;
    search::build(structure, cutoff)
}

/// `r = R_j + S · cell − R_i`, the definition that everything else must agree with.
pub(crate) fn displacement(
    positions: &[[f64; 3]],
    cell: &[[f64; 3]; 3],
    i: u32,
    j: u32,
    shift: [i32; 3],
) -> [f64; 3] {
    let (a, b) = (positions[i as usize], positions[j as usize]);
    let s = shift.map(f64::from);
    std::array::from_fn(|k| {
        b[k] + (s[0] * cell[0][k] + s[1] * cell[1][k] + s[2] * cell[2][k]) - a[k]
    })
}

/// The cell with the vectors of the axes that do not repeat replaced by unit vectors perpendicular to those that do,
/// so that it can be inverted whatever the file says about the unused axes.
pub(crate) fn completed_cell(cell: &[[f64; 3]; 3], periodic: [bool; 3]) -> [[f64; 3]; 3] {
    let mut out = *cell;
    match periodic {
        [true, true, true] => {}
        [false, false, false] => out = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        _ => {
            let repeating: Vec<usize> = (0..3).filter(|k| periodic[*k]).collect();
            let free: Vec<usize> = (0..3).filter(|k| !periodic[*k]).collect();
            if let [one] = repeating[..] {
                let a = cell[one];
                // The Cartesian axis least aligned with the vector gives a well-conditioned perpendicular.
                let least = (0..3)
                    .min_by(|&p, &q| a[p].abs().total_cmp(&a[q].abs()))
                    .expect("three axes");
                let mut axis = [0.0; 3];
                axis[least] = 1.0;
                let b = unit(cross(a, axis));
                out[free[0]] = b;
                out[free[1]] = unit(cross(a, b));
            } else {
                out[free[0]] = unit(cross(cell[repeating[0]], cell[repeating[1]]));
            }
        }
    }
    out
}

fn unit(v: [f64; 3]) -> [f64; 3] {
    scale(v, 1.0 / norm(v))
}

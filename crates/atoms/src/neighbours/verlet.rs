//! Reuse of a neighbour list between the steps of a simulation.

use crate::error::{Error, Result};
use crate::geometry::dot;
use crate::structure::Structure;

use super::{NeighbourList, displacement, neighbour_list};

/// A list built with a skin around the cutoff, which stays complete until an atom has moved by half the skin
/// (Verlet, Phys. Rev. 159, 98, 1967, <https://doi.org/10.1103/PhysRev.159.98>).
///
/// A change of cell, periodicity or atom count always leads to a new list.
#[derive(Debug, Clone)]
pub struct VerletList {
    cutoff: f64,
    skin: f64,
    reference: Option<Reference>,
    rebuilds: usize,
}

#[derive(Debug, Clone)]
struct Reference {
    positions: Vec<[f64; 3]>,
    cell: Option<[[f64; 3]; 3]>,
    periodic: [bool; 3],
    list: NeighbourList,
}

impl VerletList {
    /// A list for pairs within `cutoff` (Å) that tolerates movements of up to half of `skin` (Å).
    ///
    /// # Errors
    /// [`Error::Cutoff`] where either length is not positive and finite.
    pub fn new(cutoff: f64, skin: f64) -> Result<Self> {
        for length in [cutoff, skin] {
            if !(length > 0.0 && length.is_finite()) {
                return Err(Error::Cutoff { cutoff: length });
            }
        }
        Ok(Self {
            cutoff,
            skin,
            reference: None,
            rebuilds: 0,
        })
    }

    /// How often the list was built so far.
    #[must_use]
    pub fn rebuilds(&self) -> usize {
        self.rebuilds
    }

    /// All pairs within cutoff **plus skin** of the positions at the last rebuild: a superset of the pairs within the
    /// cutoff now. Models whose interactions vanish smoothly at the cutoff can use it as it is.
    ///
    /// # Errors
    /// The errors of [`neighbour_list`].
    pub fn candidates(&mut self, structure: &Structure) -> Result<&NeighbourList> {
        let reference = match self.reference.take() {
            Some(reference) if reference.still_holds(structure, self.skin) => reference,
            _ => {
                self.rebuilds += 1;
                Reference {
                    positions: structure.positions.clone(),
                    cell: structure.cell,
                    periodic: structure.periodic,
                    list: neighbour_list(structure, self.cutoff + self.skin)?,
                }
            }
        };
        Ok(&self.reference.insert(reference).list)
    }

    /// Exactly the pairs within the cutoff, in the order of [`neighbour_list`].
    ///
    /// # Errors
    /// The errors of [`neighbour_list`].
    pub fn pairs(&mut self, structure: &Structure) -> Result<NeighbourList> {
        let squared = self.cutoff * self.cutoff;
        let cell = structure.cell.unwrap_or_default();
        let candidates = self.candidates(structure)?;
        let mut out = NeighbourList::default();
        for e in 0..candidates.len() {
            let (i, j, shift) = (
                candidates.centre[e],
                candidates.neighbour[e],
                candidates.shift[e],
            );
            let r = displacement(&structure.positions, &cell, i, j, shift);
            if dot(r, r) < squared {
                out.centre.push(i);
                out.neighbour.push(j);
                out.shift.push(shift);
            }
        }
        Ok(out)
    }
}

impl Reference {
    /// True while no atom has moved by half the skin.
    fn still_holds(&self, structure: &Structure, skin: f64) -> bool {
        let most = (0.5 * skin).powi(2);
        self.positions.len() == structure.positions.len()
            && self.cell == structure.cell
            && self.periodic == structure.periodic
            && self
                .positions
                .iter()
                .zip(&structure.positions)
                .all(|(old, new)| {
                    let d = [new[0] - old[0], new[1] - old[1], new[2] - old[2]];
                    // A NaN position compares false, so it leads to a rebuild, which reports it.
                    dot(d, d) < most
                })
    }
}

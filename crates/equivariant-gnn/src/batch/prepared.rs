//! Structures with their neighbours found.

use atoms::{NeighbourList, Structure};

use super::ELEMENTS;
use crate::error::{Error, Result};

/// The cutoff of a model in which every atom sees every other (Å). A periodic structure has no such list of
/// pairs.
pub const EVERY_PAIR: f64 = 1e6;

/// Atoms closer than this are taken as being at one place (Å).
pub const LEAST_DISTANCE: f64 = 1e-3;

/// A structure with its neighbours found, ready to be put into any batch.
#[derive(Debug, Clone)]
pub struct Prepared {
    pub(super) species: Vec<u8>,
    pub(super) centre: Vec<u32>,
    pub(super) neighbour: Vec<u32>,
    pub(super) vectors: Vec<[f64; 3]>,
    /// The filter of each pair.
    pub(super) filter: Vec<u32>,
    /// The first pair of each filter.
    pub(super) representative: Vec<u32>,
    pub(super) charge: i32,
    pub(super) spin: u32,
    pub(super) volume: Option<f64>,
    pub(super) both_directions: bool,
}

/// One directed pair of a structure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair {
    pub(crate) centre: u32,
    pub(crate) neighbour: u32,
    /// From centre to neighbour (Å).
    pub(crate) vector: [f64; 3],
    /// The filter, which the opposite pair shares.
    pub(crate) filter: u32,
}

impl Prepared {
    /// Finds the neighbours of one structure; `index` names it in errors.
    ///
    /// # Errors
    /// A structure that is not valid, has an element beyond the embedding table, or is periodic while the
    /// cutoff is [`EVERY_PAIR`].
    pub fn new(structure: &Structure, cutoff: f64, index: usize) -> Result<Self> {
        if cutoff >= EVERY_PAIR && structure.periodic.contains(&true) {
            return Err(Error::NoRange {
                index,
                formula: structure.formula(),
            });
        }
        let list = atoms::neighbour_list(structure, cutoff).map_err(|source| Error::Structure {
            index,
            formula: structure.formula(),
            source,
        })?;
        Self::with_list(structure, &list, index)
    }

    /// Takes a neighbour list that is already there; it may hold pairs beyond the cutoff, which the
    /// models give no weight.
    ///
    /// # Errors
    /// An element beyond the embedding table, or two atoms at one place.
    pub fn with_list(structure: &Structure, list: &NeighbourList, index: usize) -> Result<Self> {
        if let Some((atom, &z)) = structure
            .species
            .iter()
            .enumerate()
            .find(|(_, z)| usize::from(**z) >= ELEMENTS)
        {
            return Err(Error::UnknownElement {
                index,
                atom,
                symbol: atoms::element::symbol(z).unwrap_or("?"),
            });
        }
        let vectors = list.vectors(structure);
        // A pair at one place has no direction, and every potential here divides by the distance.
        if let Some(e) = vectors.iter().position(|r| norm(*r) < LEAST_DISTANCE) {
            return Err(Error::Structure {
                index,
                formula: structure.formula(),
                source: atoms::Error::TooClose {
                    first: list.centre[e] as usize,
                    second: list.neighbour[e] as usize,
                    distance: norm(vectors[e]),
                    least: LEAST_DISTANCE,
                },
            });
        }
        let (filter, representative) = share(list);
        Ok(Self {
            both_directions: list.centre.is_sorted() && 2 * representative.len() == list.len(),
            filter,
            representative,
            species: structure.species.clone(),
            centre: list.centre.clone(),
            neighbour: list.neighbour.clone(),
            vectors,
            charge: structure.charge,
            spin: structure.spin,
            volume: structure.volume(),
        })
    }

    /// The atomic numbers.
    #[must_use]
    pub fn species(&self) -> &[u8] {
        &self.species
    }

    /// Whether every pair is there in both directions, sorted by centre, as [`atoms::neighbour_list`] makes them.
    pub(crate) fn has_both_directions(&self) -> bool {
        self.both_directions
    }

    /// The directed pairs.
    pub(crate) fn directed(&self) -> impl Iterator<Item = Pair> {
        let ends = self.centre.iter().zip(&self.neighbour);
        let rest = self.vectors.iter().zip(&self.filter);
        ends.zip(rest)
            .map(|((&centre, &neighbour), (&vector, &filter))| Pair {
                centre,
                neighbour,
                vector,
                filter,
            })
    }

    /// The number of filters, which are half as many as the pairs.
    pub(crate) fn filters(&self) -> usize {
        self.representative.len()
    }

    /// Volume of the cell (Å³), if it repeats along all axes.
    pub(crate) fn volume(&self) -> Option<f64> {
        self.volume
    }

    /// The number of directed pairs.
    #[must_use]
    pub fn pairs(&self) -> usize {
        self.centre.len()
    }
}

/// Numbers the pairs so that the two directions of a pair have one number; gives the number of each pair
/// and the first pair of each number.
fn share(list: &NeighbourList) -> (Vec<u32>, Vec<u32>) {
    const NONE: u32 = u32::MAX;
    let key = |e: u32| {
        let e = e as usize;
        (list.centre[e], list.neighbour[e], list.shift[e])
    };
    // The lists of this workspace are sorted by key; others are looked at through their sorted order.
    let mut order: Vec<u32> = (0..).take(list.len()).collect();
    if !order.is_sorted_by_key(|&e| key(e)) {
        order.sort_unstable_by_key(|&e| key(e));
    }
    let atoms = list.centre.iter().chain(&list.neighbour).max();
    let starts = list.starts(atoms.map_or(0, |&last| last as usize + 1));
    let mut filter = vec![NONE; list.len()];
    let mut representative = Vec::with_capacity(list.len() / 2 + 1);
    for e in (0..).take(list.len()) {
        if filter[e as usize] != NONE {
            continue;
        }
        let number = u32::try_from(representative.len()).expect("no more filters than pairs");
        representative.push(e);
        filter[e as usize] = number;
        let (i, j, shift) = key(e);
        let row = &order[starts[j as usize]..starts[j as usize + 1]];
        if let Ok(place) = row.binary_search_by_key(&(j, i, shift.map(|s| -s)), |&e| key(e)) {
            filter[row[place] as usize] = number;
        }
    }
    (filter, representative)
}

fn norm(r: [f64; 3]) -> f64 {
    r.iter().map(|x| x * x).sum::<f64>().sqrt()
}

//! Some atoms of a structure with all their neighbours, for models in which nothing else matters to them.

use std::ops::Range;

use super::Prepared;

/// The pairs of neighbouring centres of a structure, as a structure of its own.
#[derive(Debug)]
pub(crate) struct Part {
    /// The centres, and behind them the other atoms that they see, which have no pairs here.
    pub(crate) prepared: Prepared,
    /// The atom of the whole structure that each atom here is.
    pub(crate) atoms: Vec<u32>,
    /// How many of the atoms are centres.
    pub(crate) centres: usize,
}

impl Prepared {
    /// Ranges of atoms that cover the structure, each the centres of at most so many pairs or one atom; `None` if
    /// the pairs are not sorted by centre.
    pub(crate) fn ranges(&self, pairs: usize) -> Option<Vec<Range<u32>>> {
        if !self.centre.is_sorted() {
            return None;
        }
        let mut ranges = Vec::with_capacity(self.pairs() / pairs + 1);
        let (mut start, mut first, mut end) = (0, 0, 0);
        for atom in (0_u32..).take(self.species.len()) {
            let own = self.centre[end..].partition_point(|&centre| centre == atom);
            if end + own - first > pairs && start < atom {
                ranges.push(start..atom);
                (start, first) = (atom, end);
            }
            end += own;
        }
        ranges
            .push(start..u32::try_from(self.species.len()).expect("atoms are counted in 32 bits"));
        Some(ranges)
    }

    /// The pairs with these centres, which must be sorted. The two directions of a pair do not share a filter here: they
    /// are mostly in different parts.
    pub(crate) fn part(&self, centres: Range<u32>) -> Part {
        let first = self
            .centre
            .partition_point(|&centre| centre < centres.start);
        let last = self.centre.partition_point(|&centre| centre < centres.end);
        let own = centres.len();
        // Others are numbered behind the centres, in the order of their own numbers.
        let mut others: Vec<u32> = self.neighbour[first..last]
            .iter()
            .copied()
            .filter(|j| !centres.contains(j))
            .collect();
        others.sort_unstable();
        others.dedup();
        let here = |atom: u32| {
            if centres.contains(&atom) {
                atom - centres.start
            } else {
                let place = others.partition_point(|&other| other < atom);
                u32::try_from(own + place).expect("no more than all atoms")
            }
        };
        let pairs: Vec<u32> = (0_u32..).take(last - first).collect();
        let prepared = Self {
            centre: self.centre[first..last]
                .iter()
                .map(|&i| i - centres.start)
                .collect(),
            neighbour: self.neighbour[first..last]
                .iter()
                .map(|&j| here(j))
                .collect(),
            vectors: self.vectors[first..last].to_vec(),
            filter: pairs.clone(),
            representative: pairs,
            charge: self.charge,
            spin: self.spin,
            volume: self.volume,
            both_directions: false,
            species: Vec::new(),
        };
        let atoms: Vec<u32> = centres.chain(others).collect();
        let species = atoms
            .iter()
            .map(|&atom| self.species[atom as usize])
            .collect();
        Part {
            prepared: Self {
                species,
                ..prepared
            },
            atoms,
            centres: own,
        }
    }
}

#[cfg(test)]
mod tests {
    use atoms::Structure;

    use super::*;

    fn chain(atoms: usize) -> Prepared {
        let at = |i: usize| [i as f64, 0.0, 0.0];
        let structure = Structure::new(vec![1; atoms], (0..atoms).map(at).collect()).unwrap();
        Prepared::new(&structure, 2.5, 0).unwrap()
    }

    #[test]
    fn ranges_cover_all_atoms_and_keep_the_limit() {
        for (atoms, limit) in [(1, 1), (2, 1), (9, 1), (9, 4), (9, 9), (9, 1000)] {
            let structure = chain(atoms);
            let ranges = structure.ranges(limit).unwrap();
            let all: Vec<u32> = ranges.iter().cloned().flatten().collect();
            assert!(all.into_iter().eq((0_u32..).take(atoms)));
            for range in ranges {
                let pairs = structure.part(range.clone()).prepared.pairs();
                assert!(pairs <= limit || range.len() == 1, "{pairs} pairs");
            }
        }
    }

    #[test]
    fn parts_hold_every_pair_once() {
        let structure = chain(9);
        let whole: Vec<_> = structure
            .directed()
            .map(|pair| (pair.centre, pair.neighbour, pair.vector))
            .collect();
        let mut parts = Vec::new();
        for range in structure.ranges(7).unwrap() {
            let part = structure.part(range);
            parts.extend(part.prepared.directed().map(|pair| {
                assert!((pair.centre as usize) < part.centres);
                let of = |atom: u32| part.atoms[atom as usize];
                (of(pair.centre), of(pair.neighbour), pair.vector)
            }));
        }
        assert_eq!(parts, whole);
    }
}

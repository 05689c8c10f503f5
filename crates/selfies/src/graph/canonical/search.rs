//! The smallest labelling among all that refinement and choices within cells can reach.
//!
//! Individualisation and refinement with pruning by automorphisms (B. D. `McKay` and A. Piperno,
//! doi:10.1016/j.jsc.2013.09.003, in its simplest form): at each choice the atoms of a cell are tried in turn, and one
//! that leads to the same labelled molecule as an earlier one is an image of it under a symmetry and is left out with
//! all that follows.

use crate::graph::MolGraph;

use super::partition::{Neighbourhoods, Partition, bond_stereo_code, centre_code};

/// Leaves visited before the search settles for the best so far.
const MOST_LEAVES: usize = 100_000;

/// A discrete partition and the molecule as it reads in that order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Labelling {
    /// By atom: its place.
    pub(super) ranks: Vec<u32>,
    /// Bonds and configurations in the order of the places.
    pub(super) certificate: Vec<u32>,
}

pub(super) fn canonical_labelling(molecule: &MolGraph) -> Labelling {
    let around = Neighbourhoods::new(molecule);
    let root = root_partition(molecule, &around);
    let mut search = Search {
        around: &around,
        leaves: 0,
    };
    search.best(root).1
}

/// The partition by the atoms' own properties, refined.
pub(super) fn root_partition(molecule: &MolGraph, around: &Neighbourhoods) -> Partition {
    let graph = molecule.graph();
    let keys = graph
        .node_indices()
        .map(|node| {
            let atom = &graph[node];
            // Few neighbours first, so that the text starts at the end of a chain; carbon before other elements.
            let degree = u64::try_from(graph.neighbors(node).count())
                .unwrap_or(u64::MAX)
                .min(15);
            (degree << 60)
                | u64::from(atom.element.number() ^ 6) << 52
                | u64::from(atom.aromatic) << 51
                | u64::from(atom.hydrogens.min(15)) << 47
                | u64::from(atom.charge.cast_unsigned()) << 39
                | u64::from(atom.isotope) << 16
                | u64::from(atom.class)
        })
        .collect();
    Partition::new(around, keys)
}

struct Search<'a> {
    around: &'a Neighbourhoods,
    leaves: usize,
}

impl Search<'_> {
    /// The first and the best leaf below a partition.
    fn best(&mut self, mut partition: Partition) -> (Labelling, Labelling) {
        self.break_twins(&mut partition);
        let Some(target) = partition.target() else {
            let leaf = self.leaf(partition);
            return (leaf.clone(), leaf);
        };
        let target = target.to_vec();
        // Which atoms of the cell are known to be images of one another.
        let mut orbit: Vec<u32> = (0..).take(self.around.len()).collect();
        let mut found: Option<(Labelling, Labelling)> = None;
        for (position, &atom) in target.iter().enumerate() {
            let tried = &target[..position];
            if tried
                .iter()
                .any(|&earlier| root_of(&orbit, earlier) == root_of(&orbit, atom))
            {
                continue;
            }
            let Some((first, best)) = &mut found else {
                found = Some(self.best(self.choose(&partition, atom)));
                continue;
            };
            if self.leaves > MOST_LEAVES {
                break;
            }
            let leaf = self.first_leaf(self.choose(&partition, atom));
            if leaf.certificate == first.certificate {
                unite(&mut orbit, &first.ranks, &leaf.ranks);
            } else if leaf.certificate == best.certificate {
                unite(&mut orbit, &best.ranks, &leaf.ranks);
            } else {
                let (_, other) = self.best(self.choose(&partition, atom));
                if other.certificate < best.certificate {
                    *best = other;
                }
            }
        }
        found.expect("a target cell has at least two atoms")
    }

    fn choose(&self, partition: &Partition, atom: u32) -> Partition {
        let mut chosen = partition.clone();
        chosen.put_first(atom);
        chosen.refine(self.around);
        chosen
    }

    fn first_leaf(&mut self, mut partition: Partition) -> Labelling {
        while let Some(&[atom, ..]) = partition.target() {
            partition.put_first(atom);
            partition.refine(self.around);
        }
        self.leaf(partition)
    }

    /// Orders atoms that hang on the same neighbour and on nothing else: exchanging two of them changes nothing, so no
    /// choice is lost.
    fn break_twins(&self, partition: &mut Partition) {
        while let Some(target) = partition.target() {
            let first = target[0];
            let around = |atom: u32| self.around.of(atom);
            let [(parent, bond)] = *around(first) else {
                return;
            };
            if !target.iter().all(|&atom| around(atom) == [(parent, bond)]) {
                return;
            }
            partition.put_first(first);
            partition.refine(self.around);
        }
    }

    fn leaf(&mut self, partition: Partition) -> Labelling {
        self.leaves += 1;
        debug_assert!(partition.is_discrete());
        let ranks = partition.ranks;
        let mut at = vec![0_u32; ranks.len()];
        for (atom, &rank) in (0..).zip(&ranks) {
            at[rank as usize] = atom;
        }
        let mut certificate = Vec::with_capacity(self.around.adjacent.len() + ranks.len());
        let mut row = Vec::new();
        for (place, &atom) in (0..).zip(&at) {
            row.clear();
            let earlier = self
                .around
                .of(atom)
                .iter()
                .map(|&(other, bond)| (ranks[other as usize], bond));
            row.extend(
                earlier
                    .filter(|&(other, _)| other < place)
                    .map(|(other, bond)| other << 3 | bond),
            );
            row.sort_unstable();
            certificate.push(u32::MAX);
            certificate.extend(&row);
        }
        let mut marks: Vec<(u32, u32, u64)> = self
            .around
            .centres
            .iter()
            .map(|centre| {
                (
                    ranks[centre.atom as usize],
                    u32::MAX,
                    centre_code(self.around, *centre, &ranks),
                )
            })
            .collect();
        marks.extend(self.around.double_bonds.iter().map(|bond| {
            let [a, b] = bond.ends.map(|end| ranks[end as usize]);
            (
                a.min(b),
                a.max(b),
                bond_stereo_code(self.around, bond, &ranks),
            )
        }));
        marks.sort_unstable();
        for (first, second, code) in marks {
            certificate.extend([first, second, u32::try_from(code).unwrap_or(0)]);
        }
        Labelling { ranks, certificate }
    }
}

/// Joins the orbits of each atom and its image under the symmetry that takes one labelling to the other.
fn unite(orbit: &mut [u32], first: &[u32], second: &[u32]) {
    let mut at = vec![0_u32; second.len()];
    for (atom, &rank) in (0..).zip(second) {
        at[rank as usize] = atom;
    }
    for (atom, &rank) in (0..).zip(first) {
        let (a, b) = (root_of(orbit, atom), root_of(orbit, at[rank as usize]));
        orbit[a.max(b) as usize] = a.min(b);
    }
}

fn root_of(orbit: &[u32], mut atom: u32) -> u32 {
    while orbit[atom as usize] != atom {
        atom = orbit[atom as usize];
    }
    atom
}

/// The atoms' cells in the refined partition by the atoms' own properties: equal for atoms that symmetry, or a
/// likeness that refinement cannot see through, makes equal.
pub(super) fn cells(molecule: &MolGraph) -> Vec<u32> {
    let around = Neighbourhoods::new(molecule);
    root_partition(molecule, &around).ranks
}

/// Whether two molecules on the same atoms, differing in configurations only, are the same.
pub(super) fn same_certificate(first: &MolGraph, second: &MolGraph) -> bool {
    canonical_labelling(first).certificate == canonical_labelling(second).certificate
}

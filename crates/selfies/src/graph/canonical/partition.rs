//! An ordered partition of the atoms, refined by what their neighbours are.

use petgraph::graph::{EdgeIndex, NodeIndex};

use crate::graph::{BondOrder, Chirality, MolGraph};

/// What the refinement reads of a molecule, made once.
#[derive(Debug)]
pub(super) struct Neighbourhoods {
    /// Neighbours and bond codes of all atoms, each atom's in edge order.
    pub(super) adjacent: Vec<(u32, u32)>,
    pub(super) starts: Vec<usize>,
    pub(super) centres: Vec<Centre>,
    pub(super) double_bonds: Vec<StereoBond>,
}

/// A tetrahedral atom; its neighbours are the ones of [`Neighbourhoods::of`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Centre {
    pub(super) atom: u32,
    pub(super) chirality: Chirality,
}

/// A double bond with a configuration.
#[derive(Clone, Copy, Debug)]
pub(super) struct StereoBond {
    pub(super) ends: [u32; 2],
    pub(super) told_by: [u32; 2],
    pub(super) same_side: bool,
}

impl Neighbourhoods {
    pub(super) fn new(molecule: &MolGraph) -> Self {
        let graph = molecule.graph();
        let mut adjacent = Vec::with_capacity(2 * graph.edge_count());
        let mut starts = Vec::with_capacity(graph.node_count() + 1);
        let mut bonds: Vec<(EdgeIndex, NodeIndex)> = Vec::new();
        let mut centres = Vec::new();
        for node in graph.node_indices() {
            starts.push(adjacent.len());
            molecule.incident(node, &mut bonds);
            adjacent.extend(
                bonds
                    .iter()
                    .map(|&(edge, other)| (id(other), bond_code(graph[edge].order))),
            );
            if let Some(chirality) = graph[node].chirality {
                centres.push(Centre {
                    atom: id(node),
                    chirality,
                });
            }
        }
        starts.push(adjacent.len());
        let double_bonds = graph
            .raw_edges()
            .iter()
            .filter_map(|edge| {
                let stereo = edge.weight.stereo?;
                Some(StereoBond {
                    ends: [id(edge.source()), id(edge.target())],
                    told_by: [id(stereo.source_neighbour), id(stereo.target_neighbour)],
                    same_side: stereo.same_side,
                })
            })
            .collect();
        Self {
            adjacent,
            starts,
            centres,
            double_bonds,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    pub(super) fn of(&self, atom: u32) -> &[(u32, u32)] {
        &self.adjacent[self.starts[atom as usize]..self.starts[atom as usize + 1]]
    }
}

/// The configuration of a centre with its neighbours taken by rank: 1 or 2, or 0 where two ranks are equal.
pub(super) fn centre_code(around: &Neighbourhoods, centre: Centre, ranks: &[u32]) -> u64 {
    let neighbours = around.of(centre.atom);
    let mut odd = false;
    for (i, &(first, _)) in neighbours.iter().enumerate() {
        for &(second, _) in &neighbours[i + 1..] {
            let (a, b) = (ranks[first as usize], ranks[second as usize]);
            if a == b {
                return 0;
            }
            odd ^= a > b;
        }
    }
    match centre.chirality.permuted(odd) {
        Chirality::CounterClockwise => 1,
        Chirality::Clockwise => 2,
    }
}

/// The configuration of a double bond told by the lowest neighbour of each end: 1 or 2, or 0 where ranks are equal.
pub(super) fn bond_stereo_code(around: &Neighbourhoods, bond: &StereoBond, ranks: &[u32]) -> u64 {
    let mut same_side = bond.same_side;
    for (end, other) in [(0, 1), (1, 0)] {
        for &(neighbour, _) in around.of(bond.ends[end]) {
            if neighbour == bond.ends[other] || neighbour == bond.told_by[end] {
                continue;
            }
            let (a, b) = (ranks[neighbour as usize], ranks[bond.told_by[end] as usize]);
            if a == b {
                return 0;
            }
            same_side ^= a < b;
        }
    }
    1 + u64::from(same_side)
}

/// Cells of atoms in order. An atom's rank is the number of atoms in earlier cells.
#[derive(Clone, Debug)]
pub(super) struct Partition {
    /// Atoms, cell after cell.
    order: Vec<u32>,
    /// By atom.
    pub(super) ranks: Vec<u32>,
    /// By place in `order`, at the start of a cell: its size.
    sizes: Vec<u32>,
    cells: usize,
    /// By atom, filled anew in every round.
    keys: Vec<u64>,
}

impl Partition {
    /// Cells by key, refined.
    pub(super) fn new(around: &Neighbourhoods, keys: Vec<u64>) -> Self {
        let atoms = u32::try_from(around.len()).unwrap_or(u32::MAX);
        let mut partition = Self {
            order: (0..atoms).collect(),
            ranks: vec![0; around.len()],
            sizes: vec![0; around.len()],
            cells: usize::from(atoms > 0),
            keys,
        };
        if atoms > 0 {
            partition.sizes[0] = atoms;
            partition.split_by_keys();
            partition.refine(around);
        }
        partition
    }

    pub(super) fn is_discrete(&self) -> bool {
        self.cells == self.order.len()
    }

    /// The first cell with more than one atom.
    pub(super) fn target(&self) -> Option<&[u32]> {
        let mut start = 0;
        while start < self.order.len() {
            let size = self.sizes[start] as usize;
            if size > 1 {
                return Some(&self.order[start..start + size]);
            }
            start += size;
        }
        None
    }

    /// Puts an atom before the others of its cell, without refining.
    pub(super) fn put_first(&mut self, atom: u32) {
        let start = self.ranks[atom as usize] as usize;
        let size = self.sizes[start];
        let place = self.order[start..]
            .iter()
            .position(|&other| other == atom)
            .unwrap_or(0);
        self.order.swap(start, start + place);
        self.sizes[start] = 1;
        self.sizes[start + 1] = size - 1;
        for &other in &self.order[start + 1..start + size as usize] {
            self.ranks[other as usize] += 1;
        }
        self.cells += 1;
    }

    /// Splits cells until all atoms of one have the same neighbours, and the same configuration as seen from ranks.
    pub(super) fn refine(&mut self, around: &Neighbourhoods) {
        while !self.is_discrete() {
            for atom in 0..self.ranks.len() {
                self.keys[atom] = around.adjacent[around.starts[atom]..around.starts[atom + 1]]
                    .iter()
                    .map(|&(other, bond)| {
                        mix(u64::from(self.ranks[other as usize]) << 3 | u64::from(bond))
                    })
                    .fold(0, u64::wrapping_add);
            }
            if self.split_by_keys() {
                continue;
            }
            if around.centres.is_empty() && around.double_bonds.is_empty() {
                break;
            }
            self.keys.fill(0);
            for centre in &around.centres {
                self.keys[centre.atom as usize] += centre_code(around, *centre, &self.ranks);
            }
            for bond in &around.double_bonds {
                let code = bond_stereo_code(around, bond, &self.ranks);
                for end in bond.ends {
                    self.keys[end as usize] = self.keys[end as usize].wrapping_add(mix(code));
                }
            }
            if !self.split_by_keys() {
                break;
            }
        }
    }

    /// Splits every cell by the atoms' keys; whether anything was split.
    fn split_by_keys(&mut self) -> bool {
        let before = self.cells;
        let mut start = 0;
        while start < self.order.len() {
            let end = start + self.sizes[start] as usize;
            if end - start > 1 {
                let keys = &self.keys;
                self.order[start..end].sort_unstable_by_key(|&atom| keys[atom as usize]);
                let mut first = start;
                for place in start..end {
                    let atom = self.order[place] as usize;
                    if place > first && keys[atom] != keys[self.order[first] as usize] {
                        self.sizes[first] = count(place - first);
                        first = place;
                        self.cells += 1;
                    }
                    self.ranks[atom] = count(first);
                }
                self.sizes[first] = count(end - first);
            }
            start = end;
        }
        self.cells > before
    }
}

fn count(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

fn id(node: NodeIndex) -> u32 {
    count(node.index())
}

fn bond_code(order: BondOrder) -> u32 {
    match order {
        BondOrder::Single => 0,
        BondOrder::Double => 1,
        BondOrder::Triple => 2,
        BondOrder::Quadruple => 3,
        BondOrder::Aromatic => 4,
    }
}

/// Scrambles a number so that sums of scrambled numbers tell multisets apart (`SplitMix64`, G. L. Steele et al.,
/// doi:10.1145/2714064.2660195).
pub(super) fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

//! Aromaticity after the model of `RDKit`.
//!
//! Each ring atom offers none, one or two π electrons, or an empty orbital; rings and fused systems of up to six rings
//! are aromatic when the sum can be 4n + 2 (`RDKit` Book, section "Aromaticity"; `Code/GraphMol/Aromaticity.cpp`).

use std::collections::HashSet;

use petgraph::graph::{EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;

use super::{Bond, BondOrder, Element, MolGraph, Ring};

/// Fused systems of more rings than this are not taken as a whole.
const MOST_FUSED_RINGS: usize = 6;
/// Rings larger than this do not fuse.
const LARGEST_FUSED_RING: usize = 24;
/// Ring sets examined for one fused system before giving up on larger sets; only cages reach it.
const MOST_RING_SETS: usize = 100_000;

/// What an atom offers to a ring's π system: the fewest and the most electrons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Donor {
    Vacant,
    One,
    Two,
    /// A wildcard: as it suits.
    Any,
}

impl MolGraph {
    /// Finds the aromatic atoms and bonds of a Kekulé structure and marks them.
    pub fn perceive_aromaticity(&mut self) {
        let rings = self.relevant_rings();
        if rings.is_empty() {
            return;
        }
        let in_ring = self.ring_bonds();
        let donors: Vec<Option<Donor>> = self
            .graph()
            .node_indices()
            .map(|node| self.donor(node, &in_ring))
            .collect();
        let candidates: Vec<Ring> = rings
            .into_iter()
            .filter(|ring| ring.atoms.iter().all(|atom| donors[atom.index()].is_some()))
            .filter(|ring| {
                ring.atoms
                    .iter()
                    .any(|&atom| self.graph()[atom].element != Element::WILDCARD)
            })
            .collect();
        let neighbours = fusions(&candidates);
        let mut aromatic_atoms = HashSet::new();
        let mut aromatic_bonds = HashSet::new();
        for system in systems(&neighbours) {
            let ring_bonds: HashSet<EdgeIndex> = system
                .iter()
                .flat_map(|&ring| candidates[ring].bonds.iter().copied())
                .collect();
            let mut done: HashSet<EdgeIndex> = HashSet::new();
            for size in 1..=system.len().min(MOST_FUSED_RINGS) {
                if done.len() >= ring_bonds.len() {
                    break;
                }
                let Some(sets) = connected_sets(&system, &neighbours, size) else {
                    break;
                };
                for set in sets {
                    if done.len() >= ring_bonds.len() && size > 1 {
                        break;
                    }
                    if is_huckel(&set, &candidates, &donors) {
                        mark(&set, &candidates, &mut aromatic_atoms, &mut done);
                    }
                }
            }
            aromatic_bonds.extend(done);
        }
        let graph = self.graph_mut();
        for atom in aromatic_atoms {
            let atom: NodeIndex = atom;
            graph[atom].aromatic = true;
        }
        for bond in aromatic_bonds {
            // The triple bond of an aryne stays what it is.
            if matches!(graph[bond].order, BondOrder::Single | BondOrder::Double) {
                graph[bond] = Bond::new(BondOrder::Aromatic);
            }
        }
    }

    /// What a ring atom offers; `None` for one that cannot be part of an aromatic ring.
    fn donor(&self, node: NodeIndex, in_ring: &[bool]) -> Option<Donor> {
        let graph = self.graph();
        let atom = &graph[node];
        if atom.element == Element::WILDCARD {
            return Some(Donor::Any);
        }
        if !graph.edges(node).any(|edge| in_ring[edge.id().index()]) {
            return None;
        }
        if atom.element.number() > 18 && !matches!(atom.element, Element::SE | Element::TE) {
            return None;
        }
        let valence = self.valence(node);
        let isoelectronic = i16::from(atom.element.number()) - i16::from(atom.charge);
        let normal = u8::try_from(isoelectronic)
            .ok()
            .and_then(Element::from_number)?
            .default_valence();
        let unpaired = self.unpaired_electrons(node);
        if atom.element.default_valence() > 0 && valence > normal {
            return None;
        }
        if unpaired > 0 && (atom.element != Element::C || atom.charge != 0) {
            return None;
        }
        let multiple = |bond: BondOrder| {
            matches!(
                bond,
                BondOrder::Double | BondOrder::Triple | BondOrder::Quadruple
            )
        };
        if graph
            .edges(node)
            .filter(|edge| multiple(edge.weight().order))
            .count()
            > 1
        {
            return None;
        }
        let in_cycle = graph
            .edges(node)
            .any(|edge| multiple(edge.weight().order) && in_ring[edge.id().index()]);
        let outside = graph
            .edges(node)
            .find(|edge| multiple(edge.weight().order) && !in_ring[edge.id().index()])
            .map(|edge| graph[edge.target()].element);
        let steals = outside.is_some_and(|other| more_electronegative(other, atom.element));
        match self.free_electrons(node, unpaired)? {
            ..0 => None,
            0 if outside.is_some() => Some(Donor::Vacant),
            0 => in_cycle.then_some(Donor::One),
            1 if outside.is_some() => Some(if steals { Donor::Vacant } else { Donor::One }),
            1 if in_cycle => Some(Donor::One),
            // Tropylium and cyclopropenyl cations.
            1 => (atom.charge == 1).then_some(Donor::Vacant),
            more => Some(if (more - i32::from(steals)) % 2 == 1 {
                Donor::One
            } else {
                Donor::Two
            }),
        }
    }

    /// Electrons an atom can give to a π system; `None` for atoms that are univalent or have four neighbours.
    fn free_electrons(&self, node: NodeIndex, unpaired: i32) -> Option<i32> {
        let atom = &self.graph()[node];
        let default = atom.element.default_valence();
        let bonds = i32::try_from(self.graph().edges(node).count()).ok()?;
        let degree = bonds + i32::from(atom.hydrogens);
        if default <= 1 || degree > 3 {
            return None;
        }
        let lone = (atom.element.shell_electrons() - default - i32::from(atom.charge)).max(0);
        let free = default - degree + lone - unpaired;
        let unsaturation = self.doubled_bond_sum(node) / 2 - bonds;
        Some(if free > 1 && unsaturation > 1 {
            1
        } else {
            free
        })
    }
}

/// `RDKit`'s order: more outer electrons, then the lighter element.
fn more_electronegative(first: Element, second: Element) -> bool {
    let (a, b) = (first.shell_electrons(), second.shell_electrons());
    a > b || (a == b && first.number() < second.number())
}

/// For each ring the rings that share exactly one bond with it.
fn fusions(rings: &[Ring]) -> Vec<Vec<usize>> {
    let small = |ring: &Ring| ring.atoms.len() <= LARGEST_FUSED_RING;
    (0..rings.len())
        .map(|i| {
            (0..rings.len())
                .filter(|&j| j != i && small(&rings[i]) && small(&rings[j]))
                .filter(|&j| {
                    rings[i]
                        .bonds
                        .iter()
                        .filter(|bond| rings[j].bonds.contains(bond))
                        .count()
                        == 1
                })
                .collect()
        })
        .collect()
}

fn systems(neighbours: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut seen = vec![false; neighbours.len()];
    let mut systems = Vec::new();
    for start in 0..neighbours.len() {
        if seen[start] {
            continue;
        }
        seen[start] = true;
        let mut system = vec![start];
        let mut next = 0;
        while let Some(&ring) = system.get(next) {
            next += 1;
            for &other in &neighbours[ring] {
                if !seen[other] {
                    seen[other] = true;
                    system.push(other);
                }
            }
        }
        system.sort_unstable();
        systems.push(system);
    }
    systems
}

/// All sets of `size` rings of a system that hang together, in lexicographic order; `None` past [`MOST_RING_SETS`].
fn connected_sets(
    system: &[usize],
    neighbours: &[Vec<usize>],
    size: usize,
) -> Option<Vec<Vec<usize>>> {
    let mut sets: HashSet<Vec<usize>> = system.iter().map(|&ring| vec![ring]).collect();
    for _ in 1..size {
        let mut larger = HashSet::new();
        for set in &sets {
            for &ring in set {
                for &other in neighbours[ring].iter().filter(|other| !set.contains(other)) {
                    let mut grown = set.clone();
                    let place = grown.partition_point(|&member| member < other);
                    grown.insert(place, other);
                    larger.insert(grown);
                }
            }
            if larger.len() > MOST_RING_SETS {
                return None;
            }
        }
        sets = larger;
    }
    let mut sets: Vec<Vec<usize>> = sets.into_iter().collect();
    sets.sort_unstable();
    Some(sets)
}

/// Hückel's rule on the atoms that lie in one or two of the rings.
fn is_huckel(set: &[usize], rings: &[Ring], donors: &[Option<Donor>]) -> bool {
    let mut atoms: Vec<NodeIndex> = set
        .iter()
        .flat_map(|&ring| rings[ring].atoms.iter().copied())
        .collect();
    atoms.sort_unstable();
    let (mut fewest, mut most, mut wildcards) = (0, 0, 0);
    for group in atoms
        .chunk_by(|a, b| a == b)
        .filter(|group| group.len() <= 2)
    {
        let (low, high) = match donors[group[0].index()] {
            Some(Donor::One) => (1, 1),
            Some(Donor::Two) => (2, 2),
            Some(Donor::Any) => (1, 2),
            Some(Donor::Vacant) | None => (0, 0),
        };
        wildcards += usize::from(donors[group[0].index()] == Some(Donor::Any));
        fewest += low;
        most += high;
    }
    if wildcards > 1 {
        return false;
    }
    if most >= 6 {
        (fewest..=most).any(|electrons| electrons % 4 == 2)
    } else {
        most == 2
    }
}

/// The atoms of the rings become aromatic, and the bonds on the outside of the set.
fn mark(
    set: &[usize],
    rings: &[Ring],
    atoms: &mut HashSet<NodeIndex>,
    bonds: &mut HashSet<EdgeIndex>,
) {
    let mut all: Vec<EdgeIndex> = set
        .iter()
        .flat_map(|&ring| rings[ring].bonds.iter().copied())
        .collect();
    all.sort_unstable();
    bonds.extend(
        all.chunk_by(|a, b| a == b)
            .filter(|group| group.len() == 1)
            .map(|group| group[0]),
    );
    atoms.extend(
        set.iter()
            .flat_map(|&ring| rings[ring].atoms.iter().copied()),
    );
}

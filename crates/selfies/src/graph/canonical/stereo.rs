//! Configurations that change nothing, or that `RDKit` does not count as such, are dropped.

use petgraph::graph::{EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;

use crate::graph::{BondOrder, Element, MolGraph};

use super::search::{cells, same_certificate};

/// Double bonds in smaller rings have only one possible configuration.
const SMALLEST_STEREO_RING: usize = 8;

impl MolGraph {
    /// Drops configurations of atoms and bonds that cannot have one, and those whose mirror image gives the same
    /// molecule. What is left of the others may have changed by that, so this repeats until nothing is dropped.
    pub(super) fn drop_false_stereo(&mut self) {
        let has_centres = self.atoms().any(|atom| atom.chirality.is_some());
        let has_bonds = self
            .graph()
            .edge_weights()
            .any(|bond| bond.stereo.is_some());
        if !has_centres && !has_bonds {
            return;
        }
        self.drop_illegal_stereo();
        loop {
            let cells = cells(self);
            let centres: Vec<NodeIndex> = self
                .graph()
                .node_indices()
                .filter(|&node| self.is_dubious_centre(node, &cells))
                .collect();
            let bonds: Vec<EdgeIndex> = self
                .graph()
                .edge_indices()
                .filter(|&edge| self.is_dubious_bond(edge, &cells))
                .collect();
            let false_centres: Vec<NodeIndex> = centres
                .into_iter()
                .filter(|&node| same_certificate(self, &self.with_inverted_atom(node)))
                .collect();
            let false_bonds: Vec<EdgeIndex> = bonds
                .into_iter()
                .filter(|&edge| same_certificate(self, &self.with_inverted_bond(edge)))
                .collect();
            if false_centres.is_empty() && false_bonds.is_empty() {
                return;
            }
            for node in false_centres {
                self.graph_mut()[node].chirality = None;
            }
            for edge in false_bonds {
                self.graph_mut()[edge].stereo = None;
            }
        }
    }

    /// Drops configurations of atoms and bonds that cannot have one.
    pub(super) fn drop_illegal_stereo(&mut self) {
        if self.atoms().any(|atom| atom.chirality.is_some()) {
            self.drop_illegal_centres();
        }
        if self
            .graph()
            .edge_weights()
            .any(|bond| bond.stereo.is_some())
        {
            self.drop_illegal_bonds();
        }
    }

    fn with_inverted_atom(&self, node: NodeIndex) -> Self {
        let mut inverted = self.clone();
        let atom = &mut inverted.graph_mut()[node];
        atom.chirality = atom.chirality.map(crate::graph::Chirality::inverted);
        inverted
    }

    fn with_inverted_bond(&self, edge: EdgeIndex) -> Self {
        let mut inverted = self.clone();
        if let Some(stereo) = &mut inverted.graph_mut()[edge].stereo {
            stereo.same_side = !stereo.same_side;
        }
        inverted
    }

    fn is_dubious_centre(&self, node: NodeIndex, cells: &[u32]) -> bool {
        let mut around: Vec<u32> = self
            .graph()
            .neighbors(node)
            .map(|other| cells[other.index()])
            .collect();
        around.sort_unstable();
        self.graph()[node].chirality.is_some() && around.windows(2).any(|pair| pair[0] == pair[1])
    }

    fn is_dubious_bond(&self, edge: EdgeIndex, cells: &[u32]) -> bool {
        let Some((source, target)) = self.graph().edge_endpoints(edge) else {
            return false;
        };
        let twins = |end: NodeIndex, other: NodeIndex| {
            let around: Vec<u32> = self
                .graph()
                .neighbors(end)
                .filter(|&neighbour| neighbour != other)
                .map(|neighbour| cells[neighbour.index()])
                .collect();
            around.len() == 2 && around[0] == around[1]
        };
        self.graph()[edge].stereo.is_some() && (twins(source, target) || twins(target, source))
    }

    fn drop_illegal_centres(&mut self) {
        let rings = self.relevant_rings();
        for node in self.graph().node_indices() {
            if self.graph()[node].chirality.is_some() && !self.may_be_centre(node, &rings) {
                self.graph_mut()[node].chirality = None;
            }
        }
    }

    /// Which atoms can be tetrahedral centres (`RDKit`, `Chirality::isAtomPotentialChiralCenter`): four neighbours, or
    /// three and a hydrogen; of those with three alone, nitrogen in a three-membered ring or at a bridgehead,
    /// phosphorus and arsenic, and sulfur and selenium with a double bond or a charge.
    fn may_be_centre(&self, node: NodeIndex, rings: &[crate::graph::Ring]) -> bool {
        let graph = self.graph();
        let atom = &graph[node];
        let degree = graph.neighbors(node).count();
        let hydrogens = usize::from(atom.hydrogens);
        if degree < 3 || degree + hydrogens > 4 || self.has_twin_leaves(node) {
            return false;
        }
        if degree == 4 || hydrogens == 1 {
            return true;
        }
        match atom.element {
            Element::N => {
                let of_atom = |ring: &&crate::graph::Ring| ring.atoms.contains(&node);
                rings
                    .iter()
                    .filter(of_atom)
                    .any(|ring| ring.atoms.len() == 3)
                    || self.is_bridgehead(node, rings)
            }
            Element::P | Element::AS => true,
            Element::S | Element::SE => {
                let valence = self.valence(node);
                valence == 4 || (valence == 3 && atom.charge == 1)
            }
            _ => false,
        }
    }

    /// Whether three ring bonds meet here and two of the atom's rings share more than one bond.
    fn is_bridgehead(&self, node: NodeIndex, rings: &[crate::graph::Ring]) -> bool {
        let own: Vec<_> = rings
            .iter()
            .filter(|ring| ring.atoms.contains(&node))
            .collect();
        own.iter().enumerate().any(|(i, first)| {
            own[i + 1..].iter().any(|second| {
                let shared: Vec<EdgeIndex> = first
                    .bonds
                    .iter()
                    .filter(|bond| second.bonds.contains(bond))
                    .copied()
                    .collect();
                let ends_here = shared.iter().filter(|&&bond| {
                    self.graph()
                        .edge_endpoints(bond)
                        .is_some_and(|(a, b)| a == node || b == node)
                });
                shared.len() > 1 && ends_here.count() == 1
            })
        })
    }

    /// Whether two neighbours are equal atoms that hang on nothing else.
    fn has_twin_leaves(&self, node: NodeIndex) -> bool {
        let graph = self.graph();
        let leaves: Vec<_> = graph
            .edges(node)
            .filter(|edge| graph.neighbors(edge.target()).count() == 1)
            .map(|edge| (edge.weight().order, &graph[edge.target()]))
            .collect();
        leaves.iter().enumerate().any(|(i, (order, atom))| {
            leaves[i + 1..].iter().any(|(other_order, other)| {
                order == other_order
                    && atom.element == other.element
                    && (atom.charge, atom.isotope, atom.hydrogens, atom.class)
                        == (other.charge, other.isotope, other.hydrogens, other.class)
            })
        })
    }

    fn drop_illegal_bonds(&mut self) {
        let rings = self.rings();
        for edge in self.graph().edge_indices() {
            let Some((source, target)) = self.graph().edge_endpoints(edge) else {
                continue;
            };
            let in_small_ring = rings
                .iter()
                .any(|ring| ring.atoms.len() < SMALLEST_STEREO_RING && ring.bonds.contains(&edge));
            let fits = |end: NodeIndex| {
                let graph = self.graph();
                let doubles = graph
                    .edges(end)
                    .filter(|bond| bond.weight().order == BondOrder::Double)
                    .count();
                let others = graph.neighbors(end).count() - 1;
                doubles == 1 && (1..=2).contains(&others) && !self.has_twin_leaves(end)
            };
            if self.graph()[edge].order != BondOrder::Double
                || in_small_ring
                || !fits(source)
                || !fits(target)
            {
                self.graph_mut()[edge].stereo = None;
            }
        }
    }
}

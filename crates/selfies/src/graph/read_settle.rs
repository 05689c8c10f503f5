//! What a text leaves open until its end: aromatic bonds between rings, implied hydrogens, configurations.

use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use super::error::ReadError;
use super::read::{Place, Reader};
use super::valence::implied_hydrogens;
use super::{BondOrder, DoubleBondStereo, MolGraph};

impl Reader<'_> {
    pub(super) fn finish(mut self) -> Result<MolGraph, ReadError> {
        self.settle_aromatic_bonds()?;
        self.fill_hydrogens();
        self.settle_chirality();
        self.settle_double_bonds();
        Ok(self.graph)
    }

    /// A bond between two aromatic rings is single although nothing is written: the middle one of biphenyl.
    fn settle_aromatic_bonds(&mut self) -> Result<(), ReadError> {
        if !self.graph.atoms().any(|atom| atom.aromatic) {
            return Ok(());
        }
        let in_ring = self.graph.ring_bonds();
        let graph = self.graph.graph_mut();
        for (edge, &ring) in graph.edge_indices().zip(&in_ring) {
            if !ring && graph[edge].order == BondOrder::Aromatic {
                graph[edge].order = BondOrder::Single;
            }
        }
        let outside = |&node: &NodeIndex| {
            graph[node].aromatic && !graph.edges(node).any(|edge| in_ring[edge.id().index()])
        };
        match graph.node_indices().find(outside) {
            Some(node) => Err(ReadError::AromaticOutsideRing { atom: node.index() }),
            None => Ok(()),
        }
    }

    fn fill_hydrogens(&mut self) {
        for node in self.graph.graph().node_indices() {
            let atom = &self.graph.graph()[node];
            if !atom.hydrogens_stated {
                let doubled = self.graph.doubled_bond_sum(node);
                let hydrogens = implied_hydrogens(atom.element, atom.aromatic, doubled);
                self.graph.graph_mut()[node].hydrogens = hydrogens;
            }
        }
    }

    fn settle_chirality(&mut self) {
        for (node, mut places) in std::mem::take(&mut self.chiral) {
            if places.len() == 3 && !places.contains(&Place::Implied) {
                // A lone pair counts as the second neighbour, wherever the text starts.
                places.insert(1, Place::Implied);
            }
            let atom = &mut self.graph.graph_mut()[node];
            atom.chirality = atom
                .chirality
                .filter(|_| places.len() == 4)
                .map(|chirality| chirality.permuted(is_odd(&places)));
        }
    }

    fn settle_double_bonds(&mut self) {
        if self.directions.iter().all(|&direction| direction == 0) {
            return;
        }
        let graph = self.graph.graph_mut();
        for edge in graph.edge_indices() {
            if graph[edge].order != BondOrder::Double {
                continue;
            }
            let (source, target) = graph
                .edge_endpoints(edge)
                .expect("the index was just listed");
            // The neighbour that is told by a mark, and whether it lies above its end of the double bond.
            let marked = |end: NodeIndex| {
                let mut found: Option<(NodeIndex, bool)> = None;
                let mut clash = false;
                let mut both = false;
                for bond in graph.edges(end).filter(|bond| bond.id() != edge) {
                    let direction = self.directions[bond.id().index()];
                    if direction == 0 {
                        continue;
                    }
                    let leaves = graph
                        .edge_endpoints(bond.id())
                        .is_some_and(|(first, _)| first == end);
                    let above = (direction > 0) == leaves;
                    match found {
                        None => found = Some((bond.target(), above)),
                        Some((_, other)) => {
                            both = true;
                            clash |= other == above;
                        }
                    }
                }
                found
                    .filter(|_| !clash)
                    .map(|(neighbour, above)| (neighbour, above, both))
            };
            if let (Some((a, above_a, both_a)), Some((b, above_b, both_b))) =
                (marked(source), marked(target))
            {
                graph[edge].stereo = Some(DoubleBondStereo {
                    source_neighbour: a,
                    target_neighbour: b,
                    same_side: above_a == above_b,
                    both_marked: [both_a, both_b],
                });
            }
        }
    }
}

/// Whether sorting the places takes an odd number of swaps.
fn is_odd<T: Ord>(places: &[T]) -> bool {
    let swaps = (0..places.len())
        .flat_map(|i| (i + 1..places.len()).map(move |j| (i, j)))
        .filter(|&(i, j)| places[i] > places[j])
        .count();
    swaps % 2 == 1
}

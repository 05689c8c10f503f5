//! Kekulé structures: aromatic bonds become single and double ones.
//!
//! Which atoms need a double bond follows `RDKit` (`MolOps::Kekulize`); the double bonds are a perfect matching of
//! those atoms, found by petgraph's blossom algorithm. The translator to SELFIES does not use this, because its text
//! must show the very structure that the Python package picks.

use petgraph::algo::maximum_matching;
use petgraph::graph::{NodeIndex, UnGraph};
use petgraph::visit::EdgeRef;

use super::error::SanitiseError;
use super::{BondOrder, Element, MolGraph};

impl MolGraph {
    /// Replaces aromatic bonds by alternating single and double bonds and clears the aromatic marks.
    ///
    /// Which of several Kekulé structures it is depends on the order of the atoms.
    ///
    /// # Errors
    /// Atoms that need a double bond and get none; the graph is then unchanged.
    pub fn kekulise(&mut self) -> Result<(), SanitiseError> {
        let order: Vec<NodeIndex> = self.graph().node_indices().collect();
        self.kekulise_in_order(&order)
    }

    /// Chooses the double bonds with the atoms taken in this order and by nothing else.
    pub(super) fn kekulise_in_order(&mut self, order: &[NodeIndex]) -> Result<(), SanitiseError> {
        if !self
            .graph()
            .edge_weights()
            .any(|bond| bond.order == BondOrder::Aromatic)
        {
            self.clear_aromatic_marks();
            return Ok(());
        }
        // The atoms that need a double bond, as a graph of their own.
        let mut place = vec![None; self.atom_count()];
        let mut needy: UnGraph<NodeIndex, ()> = UnGraph::default();
        let mut wanted = 0;
        for &node in order {
            let wildcard = self.graph()[node].element == Element::WILDCARD;
            if wildcard && self.is_in_aromatic_bond(node) || self.needs_double_bond(node) {
                place[node.index()] = Some(needy.add_node(node));
                wanted += usize::from(!wildcard);
            }
        }
        let mut pairs: Vec<(NodeIndex, NodeIndex)> = self
            .graph()
            .edge_references()
            .filter(|edge| edge.weight().order == BondOrder::Aromatic)
            .filter_map(|edge| Some((place[edge.source().index()]?, place[edge.target().index()]?)))
            .map(|(a, b)| (a.min(b), a.max(b)))
            .collect();
        pairs.sort_unstable();
        for (a, b) in pairs {
            needy.add_edge(a, b, ());
        }
        let matching = maximum_matching(&needy);
        let served = needy
            .node_indices()
            .filter(|&node| {
                self.graph()[needy[node]].element != Element::WILDCARD
                    && matching.contains_node(node)
            })
            .count();
        if served < wanted {
            return Err(SanitiseError::Kekulise {
                unmatched: wanted - served,
            });
        }
        for edge in self.graph().edge_indices() {
            if self.graph()[edge].order == BondOrder::Aromatic {
                self.graph_mut()[edge].order = BondOrder::Single;
            }
        }
        for (a, b) in matching.edges() {
            if let Some(edge) = self.graph().find_edge(needy[a], needy[b]) {
                self.graph_mut()[edge].order = BondOrder::Double;
            }
        }
        self.clear_aromatic_marks();
        Ok(())
    }

    fn clear_aromatic_marks(&mut self) {
        for atom in self.graph_mut().node_weights_mut() {
            atom.aromatic = false;
        }
    }

    /// Whether an atom in aromatic bonds has one valence left when each of these bonds counts as single.
    fn needs_double_bond(&self, node: NodeIndex) -> bool {
        let atom = &self.graph()[node];
        if !self
            .graph()
            .edges(node)
            .any(|bond| bond.weight().order == BondOrder::Aromatic)
        {
            return false;
        }
        let used: i32 = self
            .graph()
            .edges(node)
            .map(|bond| bond.weight().order.whole())
            .sum::<i32>()
            + i32::from(atom.hydrogens);
        let charge = i32::from(atom.charge);
        // Boron gains and carbon loses a bond with a charge of either sign.
        let shift = match atom.element {
            Element::B => -charge,
            Element::C => -charge.abs(),
            _ => charge,
        };
        let valences = atom.element.valences();
        let total = self.valence(node);
        let mut allowed = i32::from(valences[0]) + shift;
        for &next in &valences[1..] {
            if total <= allowed || next < 0 {
                break;
            }
            allowed = i32::from(next) + shift;
        }
        let unpaired = self.unpaired_electrons(node);
        let degree = i32::try_from(self.graph().edges(node).count()).unwrap_or(i32::MAX)
            + i32::from(atom.hydrogens);
        if degree + unpaired >= allowed {
            return false;
        }
        allowed == used + 1 + unpaired
            || (unpaired == 0 && atom.hydrogens_stated && allowed == used + 2)
    }
}

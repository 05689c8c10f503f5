//! Murcko scaffolds.

use petgraph::graph::{EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;

use super::valence::implied_hydrogens;
use super::{BondOrder, Element, MolGraph};

impl MolGraph {
    /// The rings, the chains between them, and what is bound to either by a double bond: the scaffold of G. W. Bemis
    /// and M. A. Murcko (doi:10.1021/jm9602928) as `RDKit` draws it. Hydrogens take the places of what is cut off.
    ///
    /// A molecule without rings has an empty scaffold. Call it on a sanitised molecule.
    ///
    /// ```
    /// use selfies::graph::MolGraph;
    /// let molecule = MolGraph::from_smiles("Cc1ccc(cc1)C(=O)CN1CCOCC1")?;
    /// assert_eq!(molecule.murcko_scaffold().to_smiles(), "c1ccc(cc1)C(=O)CN1CCOCC1");
    /// # Ok::<(), selfies::graph::ReadError>(())
    /// ```
    #[must_use]
    pub fn murcko_scaffold(&self) -> Self {
        let graph = self.graph();
        let in_ring = self.ring_atoms();
        let mut kept = vec![true; graph.node_count()];
        // Chain ends are taken off until none is left that is not in a ring.
        let mut degree: Vec<usize> = graph
            .node_indices()
            .map(|node| graph.neighbors(node).count())
            .collect();
        let mut ends: Vec<NodeIndex> = graph
            .node_indices()
            .filter(|node| !in_ring[node.index()] && degree[node.index()] <= 1)
            .collect();
        while let Some(end) = ends.pop() {
            kept[end.index()] = false;
            for next in graph.neighbors(end).filter(|next| kept[next.index()]) {
                degree[next.index()] -= 1;
                if degree[next.index()] == 1 && !in_ring[next.index()] {
                    ends.push(next);
                }
            }
        }
        let core = kept.clone();
        for edge in graph
            .edge_references()
            .filter(|edge| edge.weight().order == BondOrder::Double)
        {
            let (a, b) = (edge.source().index(), edge.target().index());
            kept[a] |= core[b];
            kept[b] |= core[a];
        }
        let mut scaffold = self.subgraph(|node| kept[node.index()], false);
        let originals = graph.node_indices().filter(|node| kept[node.index()]);
        for (copy, original) in originals.enumerate() {
            let lost: i32 = graph
                .edges(original)
                .filter(|edge| !kept[edge.target().index()])
                .map(|edge| edge.weight().order.whole())
                .sum();
            if lost > 0 {
                scaffold.heal(NodeIndex::new(copy), lost, core[original.index()]);
            }
        }
        scaffold
    }

    /// Gives an atom hydrogens for the bonds it lost: neutral atoms as many as they imply, which for sulfur of valence
    /// six may be none; ions one for each, unless they are metals.
    ///
    /// An atom that lost a neighbour is no centre any more, and a double bond there has no configuration any more.
    fn heal(&mut self, node: NodeIndex, lost: i32, is_core: bool) {
        let bonds: Vec<EdgeIndex> = self.graph().edges(node).map(|edge| edge.id()).collect();
        for bond in bonds {
            self.graph_mut()[bond].stereo = None;
        }
        let doubled = self.doubled_bond_sum(node);
        let atom = &mut self.graph_mut()[node];
        atom.chirality = None;
        if atom.aromatic && atom.element != Element::C {
            atom.hydrogens = 1;
        } else if atom.charge == 0 {
            atom.hydrogens = implied_hydrogens(atom.element, atom.aromatic, doubled);
        } else if is_core && atom.element.default_valence() >= 0 {
            atom.hydrogens = atom
                .hydrogens
                .saturating_add(u8::try_from(lost).unwrap_or(0));
        }
    }
}

//! Murcko scaffolds.

use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use super::valence::{implied_hydrogens, isoelectronic};
use super::{BondOrder, Element, MolGraph};

impl MolGraph {
    /// The rings, the chains between them, and what is bound to either by a double bond: the scaffold of G. W. Bemis
    /// and M. A. Murcko (doi:10.1021/jm9602928) as `RDKit` draws it. Hydrogens take the places of what is cut off.
    ///
    /// A molecule without rings has an empty scaffold. Call it on a sanitised molecule.
    ///
    /// A double bond that lost a neighbour at either end has no configuration any more, so the scaffold does not depend
    /// on the spelling of the molecule; [`murcko_scaffold_as_told`](Self::murcko_scaffold_as_told) keeps more.
    ///
    /// ```
    /// use selfies::graph::MolGraph;
    /// let molecule = MolGraph::from_smiles("Cc1ccc(cc1)C(=O)CN1CCOCC1")?;
    /// assert_eq!(molecule.murcko_scaffold().to_smiles(), "c1ccc(cc1)C(=O)CN1CCOCC1");
    /// # Ok::<(), selfies::graph::ReadError>(())
    /// ```
    #[must_use]
    pub fn murcko_scaffold(&self) -> Self {
        self.scaffold(false)
    }

    /// The Murcko scaffold with the very configurations that `RDKit` keeps: those of double bonds that the text tells,
    /// with `/` or `\\`, at the bonds of neighbours that are kept. Spellings of one molecule that mark other bonds have
    /// other scaffolds.
    #[must_use]
    pub fn murcko_scaffold_as_told(&self) -> Self {
        self.scaffold(true)
    }

    fn scaffold(&self, as_told: bool) -> Self {
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
        self.drop_lost_configurations(&kept, as_told, &mut scaffold);
        let originals = graph.node_indices().filter(|node| kept[node.index()]);
        for (copy, original) in originals.enumerate() {
            let is_cut = graph.neighbors(original).any(|other| !kept[other.index()]);
            if is_cut {
                let spent = self.unpaired_electrons(original) - self.dative_bonds(original);
                scaffold.heal(NodeIndex::new(copy), spent, core[original.index()]);
            }
        }
        scaffold
    }

    /// Drops the configurations of double bonds in the scaffold that lost a neighbour, or only those that lost every
    /// neighbour whose bond the text marks.
    fn drop_lost_configurations(&self, kept: &[bool], as_told: bool, scaffold: &mut Self) {
        let graph = self.graph();
        // The scaffold has the bonds whose ends are both kept, in the same order.
        let copied = graph
            .edge_references()
            .filter(|edge| kept[edge.source().index()] && kept[edge.target().index()]);
        for (edge, copy) in copied.zip(scaffold.graph_mut().edge_weights_mut()) {
            let Some(stereo) = edge.weight().stereo else {
                continue;
            };
            let is_told = |end: NodeIndex, told_by: NodeIndex, both: bool| {
                if as_told {
                    both || kept[told_by.index()]
                } else {
                    graph.neighbors(end).all(|other| kept[other.index()])
                }
            };
            let [both_at_source, both_at_target] = stereo.both_marked;
            if !is_told(edge.source(), stereo.source_neighbour, both_at_source)
                || !is_told(edge.target(), stereo.target_neighbour, both_at_target)
            {
                copy.stereo = None;
            }
        }
    }

    /// Gives an atom that lost neighbours hydrogens in their places and takes its configuration.
    ///
    /// Atoms of the rings and chains get as many as their element implies, of ions the element with as many electrons;
    /// `spent` is the number of unpaired electrons less the number of bonds that take no valence. Atoms that only hang
    /// on a double bond keep the hydrogens that the text states, save that `RDKit` writes none as an atom without
    /// brackets, which has them again.
    fn heal(&mut self, node: NodeIndex, spent: i32, is_core: bool) {
        let doubled = self.doubled_bond_sum(node);
        let atom = &mut self.graph_mut()[node];
        atom.chirality = None;
        let written_without_brackets =
            !atom.hydrogens_stated || (atom.hydrogens, atom.charge, atom.isotope) == (0, 0, 0);
        if atom.aromatic && atom.element != Element::C {
            atom.hydrogens = 1;
        } else if is_core || written_without_brackets {
            atom.hydrogens = isoelectronic(atom).map_or(0, |element| {
                implied_hydrogens(element, atom.aromatic, doubled + 2 * spent)
            });
        }
    }
}

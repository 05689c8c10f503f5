//! Murcko scaffolds.

use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use super::valence::implied_hydrogens;
use super::{BondOrder, Element, MolGraph};

/// Spheres compared before two neighbours count as equal.
const CIP_SPHERES: usize = 5;

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
        self.drop_cut_double_bonds(&kept, &mut scaffold);
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

    /// `RDKit` tells a double bond's configuration by the senior neighbour of each end and forgets it with that
    /// neighbour.
    fn drop_cut_double_bonds(&self, kept: &[bool], scaffold: &mut Self) {
        let graph = self.graph();
        let place = |node: NodeIndex| {
            NodeIndex::new(kept[..node.index()].iter().filter(|&&kept| kept).count())
        };
        for edge in graph
            .edge_references()
            .filter(|edge| edge.weight().stereo.is_some())
        {
            let (source, target) = (edge.source(), edge.target());
            let cut = [(source, target), (target, source)]
                .into_iter()
                .any(|(end, opposite)| {
                    let sides: Vec<NodeIndex> = graph
                        .neighbors(end)
                        .filter(|&other| other != opposite)
                        .collect();
                    match sides[..] {
                        [a, b] => {
                            let senior = if self.spheres(a, end) >= self.spheres(b, end) {
                                a
                            } else {
                                b
                            };
                            !kept[senior.index()]
                        }
                        _ => false,
                    }
                });
            if cut && kept[source.index()] && kept[target.index()] {
                let copy = scaffold.graph().find_edge(place(source), place(target));
                if let Some(copy) = copy {
                    scaffold.graph_mut()[copy].stereo = None;
                }
            }
        }
    }

    /// Atomic numbers around an atom, sphere by sphere away from `from` and each sphere sorted: the first steps of the
    /// Cahn–Ingold–Prelog rules, which decide nearly all cases.
    fn spheres(&self, node: NodeIndex, from: NodeIndex) -> Vec<Vec<u8>> {
        let graph = self.graph();
        let mut spheres = vec![vec![graph[node].element.number()]];
        let mut front = vec![(node, from)];
        for _ in 0..CIP_SPHERES {
            let mut sphere = Vec::new();
            let mut next = Vec::new();
            for &(atom, before) in &front {
                sphere.extend(std::iter::repeat_n(1, usize::from(graph[atom].hydrogens)));
                for edge in graph.edges(atom) {
                    let number = graph[edge.target()].element.number();
                    let copies = match edge.weight().order {
                        BondOrder::Double => 2,
                        BondOrder::Triple => 3,
                        _ => 1,
                    };
                    let already = usize::from(edge.target() == before);
                    sphere.extend(std::iter::repeat_n(number, copies - already));
                    if already == 0 {
                        next.push((edge.target(), atom));
                    }
                }
            }
            sphere.sort_unstable_by(|a, b| b.cmp(a));
            spheres.push(sphere);
            front = next;
        }
        spheres
    }

    /// Gives an atom hydrogens for the bonds it lost: neutral atoms as many as they imply, which for sulfur of valence
    /// six may be none; ions one for each, unless they are metals.
    fn heal(&mut self, node: NodeIndex, lost: i32, is_core: bool) {
        let doubled = self.doubled_bond_sum(node);
        let atom = &mut self.graph_mut()[node];
        atom.chirality = None;
        if atom.aromatic && atom.element != Element::C {
            atom.hydrogens = 1;
        } else if atom.charge == 0 {
            atom.hydrogens = implied_hydrogens(atom.element, atom.aromatic, doubled);
        } else if is_core && atom.element.default_valence() >= 0 {
            atom.hydrogens += u8::try_from(lost).unwrap_or(0);
        }
    }
}

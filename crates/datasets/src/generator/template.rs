//! Fragments as graphs with the places where they can be joined.

use selfies::graph::{Atom, Element, MolGraph, NodeIndex};

/// A fragment: a graph whose atoms at the ends still carry the hydrogens that joining takes away.
#[derive(Clone, Debug)]
pub(super) struct Template {
    pub(super) graph: MolGraph,
    /// The atoms that the stars hang on, in text order.
    pub(super) ends: Vec<NodeIndex>,
    /// Substitution sites: atoms with hydrogens and the weight by which they are drawn.
    pub(super) sites: Vec<(NodeIndex, u32)>,
}

impl Template {
    /// Reads a fragment; stars mark its ends.
    ///
    /// The texts are constants of this module, and a test reads every one of them.
    pub(super) fn read(text: &str) -> Self {
        let whole = MolGraph::from_smiles(text).expect("the fragment tables hold valid SMILES");
        let is_star = |node: NodeIndex| whole.graph()[node].element == Element::WILDCARD;
        let mut ends = Vec::new();
        for star in whole.graph().node_indices().filter(|&node| is_star(node)) {
            for end in whole.graph().neighbors(star) {
                let stars_before = (0..end.index())
                    .filter(|&i| is_star(NodeIndex::new(i)))
                    .count();
                ends.push(NodeIndex::new(end.index() - stars_before));
            }
        }
        let graph = whole.subgraph(|node| !is_star(node), true);
        let sites = graph
            .graph()
            .node_indices()
            .filter_map(|node| Some((node, site_weight(&graph, node)?)))
            .collect();
        Self { graph, ends, sites }
    }
}

/// How eagerly an atom of a ring system is substituted: rarely a bare N–H stays on a saturated ring.
fn site_weight(graph: &MolGraph, node: NodeIndex) -> Option<u32> {
    let atom: &Atom = &graph.graph()[node];
    if atom.hydrogens == 0 {
        return None;
    }
    Some(match (atom.element, atom.aromatic) {
        (Element::N, false) => 60,
        (_, true) => 12,
        _ => 3,
    })
}

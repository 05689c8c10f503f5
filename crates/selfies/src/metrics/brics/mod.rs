//! BRICS: bonds that a synthesis could have made, and the pieces between them.
//!
//! J. Degen, C. Wegscheid-Gerlach, A. Zaliani and M. Rarey, doi:10.1002/cmdc.200800178, with the environments as
//! `RDKit` writes them; beside each stands its pattern.

mod environments;

use petgraph::visit::EdgeRef;

use crate::graph::{Atom, Bond, BondOrder, EdgeIndex, Element, MolGraph, NodeIndex};

use environments::View;

/// Which pairs of environments a bond may join, in the order in which they are tried. 7 is a double bond.
const PAIRS: [(u8, u8); 46] = [
    (1, 3),
    (1, 5),
    (1, 10),
    (3, 4),
    (3, 13),
    (3, 14),
    (3, 15),
    (3, 16),
    (4, 5),
    (4, 11),
    (5, 12),
    (5, 14),
    (5, 16),
    (5, 13),
    (5, 15),
    (6, 13),
    (6, 14),
    (6, 15),
    (6, 16),
    (7, 7),
    (8, 9),
    (8, 10),
    (8, 13),
    (8, 14),
    (8, 15),
    (8, 16),
    (9, 13),
    (9, 14),
    (9, 15),
    (9, 16),
    (10, 13),
    (10, 14),
    (10, 15),
    (10, 16),
    (11, 13),
    (11, 14),
    (11, 15),
    (11, 16),
    (13, 14),
    (13, 15),
    (13, 16),
    (14, 14),
    (14, 15),
    (14, 16),
    (15, 16),
    (16, 16),
];

/// The bonds to cut, each with the environments of its source and its target, of a sanitised molecule.
#[must_use]
pub fn brics_bonds(molecule: &MolGraph) -> Vec<(EdgeIndex, (u8, u8))> {
    let view = View {
        molecule,
        in_ring: molecule.ring_bonds(),
    };
    let environments: Vec<u32> = molecule
        .graph()
        .node_indices()
        .map(|node| view.environments(node))
        .collect();
    let graph = molecule.graph();
    graph
        .edge_references()
        .filter(|edge| !view.in_ring[edge.id().index()])
        .filter_map(|edge| {
            let has = |node: NodeIndex, environment: u8| {
                environments[node.index()] >> environment & 1 == 1
            };
            let order = edge.weight().order;
            let fits = |&(first, second): &(u8, u8)| {
                let wanted = if first == 7 {
                    BondOrder::Double
                } else {
                    BondOrder::Single
                };
                if order != wanted {
                    None
                } else if has(edge.source(), first) && has(edge.target(), second) {
                    Some((first, second))
                } else if has(edge.source(), second) && has(edge.target(), first) {
                    Some((second, first))
                } else {
                    None
                }
            };
            PAIRS.iter().find_map(fits).map(|pair| (edge.id(), pair))
        })
        .collect()
}

/// The canonical texts of the pieces; where a bond was cut stands a wildcard with the environment as its isotope.
///
/// ```
/// use selfies::graph::MolGraph;
/// use selfies::metrics::brics_fragments;
/// let mut anisole = MolGraph::from_smiles("COc1ccccc1")?;
/// anisole.sanitise()?;
/// assert_eq!(brics_fragments(&anisole), ["CO[3*]", "[16*]c1ccccc1"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn brics_fragments(molecule: &MolGraph) -> Vec<String> {
    let cuts = brics_bonds(molecule);
    if cuts.is_empty() {
        return molecule
            .components()
            .into_iter()
            .map(MolGraph::into_canonical_text)
            .collect();
    }
    let mut pieces = MolGraph::new();
    for atom in molecule.atoms() {
        pieces.add_atom(atom.clone());
    }
    let mut cuts = cuts.into_iter().peekable();
    let graph = molecule.graph();
    for edge in graph.edge_references() {
        let (source, target) = (edge.source(), edge.target());
        let Some((_, (first, second))) = cuts.next_if(|(cut, _)| *cut == edge.id()) else {
            pieces.graph_mut().add_edge(source, target, *edge.weight());
            continue;
        };
        // Both ends keep the cut bond's place among their bonds, so configurations stay what they were.
        for (end, environment) in [(source, first), (target, second)] {
            let dummy = pieces.add_atom(Atom {
                isotope: u16::from(environment),
                ..Atom::new(Element::WILDCARD, 0)
            });
            let order = edge.weight().order;
            pieces.graph_mut().add_edge(end, dummy, Bond::new(order));
        }
    }
    pieces.retell_double_bonds(molecule);
    pieces
        .components()
        .into_iter()
        .map(MolGraph::into_canonical_text)
        .collect()
}

impl MolGraph {
    /// Double bonds told by a neighbour that was cut off are told by the wildcard in its place.
    fn retell_double_bonds(&mut self, whole: &MolGraph) {
        for edge in self.graph().edge_indices() {
            let Some((source, target)) = self.graph().edge_endpoints(edge) else {
                continue;
            };
            let Some(mut stereo) = self.graph()[edge].stereo else {
                continue;
            };
            for (end, told_by) in [
                (source, &mut stereo.source_neighbour),
                (target, &mut stereo.target_neighbour),
            ] {
                if self.graph().find_edge(end, *told_by).is_some() {
                    continue;
                }
                // The wildcard is the neighbour that the whole molecule does not have.
                let dummy = self
                    .graph()
                    .neighbors(end)
                    .find(|other| other.index() >= whole.atom_count());
                if let Some(dummy) = dummy {
                    *told_by = dummy;
                }
            }
            self.graph_mut()[edge].stereo = Some(stereo);
        }
    }
}

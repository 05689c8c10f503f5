//! Which single bonds carry `/` and `\` so that every double bond's configuration can be read.

use petgraph::graph::{EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;

use super::write::Tree;
use super::{BondOrder, DoubleBondStereo, MolGraph};

/// Directions of bonds, found anew for each text.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks {
    /// By edge, from source to target: +1 up, −1 down, 0 none. Empty when no double bond has a configuration.
    directions: Vec<i8>,
    /// Double bonds that are still to be settled, by the time the walk met them.
    pending: Vec<(u32, EdgeIndex)>,
}

/// A neighbour of one end of a double bond and whether it lies above that end.
type Sighting = (NodeIndex, bool);

impl Marks {
    pub(super) fn direction(&self, edge: EdgeIndex) -> i8 {
        self.directions.get(edge.index()).copied().unwrap_or(0)
    }

    pub(super) fn settle(&mut self, molecule: &MolGraph, tree: &Tree) {
        let graph = molecule.graph();
        self.directions.clear();
        self.pending.clear();
        for (index, edge) in graph.raw_edges().iter().enumerate() {
            if edge.weight.order == BondOrder::Double && edge.weight.stereo.is_some() {
                let met =
                    tree.entered[edge.source().index()].min(tree.entered[edge.target().index()]);
                self.pending.push((met, EdgeIndex::new(index)));
            }
        }
        if self.pending.is_empty() {
            return;
        }
        self.directions.resize(graph.edge_count(), 0);
        self.pending.sort_unstable();
        // Neighbouring double bonds share a mark, so each next one is taken where a mark is known already; only when
        // none is left does a mark start anew. On a tree of double bonds this never contradicts itself.
        while !self.pending.is_empty() {
            let next = self
                .pending
                .iter()
                .position(|&(_, edge)| {
                    graph.edge_endpoints(edge).is_some_and(|(a, b)| {
                        self.sighting(molecule, edge, a)
                            .or_else(|| self.sighting(molecule, edge, b))
                            .is_some()
                    })
                })
                .unwrap_or(0);
            let (_, edge) = self.pending.remove(next);
            if let (Some((source, target)), Some(stereo)) =
                (graph.edge_endpoints(edge), graph[edge].stereo)
            {
                self.mark(molecule, tree, edge, (source, target), stereo);
            }
        }
    }

    fn mark(
        &mut self,
        molecule: &MolGraph,
        tree: &Tree,
        edge: EdgeIndex,
        (source, target): (NodeIndex, NodeIndex),
        stereo: DoubleBondStereo,
    ) {
        let (Some(free_source), Some(free_target)) = (
            self.candidate(molecule, tree, edge, source),
            self.candidate(molecule, tree, edge, target),
        ) else {
            return;
        };
        let references = (stereo.source_neighbour, stereo.target_neighbour);
        // Whether the other end's neighbour lies above, given one end's.
        let across = |(seen, above): Sighting, seen_reference, wanted, wanted_reference| {
            let reference_above = above == (seen == seen_reference);
            let other_above = reference_above == stereo.same_side;
            other_above == (wanted == wanted_reference)
        };
        let at_source = self.sighting(molecule, edge, source);
        let at_target = self.sighting(molecule, edge, target);
        match (at_source, at_target) {
            (Some(_), Some(_)) => {}
            (Some(seen), None) => {
                let above = across(seen, references.0, free_target.1, references.1);
                self.set(molecule, free_target.0, target, above);
            }
            (None, Some(seen)) => {
                let above = across(seen, references.1, free_source.1, references.0);
                self.set(molecule, free_source.0, source, above);
            }
            (None, None) => {
                // Chosen so that the mark of the end that is met first comes out as `/`.
                let source_first = tree.entered[source.index()] < tree.entered[target.index()];
                let (end, free) = if source_first {
                    (source, free_source)
                } else {
                    (target, free_target)
                };
                let above = tree.entered[free.1.index()] > tree.entered[end.index()];
                self.set(molecule, free.0, end, above);
                if source_first {
                    let above = across((free.1, above), references.0, free_target.1, references.1);
                    self.set(molecule, free_target.0, target, above);
                } else {
                    let above = across((free.1, above), references.1, free_source.1, references.0);
                    self.set(molecule, free_source.0, source, above);
                }
            }
        }
    }

    /// A neighbour of `end` whose bond carries a mark.
    fn sighting(&self, molecule: &MolGraph, double: EdgeIndex, end: NodeIndex) -> Option<Sighting> {
        molecule
            .graph()
            .edges(end)
            .filter(|bond| bond.id() != double)
            .find_map(|bond| {
                let direction = self.directions[bond.id().index()];
                let leaves = molecule.graph().edge_endpoints(bond.id())?.0 == end;
                (direction != 0).then_some((bond.target(), (direction > 0) == leaves))
            })
    }

    /// The bond of `end` to mark: one of the tree rather than a ring's, the earliest met.
    fn candidate(
        &self,
        molecule: &MolGraph,
        tree: &Tree,
        double: EdgeIndex,
        end: NodeIndex,
    ) -> Option<(EdgeIndex, NodeIndex)> {
        molecule
            .graph()
            .edges(end)
            .filter(|bond| bond.id() != double && bond.weight().order == BondOrder::Single)
            .min_by_key(|bond| {
                let other = bond.target();
                let in_tree = tree.parent[end.index()] == Some(bond.id())
                    || tree.parent[other.index()] == Some(bond.id());
                (!in_tree, tree.entered[other.index()])
            })
            .map(|bond| (bond.id(), bond.target()))
    }

    fn set(&mut self, molecule: &MolGraph, edge: EdgeIndex, end: NodeIndex, above: bool) {
        let leaves = molecule
            .graph()
            .edge_endpoints(edge)
            .is_some_and(|(first, _)| first == end);
        self.directions[edge.index()] = if above == leaves { 1 } else { -1 };
    }
}

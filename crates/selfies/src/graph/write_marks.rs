//! Which single bonds carry `/` and `\` so that every double bond's configuration can be read.

use petgraph::graph::{EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;

use super::write_tree::Tree;
use super::{BondOrder, DoubleBondStereo, MolGraph};

/// Directions of bonds, found anew for each text.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks {
    /// By edge, from source to target: +1 up, −1 down, 0 undecided. Empty when no double bond has a configuration.
    directions: Vec<i8>,
    /// By edge: whether the text shows its direction.
    shown: Vec<bool>,
    /// By atom: whether it is an end of a double bond with a configuration.
    is_end: Vec<bool>,
    /// Double bonds that are still to be settled, by the time the walk met them.
    pending: Vec<(u32, EdgeIndex)>,
    /// Bonds whose new direction has to be passed on.
    news: Vec<EdgeIndex>,
}

/// A neighbour of one end of a double bond and whether it lies above that end.
type Sighting = (NodeIndex, bool);

impl Marks {
    /// The direction to show on a bond, 0 for none.
    pub(super) fn direction(&self, edge: EdgeIndex) -> i8 {
        match self.shown.get(edge.index()) {
            Some(true) => self.directions[edge.index()],
            _ => 0,
        }
    }

    pub(super) fn settle(&mut self, molecule: &MolGraph, tree: &Tree) {
        let graph = molecule.graph();
        self.directions.clear();
        self.shown.clear();
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
        self.shown.resize(graph.edge_count(), false);
        self.is_end.clear();
        self.is_end.resize(graph.node_count(), false);
        self.pending.sort_unstable();
        for &(_, edge) in &self.pending {
            if let Some((a, b)) = graph.edge_endpoints(edge) {
                self.is_end[a.index()] = true;
                self.is_end[b.index()] = true;
            }
        }
        // Neighbouring double bonds share a bond between them, so each next one is taken where a direction is decided
        // already; only when none is left does a direction start anew. On a tree of double bonds this never
        // contradicts itself.
        while !self.pending.is_empty() {
            let decided = |&(_, edge): &(u32, EdgeIndex)| {
                graph.edge_endpoints(edge).is_some_and(|(a, b)| {
                    self.sighting(molecule, edge, a)
                        .or_else(|| self.sighting(molecule, edge, b))
                        .is_some()
                })
            };
            let next = self.pending.iter().position(decided).unwrap_or(0);
            let (_, edge) = self.pending.remove(next);
            if let (Some(ends), Some(stereo)) = (graph.edge_endpoints(edge), graph[edge].stereo) {
                self.decide(molecule, tree, edge, ends, stereo);
            }
        }
    }

    /// Decides the directions at both ends of a double bond and shows one at each.
    fn decide(
        &mut self,
        molecule: &MolGraph,
        tree: &Tree,
        edge: EdgeIndex,
        (source, target): (NodeIndex, NodeIndex),
        stereo: DoubleBondStereo,
    ) {
        let (Some(at_source), Some(at_target)) = (
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
        if self.sighting(molecule, edge, source).is_none()
            && self.sighting(molecule, edge, target).is_none()
        {
            // Chosen so that the mark of the end that is met first comes out as `/`.
            let source_first = tree.entered[source.index()] < tree.entered[target.index()];
            let (end, (bond, other)) = if source_first {
                (source, at_source)
            } else {
                (target, at_target)
            };
            let above = tree.entered[other.index()] > tree.entered[end.index()];
            self.set(molecule, bond, end, above);
        }
        match (
            self.sighting(molecule, edge, source),
            self.sighting(molecule, edge, target),
        ) {
            (Some(seen), None) => {
                let above = across(seen, references.0, at_target.1, references.1);
                self.set(molecule, at_target.0, target, above);
            }
            (None, Some(seen)) => {
                let above = across(seen, references.1, at_source.1, references.0);
                self.set(molecule, at_source.0, source, above);
            }
            _ => {}
        }
        self.shown[at_source.0.index()] = true;
        self.shown[at_target.0.index()] = true;
    }

    /// A neighbour of `end` whose direction is decided.
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

    /// The bond of `end` to mark: one that is marked already, else one of the tree rather than a ring's, and one that
    /// does not touch a double bond without a configuration; of these the earliest met.
    fn candidate(
        &self,
        molecule: &MolGraph,
        tree: &Tree,
        double: EdgeIndex,
        end: NodeIndex,
    ) -> Option<(EdgeIndex, NodeIndex)> {
        let graph = molecule.graph();
        graph
            .edges(end)
            .filter(|bond| bond.id() != double && carries_marks(bond.weight().order))
            .min_by_key(|bond| {
                let other = bond.target();
                let in_tree = tree.parent[end.index()] == Some(bond.id())
                    || tree.parent[other.index()] == Some(bond.id());
                let loose = !self.is_end[other.index()]
                    && graph
                        .edges(other)
                        .any(|next| next.weight().order == BondOrder::Double);
                let shown = self.shown[bond.id().index()];
                (
                    !shown,
                    !in_tree,
                    loose,
                    bond.weight().order,
                    tree.entered[other.index()],
                )
            })
            .map(|bond| (bond.id(), bond.target()))
    }

    /// Decides a bond's direction and with it those of the other bonds at the same double bonds' ends.
    fn set(&mut self, molecule: &MolGraph, edge: EdgeIndex, end: NodeIndex, above: bool) {
        let graph = molecule.graph();
        let leaves = graph
            .edge_endpoints(edge)
            .is_some_and(|(first, _)| first == end);
        self.directions[edge.index()] = if above == leaves { 1 } else { -1 };
        self.news.push(edge);
        while let Some(edge) = self.news.pop() {
            let Some((source, target)) = graph.edge_endpoints(edge) else {
                continue;
            };
            let up = self.directions[edge.index()] > 0;
            for (end, above) in [(source, up), (target, !up)] {
                if !self.is_end[end.index()] {
                    continue;
                }
                for bond in graph.edges(end) {
                    let index = bond.id().index();
                    if self.directions[index] == 0 && carries_marks(bond.weight().order) {
                        let leaves = graph
                            .edge_endpoints(bond.id())
                            .is_some_and(|(first, _)| first == end);
                        self.directions[index] = if above == leaves { -1 } else { 1 };
                        self.news.push(bond.id());
                    }
                }
            }
        }
    }
}

/// Double bonds on aromatic rings are told by a ring bond, which can carry a mark as well.
fn carries_marks(order: BondOrder) -> bool {
    matches!(order, BondOrder::Single | BondOrder::Aromatic)
}

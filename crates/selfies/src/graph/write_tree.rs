//! The walk through a molecule that a text follows.
#![expect(
    clippy::cast_possible_truncation,
    reason = "petgraph's indices are u32"
)]

use petgraph::graph::{EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;

use super::MolGraph;

pub(super) const NONE: u32 = u32::MAX;

/// A bond that closes a ring: from the atom written first to the one written later.
#[derive(Clone, Copy, Debug)]
pub(super) struct RingBond {
    pub(super) edge: EdgeIndex,
    pub(super) number: u32,
    pub(super) next_opening: u32,
    pub(super) next_closing: u32,
}

/// The spanning tree of the walk and the bonds outside it.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    /// Neighbours of all atoms, each atom's sorted by rank.
    pub(super) adjacent: Vec<(u32, NodeIndex, EdgeIndex)>,
    pub(super) starts: Vec<u32>,
    /// When the walk entered each atom; zero before.
    pub(super) entered: Vec<u32>,
    pub(super) parent: Vec<Option<EdgeIndex>>,
    pub(super) size: Vec<u32>,
    pub(super) first_child: Vec<u32>,
    pub(super) next_sibling: Vec<u32>,
    pub(super) rings: Vec<RingBond>,
    pub(super) first_opening: Vec<u32>,
    pub(super) first_closing: Vec<u32>,
    pub(super) stack: Vec<(NodeIndex, u32)>,
    pub(super) roots: Vec<NodeIndex>,
    pub(super) clock: u32,
    /// Whether branches keep the order of the walk.
    pub(super) by_rank_alone: bool,
}

impl Tree {
    pub(super) fn prepare(&mut self, molecule: &MolGraph, rank: impl Fn(NodeIndex) -> u32) {
        let graph = molecule.graph();
        let atoms = graph.node_count();
        self.adjacent.clear();
        self.starts.clear();
        for node in graph.node_indices() {
            let start = self.adjacent.len();
            self.starts.push(start as u32);
            self.adjacent.extend(
                graph
                    .edges(node)
                    .map(|edge| (rank(edge.target()), edge.target(), edge.id())),
            );
            self.adjacent[start..].sort_unstable();
        }
        self.starts.push(self.adjacent.len() as u32);
        for list in [
            &mut self.first_child,
            &mut self.next_sibling,
            &mut self.first_opening,
            &mut self.first_closing,
        ] {
            list.clear();
            list.resize(atoms, NONE);
        }
        self.entered.clear();
        self.entered.resize(atoms, 0);
        self.parent.clear();
        self.parent.resize(atoms, None);
        self.size.clear();
        self.size.resize(atoms, 1);
        self.rings.clear();
        self.clock = 0;

        self.roots.clear();
        self.roots.extend(graph.node_indices());
        self.roots.sort_unstable_by_key(|&node| rank(node));
        let mut kept = 0;
        for position in 0..self.roots.len() {
            let root = self.roots[position];
            if self.entered[root.index()] == 0 {
                self.roots[kept] = root;
                kept += 1;
                self.walk_from(root);
            }
        }
        self.roots.truncate(kept);
    }

    fn enter(&mut self, node: NodeIndex) {
        self.clock += 1;
        self.entered[node.index()] = self.clock;
        self.stack.push((node, self.starts[node.index()]));
    }

    fn walk_from(&mut self, root: NodeIndex) {
        self.enter(root);
        while let Some(top) = self.stack.last_mut() {
            let node = top.0;
            let here = node.index();
            if top.1 == self.starts[here + 1] {
                self.stack.pop();
                if let Some(&(parent, _)) = self.stack.last() {
                    self.adopt(parent.index(), here);
                }
                continue;
            }
            let (_, next, edge) = self.adjacent[top.1 as usize];
            top.1 += 1;
            if self.entered[next.index()] == 0 {
                self.parent[next.index()] = Some(edge);
                self.enter(next);
            } else if self.parent[here] != Some(edge)
                && self.entered[next.index()] < self.entered[here]
            {
                let ring = self.rings.len() as u32;
                self.rings.push(RingBond {
                    edge,
                    number: 0,
                    next_opening: NONE,
                    next_closing: NONE,
                });
                append(
                    self.first_opening[next.index()],
                    ring,
                    &mut self.rings,
                    |r| &mut r.next_opening,
                )
                .unwrap_or_else(|| self.first_opening[next.index()] = ring);
                append(self.first_closing[here], ring, &mut self.rings, |r| {
                    &mut r.next_closing
                })
                .unwrap_or_else(|| self.first_closing[here] = ring);
            }
        }
    }

    /// Puts a finished child behind its siblings that are not larger.
    fn adopt(&mut self, parent: usize, child: usize) {
        self.size[parent] += self.size[child];
        let mut before = NONE;
        let mut after = self.first_child[parent];
        while after != NONE && (self.by_rank_alone || self.size[after as usize] <= self.size[child])
        {
            before = after;
            after = self.next_sibling[after as usize];
        }
        self.next_sibling[child] = after;
        if before == NONE {
            self.first_child[parent] = child as u32;
        } else {
            self.next_sibling[before as usize] = child as u32;
        }
    }
}

/// Hangs `ring` at the end of the list that starts at `head`; `None` when the list is empty.
fn append(
    head: u32,
    ring: u32,
    rings: &mut [RingBond],
    next: impl Fn(&mut RingBond) -> &mut u32,
) -> Option<()> {
    if head == NONE {
        return None;
    }
    let mut last = head;
    loop {
        let following = *next(&mut rings[last as usize]);
        if following == NONE {
            *next(&mut rings[last as usize]) = ring;
            return Some(());
        }
        last = following;
    }
}

/// The members of a linked list.
pub(super) fn walk<F: Fn(usize) -> u32 + Clone>(
    head: u32,
    next: F,
) -> impl Iterator<Item = usize> + Clone {
    std::iter::successors((head != NONE).then_some(head as usize), move |&item| {
        let following = next(item);
        (following != NONE).then_some(following as usize)
    })
}

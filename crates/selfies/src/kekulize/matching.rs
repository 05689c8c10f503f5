//! Matching on the graph of atoms that need a double bond.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::{NONE, index, pop_order};

/// Neighbours of each labelled atom, in the order their bonds were made.
#[derive(Clone, Debug, Default)]
pub(super) struct Graph {
    /// Where each atom's neighbours begin; one more entry than atoms.
    starts: Vec<u32>,
    /// How many of them are filled in.
    filled: Vec<u32>,
    /// Neighbour and bond.
    edges: Vec<(u32, u32)>,
    /// The largest number of neighbours.
    largest: u32,
}

impl Graph {
    /// Begins a graph of this many atoms with at most so many neighbours. Then
    /// count every edge and reserve if it says so, and connect every edge.
    pub(super) fn start(&mut self, atoms: u32, largest: u32) -> bool {
        self.filled.clear();
        self.filled.resize(atoms as usize, 0);
        self.largest = largest;
        let must_count = largest > Self::FEW;
        if !must_count {
            // Room for a few neighbours each saves the counting.
            self.starts.clear();
            self.starts.extend((0..=atoms).map(|atom| atom * Self::FEW));
            let most = (atoms * Self::FEW) as usize;
            if self.edges.len() < most {
                self.edges.resize(most, (NONE, NONE));
            }
        }
        must_count
    }

    const FEW: u32 = 4;

    pub(super) fn count(&mut self, a: u32, b: u32) {
        self.filled[a as usize] += 1;
        self.filled[b as usize] += 1;
    }

    pub(super) fn reserve(&mut self) {
        self.starts.clear();
        let mut end = 0;
        self.starts.push(0);
        for filled in &mut self.filled {
            end += *filled;
            *filled = 0;
            self.starts.push(end);
        }
        self.edges.clear();
        self.edges.resize(end as usize, (NONE, NONE));
    }

    #[inline]
    pub(super) fn connect(&mut self, a: u32, b: u32, bond: u32) {
        for (from, to) in [(a, b), (b, a)] {
            let filled = &mut self.filled[from as usize];
            let at = self.starts[from as usize] + *filled;
            *filled += 1;
            self.edges[at as usize] = (to, bond);
        }
    }

    fn len(&self) -> u32 {
        index(self.filled.len())
    }

    #[inline]
    fn neighbours(&self, atom: u32) -> &[(u32, u32)] {
        let start = self.starts[atom as usize] as usize;
        &self.edges[start..start + self.filled[atom as usize] as usize]
    }

    /// The bond between two neighbours.
    pub(super) fn bond_between(&self, a: u32, b: u32) -> u32 {
        self.neighbours(a)
            .iter()
            .find_map(|&(to, bond)| (to == b).then_some(bond))
            .expect("atoms are only matched to their neighbours")
    }
}

/// A matching and the memory to find one.
#[derive(Clone, Debug, Default)]
pub(super) struct Matching {
    mates: Vec<u32>,
    /// Unmatched neighbours of each atom, counted.
    free: Vec<u32>,
    heap: BinaryHeap<Reverse<(u32, u32)>>,
    unmatched: Vec<u32>,
    order: Vec<u32>,
    table: Vec<u32>,
    queue: VecDeque<u32>,
    /// Search tree: the atom before and the neighbour used; `NONE` if unseen.
    parents: Vec<(u32, u32)>,
    path: Vec<(u32, u32)>,
}

impl Matching {
    /// The partner of each atom.
    pub(super) fn mates(&self) -> &[u32] {
        &self.mates
    }

    /// Looks for a perfect matching.
    pub(super) fn find(&mut self, graph: &Graph) -> bool {
        self.mates.clear();
        self.mates.resize(graph.filled.len(), NONE);
        self.greedy(graph);

        self.unmatched.clear();
        let mates = &self.mates;
        self.unmatched
            .extend((0..graph.len()).filter(|&atom| mates[atom as usize] == NONE));
        if self.unmatched.is_empty() {
            return true;
        }
        pop_order::sort(&self.unmatched, &mut self.table, &mut self.order);
        for at in 0..self.order.len() {
            let root = self.order[at];
            if self.mates[root as usize] != NONE {
                continue;
            }
            if !self.augment(graph, root) {
                return false;
            }
        }
        true
    }

    /// Matches the atom with the fewest free neighbours (then the lowest label)
    /// to its first free neighbour, as long as there is one.
    fn greedy(&mut self, graph: &Graph) {
        self.free.clear();
        self.free.extend_from_slice(&graph.filled);
        if graph.len() <= 64 && graph.largest < 4 {
            self.greedy_small(graph);
            return;
        }
        self.heap.clear();
        self.heap.extend(
            (0..)
                .zip(&self.free)
                .map(|(atom, &free)| Reverse((free, atom))),
        );
        while let Some(Reverse((_, atom))) = self.heap.pop() {
            if self.mates[atom as usize] != NONE || self.free[atom as usize] == 0 {
                continue;
            }
            let Some(&(mate, _)) = graph
                .neighbours(atom)
                .iter()
                .find(|&&(to, _)| self.mates[to as usize] == NONE)
            else {
                continue;
            };
            self.mates[atom as usize] = mate;
            self.mates[mate as usize] = atom;
            for end in [atom, mate] {
                for &(near, _) in graph.neighbours(end) {
                    let free = &mut self.free[near as usize];
                    *free -= 1;
                    if self.mates[near as usize] == NONE && *free > 0 {
                        self.heap.push(Reverse((*free, near)));
                    }
                }
            }
        }
    }

    /// The same for up to 64 atoms of up to three neighbours, which nearly all
    /// molecules have: one set of atoms, as bits, for each number of neighbours.
    fn greedy_small(&mut self, graph: &Graph) {
        let mut sets = [0u64; 4];
        for (atom, &free) in self.free.iter().enumerate() {
            sets[free as usize] |= 1 << atom;
        }
        while let Some(set) = sets[1..].iter().find(|&&set| set != 0) {
            let atom = set.trailing_zeros();
            let Some(&(mate, _)) = graph
                .neighbours(atom)
                .iter()
                .find(|&&(to, _)| self.mates[to as usize] == NONE)
            else {
                break;
            };
            for (end, other) in [(atom, mate), (mate, atom)] {
                self.mates[end as usize] = other;
                sets[self.free[end as usize] as usize] &= !(1 << end);
            }
            for end in [atom, mate] {
                for &(near, _) in graph.neighbours(end) {
                    let free = &mut self.free[near as usize];
                    *free -= 1;
                    if self.mates[near as usize] == NONE {
                        sets[*free as usize + 1] &= !(1 << near);
                        sets[*free as usize] |= 1 << near;
                    }
                }
            }
        }
    }

    /// Finds an alternating path from `root` to another unmatched atom, breadth
    /// first, and flips it.
    fn augment(&mut self, graph: &Graph, root: u32) -> bool {
        self.parents.clear();
        self.parents.resize(self.mates.len(), (NONE, NONE));
        // The root counts as seen; its entry is never followed.
        self.parents[root as usize] = (root, root);
        self.queue.clear();
        self.queue.push_back(root);
        let mut other_end = NONE;
        'search: while let Some(atom) = self.queue.pop_front() {
            for &(near, _) in graph.neighbours(atom) {
                let mate = self.mates[near as usize];
                if mate == NONE {
                    if near != root {
                        self.parents[near as usize] = (atom, near);
                        other_end = near;
                        break 'search;
                    }
                } else if self.parents[mate as usize].0 == NONE {
                    self.parents[mate as usize] = (atom, near);
                    self.queue.push_back(mate);
                }
            }
        }
        if other_end == NONE {
            return false;
        }
        self.path.clear();
        let mut atom = other_end;
        while atom != root {
            let (before, near) = self.parents[atom as usize];
            self.path.push((near, before));
            atom = before;
        }
        for &(a, b) in &self.path {
            self.mates[a as usize] = b;
            self.mates[b as usize] = a;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Adding lonely atoms behind the others changes which greedy search runs,
        /// but not what it finds.
        #[test]
        fn both_greedy_searches_agree(
            edges in proptest::collection::btree_set((0u32..40, 0u32..40), 0..60),
        ) {
            let mut degrees = [0; 40];
            let edges: Vec<_> = edges
                .into_iter()
                .filter(|&(a, b)| {
                    let free = a < b && degrees[a as usize] < 3 && degrees[b as usize] < 3;
                    if free {
                        degrees[a as usize] += 1;
                        degrees[b as usize] += 1;
                    }
                    free
                })
                .collect();
            let greedy = |atoms: u32| {
                let mut graph = Graph::default();
                assert!(!graph.start(atoms, 3));
                for (bond, &(a, b)) in (0..).zip(&edges) {
                    graph.connect(a, b, bond);
                }
                let mut matching = Matching::default();
                matching.mates.resize(atoms as usize, NONE);
                matching.greedy(&graph);
                matching.mates
            };
            prop_assert_eq!(&greedy(40)[..], &greedy(70)[..40]);
        }
    }
}

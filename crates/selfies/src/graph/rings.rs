//! Rings: a smallest set of smallest rings, and all relevant ones.
//!
//! Candidate rings are those of J. D. Horton (SIAM J. Comput. 16, 358, 1987): an atom, a bond, and the shortest paths
//! between them. Sorted by size and sifted by Gaussian elimination over GF(2) they give a minimum cycle basis. A ring
//! is *relevant* when it is no sum of smaller rings (P. Vismara, Electron. J. Combin. 4, R9, 1997); cubane has five
//! rings in a basis and six relevant ones.

use std::collections::{HashSet, VecDeque};

use petgraph::graph::{EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;
use serde::{Deserialize, Serialize};

use super::MolGraph;

/// One ring.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ring {
    /// Its atoms in the order around it.
    #[serde(with = "super::indices::list")]
    pub atoms: Vec<NodeIndex>,
    /// Its bonds; bond `i` joins atom `i` and the next.
    #[serde(with = "super::indices::list")]
    pub bonds: Vec<EdgeIndex>,
}

/// Rings up to this size are looked for first; they settle nearly every molecule.
const USUAL_SIZE: usize = 8;

/// A piece of the molecule in which every bond is in a ring.
struct RingSystem {
    atoms: Vec<NodeIndex>,
    bonds: Vec<EdgeIndex>,
}

/// A candidate ring and its bonds as a bit set over the bonds of its system.
struct Candidate {
    ring: Ring,
    bits: Vec<u64>,
}

impl MolGraph {
    /// A smallest set of smallest rings, small ones first. Where several sets are equally small, one of them.
    ///
    /// ```
    /// use selfies::graph::MolGraph;
    /// let naphthalene = MolGraph::from_smiles("c1ccc2ccccc2c1")?;
    /// assert_eq!(naphthalene.rings().iter().map(|ring| ring.atoms.len()).collect::<Vec<_>>(), [6, 6]);
    /// # Ok::<(), selfies::graph::ReadError>(())
    /// ```
    #[must_use]
    pub fn rings(&self) -> Vec<Ring> {
        self.sifted_rings(false)
    }

    /// The relevant rings among the candidates: like [`rings`](Self::rings), with all rings that symmetry makes equal.
    #[must_use]
    pub fn relevant_rings(&self) -> Vec<Ring> {
        self.sifted_rings(true)
    }

    fn sifted_rings(&self, relevant: bool) -> Vec<Ring> {
        let mut rings = Vec::new();
        for system in self.ring_systems() {
            let basis_size = system.bonds.len() + 1 - system.atoms.len();
            let mut found = self.sift(&system, basis_size, USUAL_SIZE, relevant);
            if found.is_none() {
                found = self.sift(&system, basis_size, usize::MAX, relevant);
            }
            rings.extend(found.unwrap_or_default());
        }
        rings.sort_by_key(|ring: &Ring| ring.atoms.len());
        rings
    }

    fn ring_systems(&self) -> Vec<RingSystem> {
        let in_ring = self.ring_bonds();
        let graph = self.graph();
        let mut seen = vec![false; graph.node_count()];
        let mut systems = Vec::new();
        for start in graph.node_indices() {
            let mut system = RingSystem {
                atoms: Vec::new(),
                bonds: Vec::new(),
            };
            if seen[start.index()] || !graph.edges(start).any(|edge| in_ring[edge.id().index()]) {
                continue;
            }
            seen[start.index()] = true;
            system.atoms.push(start);
            let mut next = 0;
            while let Some(&node) = system.atoms.get(next) {
                next += 1;
                for edge in graph.edges(node).filter(|edge| in_ring[edge.id().index()]) {
                    if edge.target() > node || !seen[edge.target().index()] {
                        system.bonds.push(edge.id());
                    }
                    if !seen[edge.target().index()] {
                        seen[edge.target().index()] = true;
                        system.atoms.push(edge.target());
                    }
                }
            }
            system.bonds.sort_unstable();
            system.bonds.dedup();
            systems.push(system);
        }
        systems
    }

    /// Rings of a system from candidates up to a size; `None` when those do not make a whole basis.
    fn sift(
        &self,
        system: &RingSystem,
        basis_size: usize,
        size: usize,
        relevant: bool,
    ) -> Option<Vec<Ring>> {
        let mut candidates = self.candidates(system, size);
        candidates.sort_by_key(|candidate| candidate.ring.atoms.len());
        let mut basis: Vec<(usize, Vec<u64>)> = Vec::new();
        let mut rings = Vec::new();
        let mut at = 0;
        while at < candidates.len() && basis.len() < basis_size {
            let length = candidates[at].ring.atoms.len();
            let shorter = basis.len();
            while let Some(candidate) = candidates.get(at).filter(|c| c.ring.atoms.len() == length)
            {
                let mut rest = candidate.bits.clone();
                reduce(&mut rest, &basis[..shorter]);
                let is_relevant = rest.iter().any(|&word| word != 0);
                reduce(&mut rest, &basis[shorter..]);
                let pivot = rest.iter().position(|&word| word != 0);
                if let Some(word) = pivot {
                    basis.push((word * 64 + rest[word].trailing_zeros() as usize, rest));
                }
                if pivot.is_some() || (relevant && is_relevant) {
                    rings.push(candidate.ring.clone());
                }
                at += 1;
            }
        }
        (basis.len() == basis_size).then_some(rings)
    }

    fn candidates(&self, system: &RingSystem, size: usize) -> Vec<Candidate> {
        let graph = self.graph();
        let words = system.bonds.len().div_ceil(64);
        let mut seen = HashSet::new();
        let mut candidates = Vec::new();
        let mut parent: Vec<Option<(NodeIndex, EdgeIndex)>> = vec![None; graph.node_count()];
        let mut depth = vec![usize::MAX; graph.node_count()];
        let mut queue = VecDeque::new();
        let mut reached = Vec::new();
        for &root in &system.atoms {
            for node in reached.drain(..) {
                let node: NodeIndex = node;
                parent[node.index()] = None;
                depth[node.index()] = usize::MAX;
            }
            depth[root.index()] = 0;
            queue.push_back(root);
            reached.push(root);
            while let Some(node) = queue.pop_front() {
                let here = depth[node.index()];
                if here > size / 2 {
                    continue;
                }
                for edge in graph.edges(node) {
                    let other = edge.target();
                    if system.bonds.binary_search(&edge.id()).is_err() {
                        continue;
                    }
                    if depth[other.index()] == usize::MAX {
                        depth[other.index()] = here + 1;
                        parent[other.index()] = Some((node, edge.id()));
                        queue.push_back(other);
                        reached.push(other);
                    } else if parent[node.index()].is_none_or(|(_, via)| via != edge.id())
                        && depth[other.index()] <= here
                        && here + depth[other.index()] < size
                        && let Some(ring) = close(node, other, edge.id(), &parent)
                    {
                        let mut bits = vec![0_u64; words];
                        for bond in &ring.bonds {
                            let bit = system
                                .bonds
                                .binary_search(bond)
                                .expect("the ring lies in the system");
                            bits[bit / 64] |= 1 << (bit % 64);
                        }
                        if seen.insert(bits.clone()) {
                            candidates.push(Candidate { ring, bits });
                        }
                    }
                }
            }
        }
        candidates
    }
}

/// The ring of a bond and the tree paths from its ends to the root, if these meet nowhere else.
fn close(
    first: NodeIndex,
    second: NodeIndex,
    bond: EdgeIndex,
    parent: &[Option<(NodeIndex, EdgeIndex)>],
) -> Option<Ring> {
    let path = |from: NodeIndex| {
        std::iter::successors(Some((from, None)), move |(node, _)| {
            parent[node.index()].map(|(next, edge)| (next, Some(edge)))
        })
    };
    // From the first end to the root …
    let mut atoms: Vec<NodeIndex> = path(first).map(|(node, _)| node).collect();
    let mut bonds: Vec<EdgeIndex> = path(first).filter_map(|(_, edge)| edge).collect();
    let outward = atoms.len();
    // … and back out to the second.
    let mut back: Vec<NodeIndex> = path(second).map(|(node, _)| node).collect();
    let mut back_bonds: Vec<EdgeIndex> = path(second).filter_map(|(_, edge)| edge).collect();
    // Both paths end at the root, which the first one has already.
    back.pop();
    if back.iter().any(|node| atoms[..outward].contains(node)) {
        return None;
    }
    back.reverse();
    back_bonds.reverse();
    atoms.extend(back);
    bonds.extend(back_bonds);
    bonds.push(bond);
    Some(Ring { atoms, bonds })
}

fn reduce(bits: &mut [u64], basis: &[(usize, Vec<u64>)]) {
    for (pivot, row) in basis {
        if bits[pivot / 64] >> (pivot % 64) & 1 == 1 {
            for (word, other) in bits.iter_mut().zip(row) {
                *word ^= other;
            }
        }
    }
}

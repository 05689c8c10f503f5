//! The graph type itself and how it is put together.

use std::fmt;
use std::str::FromStr;

use petgraph::graph::{Edge, EdgeIndex, NodeIndex, UnGraph};
use petgraph::visit::EdgeRef;
use serde::{Deserialize, Serialize};

use super::error::{BondError, ReadError};
use super::write::SmilesWriter;
use super::{Atom, Bond, BondOrder, DoubleBondStereo};

/// A molecule, or several in one graph.
///
/// ```
/// use selfies::graph::MolGraph;
///
/// let aspirin = MolGraph::from_smiles("CC(=O)Oc1ccccc1C(=O)O")?;
/// assert_eq!(aspirin.graph().node_count(), 13);
/// # Ok::<(), selfies::graph::ReadError>(())
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct MolGraph {
    graph: UnGraph<Atom, Bond>,
}

impl MolGraph {
    /// A graph without atoms.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A graph without atoms, with room for some.
    #[must_use]
    pub fn with_capacity(atoms: usize, bonds: usize) -> Self {
        Self {
            graph: UnGraph::with_capacity(atoms, bonds),
        }
    }

    /// The petgraph graph.
    #[must_use]
    pub fn graph(&self) -> &UnGraph<Atom, Bond> {
        &self.graph
    }

    pub(crate) fn graph_mut(&mut self) -> &mut UnGraph<Atom, Bond> {
        &mut self.graph
    }

    /// The number of atoms, hydrogens left out unless they are nodes.
    #[must_use]
    pub fn atom_count(&self) -> usize {
        self.graph.node_count()
    }

    /// The atoms in index order.
    pub fn atoms(&self) -> impl Iterator<Item = &Atom> {
        self.graph.node_weights()
    }

    /// Forgets all atoms and keeps the memory.
    pub fn clear(&mut self) {
        self.graph.clear();
    }

    /// Adds an atom.
    pub fn add_atom(&mut self, atom: Atom) -> NodeIndex {
        self.graph.add_node(atom)
    }

    /// Adds a bond and leaves the hydrogens of both ends as they are.
    ///
    /// # Errors
    /// A bond from an atom to itself, or a second one between the same two.
    ///
    /// # Panics
    /// If an index is out of bounds.
    pub fn add_bond(
        &mut self,
        first: NodeIndex,
        second: NodeIndex,
        bond: Bond,
    ) -> Result<EdgeIndex, BondError> {
        if first == second {
            return Err(BondError::Loop {
                atom: first.index(),
            });
        }
        if self.graph.find_edge(first, second).is_some() {
            return Err(BondError::Repeated {
                first: first.index(),
                second: second.index(),
            });
        }
        Ok(self.graph.add_edge(first, second, bond))
    }

    /// Joins two atoms; as many hydrogens as the bond has electron pairs leave each of them, so valences stay right.
    ///
    /// # Errors
    /// What [`add_bond`](Self::add_bond) refuses, and an atom that has too few hydrogens.
    ///
    /// # Panics
    /// If an index is out of bounds.
    pub fn join(
        &mut self,
        first: NodeIndex,
        second: NodeIndex,
        order: BondOrder,
    ) -> Result<EdgeIndex, BondError> {
        let pairs = match order {
            BondOrder::Single | BondOrder::Aromatic => 1,
            BondOrder::Double => 2,
            BondOrder::Triple => 3,
            BondOrder::Quadruple => 4,
        };
        for end in [first, second] {
            let hydrogens = self.graph[end].hydrogens;
            if hydrogens < pairs {
                return Err(BondError::NoHydrogen {
                    atom: end.index(),
                    hydrogens,
                    order: pairs,
                });
            }
        }
        let edge = self.add_bond(first, second, Bond::new(order))?;
        self.graph[first].hydrogens -= pairs;
        self.graph[second].hydrogens -= pairs;
        Ok(edge)
    }

    /// Copies all atoms and bonds of another graph into this one and returns what to add to its indices.
    pub fn append(&mut self, other: &Self) -> usize {
        let offset = self.graph.node_count();
        for atom in other.graph.node_weights() {
            self.graph.add_node(atom.clone());
        }
        for edge in other.graph.raw_edges() {
            let moved = |index: NodeIndex| NodeIndex::new(index.index() + offset);
            let mut bond = edge.weight;
            if let Some(stereo) = &mut bond.stereo {
                stereo.source_neighbour = moved(stereo.source_neighbour);
                stereo.target_neighbour = moved(stereo.target_neighbour);
            }
            self.graph
                .add_edge(moved(edge.source()), moved(edge.target()), bond);
        }
        offset
    }

    /// The bonds of an atom with the atoms at their other ends, in the order of the edge indices.
    ///
    /// petgraph walks the edges of a node backwards and in two lists, so this order is made here.
    pub fn incident(&self, atom: NodeIndex, bonds: &mut Vec<(EdgeIndex, NodeIndex)>) {
        bonds.clear();
        bonds.extend(
            self.graph
                .edges(atom)
                .map(|edge| (edge.id(), edge.target())),
        );
        bonds.sort_unstable();
    }

    /// The part of the graph whose atoms are wanted, in the same order.
    ///
    /// Bonds to atoms that are left out are cut; whether hydrogens take their place is the caller's choice.
    /// Stereo information that needs a lost neighbour is dropped.
    #[must_use]
    pub fn subgraph(&self, wanted: impl Fn(NodeIndex) -> bool, fill_with_hydrogens: bool) -> Self {
        let mut part = Self::with_capacity(self.atom_count(), self.graph.edge_count());
        let mut place = vec![None; self.atom_count()];
        for index in self.graph.node_indices().filter(|&index| wanted(index)) {
            place[index.index()] = Some(part.add_atom(self.graph[index].clone()));
        }
        for edge in self.graph.raw_edges() {
            match (place[edge.source().index()], place[edge.target().index()]) {
                (Some(source), Some(target)) => {
                    let mut bond = edge.weight;
                    bond.stereo = self.moved_stereo(edge, &place);
                    part.graph.add_edge(source, target, bond);
                }
                (Some(node), None) | (None, Some(node)) => {
                    if fill_with_hydrogens {
                        let lost = u8::try_from(edge.weight.order.whole()).unwrap_or(0);
                        let hydrogens = &mut part.graph[node].hydrogens;
                        *hydrogens = hydrogens.saturating_add(lost);
                    }
                }
                (None, None) => {}
            }
        }
        self.keep_chirality(&mut part, &place);
        part
    }

    /// A double bond's configuration in a part of the graph, told by the other neighbour where one is lost.
    fn moved_stereo(
        &self,
        edge: &Edge<Bond>,
        place: &[Option<NodeIndex>],
    ) -> Option<DoubleBondStereo> {
        let mut stereo = edge.weight.stereo?;
        let ends = [
            (edge.source(), edge.target()),
            (edge.target(), edge.source()),
        ];
        for ((end, opposite), told_by) in ends
            .into_iter()
            .zip([&mut stereo.source_neighbour, &mut stereo.target_neighbour])
        {
            if let Some(copy) = place[told_by.index()] {
                *told_by = copy;
            } else {
                *told_by = self
                    .graph
                    .neighbors(end)
                    .filter(|&other| other != opposite)
                    .find_map(|other| place[other.index()])?;
                stereo.same_side = !stereo.same_side;
            }
        }
        Some(stereo)
    }

    /// A chiral atom that loses one of four neighbours has an implied one in its place, which counts as the last.
    fn keep_chirality(&self, part: &mut Self, place: &[Option<NodeIndex>]) {
        let mut bonds = Vec::new();
        for node in self.graph.node_indices() {
            let (Some(copy), Some(chirality)) = (place[node.index()], self.graph[node].chirality)
            else {
                continue;
            };
            self.incident(node, &mut bonds);
            let mut lost = (0..bonds.len()).filter(|&i| place[bonds[i].1.index()].is_none());
            part.graph[copy].chirality = match (lost.next(), lost.next()) {
                (None, _) => Some(chirality),
                (Some(first), None) if bonds.len() == 4 => {
                    Some(chirality.permuted((3 - first) % 2 == 1))
                }
                _ => None,
            };
        }
    }

    /// The graph as SMILES, atoms in the order of a walk that prefers low indices.
    ///
    /// The text is not canonical; see [`canonical_smiles`](Self::canonical_smiles).
    #[must_use]
    pub fn to_smiles(&self) -> String {
        let mut text = String::new();
        SmilesWriter::default().write(self, &mut text);
        text
    }
}

impl fmt::Display for MolGraph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_smiles())
    }
}

impl FromStr for MolGraph {
    type Err = ReadError;

    fn from_str(smiles: &str) -> Result<Self, ReadError> {
        Self::from_smiles(smiles)
    }
}

impl From<MolGraph> for String {
    fn from(graph: MolGraph) -> Self {
        graph.to_smiles()
    }
}

impl TryFrom<String> for MolGraph {
    type Error = ReadError;

    fn try_from(smiles: String) -> Result<Self, ReadError> {
        Self::from_smiles(&smiles)
    }
}

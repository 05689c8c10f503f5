//! Graph to SMILES text.
//!
//! A depth-first walk finds the tree and the ring bonds, the marks of double bonds are settled, and a second walk
//! writes. Both keep their own stack, so depth is no limit.
#![expect(
    clippy::cast_possible_truncation,
    reason = "petgraph's indices are u32"
)]

use petgraph::graph::{EdgeIndex, NodeIndex};

use super::write_atom::{push_atom, push_ring_number};
use super::write_marks::Marks;
use super::write_tree::{NONE, Tree, walk};
use super::{BondOrder, Chirality, Element, MolGraph};

/// Writes SMILES and keeps its memory between molecules.
///
/// Branches with fewer atoms come before those with more; among equals the neighbour of lower rank comes first.
///
/// ```
/// use selfies::graph::{MolGraph, SmilesWriter};
///
/// let mut writer = SmilesWriter::default();
/// let mut text = String::new();
/// writer.write(&MolGraph::from_smiles("OC(C)C")?, &mut text);
/// assert_eq!(text, "OC(C)C");
/// # Ok::<(), selfies::graph::ReadError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct SmilesWriter {
    tree: Tree,
    marks: Marks,
    steps: Vec<Step>,
    /// By ring number: whether it is in use.
    numbers: Vec<bool>,
    /// Ring bonds that this atom closes; the next atom may use their numbers again.
    closed: Vec<usize>,
    /// Neighbour list of a chiral atom as written.
    places: Vec<EdgeIndex>,
    order: Vec<NodeIndex>,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Atom(u32, u32),
    Open,
    Close,
}

impl SmilesWriter {
    /// A writer that orders branches by rank alone, whatever their size: with random ranks it reaches more spellings.
    #[must_use]
    pub fn by_rank_alone() -> Self {
        let mut writer = Self::default();
        writer.tree.by_rank_alone = true;
        writer
    }

    /// The atoms of the last text in the order in which they were written.
    ///
    /// ```
    /// use selfies::graph::{MolGraph, SmilesWriter};
    ///
    /// let mut writer = SmilesWriter::default();
    /// let mut text = String::new();
    /// writer.write_ranked(&MolGraph::from_smiles("OCN")?, &[2, 1, 0], &mut text);
    /// assert_eq!(text, "NCO");
    /// assert_eq!(writer.order().iter().map(|atom| atom.index()).collect::<Vec<_>>(), [2, 1, 0]);
    /// # Ok::<(), selfies::graph::ReadError>(())
    /// ```
    #[must_use]
    pub fn order(&self) -> &[NodeIndex] {
        &self.order
    }

    /// Appends the molecule, walking from low to high atom indices.
    pub fn write(&mut self, molecule: &MolGraph, text: &mut String) {
        self.tree.prepare(molecule, |node| node.index() as u32);
        self.emit(molecule, text);
    }

    /// Appends the molecule, walking from low to high ranks.
    ///
    /// # Panics
    /// If there are fewer ranks than atoms.
    pub fn write_ranked(&mut self, molecule: &MolGraph, ranks: &[u32], text: &mut String) {
        self.tree.prepare(molecule, |node| ranks[node.index()]);
        self.emit(molecule, text);
    }

    fn emit(&mut self, molecule: &MolGraph, text: &mut String) {
        self.marks.settle(molecule, &self.tree);
        self.numbers.clear();
        self.order.clear();
        for position in 0..self.tree.roots.len() {
            if position > 0 {
                text.push('.');
            }
            self.steps
                .push(Step::Atom(self.tree.roots[position].index() as u32, NONE));
            while let Some(step) = self.steps.pop() {
                match step {
                    Step::Open => text.push('('),
                    Step::Close => text.push(')'),
                    Step::Atom(node, edge) => {
                        self.emit_atom(molecule, NodeIndex::new(node as usize), edge, text);
                    }
                }
            }
        }
    }

    fn emit_atom(&mut self, molecule: &MolGraph, node: NodeIndex, edge: u32, text: &mut String) {
        let here = node.index();
        self.order.push(node);
        self.places.clear();
        let starts_with_hydrogen = edge == NONE && molecule.graph()[node].hydrogens > 0;
        if edge != NONE {
            let edge = EdgeIndex::new(edge as usize);
            self.push_bond(molecule, edge, node, false, text);
            self.places.push(edge);
        }
        let tree = &self.tree;
        self.closed.clear();
        self.closed.extend(walk(tree.first_closing[here], |ring| {
            tree.rings[ring].next_closing
        }));
        let openings = walk(tree.first_opening[here], |ring| {
            tree.rings[ring].next_opening
        });
        let children = walk(tree.first_child[here], |child| tree.next_sibling[child]);
        let chirality = molecule.graph()[node].chirality.and_then(|chirality| {
            let rings = self
                .closed
                .iter()
                .copied()
                .chain(openings)
                .map(|ring| tree.rings[ring].edge);
            self.places.extend(rings);
            self.places
                .extend(children.filter_map(|child| tree.parent[child]));
            written_chirality(chirality, &self.places, starts_with_hydrogen)
        });
        push_atom(molecule, node, chirality, text);

        for &ring in &self.closed {
            push_ring_number(self.tree.rings[ring].number, text);
        }
        let mut ring = self.tree.first_opening[here];
        while ring != NONE {
            let free = self
                .numbers
                .iter()
                .position(|used| !used)
                .unwrap_or_else(|| {
                    self.numbers.push(false);
                    self.numbers.len() - 1
                });
            self.numbers[free] = true;
            let bond = &mut self.tree.rings[ring as usize];
            bond.number = free as u32;
            let (edge, next) = (bond.edge, bond.next_opening);
            self.push_bond(molecule, edge, node, true, text);
            push_ring_number(free as u32, text);
            ring = next;
        }
        for &ring in &self.closed {
            self.numbers[self.tree.rings[ring].number as usize] = false;
        }

        // The last child goes on the chain; the steps come off the stack in the opposite order.
        let first = self.steps.len();
        let mut child = self.tree.first_child[here];
        while child != NONE {
            let next = self.tree.next_sibling[child as usize];
            let edge = self.tree.parent[child as usize].map_or(NONE, |edge| edge.index() as u32);
            if next == NONE {
                self.steps.push(Step::Atom(child, edge));
            } else {
                self.steps
                    .extend([Step::Open, Step::Atom(child, edge), Step::Close]);
            }
            child = next;
        }
        self.steps[first..].reverse();
    }

    /// Writes the sign of a bond seen from `node`: its later end, or its earlier one for a ring number.
    fn push_bond(
        &self,
        molecule: &MolGraph,
        edge: EdgeIndex,
        node: NodeIndex,
        leaving: bool,
        text: &mut String,
    ) {
        let graph = molecule.graph();
        let bond = &graph[edge];
        let Some((source, target)) = graph.edge_endpoints(edge) else {
            return;
        };
        // A wildcard has no lower case, so its aromatic bonds are written out.
        let lower_case =
            |node: NodeIndex| graph[node].aromatic && graph[node].element != Element::WILDCARD;
        let aromatic = lower_case(source) && lower_case(target);
        let direction = self.marks.direction(edge);
        match bond.order {
            BondOrder::Single | BondOrder::Aromatic if direction != 0 => {
                let forwards = (source == node) == leaving;
                text.push(if (direction > 0) == forwards {
                    '/'
                } else {
                    '\\'
                });
            }
            BondOrder::Single if aromatic => text.push('-'),
            BondOrder::Single => {}
            BondOrder::Double => text.push('='),
            BondOrder::Triple => text.push('#'),
            BondOrder::Quadruple => text.push('$'),
            BondOrder::Aromatic if aromatic => {}
            BondOrder::Aromatic => text.push(':'),
        }
    }
}

/// The mark to write when the neighbours appear in this order. A hydrogen comes first at the start of the text; elsewhere
/// a hydrogen, and a lone pair everywhere, comes second.
fn written_chirality(
    stored: Chirality,
    places: &[EdgeIndex],
    starts_with_hydrogen: bool,
) -> Option<Chirality> {
    let swaps = (0..places.len())
        .flat_map(|i| (i + 1..places.len()).map(move |j| (i, j)))
        .filter(|&(i, j)| places[i] > places[j])
        .count();
    // It is stored as the last one.
    let implied = match places.len() {
        3 if starts_with_hydrogen => 3,
        3 => 2,
        4 => 0,
        _ => return None,
    };
    Some(stored.permuted((swaps + implied) % 2 == 1))
}

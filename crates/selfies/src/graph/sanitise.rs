//! From a graph as written to a molecule in its normal form.

use petgraph::graph::{EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;

use super::error::SanitiseError;
use super::{Atom, Bond, BondOrder, Element, MolGraph};

/// Orders of bonds and aromatic marks before a Kekulé structure is chosen.
///
/// Which bonds are aromatic does not depend on the choice, because the same atoms get a double bond inside the ring
/// in all of them. Bonds that were written as aromatic and are not, as in phosphazenes, show the choice; there it is
/// made in canonical order, so that every spelling leads to the same structure.
struct AsWritten {
    bonds: Vec<Bond>,
    marks: Vec<bool>,
}

impl AsWritten {
    fn of(molecule: &MolGraph) -> Self {
        let bonds: Vec<Bond> = molecule.graph().edge_weights().copied().collect();
        let marks = molecule.atoms().map(|atom| atom.aromatic).collect();
        Self { bonds, marks }
    }

    fn has_bonds_that_are_not_aromatic(&self, molecule: &MolGraph) -> bool {
        let now = molecule.graph().edge_weights();
        self.bonds.iter().zip(now).any(|(before, now)| {
            before.order == BondOrder::Aromatic && now.order != BondOrder::Aromatic
        })
    }

    fn restore(&self, molecule: &mut MolGraph) {
        let graph = molecule.graph_mut();
        for (bond, &before) in graph.edge_weights_mut().zip(&self.bonds) {
            *bond = before;
        }
        for (atom, &mark) in graph.node_weights_mut().zip(&self.marks) {
            atom.aromatic = mark;
        }
    }
}

impl MolGraph {
    /// Checks the molecule and brings it into a normal form, as `RDKit`'s sanitisation does: hydrogen atoms become
    /// hydrogen counts, nitro groups and their like get charges, valences are checked, aromatic rings are kekulised and
    /// then found anew, so that every spelling of a molecule ends with the same aromatic bonds.
    ///
    /// ```
    /// use selfies::graph::MolGraph;
    /// let mut pyrrole = MolGraph::from_smiles("N1C=CC=C1")?;
    /// pyrrole.sanitise()?;
    /// assert_eq!(pyrrole.to_smiles(), "[nH]1cccc1");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// An atom with too high a valence, or aromatic rings without a Kekulé structure. The graph is then half-way
    /// between both forms.
    pub fn sanitise(&mut self) -> Result<(), SanitiseError> {
        self.merge_hydrogens();
        self.separate_charges();
        self.check_valences()?;
        let written = AsWritten::of(self);
        self.kekulise()?;
        // Aromatic bonds hide a double bond too many: the oxygen of `c1cco=c1`.
        self.check_valences()?;
        self.perceive_aromaticity();
        if written.has_bonds_that_are_not_aromatic(self) {
            written.restore(self);
            let order = self.canonical_order();
            self.kekulise_in_order(&order)?;
            self.perceive_aromaticity();
        }
        Ok(())
    }

    /// Turns hydrogen atoms into counts on their neighbours where nothing is lost by it.
    ///
    /// Kept are isotopes, ions, bridging and molecular hydrogen, hydrogens on wildcards, and those that alone tell the
    /// configuration of a double bond.
    pub fn merge_hydrogens(&mut self) {
        if !self.atoms().any(|atom| atom.element == Element::H) {
            return;
        }
        let mut merged = vec![false; self.atom_count()];
        for node in self.graph().node_indices() {
            merged[node.index()] = self.can_merge(node);
        }
        // A double bond told by a hydrogen is told by the other neighbour of that end from now on.
        for edge in self.graph().edge_indices() {
            let Some(mut stereo) = self.graph()[edge].stereo else {
                continue;
            };
            let Some((source, target)) = self.graph().edge_endpoints(edge) else {
                continue;
            };
            for (end, told_by) in [
                (source, &mut stereo.source_neighbour),
                (target, &mut stereo.target_neighbour),
            ] {
                if !merged[told_by.index()] {
                    continue;
                }
                match self.other_neighbour(end, edge, *told_by) {
                    Some(other) if !merged[other.index()] => {
                        *told_by = other;
                        stereo.same_side = !stereo.same_side;
                    }
                    _ => merged[told_by.index()] = false,
                }
            }
            self.graph_mut()[edge].stereo = Some(stereo);
        }
        if merged.contains(&true) {
            *self = self.subgraph(|node| !merged[node.index()], true);
        }
    }

    fn other_neighbour(
        &self,
        end: NodeIndex,
        double: EdgeIndex,
        known: NodeIndex,
    ) -> Option<NodeIndex> {
        self.graph()
            .edges(end)
            .filter(|edge| edge.id() != double && edge.target() != known)
            .map(|edge| edge.target())
            .next()
    }

    fn can_merge(&self, node: NodeIndex) -> bool {
        let graph = self.graph();
        let atom = &graph[node];
        let plain = Atom {
            hydrogens_stated: atom.hydrogens_stated,
            ..Atom::new(Element::H, 0)
        };
        let mut edges = graph.edges(node);
        let (Some(edge), None) = (edges.next(), edges.next()) else {
            return false;
        };
        let partner = &graph[edge.target()];
        *atom == plain
            && edge.weight().order == BondOrder::Single
            && partner.element.number() > 1
            && partner.hydrogens < 8
    }

    /// Writes N(=O)=O, N=N#N, P(=O)=C and halogen oxides with separated charges.
    fn separate_charges(&mut self) {
        for node in self.graph().node_indices() {
            let atom = &self.graph()[node];
            if atom.charge != 0 {
                continue;
            }
            match atom.element {
                Element::N if self.bonds_and_hydrogens(node) == 10 => self.separate_nitrogen(node),
                Element::P if self.bonds_and_hydrogens(node) == 10 => {
                    self.separate_phosphorus(node);
                }
                Element::CL | Element::BR | Element::I => self.separate_halogen(node),
                _ => {}
            }
        }
    }

    /// Twice the valence, aromatic bonds as one and a half.
    fn bonds_and_hydrogens(&self, node: NodeIndex) -> i32 {
        self.doubled_bond_sum(node) + 2 * i32::from(self.graph()[node].hydrogens)
    }

    /// The first bond of this order to a neutral atom of this element.
    fn bond_to(
        &self,
        node: NodeIndex,
        element: Element,
        order: BondOrder,
    ) -> Option<(EdgeIndex, NodeIndex)> {
        let mut bonds = Vec::new();
        self.incident(node, &mut bonds);
        let graph = self.graph();
        bonds.into_iter().find(|&(edge, other)| {
            graph[edge].order == order
                && graph[other].element == element
                && graph[other].charge == 0
        })
    }

    fn separate(
        &mut self,
        centre: NodeIndex,
        (edge, other): (EdgeIndex, NodeIndex),
        order: BondOrder,
    ) {
        let graph = self.graph_mut();
        graph[edge].order = order;
        graph[edge].stereo = None;
        graph[other].charge = -1;
        graph[centre].charge += 1;
    }

    fn separate_nitrogen(&mut self, node: NodeIndex) {
        if let Some(oxygen) = self.bond_to(node, Element::O, BondOrder::Double) {
            self.separate(node, oxygen, BondOrder::Single);
        } else if let Some(nitrogen) = self.bond_to(node, Element::N, BondOrder::Triple) {
            self.separate(node, nitrogen, BondOrder::Double);
        }
    }

    fn separate_phosphorus(&mut self, node: NodeIndex) {
        let oxygen = self.bond_to(node, Element::O, BondOrder::Double);
        let other = self
            .bond_to(node, Element::C, BondOrder::Double)
            .or_else(|| self.bond_to(node, Element::N, BondOrder::Double));
        if let (Some(oxygen), Some(_)) = (oxygen, other)
            && self.graph().edges(node).count() == 3
        {
            self.separate(node, oxygen, BondOrder::Single);
        }
    }

    /// Oxides of chlorine, bromine and iodine: only when every neighbour is oxygen.
    fn separate_halogen(&mut self, node: NodeIndex) {
        let valence = self.bonds_and_hydrogens(node) / 2;
        let graph = self.graph();
        if !matches!(valence, 3 | 5 | 7)
            || graph
                .neighbors(node)
                .any(|other| graph[other].element != Element::O)
        {
            return;
        }
        while let Some(oxygen) = self.bond_to(node, Element::O, BondOrder::Double) {
            self.separate(node, oxygen, BondOrder::Single);
        }
    }
}

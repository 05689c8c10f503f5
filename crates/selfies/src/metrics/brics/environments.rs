//! Which of the sixteen environments an atom is in.

use petgraph::visit::EdgeRef;

use crate::graph::{Atom, BondOrder, Element, MolGraph, NodeIndex};

/// A molecule with the questions that the patterns ask.
pub(super) struct View<'a> {
    pub(super) molecule: &'a MolGraph,
    pub(super) in_ring: Vec<bool>,
}

impl View<'_> {
    /// Bit n is set when the atom matches environment n.
    pub(super) fn environments(&self, node: NodeIndex) -> u32 {
        let atom = self.atom(node);
        let mut found = 0;
        let mut set = |environment: u32, matches: bool| found |= u32::from(matches) << environment;
        match (atom.element, atom.aromatic) {
            (Element::C, false) => {
                set(1, self.is_acyl(node, false));
                set(4, self.is_alkyl(node));
                set(6, self.is_acyl(node, true));
                set(7, self.is_olefin(node));
                set(8, self.is_saturated_chain(node));
                set(
                    13,
                    self.ring_neighbours(
                        node,
                        BondOrder::Single,
                        false,
                        &HETERO_13,
                        &CARBON_HETERO_13,
                    ),
                );
                set(
                    15,
                    self.ring_neighbours(
                        node,
                        BondOrder::Single,
                        false,
                        &[Element::C],
                        &[Element::C],
                    ),
                );
            }
            (Element::C, true) => {
                set(
                    14,
                    self.ring_neighbours(
                        node,
                        BondOrder::Aromatic,
                        true,
                        &HETERO_14,
                        &CARBON_HETERO_14,
                    ),
                );
                set(
                    16,
                    self.ring_neighbours(
                        node,
                        BondOrder::Aromatic,
                        true,
                        &[Element::C],
                        &[Element::C],
                    ),
                );
            }
            (Element::N, false) => {
                set(5, self.is_amine(node));
                set(10, self.is_lactam(node));
            }
            (Element::N, true) => set(
                9,
                atom.charge == 0
                    && self.ring_neighbours(
                        node,
                        BondOrder::Aromatic,
                        true,
                        &CARBON_HETERO_14,
                        &CARBON_HETERO_14,
                    ),
            ),
            (Element::O, false) => set(
                3,
                self.degree(node) == 2 && self.has_chain_bond_to(node, &OXYGEN_PARTNERS),
            ),
            (Element::S, false) => {
                set(
                    11,
                    self.degree(node) == 2 && self.has_chain_bond_to(node, &SULFUR_PARTNERS),
                );
                set(12, self.is_sulfonyl(node));
            }
            _ => {}
        }
        found
    }

    fn atom(&self, node: NodeIndex) -> &Atom {
        &self.molecule.graph()[node]
    }

    fn degree(&self, node: NodeIndex) -> usize {
        self.molecule.graph().neighbors(node).count()
    }

    /// Neighbours with the bond's order and whether it is in a ring.
    fn around(&self, node: NodeIndex) -> impl Iterator<Item = (NodeIndex, BondOrder, bool)> {
        self.molecule.graph().edges(node).map(|edge| {
            (
                edge.target(),
                edge.weight().order,
                self.in_ring[edge.id().index()],
            )
        })
    }

    fn is_in_ring(&self, node: NodeIndex) -> bool {
        self.around(node).any(|(_, _, ring)| ring)
    }

    /// A double bond to an aliphatic oxygen; `=O`.
    fn double_oxygens(&self, node: NodeIndex) -> usize {
        self.around(node)
            .filter(|&(other, order, _)| {
                order == BondOrder::Double
                    && self.atom(other).element == Element::O
                    && !self.atom(other).aromatic
            })
            .count()
    }

    /// A single bond outside rings to one of these elements; `-;!@[…]`.
    fn has_chain_bond_to(&self, node: NodeIndex, elements: &[Element]) -> bool {
        self.around(node).any(|(other, order, ring)| {
            order == BondOrder::Single && !ring && elements.contains(&self.atom(other).element)
        })
    }

    /// `[C;D3]([#0,#6,#7,#8])(=O)`, and `[C;D3;!R](=O)-;!@[#0,#6,#7,#8]` for those on a chain.
    fn is_acyl(&self, node: NodeIndex, chain: bool) -> bool {
        if self.degree(node) != 3 || self.double_oxygens(node) == 0 {
            return false;
        }
        if chain {
            return !self.is_in_ring(node) && self.has_chain_bond_to(node, &ACYL_PARTNERS);
        }
        self.around(node).any(|(other, order, _)| {
            matches!(order, BondOrder::Single | BondOrder::Aromatic)
                && ACYL_PARTNERS.contains(&self.atom(other).element)
        })
    }

    /// `[C;!R;!D1;!$(C=*)]-;!@[#6]`
    fn is_alkyl(&self, node: NodeIndex) -> bool {
        self.degree(node) != 1
            && !self.is_in_ring(node)
            && !self
                .around(node)
                .any(|(_, order, _)| order == BondOrder::Double)
            && self.has_chain_bond_to(node, &[Element::C])
    }

    /// `[C;D2,D3]-[#6]`
    fn is_olefin(&self, node: NodeIndex) -> bool {
        matches!(self.degree(node), 2 | 3)
            && self.around(node).any(|(other, order, _)| {
                order == BondOrder::Single && self.atom(other).element == Element::C
            })
    }

    /// `[C;!R;!D1;!$(C!-*)]`
    fn is_saturated_chain(&self, node: NodeIndex) -> bool {
        self.degree(node) != 1
            && !self.is_in_ring(node)
            && self
                .around(node)
                .all(|(_, order, _)| order == BondOrder::Single)
    }

    /// `[N;!D1;!$(N=*);!$(N-[!#6;!#16;!#0;!#1]);!$([N;R]@[C;R]=O)]`
    fn is_amine(&self, node: NodeIndex) -> bool {
        self.degree(node) != 1
            && self.around(node).all(|(other, order, ring)| {
                let partner = self.atom(other);
                let carbonyl = partner.element == Element::C
                    && !partner.aromatic
                    && self.double_oxygens(other) > 0;
                order != BondOrder::Double
                    && (order != BondOrder::Single || AMINE_PARTNERS.contains(&partner.element))
                    && !(ring && carbonyl)
            })
    }

    /// `[N;R;$(N(@C(=O))@[C,N,O,S])]`
    fn is_lactam(&self, node: NodeIndex) -> bool {
        let ring: Vec<NodeIndex> = self
            .around(node)
            .filter(|&(other, _, ring)| {
                ring && !self.atom(other).aromatic
                    && CARBON_HETERO_13.contains(&self.atom(other).element)
            })
            .map(|(other, _, _)| other)
            .collect();
        let carbonyl = |&other: &NodeIndex| {
            self.atom(other).element == Element::C && self.double_oxygens(other) > 0
        };
        ring.len() > 1 && ring.iter().any(carbonyl)
    }

    /// `[S;D4]([#6,#0])(=O)(=O)`
    fn is_sulfonyl(&self, node: NodeIndex) -> bool {
        self.degree(node) == 4
            && self.double_oxygens(node) >= 2
            && self.around(node).any(|(other, order, _)| {
                matches!(order, BondOrder::Single | BondOrder::Aromatic)
                    && SULFUR_PARTNERS.contains(&self.atom(other).element)
            })
    }

    /// Two different ring neighbours over bonds of this order, one of the first and one of the second kind:
    /// `$(C(-;@[C,N,O,S])-;@[N,O,S])`, `$(C(-;@C)-;@C)`, `$(c(:[c,n,o,s]):[n,o,s])`, `$(c(:c):c)`.
    fn ring_neighbours(
        &self,
        node: NodeIndex,
        order: BondOrder,
        aromatic: bool,
        first: &[Element],
        second: &[Element],
    ) -> bool {
        let near: Vec<Element> = self
            .around(node)
            .filter(|&(other, found, ring)| {
                ring && found == order && self.atom(other).aromatic == aromatic
            })
            .map(|(other, _, _)| self.atom(other).element)
            .collect();
        (0..near.len()).any(|i| {
            (0..near.len()).any(|j| i != j && first.contains(&near[i]) && second.contains(&near[j]))
        })
    }
}

const ACYL_PARTNERS: [Element; 4] = [Element::WILDCARD, Element::C, Element::N, Element::O];
const OXYGEN_PARTNERS: [Element; 3] = [Element::WILDCARD, Element::C, Element::H];
const SULFUR_PARTNERS: [Element; 2] = [Element::WILDCARD, Element::C];
const AMINE_PARTNERS: [Element; 4] = [Element::C, Element::S, Element::WILDCARD, Element::H];
const HETERO_13: [Element; 3] = [Element::N, Element::O, Element::S];
const CARBON_HETERO_13: [Element; 4] = [Element::C, Element::N, Element::O, Element::S];
const HETERO_14: [Element; 3] = HETERO_13;
const CARBON_HETERO_14: [Element; 4] = CARBON_HETERO_13;

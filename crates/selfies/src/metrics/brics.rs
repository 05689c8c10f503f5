//! BRICS: bonds that a synthesis could have made, and the pieces between them.
//!
//! J. Degen, C. Wegscheid-Gerlach, A. Zaliani and M. Rarey, doi:10.1002/cmdc.200800178, with the environments as
//! `RDKit` writes them; beside each stands its pattern.

use petgraph::visit::EdgeRef;

use crate::graph::{Atom, Bond, BondOrder, EdgeIndex, Element, MolGraph, NodeIndex};

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

/// A molecule with the questions that the patterns ask.
struct View<'a> {
    molecule: &'a MolGraph,
    in_ring: Vec<bool>,
}

impl View<'_> {
    /// Bit n is set when the atom matches environment n.
    fn environments(&self, node: NodeIndex) -> u32 {
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

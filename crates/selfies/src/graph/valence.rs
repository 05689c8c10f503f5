//! Valences: hydrogens that a bare symbol implies, the check of a whole molecule, unpaired electrons.
//!
//! The model is the one of `RDKit` 2026.09 (`Atom::calcExplicitValence`, `calcImplicitValence`,
//! `MolOps::assignRadicals`): a charged atom has the valences of the element with as many electrons.

use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use super::error::SanitiseError;
use super::{Atom, Element, MolGraph};

/// Valence that bonds and stated hydrogens make, from twice the sum of the bond orders.
///
/// An aromatic atom whose sum lies up to 1.5 above an allowed valence is taken to have that valence: the nitrogen of
/// N-methylpyrrole has 1.5 + 1.5 + 1 = 4 here and 3 in its Kekulé structure.
fn rounded_valence(doubled: i32, valences: &[i8], aromatic: bool) -> i32 {
    let default = i32::from(valences[0]);
    if aromatic && doubled > 2 * default {
        let closest = valences
            .iter()
            .map(|&v| i32::from(v))
            .take_while(|&v| v >= 0 && 2 * v <= doubled)
            .last()
            .unwrap_or(default);
        if doubled - 2 * closest <= 3 {
            return closest;
        }
    }
    doubled / 2 + doubled % 2
}

/// The number of hydrogens that an atom of the organic subset, written without brackets, carries.
///
/// `doubled` is twice the sum of its bond orders. Atoms with too many bonds carry none; [`MolGraph::check_valences`]
/// reports them.
#[must_use]
pub(crate) fn implied_hydrogens(element: Element, aromatic: bool, doubled: i32) -> u8 {
    let valences = element.valences();
    if element == Element::WILDCARD || valences[0] < 0 {
        return 0;
    }
    let used = rounded_valence(doubled, valences, aromatic);
    let wanted = if aromatic {
        i32::from(valences[0])
    } else {
        valences
            .iter()
            .map(|&v| i32::from(v))
            .find(|&v| used <= v)
            .unwrap_or(used)
    };
    u8::try_from((wanted - used).max(0)).unwrap_or(0)
}

/// The element that has as many electrons as this ion.
pub(super) fn isoelectronic(atom: &Atom) -> Option<Element> {
    let valences = atom.element.valences();
    if valences == [-1] {
        return Some(atom.element);
    }
    let number = i16::from(atom.element.number()) - i16::from(atom.charge);
    u8::try_from(number).ok().and_then(Element::from_number)
}

/// Anions of the third row and below keep the higher valences of their neutral element.
fn keeps_high_valences(atom: &Atom, effective: Element) -> bool {
    (effective.number() > 16 && matches!(atom.element, Element::P | Element::S))
        || (effective.number() > 34 && matches!(atom.element, Element::AS | Element::SE))
}

fn is_metal(element: Element) -> bool {
    !matches!(element.number(), 0..=2 | 5..=10 | 14..=18 | 33..=36 | 52..=54 | 85 | 86)
}

impl MolGraph {
    /// Twice the sum of the bond orders at an atom, hydrogens that are not nodes left out.
    #[must_use]
    pub(crate) fn doubled_bond_sum(&self, atom: NodeIndex) -> i32 {
        self.graph()
            .edges(atom)
            .map(|edge| edge.weight().order.doubled())
            .sum()
    }

    /// The valence of an atom: electron pairs it shares, hydrogens included.
    #[must_use]
    pub fn valence(&self, atom: NodeIndex) -> i32 {
        let data = &self.graph()[atom];
        let doubled = self.doubled_bond_sum(atom) + 2 * i32::from(data.hydrogens);
        let valences = isoelectronic(data).map_or(data.element.valences(), Element::valences);
        let aromatic = self.is_in_aromatic_bond(atom);
        rounded_valence(doubled, valences, aromatic)
    }

    pub(crate) fn is_in_aromatic_bond(&self, atom: NodeIndex) -> bool {
        self.graph()[atom].aromatic
            || self
                .graph()
                .edges(atom)
                .any(|edge| edge.weight().order == super::BondOrder::Aromatic)
    }

    /// Checks that no atom has more bonds and hydrogens than its element and charge allow.
    ///
    /// # Errors
    /// The first atom in index order that has too many.
    pub fn check_valences(&self) -> Result<(), SanitiseError> {
        for index in self.graph().node_indices() {
            let atom = &self.graph()[index];
            let valence = self.valence(index);
            let own = atom.element.valences();
            let fails = match isoelectronic(atom) {
                None => true,
                Some(effective) => {
                    let (highest, shift) = if keeps_high_valences(atom, effective) {
                        (own[own.len() - 1], i32::from(atom.charge))
                    } else if atom.element == Element::H && atom.charge == -1 {
                        (2, 0)
                    } else {
                        let valences = effective.valences();
                        (valences[valences.len() - 1], 0)
                    };
                    let bonds_to_metals = self.single_bonds_to_metals(index);
                    highest >= 0
                        && own[own.len() - 1] >= 0
                        && valence - shift - bonds_to_metals > i32::from(highest)
                }
            };
            if fails {
                return Err(SanitiseError::Valence {
                    atom: index.index(),
                    symbol: atom.element.symbol(),
                    charge: atom.charge,
                    valence,
                });
            }
        }
        Ok(())
    }

    /// Single bonds from a non-metal to metals: taken as dative where the valence would be too high otherwise.
    fn single_bonds_to_metals(&self, index: NodeIndex) -> i32 {
        let graph = self.graph();
        if is_metal(graph[index].element) {
            return 0;
        }
        let to_metal = graph.edges(index).filter(|edge| {
            edge.weight().order == super::BondOrder::Single
                && is_metal(graph[edge.target()].element)
        });
        i32::try_from(to_metal.count()).unwrap_or(i32::MAX)
    }

    /// How many of an atom's bonds to metals have to be dative because its valence would be too high otherwise.
    pub(super) fn dative_bonds(&self, index: NodeIndex) -> i32 {
        let valences = isoelectronic(&self.graph()[index]).map_or(&[-1][..], Element::valences);
        let highest = i32::from(valences[valences.len() - 1]);
        let excess = if highest < 0 {
            0
        } else {
            (self.valence(index) - highest).max(0)
        };
        excess.min(self.single_bonds_to_metals(index))
    }

    /// Unpaired electrons of an atom whose hydrogens were stated; other atoms have none.
    #[must_use]
    pub fn unpaired_electrons(&self, index: NodeIndex) -> i32 {
        let atom = &self.graph()[index];
        let valences = atom.element.valences();
        if !atom.hydrogens_stated || atom.element == Element::WILDCARD {
            return 0;
        }
        let charge = i32::from(atom.charge);
        let outer = atom.element.shell_electrons();
        if valences == [-1] {
            let free = outer - charge;
            return if self.graph().edges(index).next().is_some() {
                0
            } else {
                free.max(0) % 2
            };
        }
        let total = self.doubled_bond_sum(index) / 2 + i32::from(atom.hydrogens);
        let full_shell = if atom.element.number() <= 2 { 2 } else { 8 };
        let mut free = full_shell - outer - total + charge;
        if free < 0 {
            free = valences
                .iter()
                .map(|&v| i32::from(v) - total + charge)
                .find(|&left| left >= 0)
                .unwrap_or(0);
        }
        let early = outer - total - charge;
        if early >= 0 { free.min(early) } else { free }
    }
}

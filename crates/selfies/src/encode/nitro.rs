//! Nitro groups with charges instead of five bonds at nitrogen.

use crate::element::Element;
use crate::smiles::{BondOrder, Molecule, NONE, index};

/// Gives every uncharged nitrogen with five bonds, two of them double bonds to
/// lone oxygens, a positive charge, and the oxygen written last a negative one
/// and a single bond.
pub(super) fn normalize(molecule: &mut Molecule) {
    for nitrogen in 0..index(molecule.atoms.len()) {
        let atom = &molecule.atoms[nitrogen as usize];
        let neutral = atom.charge == 0 && !atom.aromatic && atom.hydrogens.unwrap_or(0) == 0;
        let halves = molecule.links[nitrogen as usize].halves;
        if atom.element != Element::N || !neutral || halves != 10 {
            continue;
        }
        let parent = molecule.links[nitrogen as usize].parent_bond;
        let bonds = (parent != NONE).then_some(parent).into_iter();
        let oxides: Vec<u32> = bonds
            .chain(molecule.bonds_out(nitrogen))
            .filter(|&bond| is_oxide(molecule, bond, nitrogen))
            .collect();
        if let [_, last] = oxides[..] {
            let oxygen = molecule.other_end(last, nitrogen);
            molecule.bonds[last as usize].order = BondOrder::Single;
            for (end, charge) in [(nitrogen, 1), (oxygen, -1)] {
                molecule.links[end as usize].halves -= 2;
                let atom = &mut molecule.atoms[end as usize];
                atom.charge = charge;
                atom.hydrogens = Some(0);
            }
        }
    }
}

/// Whether a bond leads to an oxygen with this one double bond and nothing else.
fn is_oxide(molecule: &Molecule, bond: u32, nitrogen: u32) -> bool {
    let other = molecule.other_end(bond, nitrogen);
    let atom = &molecule.atoms[other as usize];
    molecule.bonds[bond as usize].order == BondOrder::Double
        && atom.element == Element::O
        && atom.charge == 0
        && atom.hydrogens.unwrap_or(0) == 0
        && molecule.links[other as usize].halves == 4
}

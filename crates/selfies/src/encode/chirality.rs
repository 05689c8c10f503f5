//! Turns chirality marks so that they are right again after decoding.
//!
//! The decoder writes an atom's ring digits first: those that close here in the
//! order of the text, then those that open here by partner. Where this order is
//! an odd permutation of the written one, `@` and `@@` swap.

use crate::smiles::{Chirality, Molecule, NONE};

/// Memory for one atom's bonds.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    /// Rank of each bond in the decoder's order: group, then partner.
    ranks: Vec<(u8, u32)>,
}

impl Scratch {
    /// Adapts every marked atom with a ring bond.
    pub(super) fn adapt(&mut self, molecule: &mut Molecule) {
        for at in 0..molecule.atoms.len() {
            if molecule.atoms[at].chirality != Chirality::None
                && molecule.links[at].in_ring_bond
                && self.is_odd(molecule, crate::smiles::index(at))
            {
                let atom = &mut molecule.atoms[at];
                atom.chirality = atom.chirality.inverted();
            }
        }
    }

    fn is_odd(&mut self, molecule: &Molecule, atom: u32) -> bool {
        self.ranks.clear();
        let mut at = molecule.links[atom as usize].first;
        while at != NONE {
            let place = &molecule.places[at as usize];
            let bond = &molecule.bonds[place.bond as usize];
            let other = if bond.from == atom {
                bond.to
            } else {
                bond.from
            };
            self.ranks.push(match (bond.ring, other < atom) {
                (true, true) => (0, 0),
                (true, false) => (1, other),
                (false, _) => (2, 0),
            });
            at = place.next;
        }
        // Sorting is stable, so the parity is that of the pairs out of order.
        let mut odd = false;
        for (at, rank) in self.ranks.iter().enumerate() {
            for later in &self.ranks[at + 1..] {
                odd ^= later < rank;
            }
        }
        odd
    }
}

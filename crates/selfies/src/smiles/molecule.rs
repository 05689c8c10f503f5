//! The ordered record of one SMILES string.
//!
//! SELFIES needs what a plain graph forgets: the order in which an atom's bonds
//! were written, the place of a ring digit among them, and the direction marks
//! of both ends of a ring bond. The record keeps all of it in flat arrays that
//! are cleared, never freed, between molecules.

use serde::{Deserialize, Serialize};

use super::atom::{Atom, Bond, BondOrder, Direction};

/// Marks "none" in index fields.
pub(crate) const NONE: u32 = u32::MAX;

/// One end of a bond in the written order of its atom: a child in the chain, a
/// branch, or a ring digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The atom in whose list this is; `NONE` for the place of a root atom.
    pub(crate) owner: u32,
    /// The bond; `NONE` for a root, and for a digit that is still open.
    pub(crate) bond: u32,
    /// The atom that begins here; `NONE` for a ring digit.
    pub(crate) child: u32,
    /// Next place of the same owner.
    pub(crate) next: u32,
}

/// What hangs on an atom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Links {
    /// First and last place of the atom.
    pub(crate) first: u32,
    pub(crate) last: u32,
    /// The bond that leads here; `NONE` for a root.
    pub(crate) parent_bond: u32,
    /// Twice the sum of bond orders.
    pub(crate) halves: u32,
    /// Whether a ring bond ends here.
    pub(crate) in_ring_bond: bool,
    /// Bonds of order 1.5.
    pub(crate) delocalised: u32,
}

/// Where an atom was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// Bytes, without the bond symbol.
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// Number of the token.
    pub(crate) token: u32,
}

/// A molecule as one SMILES string wrote it: atoms, bonds, and the written
/// order of both. See [`Reader`](super::Reader) for filling one. `Display` writes
/// it as SMILES again, and serde as that text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Molecule {
    pub(crate) atoms: Vec<Atom>,
    pub(crate) links: Vec<Links>,
    pub(crate) bonds: Vec<Bond>,
    /// Everything in the order of the text: roots, children and ring digits.
    pub(crate) places: Vec<Place>,
    /// Bonds of order 1.5 in the order they were made.
    pub(crate) delocalised: Vec<u32>,
    /// Where each atom was written, when asked for.
    pub(crate) spans: Vec<Span>,
    /// Whether to fill `spans`.
    pub(crate) keep_spans: bool,
    /// Number of atoms without an incoming bond.
    pub(crate) roots: u32,
    /// Number of atoms written with a small letter.
    pub(crate) aromatic: u32,
}

impl Molecule {
    /// An empty molecule.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        self.atoms.clear();
        self.links.clear();
        self.bonds.clear();
        self.places.clear();
        self.delocalised.clear();
        self.spans.clear();
        self.roots = 0;
        self.aromatic = 0;
    }

    /// The atoms in written order.
    #[must_use]
    pub fn atoms(&self) -> &[Atom] {
        &self.atoms
    }

    /// The bonds; a ring bond stands where its second digit was read.
    #[must_use]
    pub fn bonds(&self) -> &[Bond] {
        &self.bonds
    }

    /// The atoms that begin a fragment, in written order.
    pub fn roots(&self) -> impl Iterator<Item = u32> + '_ {
        (0..)
            .zip(&self.links)
            .filter(|(_, links)| links.parent_bond == NONE)
            .map(|(index, _)| index)
    }

    /// The bond through which an atom was reached; none for a root.
    ///
    /// # Panics
    /// If the molecule has no such atom.
    #[must_use]
    pub fn parent_bond(&self, atom: u32) -> Option<u32> {
        let bond = self.links[atom as usize].parent_bond;
        (bond != NONE).then_some(bond)
    }

    /// Bonds that go out from an atom, in written order: children and branches
    /// once, ring bonds at the place of their digit (so a ring bond is in the
    /// lists of both its atoms). The incoming chain bond is not among them; in
    /// the SMILES neighbour order it comes first, then the bracket hydrogen,
    /// then these.
    ///
    /// # Panics
    /// If the molecule has no such atom.
    pub fn bonds_out(&self, atom: u32) -> impl Iterator<Item = u32> + '_ {
        let mut at = self.links[atom as usize].first;
        std::iter::from_fn(move || {
            if at == NONE {
                return None;
            }
            let place = self.places[at as usize];
            at = place.next;
            Some(place.bond)
        })
    }

    /// The atom at the other end of a bond.
    ///
    /// # Panics
    /// If the molecule has no such bond.
    #[must_use]
    pub fn other_end(&self, bond: u32, atom: u32) -> u32 {
        let bond = &self.bonds[bond as usize];
        if bond.from == atom {
            bond.to
        } else {
            bond.from
        }
    }

    /// Twice the sum of an atom's bond orders, hydrogens left out.
    ///
    /// # Panics
    /// If the molecule has no such atom.
    #[must_use]
    pub fn valence_halves(&self, atom: u32) -> u32 {
        self.links[atom as usize].halves
    }

    /// Whether any atom or bond still awaits a choice of single and double bonds.
    #[must_use]
    pub fn has_aromatic(&self) -> bool {
        self.aromatic > 0 || !self.delocalised.is_empty()
    }

    /// Starts a fragment with this atom.
    #[inline]
    pub(crate) fn push_root(&mut self, atom: Atom) -> u32 {
        let index = self.push_atom(atom, NONE);
        self.places.push(Place {
            owner: NONE,
            bond: NONE,
            child: index,
            next: NONE,
        });
        self.roots += 1;
        index
    }

    /// Hangs an atom on an earlier one.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "an atom handed over in memory is stored field by field and loaded at once, and the \
                  processor waits between the two: measured as a twentieth of the time of encoding"
    )]
    pub(crate) fn push_child(
        &mut self,
        parent: u32,
        atom: Atom,
        order: BondOrder,
        direction: Direction,
    ) -> u32 {
        let bond = index(self.bonds.len());
        let child = self.push_atom(atom, bond);
        self.bonds.push(Bond {
            from: parent,
            to: child,
            order,
            directions: [direction, Direction::None],
            ring: false,
        });
        let delocalised = u32::from(order == BondOrder::Aromatic);
        if order == BondOrder::Aromatic {
            self.delocalised.push(bond);
        }
        let links = &mut self.links[parent as usize];
        links.halves += order.halves();
        links.delocalised += delocalised;
        let links = &mut self.links[child as usize];
        links.halves = order.halves();
        links.delocalised = delocalised;
        self.push_place(parent, bond, child);
        child
    }

    /// Keeps a place for a ring digit of this atom.
    #[inline]
    pub(crate) fn push_ring_place(&mut self, owner: u32) -> u32 {
        self.push_place(owner, NONE, NONE)
    }

    /// Whether two atoms are bonded.
    pub(crate) fn bonded(&self, a: u32, b: u32) -> bool {
        let is_parent = |parent: u32, child: u32| {
            let bond = self.links[child as usize].parent_bond;
            bond != NONE && self.bonds[bond as usize].from == parent
        };
        if is_parent(a, b) || is_parent(b, a) {
            return true;
        }
        // Both lists in step, so that the shorter one sets the time.
        let mut lists = [(a, b), (b, a)].map(|(at, other)| (self.links[at as usize].first, other));
        loop {
            for (next, other) in &mut lists {
                if *next == NONE {
                    return false;
                }
                let place = self.places[*next as usize];
                if place.bond != NONE && self.other_end(place.bond, place.owner) == *other {
                    return true;
                }
                *next = place.next;
            }
        }
    }

    /// Closes a ring between two digits.
    pub(crate) fn close_ring(
        &mut self,
        [left, right]: [u32; 2],
        order: BondOrder,
        directions: [Direction; 2],
    ) -> u32 {
        let bond = index(self.bonds.len());
        let from = self.places[left as usize].owner;
        let to = self.places[right as usize].owner;
        self.bonds.push(Bond {
            from,
            to,
            order,
            directions,
            ring: true,
        });
        if order == BondOrder::Aromatic {
            self.delocalised.push(bond);
        }
        self.places[left as usize].bond = bond;
        self.places[right as usize].bond = bond;
        for atom in [from, to] {
            let links = &mut self.links[atom as usize];
            links.halves += order.halves();
            links.delocalised += u32::from(order == BondOrder::Aromatic);
            links.in_ring_bond = true;
        }
        bond
    }

    #[inline]
    fn push_atom(&mut self, atom: Atom, parent_bond: u32) -> u32 {
        let number = index(self.atoms.len());
        self.aromatic += u32::from(atom.aromatic);
        self.atoms.push(atom);
        self.links.push(Links {
            first: NONE,
            last: NONE,
            parent_bond,
            halves: 0,
            in_ring_bond: false,
            delocalised: 0,
        });
        number
    }

    #[inline]
    fn push_place(&mut self, owner: u32, bond: u32, child: u32) -> u32 {
        let place = index(self.places.len());
        self.places.push(Place {
            owner,
            bond,
            child,
            next: NONE,
        });
        let links = &mut self.links[owner as usize];
        if links.last == NONE {
            links.first = place;
        } else {
            self.places[links.last as usize].next = place;
        }
        links.last = place;
        place
    }
}

/// Array lengths stay below 2³², because a text of that length is refused.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the reader refuses texts of 4 GiB, and each element takes at least one byte"
)]
pub(crate) const fn index(length: usize) -> u32 {
    length as u32
}

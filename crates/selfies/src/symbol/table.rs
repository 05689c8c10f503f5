//! From the text of a symbol to what the decoder needs, by one look-up: a symbol
//! is parsed only the first time it is met.

use crate::constraints::Constraints;
use crate::smiles::{Atom, BondOrder, Direction};

use super::key::{Key, KeyMap};
use super::{Symbol, index_value, push_atom};

/// What a symbol does to the decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Atom,
    Branch,
    Ring,
    Epsilon,
    Nop,
    Invalid,
}

/// A symbol, ready for the decoder.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    /// Bond order asked for, 1 to 3.
    pub(crate) order: u8,
    /// Number of index symbols that follow a branch or a ring.
    pub(crate) size: u8,
    /// Value as an index symbol.
    pub(crate) index: u8,
    /// Direction marks: the bond's, or both of a ring.
    pub(crate) directions: [Direction; 2],
    /// Bytes of the text that are used.
    pub(crate) length: u8,
    /// Bonds the atom may have besides its hydrogens.
    pub(crate) capacity: u32,
    /// The atom as SMILES.
    pub(crate) text: [u8; 32],
}

impl Entry {
    const INVALID: Self = Self {
        kind: Kind::Invalid,
        order: 1,
        size: 0,
        index: 0,
        directions: [Direction::None; 2],
        length: 0,
        capacity: 0,
        text: [0; 32],
    };

    /// Prepares a symbol under given constraints.
    pub(crate) fn new(symbol: &str, constraints: &Constraints, wildcards: bool) -> Self {
        let index = index_value(symbol);
        let blank = Self {
            index,
            ..Self::INVALID
        };
        match Symbol::read(symbol, wildcards) {
            None => blank,
            Some(Symbol::Nop) => Self {
                kind: Kind::Nop,
                ..blank
            },
            Some(Symbol::Epsilon) => Self {
                kind: Kind::Epsilon,
                ..blank
            },
            Some(Symbol::Branch { order, size }) => Self {
                kind: Kind::Branch,
                order: whole(order),
                size,
                ..blank
            },
            Some(Symbol::Ring {
                order,
                directions,
                size,
            }) => Self {
                kind: Kind::Ring,
                order: whole(order),
                size,
                directions,
                ..blank
            },
            Some(Symbol::Atom {
                order,
                direction,
                atom,
            }) => {
                let hydrogens = u32::from(atom.hydrogens.unwrap_or(0));
                let capacity = constraints.capacity(atom.element, atom.charge);
                let Some(capacity) = capacity.min(u32::MAX - 1).checked_sub(hydrogens) else {
                    return blank;
                };
                let (length, text) = smiles_text(&atom);
                Self {
                    kind: Kind::Atom,
                    order: whole(order),
                    directions: [direction, Direction::None],
                    length,
                    capacity,
                    text,
                    ..blank
                }
            }
        }
    }
}

fn whole(order: BondOrder) -> u8 {
    match order {
        BondOrder::Single | BondOrder::Aromatic => 1,
        BondOrder::Double => 2,
        BondOrder::Triple => 3,
    }
}

/// The atom as the decoder writes it. The longest has ten digits of isotope, two
/// letters, two of chirality, two of hydrogens, eleven of charge, two brackets.
fn smiles_text(atom: &Atom) -> (u8, [u8; 32]) {
    let mut text = Vec::with_capacity(32);
    let bare = atom.is_plain();
    if !bare {
        text.push(b'[');
    }
    push_atom(&mut text, atom);
    if !bare {
        text.push(b']');
    }
    let mut bytes = [0; 32];
    bytes[..text.len()].copy_from_slice(&text);
    let length = u8::try_from(text.len()).expect("at most 29 bytes");
    (length, bytes)
}

/// The symbols met so far.
#[derive(Clone, Debug)]
pub(crate) struct SymbolTable {
    /// Numbers by key.
    known: KeyMap,
    /// Known symbols first, then those of the current text that are too long to
    /// keep or too many.
    entries: Vec<Entry>,
}

impl SymbolTable {
    /// No more symbols than this are kept, so that hostile input cannot fill the
    /// memory.
    const MOST: usize = 4096;

    /// An empty table.
    pub(crate) fn new() -> Self {
        Self {
            known: KeyMap::new(),
            entries: Vec::new(),
        }
    }

    /// Forgets the symbols that are not kept.
    pub(crate) fn begin(&mut self) {
        self.entries.truncate(self.known.len());
    }

    /// The entry of this number.
    #[inline]
    pub(crate) fn entry(&self, number: u32) -> &Entry {
        &self.entries[number as usize]
    }

    /// The number of a symbol, if it is known.
    #[inline]
    pub(crate) fn find(&self, key: Key) -> Option<u32> {
        self.known.find(key)
    }

    /// Adds a symbol, and keeps it if it has a key and there is room.
    pub(crate) fn add(&mut self, key: Option<Key>, entry: Entry) -> u32 {
        let number = crate::smiles::index(self.entries.len());
        self.entries.push(entry);
        // Kept symbols stay in front, so after the first symbol of a text that is
        // not kept, the text's new symbols wait for another occasion.
        if let Some(key) = key
            && self.known.len() == number as usize
            && self.known.len() < Self::MOST
        {
            self.known.insert(key, number);
        }
        number
    }
}

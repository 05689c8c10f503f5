//! From the text of a symbol to what the decoder needs, by one look-up: a symbol
//! is parsed only the first time it is met.

use crate::constraints::Constraints;
use crate::smiles::{Atom, BondOrder, Direction};

use super::key::{Key, KeyMap, Window};
use super::{Extensions, Symbol, index_value, push_atom};

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

/// What the derivation needs of a symbol.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Action {
    /// Bonds the atom may have besides its hydrogens.
    pub(crate) capacity: u32,
    pub(crate) kind: Kind,
    /// Bond order asked for, 1 to 3.
    pub(crate) order: u8,
    /// Number of index symbols that follow a branch or a ring (high half), and
    /// value as an index symbol (low half).
    numbers: u8,
    /// Direction marks: the bond's, or both of a ring.
    marks: u8,
}

impl Action {
    /// Number of index symbols that follow.
    #[inline]
    pub(crate) fn size(self) -> u8 {
        self.numbers >> 4
    }

    /// Value as an index symbol.
    #[inline]
    pub(crate) fn index(self) -> u8 {
        self.numbers & 15
    }

    /// Direction marks.
    #[inline]
    pub(crate) fn directions(self) -> [Direction; 2] {
        let mark = |bits: u8| match bits & 3 {
            1 => Direction::Up,
            2 => Direction::Down,
            _ => Direction::None,
        };
        [mark(self.marks), mark(self.marks >> 2)]
    }
}

impl Default for Action {
    fn default() -> Self {
        Self {
            capacity: 0,
            kind: Kind::Invalid,
            order: 1,
            numbers: 0,
            marks: 0,
        }
    }
}

/// A symbol, ready for the decoder.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    action: Action,
    /// The atom as SMILES.
    pub(crate) text: [u8; 31],
    /// Bytes of the text that are used.
    pub(crate) length: u8,
}

impl Entry {
    /// Prepares a symbol under given constraints.
    pub(crate) fn new(symbol: &str, constraints: &Constraints, extensions: Extensions) -> Self {
        let mut action = Action {
            numbers: index_value(symbol),
            ..Action::default()
        };
        let mut text = [0; 31];
        let mut length = 0;
        match Symbol::read(symbol, extensions) {
            None => {}
            Some(Symbol::Nop) => action.kind = Kind::Nop,
            Some(Symbol::Epsilon) => action.kind = Kind::Epsilon,
            Some(Symbol::Branch { order, size }) => {
                action.kind = Kind::Branch;
                action.order = whole(order);
                action.numbers |= size << 4;
            }
            Some(Symbol::Ring {
                order,
                directions: [left, right],
                size,
            }) => {
                action.kind = Kind::Ring;
                action.order = whole(order);
                action.numbers |= size << 4;
                action.marks = left as u8 | (right as u8) << 2;
            }
            Some(Symbol::Atom {
                order,
                direction,
                atom,
            }) => {
                let hydrogens = u32::from(atom.hydrogens.unwrap_or(0));
                let capacity = constraints.capacity(atom.element, atom.charge);
                // The largest value means the end of a chain to the decoder.
                let capacity = capacity.min(u32::MAX - 1).checked_sub(hydrogens);
                if let Some(capacity) = capacity {
                    action.kind = Kind::Atom;
                    action.order = whole(order);
                    action.marks = direction as u8;
                    action.capacity = capacity;
                    (length, text) = smiles_text(&atom);
                }
            }
        }
        Self {
            action,
            text,
            length,
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
fn smiles_text(atom: &Atom) -> (u8, [u8; 31]) {
    let mut text = Vec::with_capacity(32);
    let bare = atom.is_plain();
    if !bare {
        text.push(b'[');
    }
    push_atom(&mut text, atom);
    if !bare {
        text.push(b']');
    }
    let mut bytes = [0; 31];
    bytes[..text.len()].copy_from_slice(&text);
    let length = u8::try_from(text.len()).expect("at most 29 bytes");
    (length, bytes)
}

/// The symbols met so far.
#[derive(Clone, Debug)]
pub(crate) struct SymbolTable {
    known: KeyMap,
    /// Known symbols first, then those of the current text that are too long to
    /// keep or too many.
    entries: Vec<Entry>,
}

impl SymbolTable {
    /// No more symbols than this are kept, so that hostile input cannot fill the
    /// memory.
    const MOST: usize = 4096;

    /// The number of `[nop]` in every table.
    pub(crate) const NOP: u32 = 0;

    /// A table that knows the padding symbol.
    pub(crate) fn new() -> Self {
        let mut table = Self {
            known: KeyMap::new(),
            entries: Vec::new(),
        };
        let key = Window::load(b"[nop]", 0).symbol().key;
        let action = Action {
            kind: Kind::Nop,
            ..Action::default()
        };
        table.add(
            Some(key),
            Entry {
                action,
                text: [0; 31],
                length: 0,
            },
        );
        table
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

    /// What the symbol of this number does.
    #[inline]
    pub(crate) fn action(&self, number: u32) -> &Action {
        &self.entries[number as usize].action
    }

    /// The number of a symbol, if it is known.
    #[inline]
    pub(crate) fn find(&self, key: Key) -> Option<u32> {
        self.known.find(key)
    }

    /// Adds a symbol, and keeps it if it has a key and there is room.
    pub(crate) fn add(&mut self, key: Option<Key>, entry: Entry) -> u32 {
        let number = self.entries.len();
        self.entries.push(entry);
        // Kept symbols stay in front, so after the first symbol of a text that is
        // not kept, the text's new symbols wait for another occasion.
        if let Some(key) = key
            && self.known.len() == number
            && number < Self::MOST
        {
            self.known.insert(key, crate::smiles::index(number));
        }
        crate::smiles::index(number)
    }
}

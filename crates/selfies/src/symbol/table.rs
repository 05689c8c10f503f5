//! From the text of a symbol to what the decoder needs, by one table look-up.
//!
//! Nearly all symbols fit in 16 bytes, so a symbol is found by loading 16 bytes
//! as one number, looking for the `]` in it with a few word operations, and
//! using the bytes up to there as the key of a flat hash table. A symbol is
//! parsed only the first time it is met.

use crate::constraints::Constraints;
use crate::smiles::{Atom, BondOrder, Direction};

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

/// Sixteen bytes of text that begin with a symbol.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window(u128);

impl Window {
    const ONES: u128 = u128::MAX / 255;
    const HIGHS: u128 = Self::ONES << 7;

    /// The bytes from `at` on, zeros after the end of the text.
    #[inline]
    pub(crate) fn load(text: &[u8], at: usize) -> Self {
        if let Some(bytes) = text.get(at..at + 16) {
            Self(u128::from_le_bytes(
                bytes.try_into().expect("the slice has sixteen bytes"),
            ))
        } else {
            Self::load_end(text, at)
        }
    }

    #[inline]
    fn load_end(text: &[u8], at: usize) -> Self {
        if let (Some(start), true) = (text.len().checked_sub(16), at < text.len()) {
            let bytes = text[start..].try_into().expect("sixteen bytes are left");
            return Self(u128::from_le_bytes(bytes) >> (8 * (at - start)));
        }
        let mut bytes = [0; 16];
        let rest = text.get(at..).unwrap_or_default();
        bytes[..rest.len()].copy_from_slice(rest);
        Self(u128::from_le_bytes(bytes))
    }

    /// Length of the symbol, its `]` included, if that is among the bytes. The
    /// first byte is not looked at: the reference searches from the second on.
    #[inline]
    pub(crate) fn symbol_length(self) -> Option<usize> {
        let differs = (self.0 | 0xff) ^ (Self::ONES * 0x5d);
        // The lowest flag is exact; a borrow can only raise false ones above it.
        let found = differs.wrapping_sub(Self::ONES) & !differs & Self::HIGHS;
        (found != 0).then(|| found.trailing_zeros() as usize / 8 + 1)
    }

    /// The first `length` bytes, up to sixteen, as a key.
    #[inline]
    pub(crate) fn key(self, length: usize) -> Key {
        Key(self.0 & (u128::MAX >> (128 - 8 * length)))
    }
}

/// The bytes of a symbol of at most sixteen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key(u128);

impl Key {
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the two halves are taken apart on purpose"
    )]
    fn hash(self) -> u64 {
        const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
        let (low, high) = (self.0 as u64, (self.0 >> 64) as u64);
        (low ^ high.wrapping_mul(MIX).rotate_left(29)).wrapping_mul(MIX)
    }
}

/// The symbols met so far.
#[derive(Clone, Debug)]
pub(crate) struct SymbolTable {
    /// Keys by hash; zero for a free slot, since no symbol is all zeros.
    keys: Vec<Key>,
    /// Entry of each key.
    values: Vec<u32>,
    shift: u32,
    /// Known symbols first, then those of the current text that are too long to
    /// keep or too many.
    entries: Vec<Entry>,
    known: usize,
}

impl SymbolTable {
    /// No more symbols than this are kept, so that hostile input cannot fill the
    /// memory.
    const MOST: usize = 4096;

    /// An empty table.
    pub(crate) fn new() -> Self {
        Self {
            keys: vec![Key(0); 512],
            values: vec![0; 512],
            shift: 64 - 9,
            entries: Vec::new(),
            known: 0,
        }
    }

    /// Forgets the symbols that are not kept.
    pub(crate) fn begin(&mut self) {
        self.entries.truncate(self.known);
    }

    /// The entry of this number.
    #[inline]
    pub(crate) fn entry(&self, number: u32) -> &Entry {
        &self.entries[number as usize]
    }

    /// The number of a symbol, if it is known.
    #[inline]
    pub(crate) fn find(&self, key: Key) -> Option<u32> {
        let mask = self.keys.len() - 1;
        let mut at = self.slot(key);
        loop {
            let known = self.keys[at & mask];
            if known == key {
                return Some(self.values[at & mask]);
            }
            if known == Key(0) {
                return None;
            }
            at += 1;
        }
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "shifted to table size")]
    fn slot(&self, key: Key) -> usize {
        (key.hash() >> self.shift) as usize
    }

    /// Adds a symbol, and keeps it if it has a key and there is room.
    pub(crate) fn add(&mut self, key: Option<Key>, entry: Entry) -> u32 {
        let number = crate::smiles::index(self.entries.len());
        self.entries.push(entry);
        // Kept symbols stay in front, so after the first symbol of a text that is
        // not kept, the text's new symbols wait for another occasion.
        if let Some(key) = key
            && self.known == number as usize
            && self.known < Self::MOST
        {
            self.known += 1;
            self.insert(key, number);
            if self.known * 4 > self.keys.len() {
                self.grow();
            }
        }
        number
    }

    fn insert(&mut self, key: Key, number: u32) {
        let mask = self.keys.len() - 1;
        let mut at = self.slot(key);
        while self.keys[at & mask] != Key(0) {
            at += 1;
        }
        self.keys[at & mask] = key;
        self.values[at & mask] = number;
    }

    fn grow(&mut self) {
        let size = self.keys.len() * 2;
        let keys = std::mem::replace(&mut self.keys, vec![Key(0); size]);
        let values = std::mem::replace(&mut self.values, vec![0; size]);
        self.shift -= 1;
        for (key, number) in keys.into_iter().zip(values) {
            if key != Key(0) {
                self.insert(key, number);
            }
        }
    }
}

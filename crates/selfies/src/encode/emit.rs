//! Writes a molecule as SELFIES.
//!
//! The symbols come in the order of the SMILES text: each atom, then what hangs
//! on it in written order. A ring bond is written at its second end; the last
//! bond of an atom goes on with the chain, every other one becomes a branch,
//! whose number of symbols must be known beforehand. So the lengths are summed
//! from the end of the text to its beginning first.

use crate::smiles::{Bond, BondOrder, Direction, Molecule, NONE, index};
use crate::symbol::{INDEX_SYMBOLS, index_length, push_atom};

/// Output memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Emitter {
    out: Vec<u8>,
    /// Symbols of each atom's subtree.
    lengths: Vec<u64>,
    /// One atom that is more than an element.
    atom: Vec<u8>,
}

/// A short text in a fixed block, so that it is copied without a loop: at most
/// fifteen bytes, and their number in the last one.
#[derive(Clone, Copy)]
struct Block([u8; 16]);

const fn block(parts: [&str; 4]) -> Block {
    let mut bytes = [0; 16];
    let mut length = 0u8;
    let mut part = 0;
    while part < parts.len() {
        let text = parts[part].as_bytes();
        let mut at = 0;
        while at < text.len() {
            bytes[length as usize] = text[at];
            length += 1;
            at += 1;
        }
        part += 1;
    }
    bytes[15] = length;
    Block(bytes)
}

const fn index_blocks() -> [Block; 16] {
    let mut blocks = [block([""; 4]); 16];
    let mut at = 0;
    while at < 16 {
        blocks[at] = block([INDEX_SYMBOLS[at], "", "", ""]);
        at += 1;
    }
    blocks
}

static INDEX_BLOCKS: [Block; 16] = index_blocks();

/// Bond prefixes: none, `=`, `#`, `/`, `\`.
const PREFIXES: [&str; 5] = ["", "=", "#", "/", "\\"];

/// Number of symbols up to 118, by atomic number.
const ELEMENTS: usize = crate::element::Element::COUNT;

static ATOM_BLOCKS: [[Block; ELEMENTS]; 5] = {
    let mut blocks = [[block([""; 4]); ELEMENTS]; 5];
    let mut prefix = 0;
    while prefix < 5 {
        let mut number = 0;
        while number < ELEMENTS {
            #[expect(clippy::cast_possible_truncation, reason = "119 values")]
            if let Some(element) = crate::element::Element::from_number(number as u8) {
                blocks[prefix][number] = block(["[", PREFIXES[prefix], element.symbol(), "]"]);
            }
            number += 1;
        }
        prefix += 1;
    }
    blocks
};

const SIZES: [&str; 3] = ["1]", "2]", "3]"];

static BRANCH_BLOCKS: [[Block; 3]; 3] = structure_blocks("Branch");
static RING_BLOCKS: [[Block; 3]; 3] = structure_blocks("Ring");

const fn structure_blocks(name: &str) -> [[Block; 3]; 3] {
    let mut blocks = [[block([""; 4]); 3]; 3];
    let mut prefix = 0;
    while prefix < 3 {
        let mut size = 0;
        while size < 3 {
            blocks[prefix][size] = block(["[", PREFIXES[prefix], name, SIZES[size]]);
            size += 1;
        }
        prefix += 1;
    }
    blocks
}

/// Room that one atom, ring or branch symbol may take, with its index symbols
/// and what block copies write beyond the text.
const MOST_PER_SYMBOL: usize = 48;
const MOST_PER_INDEX: usize = 16 * 11;

impl Emitter {
    /// Writes a molecule without aromatic bonds.
    pub(super) fn write(&mut self, molecule: &Molecule) -> &str {
        self.measure(molecule);
        let most = molecule.places.len() * (2 * MOST_PER_SYMBOL) + MOST_PER_INDEX;
        if self.out.len() < most {
            self.out.resize(most, 0);
        }
        let mut writer = Writer {
            out: &mut self.out[..],
            at: 0,
            scratch: &mut self.atom,
        };
        for (number, place) in (0..).zip(&molecule.places) {
            if place.child == NONE {
                let bond = &molecule.bonds[place.bond as usize];
                let other = bond.from ^ bond.to ^ place.owner;
                if other < place.owner {
                    let directions = if bond.from == other {
                        bond.directions
                    } else {
                        [bond.directions[1], bond.directions[0]]
                    };
                    writer.ring(bond.order, directions, u64::from(place.owner - other - 1));
                }
                continue;
            }
            let mut prefix = 0;
            if place.bond != NONE {
                let bond = &molecule.bonds[place.bond as usize];
                prefix = atom_prefix(bond);
                if molecule.links[place.owner as usize].last != number {
                    let length = self.lengths[place.child as usize];
                    writer.branch(bond.order, length - 1);
                }
            } else if place.child != 0 {
                writer.byte(b'.');
            }
            let atom = &molecule.atoms[place.child as usize];
            if atom.is_plain() {
                writer.block(&ATOM_BLOCKS[prefix][usize::from(atom.element.number())]);
            } else {
                writer.atom(prefix, atom);
            }
        }
        let length = writer.at;
        std::str::from_utf8(&self.out[..length]).expect("symbols are written in ASCII")
    }

    /// Counts the symbols of each atom and everything that hangs on it.
    fn measure(&mut self, molecule: &Molecule) {
        self.lengths.clear();
        self.lengths.resize(molecule.atoms.len(), 1);
        let count = index(molecule.places.len());
        for (number, place) in (0..count).zip(&molecule.places).rev() {
            if place.child == NONE {
                let bond = &molecule.bonds[place.bond as usize];
                let other = bond.from ^ bond.to ^ place.owner;
                if other < place.owner {
                    let distance = u64::from(place.owner - other - 1);
                    self.lengths[place.owner as usize] += 1 + u64::from(index_length(distance));
                }
            } else if place.bond != NONE {
                let length = self.lengths[place.child as usize];
                let mut more = length;
                if molecule.links[place.owner as usize].last != number {
                    more += 1 + u64::from(index_length(length - 1));
                }
                self.lengths[place.owner as usize] += more;
            }
        }
    }
}

/// Which of [`PREFIXES`] an atom's bond has.
#[inline]
fn atom_prefix(bond: &Bond) -> usize {
    match (bond.order, bond.directions[0]) {
        (BondOrder::Double, _) => 1,
        (BondOrder::Triple, _) => 2,
        (_, Direction::Up) => 3,
        (_, Direction::Down) => 4,
        (_, Direction::None) => 0,
    }
}

/// Which of the first three [`PREFIXES`] an order has.
#[inline]
fn order_prefix(order: BondOrder) -> usize {
    match order {
        BondOrder::Double => 1,
        BondOrder::Triple => 2,
        BondOrder::Single | BondOrder::Aromatic => 0,
    }
}

/// A place in the output, which is large enough beforehand.
struct Writer<'a> {
    out: &'a mut [u8],
    at: usize,
    scratch: &'a mut Vec<u8>,
}

impl Writer<'_> {
    #[inline]
    fn block(&mut self, block: &Block) {
        self.out[self.at..self.at + 16].copy_from_slice(&block.0);
        self.at += usize::from(block.0[15]);
    }

    #[inline]
    fn byte(&mut self, byte: u8) {
        self.out[self.at] = byte;
        self.at += 1;
    }

    fn text(&mut self, text: &[u8]) {
        self.out[self.at..self.at + text.len()].copy_from_slice(text);
        self.at += text.len();
    }

    fn branch(&mut self, order: BondOrder, index: u64) {
        let size = index_length(index);
        if let Some(block) = BRANCH_BLOCKS[order_prefix(order)].get(size as usize - 1) {
            self.block(block);
        } else {
            self.byte(b'[');
            self.text(PREFIXES[order_prefix(order)].as_bytes());
            self.text(b"Branch");
            self.size(size);
        }
        self.index(index, size);
    }

    fn ring(&mut self, order: BondOrder, directions: [Direction; 2], index: u64) {
        let size = index_length(index);
        let plain = order != BondOrder::Single || directions == [Direction::None; 2];
        match RING_BLOCKS[order_prefix(order)].get(size as usize - 1) {
            Some(block) if plain => self.block(block),
            _ if plain => {
                self.byte(b'[');
                self.text(PREFIXES[order_prefix(order)].as_bytes());
                self.text(b"Ring");
                self.size(size);
            }
            _ => {
                self.byte(b'[');
                for mark in directions {
                    self.byte(match mark {
                        Direction::None => b'-',
                        Direction::Up => b'/',
                        Direction::Down => b'\\',
                    });
                }
                self.text(b"Ring");
                self.size(size);
            }
        }
        self.index(index, size);
    }

    #[inline]
    fn index(&mut self, index: u64, size: u32) {
        for place in (0..size).rev() {
            self.block(&INDEX_BLOCKS[(index >> (4 * place) & 15) as usize]);
        }
    }

    /// An atom that is more than an element.
    fn atom(&mut self, prefix: usize, atom: &crate::smiles::Atom) {
        self.byte(b'[');
        self.text(PREFIXES[prefix].as_bytes());
        self.scratch.clear();
        push_atom(self.scratch, atom);
        let length = self.scratch.len();
        self.out[self.at..self.at + length].copy_from_slice(self.scratch);
        self.at += length;
        self.byte(b']');
    }

    /// The number that ends a branch or ring symbol: at most sixteen.
    fn size(&mut self, size: u32) {
        if size >= 10 {
            self.byte(b'1');
        }
        self.byte(b'0' + (size % 10) as u8);
        self.byte(b']');
    }
}

//! SELFIES symbols: their grammar, and a fast table from text to meaning.
//!
//! ```text
//! symbol  = atom | branch | ring | "[nop]" | epsilon
//! atom    = "[" ("=" | "#" | "/" | "\")? digit* element ("@" | "@@")?
//!           ("H" digit)? (("+" | "-") nonzero-digit+)? "]"
//! branch  = "[" ("=" | "#")? "Branch" ("1" | "2" | "3") "]"
//! ring    = "[" ("=" | "#" | mark mark)? "Ring" ("1" | "2" | "3") "]"
//! mark    = "-" | "/" | "\"          (not both "-")
//! epsilon = any symbol that holds "eps"
//! ```
//!
//! What a symbol is follows from the two letters before its last: `ch` makes a
//! branch, `ng` a ring. A number is a row of index symbols in base 16.

mod key;
mod table;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub(crate) use key::{Key, KeyMap, Window};
pub(crate) use table::{Action, Entry, Kind, SymbolTable};

use crate::element::Element;
use crate::smiles::{Atom, BondOrder, Chirality, Direction};

/// The symbols that stand for 0 to 15 after a branch or ring symbol.
pub const INDEX_SYMBOLS: [&str; 16] = [
    "[C]",
    "[Ring1]",
    "[Ring2]",
    "[Branch1]",
    "[=Branch1]",
    "[#Branch1]",
    "[Branch2]",
    "[=Branch2]",
    "[#Branch2]",
    "[O]",
    "[N]",
    "[=N]",
    "[=C]",
    "[#C]",
    "[S]",
    "[P]",
];

/// The value of an index symbol; any other symbol counts 0.
#[must_use]
pub fn index_value(symbol: &str) -> u8 {
    (0..)
        .zip(INDEX_SYMBOLS)
        .find_map(|(value, known)| (known == symbol).then_some(value))
        .unwrap_or(0)
}

/// The number that a row of index symbols spells, most significant first; a
/// missing symbol counts 0.
///
/// ```
/// assert_eq!(selfies::index_from_symbols([Some("[Ring1]"), None]), 16);
/// ```
pub fn index_from_symbols<'a>(symbols: impl IntoIterator<Item = Option<&'a str>>) -> u64 {
    symbols.into_iter().fold(0, |number, symbol| {
        number << 4 | u64::from(symbol.map_or(0, index_value))
    })
}

/// The index symbols that spell a number, most significant first.
///
/// ```
/// assert_eq!(selfies::symbols_from_index(17), ["[Ring1]", "[Ring1]"]);
/// ```
#[must_use]
pub fn symbols_from_index(index: u64) -> Vec<&'static str> {
    (0..index_length(index))
        .rev()
        .map(|place| INDEX_SYMBOLS[(index >> (4 * place) & 15) as usize])
        .collect()
}

/// How many index symbols a number takes.
#[inline]
pub(crate) const fn index_length(index: u64) -> u32 {
    (64 - (index | 1).leading_zeros()).div_ceil(4)
}

/// Symbols beyond those of the reference.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Extensions {
    /// `[*]` and the four newest elements.
    pub(crate) wildcards: bool,
    /// Numbers of four to nine index symbols.
    pub(crate) long_numbers: bool,
}

/// A SELFIES symbol, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Symbol {
    /// An atom and the bond it asks for.
    Atom {
        /// The order asked for.
        order: BondOrder,
        /// Direction mark of the bond.
        direction: Direction,
        /// The atom.
        atom: Atom,
    },
    /// A branch of at most this order, whose length the next symbols spell.
    Branch {
        /// The order asked for.
        order: BondOrder,
        /// How many index symbols follow.
        size: u8,
    },
    /// A ring bond to an earlier atom, whose distance the next symbols spell.
    Ring {
        /// The order asked for.
        order: BondOrder,
        /// Direction marks of the earlier and the later end.
        directions: [Direction; 2],
        /// How many index symbols follow.
        size: u8,
    },
    /// `[epsilon]`: ends a chain.
    Epsilon,
    /// `[nop]`: padding, skipped wherever it stands.
    Nop,
}

/// The text is no SELFIES symbol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid symbol '{symbol}'")]
pub struct InvalidSymbol {
    /// The text.
    pub symbol: String,
}

impl FromStr for Symbol {
    type Err = InvalidSymbol;

    fn from_str(symbol: &str) -> Result<Self, InvalidSymbol> {
        Self::read(symbol, Extensions::default()).ok_or_else(|| InvalidSymbol {
            symbol: symbol.to_owned(),
        })
    }
}

impl Symbol {
    /// Reads a symbol.
    pub(crate) fn read(symbol: &str, extensions: Extensions) -> Option<Self> {
        if symbol == "[nop]" {
            return Some(Self::Nop);
        }
        // The letters before the last two characters, the bracket among them.
        let mut back = symbol.chars().rev().skip(2);
        match (back.next(), back.next()) {
            (Some('h'), Some('c')) => read_branch(symbol, extensions),
            (Some('g'), Some('n')) => read_ring(symbol, extensions),
            _ if symbol.contains("eps") => Some(Self::Epsilon),
            _ => read_atom(symbol, extensions.wildcards),
        }
    }
}

fn read_branch(symbol: &str, extensions: Extensions) -> Option<Symbol> {
    let (order, rest) = order_and_rest(symbol.strip_prefix('[')?);
    let size = size(rest.strip_prefix("Branch")?, extensions)?;
    Some(Symbol::Branch { order, size })
}

fn read_ring(symbol: &str, extensions: Extensions) -> Option<Symbol> {
    let inner = symbol.strip_prefix('[')?;
    let (order, rest) = order_and_rest(inner);
    if let Some(rest) = rest.strip_prefix("Ring") {
        return Some(Symbol::Ring {
            order,
            directions: [Direction::None; 2],
            size: size(rest, extensions)?,
        });
    }
    let (marks, rest) = inner.split_at_checked(2)?;
    let directions = match marks.as_bytes() {
        b"--" => return None,
        &[left, right] => [mark(left)?, mark(right)?],
        _ => return None,
    };
    Some(Symbol::Ring {
        order: BondOrder::Single,
        directions,
        size: size(rest.strip_prefix("Ring")?, extensions)?,
    })
}

fn order_and_rest(text: &str) -> (BondOrder, &str) {
    match text.as_bytes().first() {
        Some(b'=') => (BondOrder::Double, &text[1..]),
        Some(b'#') => (BondOrder::Triple, &text[1..]),
        _ => (BondOrder::Single, text),
    }
}

fn mark(mark: u8) -> Option<Direction> {
    match mark {
        b'-' => Some(Direction::None),
        b'/' => Some(Direction::Up),
        b'\\' => Some(Direction::Down),
        _ => None,
    }
}

fn size(text: &str, extensions: Extensions) -> Option<u8> {
    let most = if extensions.long_numbers { b'9' } else { b'3' };
    match *text.as_bytes() {
        [size, b']'] if (b'1'..=most).contains(&size) => Some(size - b'0'),
        _ => None,
    }
}

fn read_atom(symbol: &str, wildcards: bool) -> Option<Symbol> {
    let inner = symbol.strip_prefix('[')?.strip_suffix(']')?;
    let (order, direction, text) = match inner.as_bytes().first() {
        Some(b'/') => (BondOrder::Single, Direction::Up, &inner[1..]),
        Some(b'\\') => (BondOrder::Single, Direction::Down, &inner[1..]),
        _ => {
            let (order, rest) = order_and_rest(inner);
            (order, Direction::None, rest)
        }
    };
    let atom = match Element::from_symbol(text) {
        Some(element) if element.is_organic() => Atom::plain(element, false),
        _ => read_specified_atom(text, wildcards)?,
    };
    Some(Symbol::Atom {
        order,
        direction,
        atom,
    })
}

/// An atom that is more than an organic element.
fn read_specified_atom(text: &str, wildcards: bool) -> Option<Atom> {
    let (isotope, rest) = leading_number(text)?;
    let bytes = rest.as_bytes();
    let (element, used) = match bytes {
        [b'*', ..] => (Element::WILDCARD, 1),
        [first @ b'A'..=b'Z', second @ b'a'..=b'z', ..] => {
            (Element::from_letters(*first, *second)?, 2)
        }
        [first @ b'A'..=b'Z', ..] => (Element::from_letters(*first, 0)?, 1),
        _ => return None,
    };
    if !wildcards && !element.in_reference() {
        return None;
    }
    let mut rest = &rest[used..];
    let mut chirality = Chirality::None;
    for (text, value) in [
        ("@@", Chirality::Clockwise),
        ("@", Chirality::CounterClockwise),
    ] {
        if let Some(after) = rest.strip_prefix(text) {
            rest = after;
            chirality = value;
            break;
        }
    }
    let mut hydrogens = 0;
    if let Some(after) = rest.strip_prefix('H') {
        let digit = after.chars().next().and_then(crate::smiles::decimal)?;
        hydrogens = digit;
        let mut after = after.chars();
        after.next();
        rest = after.as_str();
    }
    let mut charge = 0;
    if let Some(sign @ (b'+' | b'-')) = rest.as_bytes().first() {
        let digits = &rest[1..];
        if !digits.bytes().all(|c| matches!(c, b'1'..=b'9')) {
            return None;
        }
        charge = digits.parse().ok()?;
        if *sign == b'-' {
            charge = -charge;
        }
        rest = "";
    }
    rest.is_empty().then_some(Atom {
        element,
        aromatic: false,
        chirality,
        hydrogens: Some(hydrogens),
        charge,
        isotope,
    })
}

/// Leading decimal digits of any script; `None` above 32 bits.
fn leading_number(text: &str) -> Option<(Option<u32>, &str)> {
    let mut value = None;
    let mut rest = text.chars();
    loop {
        let before = rest.as_str();
        let Some(digit) = rest.next().and_then(crate::smiles::decimal) else {
            return Some((value, before));
        };
        value = Some(
            value
                .unwrap_or(0u32)
                .checked_mul(10)?
                .checked_add(u32::from(digit))?,
        );
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = |order: BondOrder| match order {
            BondOrder::Double => "=",
            BondOrder::Triple => "#",
            BondOrder::Single | BondOrder::Aromatic => "",
        };
        let mark = |direction: Direction, none: &'static str| match direction {
            Direction::None => none,
            Direction::Up => "/",
            Direction::Down => "\\",
        };
        match self {
            Self::Atom {
                order,
                direction,
                atom,
            } => {
                write!(f, "[{}{}", prefix(*order), mark(*direction, ""))?;
                f.write_str(&atom_text(atom))?;
                f.write_str("]")
            }
            Self::Branch { order, size } => write!(f, "[{}Branch{size}]", prefix(*order)),
            Self::Ring {
                order,
                directions: [Direction::None, Direction::None],
                size,
            } => write!(f, "[{}Ring{size}]", prefix(*order)),
            Self::Ring {
                directions: [left, right],
                size,
                ..
            } => write!(f, "[{}{}Ring{size}]", mark(*left, "-"), mark(*right, "-")),
            Self::Epsilon => f.write_str("[epsilon]"),
            Self::Nop => f.write_str("[nop]"),
        }
    }
}

/// An atom as SELFIES 2 and its decoder spell it, without brackets: hydrogens
/// and charges always with a number, `H0` where a bracket would otherwise be lost.
#[must_use]
pub(crate) fn atom_text(atom: &Atom) -> String {
    let mut text = Vec::with_capacity(8);
    push_atom(&mut text, atom);
    String::from_utf8(text).expect("atoms are spelled in ASCII")
}

/// Appends [`atom_text`].
pub(crate) fn push_atom(out: &mut Vec<u8>, atom: &Atom) {
    use std::io::Write as _;

    // Writing to a `Vec` cannot fail.
    if let Some(isotope) = atom.isotope {
        let _ = write!(out, "{isotope}");
    }
    out.extend_from_slice(atom.element.symbol().as_bytes());
    out.extend_from_slice(atom.chirality.text().as_bytes());
    match atom.hydrogens {
        None => {}
        Some(0) => {
            let bare = atom.isotope.is_none()
                && atom.chirality == Chirality::None
                && atom.charge == 0
                && atom.element.is_organic();
            if bare {
                out.extend_from_slice(b"H0");
            }
        }
        Some(count) => {
            out.push(b'H');
            out.push(b'0' + count);
        }
    }
    if atom.charge != 0 {
        let _ = write!(out, "{:+}", atom.charge);
    }
}

#[cfg(test)]
mod tests;

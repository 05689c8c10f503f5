//! Reading SMILES.
//!
//! ```text
//! smiles   = fragment ("." fragment?)*
//! fragment = bond? atom rest
//! rest     = (bond? ring | branch | bond? atom)*
//! branch   = "(" bond? atom rest ")"
//! atom     = "B" | "C" | "N" | "O" | "P" | "S" | "F" | "Cl" | "Br" | "I"
//!          | "b" | "c" | "n" | "o" | "p" | "s" | bracket
//! bond     = "-" | "=" | "#" | ":" | "/" | "\"
//! ring     = digit | "%" digit digit
//! ```
//!
//! This is the dialect of the Python package, to the letter: laxer than
//! `OpenSMILES` in places (trailing and doubled dots, a bond before the first
//! atom) and stricter in others (no `*`, no `$`, one digit of hydrogens, `1` and
//! `%01` are different ring numbers). [`Dialect`] opens some of that up.

mod atom;
mod bracket;
mod dialect;
mod digits;
mod error;
mod flat;
mod molecule;
mod reader;
mod reader_faults;
mod token;
mod write;

pub(crate) use digits::{decimal, is_digit};

/// Reads an atom in brackets.
pub(crate) fn bracket_atom(text: &str) -> Option<Atom> {
    bracket::parse(text, false)
}

pub use atom::{Atom, Bond, BondOrder, Chirality, Direction};
pub use dialect::Dialect;
pub use error::{SmilesError, SmilesFault};
pub use flat::without_stereo;
pub use molecule::Molecule;
pub(crate) use molecule::{NONE, index};
pub use reader::{Reader, parse};

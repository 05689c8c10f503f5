//! Errors of the translation, with the texts of the Python package.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::kekulize::KekulizeError;
use crate::smiles::SmilesError;

/// A SMILES string that cannot be translated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The string cannot be read.
    #[error("failed to parse input\n\tSMILES: {smiles}")]
    Smiles {
        /// The string.
        smiles: String,
        /// What is wrong with it, and where.
        source: SmilesError,
    },
    /// The aromatic bonds cannot be replaced by single and double ones.
    #[error("kekulization failed\n\tSMILES: {smiles}")]
    Kekulize {
        /// The string.
        smiles: String,
        /// The reason.
        source: KekulizeError,
    },
    /// SELFIES 1 cannot express the string.
    #[error("{source} at byte {position}\n\tSMILES: {smiles}")]
    Version1 {
        /// The string.
        smiles: String,
        /// Byte of the token, or of the fragment.
        position: usize,
        /// The reason.
        source: crate::v1::Fault,
    },
    /// Atoms have more bonds than the constraints allow.
    #[error(
        "input violates the currently-set semantic constraints\n\tSMILES: {smiles}\n\tErrors:\n{}",
        list(violations)
    )]
    Constraints {
        /// The string.
        smiles: String,
        /// Every atom at fault, in written order.
        violations: Vec<Violation>,
    },
}

/// An atom with too many bonds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// Index of the atom.
    pub atom: u32,
    /// The atom as SELFIES spells it.
    pub symbol: String,
    /// Sum of its bond orders, hydrogens left out.
    pub bonds: u32,
    /// How many bonds it may have besides its hydrogens; negative if it has too
    /// many hydrogens already.
    pub capacity: i64,
}

fn list(violations: &[Violation]) -> String {
    let mut text = String::new();
    for violation in violations {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "\t[{} with {} bond(s) - a max. of {} bond(s) was specified]",
            violation.symbol, violation.bonds, violation.capacity
        );
    }
    text
}

/// A SELFIES string that cannot be translated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// A symbol that is none.
    #[error("invalid symbol '{symbol}'\n\tSELFIES: {selfies}")]
    Symbol {
        /// The symbol, in its modern spelling if old ones are accepted.
        symbol: String,
        /// Byte at which it begins.
        position: usize,
        /// The string.
        selfies: String,
    },
    /// A `[` that is not closed.
    #[error("malformed SELFIES string, hanging '[' bracket")]
    OpenBracket {
        /// Byte of the bracket.
        position: usize,
    },
    /// A symbol of SELFIES 1 whose hydrogens leave no room for a bond.
    #[error("too many Hs in symbol '{symbol}'; consider adjusting bond constraints")]
    Hydrogens {
        /// The symbol.
        symbol: String,
        /// Byte at which it begins.
        position: usize,
    },
    /// The string is longer than 4 GiB.
    #[error("SELFIES longer than 4 GiB")]
    TooLong,
}

//! What can be wrong with a SMILES string, and where.

/// A SMILES string that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at byte {position}")]
pub struct SmilesError {
    /// Byte offset of the token at fault.
    pub position: usize,
    /// What is wrong there.
    pub reason: SmilesFault,
}

/// The kinds of fault in a SMILES string. The texts of those that the Python
/// package also knows are its own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SmilesFault {
    /// The text is empty.
    #[error("empty SMILES")]
    Empty,
    /// The text begins with a dot.
    #[error("empty SMILES fragment")]
    EmptyFragment,
    /// A bond symbol ends the text.
    #[error("hanging bond")]
    HangingBond,
    /// A bond symbol stands before a parenthesis.
    #[error("hanging_bond")]
    BondBeforeParenthesis,
    /// A square bracket is not closed.
    #[error("hanging bracket [")]
    OpenBracket,
    /// `%` is not followed by two digits.
    #[error("invalid ring number '%{number}'")]
    RingNumber {
        /// What follows the percent sign.
        number: String,
    },
    /// A character that begins no token.
    #[error("unrecognized symbol '{symbol}'")]
    Symbol {
        /// The character.
        symbol: char,
    },
    /// An atom that is no atom.
    #[error("invalid atom symbol '{atom}'")]
    Atom {
        /// The token.
        atom: String,
    },
    /// A fragment or a branch begins with a ring digit or a parenthesis.
    #[error("SMILES chain begins with non-atom")]
    ChainStart,
    /// A closing parenthesis without its partner.
    #[error("hanging ')' bracket")]
    CloseParenthesis,
    /// An opening parenthesis without its partner.
    #[error("hanging '(' bracket")]
    OpenParenthesis,
    /// A ring number that occurs an odd number of times.
    #[error("hanging ring number '{number}'")]
    OpenRing {
        /// The number as written.
        number: String,
    },
    /// A ring bond between two atoms that are bonded already.
    #[error("ring bond specified between already-bonded atoms")]
    BondedTwice,
    /// Two different bond symbols at the two ends of a ring bond.
    #[error("mismatched ring bonds")]
    MismatchedRingBonds,
    /// A ring bond from an atom to itself (`C11`); the Python package crashes.
    #[error("ring bond from an atom to itself")]
    RingToItself,
    /// The text is longer than 4 GiB.
    #[error("SMILES longer than 4 GiB")]
    TooLong,
}

impl SmilesError {
    /// The position as the Python package counts it: in characters, and one
    /// less for an empty fragment, hence −1 for a leading dot.
    ///
    /// # Panics
    /// If `smiles` is not the text that the error is about.
    #[must_use]
    pub fn reference_index(&self, smiles: &str) -> i64 {
        let characters = smiles[..self.position].chars().count();
        let characters = i64::try_from(characters).expect("a text has less than 2⁶³ characters");
        if self.reason == SmilesFault::EmptyFragment {
            characters - 1
        } else {
            characters
        }
    }
}

//! What can be wrong with a text or a molecule graph.

/// Why a SMILES text is no molecule graph. Positions are byte offsets from zero.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// A byte that starts no atom, bond, branch or ring number.
    #[error("unexpected {found:?} at byte {position}")]
    Unexpected {
        /// The character found.
        found: char,
        /// Where it stands.
        position: usize,
    },
    /// A bracket without its partner.
    #[error("the bracket or parenthesis opened at byte {position} is not closed")]
    Unclosed {
        /// Where it opens.
        position: usize,
    },
    /// A text in brackets that is not an atom.
    #[error("no atom: {text:?} at byte {position}")]
    BadAtom {
        /// The bracket's text.
        text: String,
        /// Where the bracket opens.
        position: usize,
    },
    /// A closing parenthesis, or a branch, without an atom before it.
    #[error("the branch at byte {position} hangs on no atom or is empty")]
    BadBranch {
        /// Where the parenthesis stands.
        position: usize,
    },
    /// A bond sign that is not between two atoms.
    #[error("the bond at byte {position} does not join two atoms")]
    HangingBond {
        /// Where the bond stands.
        position: usize,
    },
    /// A ring number that is opened and never closed.
    #[error("ring number {number} opened at byte {position} is not closed")]
    OpenRing {
        /// The ring number.
        number: u32,
        /// Where it opens.
        position: usize,
    },
    /// A ring number whose two ends cannot be bonded.
    #[error("ring number {number} closed at byte {position} {reason}")]
    BadRing {
        /// The ring number.
        number: u32,
        /// Where it closes.
        position: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An atom in lower case outside a ring.
    #[error("atom {atom} is aromatic but in no ring")]
    AromaticOutsideRing {
        /// Index of the atom, in text order.
        atom: usize,
    },
}

/// Why a graph is no chemically sensible molecule, after the model of `RDKit`'s sanitisation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SanitiseError {
    /// More bonds and hydrogens than the element allows.
    #[error("atom {atom} ({symbol}, charge {charge}) has valence {valence}, more than allowed")]
    Valence {
        /// Index of the atom.
        atom: usize,
        /// Its element.
        symbol: &'static str,
        /// Its formal charge.
        charge: i8,
        /// The valence found.
        valence: i32,
    },
    /// Double bonds cannot be placed so that every aromatic atom that needs one has one.
    #[error("no Kekulé structure: {unmatched} aromatic atoms are left without a double bond")]
    Kekulise {
        /// How many atoms are left over by the best placement.
        unmatched: usize,
    },
}

/// Why a bond cannot be added.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BondError {
    /// Both ends are the same atom.
    #[error("atom {atom} cannot be bonded to itself")]
    Loop {
        /// Index of the atom.
        atom: usize,
    },
    /// There is a bond already.
    #[error("atoms {first} and {second} are bonded already")]
    Repeated {
        /// Index of one atom.
        first: usize,
        /// Index of the other.
        second: usize,
    },
    /// An atom has no hydrogen that could give way.
    #[error("atom {atom} has {hydrogens} hydrogens, a bond of order {order} needs as many")]
    NoHydrogen {
        /// Index of the atom.
        atom: usize,
        /// The hydrogens it has.
        hydrogens: u8,
        /// Electron pairs of the bond.
        order: u8,
    },
}

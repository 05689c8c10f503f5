//! Atoms and bonds as they were written.

use serde::{Deserialize, Serialize};

use crate::element::Element;

/// Tetrahedral mark of an atom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Chirality {
    /// No mark.
    #[default]
    None,
    /// `@`: the neighbours turn counter-clockwise in written order.
    CounterClockwise,
    /// `@@`: the neighbours turn clockwise in written order.
    Clockwise,
}

impl Chirality {
    /// The mark of the mirror image.
    #[must_use]
    pub const fn inverted(self) -> Self {
        match self {
            Self::None => Self::None,
            Self::CounterClockwise => Self::Clockwise,
            Self::Clockwise => Self::CounterClockwise,
        }
    }

    /// The mark as SMILES writes it.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::None => "",
            Self::CounterClockwise => "@",
            Self::Clockwise => "@@",
        }
    }
}

/// An atom as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Atom {
    /// The element.
    pub element: Element,
    /// Written with a small letter.
    pub aromatic: bool,
    /// Tetrahedral mark.
    pub chirality: Chirality,
    /// Hydrogens named inside brackets; none for an atom without brackets,
    /// whose hydrogens follow from its valence.
    pub hydrogens: Option<u8>,
    /// Formal charge (e).
    pub charge: i32,
    /// Mass number; `[0C]` is kept apart from `[C]`.
    pub isotope: Option<u32>,
}

impl Atom {
    /// An atom without brackets.
    #[must_use]
    pub const fn plain(element: Element, aromatic: bool) -> Self {
        Self {
            element,
            aromatic,
            chirality: Chirality::None,
            hydrogens: None,
            charge: 0,
            isotope: None,
        }
    }

    /// Whether nothing but the element was written.
    #[must_use]
    pub const fn is_plain(&self) -> bool {
        self.hydrogens.is_none() && self.isotope.is_none() && self.charge == 0
    }
}

/// Order of a bond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub enum BondOrder {
    /// Order 1.
    Single = 2,
    /// Order 1.5: between two aromatic atoms without a bond symbol, or `:`.
    Aromatic = 3,
    /// Order 2.
    Double = 4,
    /// Order 3.
    Triple = 6,
}

impl BondOrder {
    /// Twice the order, so that aromatic bonds count in whole numbers.
    #[must_use]
    pub const fn halves(self) -> u32 {
        self as u32
    }
}

/// Direction mark of a single bond, as written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Direction {
    /// No mark.
    #[default]
    None = 0,
    /// `/`.
    Up = 1,
    /// `\`.
    Down = 2,
}

/// A bond between two atoms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Bond {
    /// The earlier atom of a chain bond; for a ring bond the atom whose digit
    /// came first (which may have the higher index: `C(C1)1` style digits).
    pub from: u32,
    /// The other atom.
    pub to: u32,
    /// The order.
    pub order: BondOrder,
    /// Direction marks at the `from` and the `to` end. A chain bond has only
    /// the first.
    pub directions: [Direction; 2],
    /// Closed by a pair of ring digits.
    pub ring: bool,
}

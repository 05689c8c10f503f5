//! What a node and an edge of the molecule graph carry.

use std::fmt;

use petgraph::graph::NodeIndex;
use serde::{Deserialize, Serialize};

use crate::element::Element;

/// One atom of a [`MolGraph`](super::MolGraph).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Atom {
    /// The element; wildcards are allowed.
    pub element: Element,
    /// Mass number, 0 for the natural mixture.
    pub isotope: u16,
    /// Formal charge (e).
    pub charge: i8,
    /// Hydrogens that hang on this atom without being nodes of their own.
    pub hydrogens: u8,
    /// Whether the number of hydrogens was stated (a bracket atom) and is not to be inferred.
    /// Such an atom may carry unpaired electrons.
    pub hydrogens_stated: bool,
    /// Whether the atom was written in lower case or found to be aromatic.
    pub aromatic: bool,
    /// Tetrahedral configuration.
    pub chirality: Option<Chirality>,
    /// The number after `:` in a bracket atom, 0 for none.
    pub class: u16,
}

impl Atom {
    /// A neutral atom of the natural isotope mixture with this many hydrogens on it.
    #[must_use]
    pub fn new(element: Element, hydrogens: u8) -> Self {
        Self {
            element,
            isotope: 0,
            charge: 0,
            hydrogens,
            hydrogens_stated: false,
            aromatic: false,
            chirality: None,
            class: 0,
        }
    }
}

/// The sense in which the later neighbours of a tetrahedral atom appear when looked at from its first one.
///
/// Neighbours are taken in the order of their edge indices; a hydrogen that is no node, or a lone pair, comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Chirality {
    /// `@` when the text lists the neighbours in that order.
    CounterClockwise,
    /// `@@` when the text lists the neighbours in that order.
    Clockwise,
}

impl Chirality {
    /// The mirror image.
    #[must_use]
    pub fn inverted(self) -> Self {
        match self {
            Self::CounterClockwise => Self::Clockwise,
            Self::Clockwise => Self::CounterClockwise,
        }
    }

    /// The same configuration told with the neighbours in another order.
    #[must_use]
    pub fn permuted(self, odd: bool) -> Self {
        if odd { self.inverted() } else { self }
    }
}

/// One bond of a [`MolGraph`](super::MolGraph).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Bond {
    /// How many electron pairs it shares.
    pub order: BondOrder,
    /// Which groups lie on the same side of a double bond.
    pub stereo: Option<DoubleBondStereo>,
}

impl Bond {
    /// A bond without stereo information.
    #[must_use]
    pub fn new(order: BondOrder) -> Self {
        Self {
            order,
            stereo: None,
        }
    }
}

/// Bond orders of SMILES; `Display` writes their symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum BondOrder {
    /// `-`
    Single,
    /// `=`
    Double,
    /// `#`
    Triple,
    /// `$`
    Quadruple,
    /// `:`, one and a half electron pairs
    Aromatic,
}

impl fmt::Display for BondOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Single => "-",
            Self::Double => "=",
            Self::Triple => "#",
            Self::Quadruple => "$",
            Self::Aromatic => ":",
        })
    }
}

impl BondOrder {
    /// Twice the number of shared pairs, so that an aromatic bond (3) stays whole.
    #[must_use]
    pub fn doubled(self) -> i32 {
        match self {
            Self::Single => 2,
            Self::Aromatic => 3,
            Self::Double => 4,
            Self::Triple => 6,
            Self::Quadruple => 8,
        }
    }

    /// Shared pairs, an aromatic bond counted as one.
    #[must_use]
    pub fn whole(self) -> i32 {
        self.doubled() / 2
    }
}

/// The configuration of a double bond, told by one neighbour of each end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DoubleBondStereo {
    /// A neighbour of the bond's source (the first of petgraph's `edge_endpoints`).
    #[serde(with = "super::indices::one")]
    pub source_neighbour: NodeIndex,
    /// A neighbour of the bond's target.
    #[serde(with = "super::indices::one")]
    pub target_neighbour: NodeIndex,
    /// Whether these two lie on the same side (cis).
    pub same_side: bool,
    /// By end, source first: whether the text marks the bonds of both neighbours, not only the one named here.
    /// [`MolGraph::murcko_scaffold_as_told`](super::MolGraph::murcko_scaffold_as_told) asks for it; the configuration is the same.
    pub both_marked: [bool; 2],
}

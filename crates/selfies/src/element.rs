//! Chemical elements as SMILES and SELFIES write them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Symbols by atomic number; number 0 is the wildcard of SMILES.
const SYMBOLS: [&str; 119] = [
    "*", "H", "He", "Li", "Be", "B", "C", "N", "O", "F", "Ne", "Na", "Mg", "Al", "Si", "P", "S",
    "Cl", "Ar", "K", "Ca", "Sc", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Ga", "Ge",
    "As", "Se", "Br", "Kr", "Rb", "Sr", "Y", "Zr", "Nb", "Mo", "Tc", "Ru", "Rh", "Pd", "Ag", "Cd",
    "In", "Sn", "Sb", "Te", "I", "Xe", "Cs", "Ba", "La", "Ce", "Pr", "Nd", "Pm", "Sm", "Eu", "Gd",
    "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu", "Hf", "Ta", "W", "Re", "Os", "Ir", "Pt", "Au", "Hg",
    "Tl", "Pb", "Bi", "Po", "At", "Rn", "Fr", "Ra", "Ac", "Th", "Pa", "U", "Np", "Pu", "Am", "Cm",
    "Bk", "Cf", "Es", "Fm", "Md", "No", "Lr", "Rf", "Db", "Sg", "Bh", "Hs", "Mt", "Ds", "Rg", "Cn",
    "Nh", "Fl", "Mc", "Lv", "Ts", "Og",
];

/// A chemical element by its atomic number; 0 is the SMILES wildcard `*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Element(u8);

impl Element {
    /// The wildcard atom `*`.
    pub const WILDCARD: Self = Self(0);
    /// Hydrogen.
    pub const H: Self = Self(1);
    /// Boron.
    pub const B: Self = Self(5);
    /// Carbon.
    pub const C: Self = Self(6);
    /// Nitrogen.
    pub const N: Self = Self(7);
    /// Oxygen.
    pub const O: Self = Self(8);
    /// Fluorine.
    pub const F: Self = Self(9);
    /// Aluminium.
    pub const AL: Self = Self(13);
    /// Silicon.
    pub const SI: Self = Self(14);
    /// Phosphorus.
    pub const P: Self = Self(15);
    /// Sulfur.
    pub const S: Self = Self(16);
    /// Chlorine.
    pub const CL: Self = Self(17);
    /// Arsenic.
    pub const AS: Self = Self(33);
    /// Selenium.
    pub const SE: Self = Self(34);
    /// Bromine.
    pub const BR: Self = Self(35);
    /// Tellurium.
    pub const TE: Self = Self(52);
    /// Iodine.
    pub const I: Self = Self(53);

    /// How many values the type has: 118 elements and the wildcard.
    pub const COUNT: usize = SYMBOLS.len();

    /// The element with this atomic number (0 for the wildcard), up to 118.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        if (number as usize) < SYMBOLS.len() {
            Some(Self(number))
        } else {
            None
        }
    }

    /// The atomic number; 0 for the wildcard.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// The symbol with its capital, e.g. `Cl`; `*` for the wildcard.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        SYMBOLS[self.0 as usize]
    }

    /// The element of this exact symbol (`Cl`, not `cl`).
    #[must_use]
    pub fn from_symbol(symbol: &str) -> Option<Self> {
        match *symbol.as_bytes() {
            [first] => Self::from_letters(first, 0),
            [first, second] if second != 0 => Self::from_letters(first, second),
            _ => None,
        }
    }

    /// The element spelled by a capital and a small letter (0 for none).
    pub(crate) fn from_letters(first: u8, second: u8) -> Option<Self> {
        if first == b'*' && second == 0 {
            return Some(Self::WILDCARD);
        }
        let row = first.wrapping_sub(b'A');
        let column = if second == 0 {
            0
        } else {
            second.wrapping_sub(b'a').wrapping_add(1)
        };
        if row >= 26 || column >= 27 || (second != 0 && column == 0) {
            return None;
        }
        match BY_LETTERS[usize::from(row) * 27 + usize::from(column)] {
            0 => None,
            number => Some(Self(number)),
        }
    }

    /// Whether the ten-element organic subset, which needs no brackets, holds it.
    #[must_use]
    pub const fn is_organic(self) -> bool {
        matches!(self.0, 5..=9 | 15..=17 | 35 | 53)
    }

    /// Whether the Python package knows it: nihonium, moscovium, tennessine,
    /// oganesson and the wildcard are missing there.
    #[must_use]
    pub const fn in_reference(self) -> bool {
        !matches!(self.0, 0 | 113 | 115 | 117 | 118)
    }

    /// Allowed valences of the elements that may be aromatic, smallest first.
    pub(crate) const fn aromatic_valences(self) -> &'static [u32] {
        match self.0 {
            5 | 13 => &[3],
            6 | 14 => &[4],
            7 | 15 | 33 => &[3, 5],
            8 | 16 | 34 | 52 => &[2, 4],
            _ => &[],
        }
    }

    /// The same as a set of bits; none for the other elements.
    pub(crate) const fn aromatic_valence_bits(self) -> u32 {
        AROMATIC_VALENCE_BITS[self.0 as usize]
    }

    /// Electrons of the outer shell, for the elements that may be aromatic.
    pub(crate) const fn outer_electrons(self) -> u32 {
        match self.0 {
            5 | 13 => 3,
            6 | 14 => 4,
            7 | 15 | 33 => 5,
            _ => 6,
        }
    }
}

static AROMATIC_VALENCE_BITS: [u32; SYMBOLS.len()] = {
    let mut table = [0; SYMBOLS.len()];
    let mut number = 0;
    while number < SYMBOLS.len() {
        #[expect(clippy::cast_possible_truncation, reason = "there are 118 elements")]
        let valences = Element(number as u8).aromatic_valences();
        let mut at = 0;
        while at < valences.len() {
            table[number] |= 1 << valences[at];
            at += 1;
        }
        number += 1;
    }
    table
};

/// Atomic number by capital (rows) and small letter or none (columns).
static BY_LETTERS: [u8; 26 * 27] = {
    let mut table = [0; 26 * 27];
    let mut number = 1;
    while number < SYMBOLS.len() {
        let symbol = SYMBOLS[number].as_bytes();
        let column = if symbol.len() == 2 {
            symbol[1] - b'a' + 1
        } else {
            0
        };
        #[expect(clippy::cast_possible_truncation, reason = "there are 118 elements")]
        {
            table[(symbol[0] - b'A') as usize * 27 + column as usize] = number as u8;
        }
        number += 1;
    }
    table
};

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.symbol())
    }
}

/// No element has this symbol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no element has the symbol '{symbol}'")]
pub struct UnknownElement {
    /// The text that was taken for a symbol.
    pub symbol: String,
}

impl FromStr for Element {
    type Err = UnknownElement;

    fn from_str(symbol: &str) -> Result<Self, UnknownElement> {
        Self::from_symbol(symbol).ok_or_else(|| UnknownElement {
            symbol: symbol.to_owned(),
        })
    }
}

impl TryFrom<String> for Element {
    type Error = UnknownElement;

    fn try_from(symbol: String) -> Result<Self, UnknownElement> {
        symbol.parse()
    }
}

impl From<Element> for String {
    fn from(element: Element) -> Self {
        element.symbol().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_symbol_reads_back() {
        for number in 0..=118 {
            let element = Element::from_number(number).unwrap();
            assert_eq!(element.symbol().parse(), Ok(element));
        }
    }

    #[test]
    fn other_spellings_are_no_elements() {
        for text in ["", "c", "cl", "CL", "Xx", "Clx", "C\0", "é", "**", "A"] {
            assert_eq!(Element::from_symbol(text), None, "{text:?}");
        }
    }
}

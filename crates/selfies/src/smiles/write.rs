//! Writes the record of a SMILES string as SMILES again.
//!
//! Atoms, branches and ring digits come in their written order, so reading the text gives the same record. Ring numbers
//! are used again as soon as they are free, and a bond is written only where its symbol is needed.

use std::collections::BTreeSet;
use std::fmt::{self, Write};
use std::str::FromStr;

use super::atom::{Atom, Bond, BondOrder, Direction};
use super::molecule::{Molecule, NONE};
use super::{Dialect, Reader, SmilesError, parse};

impl fmt::Display for Molecule {
    /// Every text reads back under [`Dialect::OPEN`], and under the default dialect what was read under it, unless more
    /// than 99 rings are open at once.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut branches: Vec<u32> = Vec::new();
        let mut current = NONE;
        // The numbers of open rings by bond, and those that were given back.
        let mut open: Vec<(u32, u32)> = Vec::new();
        let mut free: BTreeSet<u32> = BTreeSet::new();
        for (number, place) in (0..).zip(&self.places) {
            while current != place.owner
                && let Some(back) = branches.pop()
            {
                f.write_char(')')?;
                current = back;
            }
            if place.child == NONE {
                if place.bond == NONE {
                    continue;
                }
                let bond = &self.bonds[place.bond as usize];
                let begun = open.iter().position(|&(of, _)| of == place.bond);
                f.write_str(self.bond_text(bond, usize::from(begun.is_some())))?;
                let digit = if let Some(at) = begun {
                    let digit = open.swap_remove(at).1;
                    free.insert(digit);
                    digit
                } else {
                    let largest = u32::try_from(open.len() + free.len()).unwrap_or(NONE);
                    let digit = free.pop_first().unwrap_or(largest.saturating_add(1));
                    open.push((place.bond, digit));
                    digit
                };
                match digit {
                    1..=9 => write!(f, "{digit}")?,
                    10..=99 => write!(f, "%{digit}")?,
                    _ => write!(f, "%({digit})")?,
                }
                continue;
            }
            if place.bond == NONE {
                if place.child != 0 {
                    f.write_char('.')?;
                }
            } else {
                if self.links[place.owner as usize].last != number {
                    f.write_char('(')?;
                    branches.push(place.owner);
                }
                f.write_str(self.bond_text(&self.bonds[place.bond as usize], 0))?;
            }
            write_atom(f, &self.atoms[place.child as usize])?;
            current = place.child;
        }
        Ok(())
    }
}

impl Molecule {
    /// The symbol of a bond at one of its ends; the second end of a chain bond has none.
    fn bond_text(&self, bond: &Bond, end: usize) -> &'static str {
        let between_aromatic =
            self.atoms[bond.from as usize].aromatic && self.atoms[bond.to as usize].aromatic;
        match (bond.order, bond.directions[end]) {
            (BondOrder::Single, Direction::Up) => "/",
            (BondOrder::Single, Direction::Down) => "\\",
            // A mark at the other digit already says that the bond is single.
            (BondOrder::Single, Direction::None)
                if between_aromatic && bond.directions == [Direction::None; 2] =>
            {
                "-"
            }
            (BondOrder::Double, _) => "=",
            (BondOrder::Triple, _) => "#",
            (BondOrder::Aromatic, _) if !between_aromatic => ":",
            (BondOrder::Single | BondOrder::Aromatic, _) => "",
        }
    }
}

fn write_atom(f: &mut fmt::Formatter<'_>, atom: &Atom) -> fmt::Result {
    let symbol = atom.element.symbol();
    let write_symbol = |f: &mut fmt::Formatter<'_>| {
        if atom.aromatic {
            f.write_str(&symbol.to_ascii_lowercase())
        } else {
            f.write_str(symbol)
        }
    };
    if atom.is_plain() {
        return write_symbol(f);
    }
    f.write_char('[')?;
    if let Some(isotope) = atom.isotope {
        write!(f, "{isotope}")?;
    }
    write_symbol(f)?;
    f.write_str(atom.chirality.text())?;
    match atom.hydrogens {
        None | Some(0) => {}
        Some(1) => f.write_char('H')?,
        Some(more) => write!(f, "H{more}")?,
    }
    match atom.charge {
        0 => {}
        1 => f.write_char('+')?,
        -1 => f.write_char('-')?,
        charge => write!(f, "{charge:+}")?,
    }
    f.write_char(']')
}

impl FromStr for Molecule {
    type Err = SmilesError;

    /// Reads a text under the default dialect.
    fn from_str(smiles: &str) -> Result<Self, SmilesError> {
        parse(smiles)
    }
}

impl From<Molecule> for String {
    fn from(molecule: Molecule) -> Self {
        molecule.to_string()
    }
}

impl TryFrom<String> for Molecule {
    type Error = SmilesError;

    /// Reads what `Display` wrote, under [`Dialect::OPEN`]; the empty text is the empty molecule.
    fn try_from(smiles: String) -> Result<Self, SmilesError> {
        let mut molecule = Self::new();
        if !smiles.is_empty() {
            Reader::new(Dialect::OPEN).read(&smiles, &mut molecule)?;
        }
        Ok(molecule)
    }
}

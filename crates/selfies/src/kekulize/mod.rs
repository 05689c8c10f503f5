//! Single and double bonds for aromatic ones, in the very structure that the
//! reference finds.
//!
//! Which of several Kekulé structures comes out decides the string, so every
//! step follows the reference: the atoms that can take a double bond are picked
//! by counting electrons, matched greedily by the number of free neighbours, and
//! what is left over is matched along alternating paths. There is no blossom
//! step, so on odd cycles the result may be no matching; real molecules are not
//! affected.
//!
//! After R. L. Apodaca, "A Comprehensive Treatment of Aromaticity in the SMILES
//! Language", Depth-First, 2020-02-10.

mod matching;
mod pop_order;

use crate::element::Element;
use crate::smiles::{BondOrder, Molecule, NONE, index};
use matching::{Graph, Matching};

/// Why aromatic bonds could not be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KekulizeError {
    /// An atom would be left without its double bond.
    #[error("no choice of double bonds fits the aromatic atoms")]
    Unmatched,
    /// An aromatic bond at an element that cannot be aromatic (`F:F`); the
    /// Python package crashes.
    #[error("aromatic bond at atom {atom} ({element}), which cannot be aromatic")]
    Element {
        /// Index of the atom.
        atom: u32,
        /// Its element.
        element: Element,
    },
}

/// Replaces aromatic bonds by single and double ones; keeps its memory between
/// molecules.
///
/// ```
/// use selfies::kekulize::Kekulizer;
/// let mut molecule = selfies::smiles::parse("c1ccccc1")?;
/// Kekulizer::default().kekulize(&mut molecule)?;
/// assert!(!molecule.has_aromatic());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Kekulizer {
    /// Label of each kept atom, `NONE` for the others.
    labels: Vec<u32>,
    graph: Graph,
    matching: Matching,
}

impl Kekulizer {
    /// Gives every aromatic bond of the molecule a whole order and clears the
    /// aromatic marks of its atoms.
    ///
    /// # Errors
    /// If no choice is found; the molecule is then as it was.
    pub fn kekulize(&mut self, molecule: &mut Molecule) -> Result<(), KekulizeError> {
        if !molecule.has_aromatic() {
            return Ok(());
        }
        if !molecule.delocalised.is_empty() {
            self.keep_atoms(molecule)?;
            if !self.matching.find(&self.graph) {
                return Err(KekulizeError::Unmatched);
            }
            self.write_back(molecule);
        }
        if molecule.aromatic > 0 {
            for atom in &mut molecule.atoms {
                atom.aromatic = false;
            }
            molecule.aromatic = 0;
        }
        molecule.delocalised.clear();
        Ok(())
    }

    /// Labels the atoms that take a double bond and lists their neighbours.
    fn keep_atoms(&mut self, molecule: &Molecule) -> Result<(), KekulizeError> {
        self.labels.clear();
        let mut kept = 0;
        let mut largest = 0;
        for (atom, links) in (0..).zip(&molecule.links) {
            let degree = links.delocalised;
            let keep = degree > 0 && takes_double_bond(molecule, atom, degree)?;
            largest = largest.max(degree);
            self.labels.push(if keep { kept } else { NONE });
            kept += u32::from(keep);
        }

        let must_count = self.graph.start(kept, largest);
        let ends = |bond: u32| {
            let bond = &molecule.bonds[bond as usize];
            let label = |atom: u32| self.labels[atom as usize];
            (label(bond.from), label(bond.to))
        };
        if must_count {
            for &bond in &molecule.delocalised {
                let (a, b) = ends(bond);
                if a != NONE && b != NONE {
                    self.graph.count(a, b);
                }
            }
            self.graph.reserve();
        }
        for &bond in &molecule.delocalised {
            let (a, b) = ends(bond);
            if a != NONE && b != NONE {
                self.graph.connect(a, b, bond);
            }
        }
        Ok(())
    }

    fn write_back(&self, molecule: &mut Molecule) {
        // Aromatic bonds become single ones, by half a bond less at either end …
        for &bond in &molecule.delocalised {
            molecule.bonds[bond as usize].order = BondOrder::Single;
        }
        for links in &mut molecule.links {
            links.halves -= links.delocalised;
            links.delocalised = 0;
        }
        // … and some of these double ones.
        for (label, &mate) in (0..).zip(self.matching.mates()) {
            let bond = self.graph.bond_between(label, mate);
            // Both ends name the bond; the second time it is double already.
            let bond = &mut molecule.bonds[bond as usize];
            if bond.order == BondOrder::Single {
                bond.order = BondOrder::Double;
                for end in [bond.from, bond.to] {
                    let more = BondOrder::Double.halves() - BondOrder::Single.halves();
                    molecule.links[end as usize].halves += more;
                }
            }
        }
    }
}

/// Whether an atom with this many aromatic bonds needs a double bond.
#[inline]
fn takes_double_bond(molecule: &Molecule, at: u32, degree: u32) -> Result<bool, KekulizeError> {
    let atom = &molecule.atoms[at as usize];
    if atom.element.aromatic_valence_bits() == 0 {
        return Err(KekulizeError::Element {
            atom: at,
            element: atom.element,
        });
    }
    let halves = molecule.links[at as usize].halves;
    // Aromatic bonds count as single ones here.
    let used = (halves - degree) / 2;
    let Some(hydrogens) = atom.hydrogens else {
        return Ok(atom.element.aromatic_valence_bits() >> used.min(31) & 1 == 0);
    };

    let valences = atom.element.aromatic_valences();
    let largest = valences.last().copied().unwrap_or(0);
    let hydrogens = i64::from(hydrogens);
    let charge = i64::from(atom.charge);
    let used = i64::from(used) + hydrogens;
    if valences.iter().any(|&v| used == i64::from(v) - charge) {
        return Ok(false);
    }
    let bound = charge.max(0) + hydrogens + i64::from(halves / 2) + i64::from(halves % 2);
    let unpaired = (i64::from(atom.element.outer_electrons()) - bound).max(0) % 2;
    let free = i64::from(largest) - charge - used - unpaired;
    Ok(free >= 0 && free % 2 != 0)
}

//! Molecules without configurations.

use std::borrow::Cow;

use super::atom::{Chirality, Direction};
use super::molecule::Molecule;
use super::{SmilesError, parse};
use crate::graph::implied_hydrogens;

/// The same SMILES without the marks of configurations, `@`, `@@`, `/` and `\`: atoms, branches and ring digits keep their
/// written order. A text without such marks is given back as it is.
///
/// Models whose vocabulary has no symbol for configurations can read what comes out.
///
/// ```
/// use selfies::smiles::without_stereo;
///
/// assert_eq!(without_stereo("N[C@@H](C)C(=O)O")?, "NC(C)C(=O)O");
/// assert_eq!(without_stereo("F/C=C/[13C@H](N)[N@+](C)(CC)O")?, "FC=C[13CH](N)[N+](C)(CC)O");
/// # Ok::<(), selfies::smiles::SmilesError>(())
/// ```
///
/// # Errors
/// A text with marks that is no SMILES.
pub fn without_stereo(smiles: &str) -> Result<Cow<'_, str>, SmilesError> {
    if !smiles.contains(['@', '/', '\\']) {
        return Ok(Cow::Borrowed(smiles));
    }
    let mut molecule = parse(smiles)?;
    molecule.drop_stereo();
    Ok(Cow::Owned(molecule.to_string()))
}

impl Molecule {
    /// Drops the marks of configurations; whether there were any.
    ///
    /// An atom that lost its mark loses its brackets too where they tell nothing more: the hydrogens of `[C@@H]` in
    /// `N[C@@H](C)O` are those that `C` has there.
    pub fn drop_stereo(&mut self) -> bool {
        let mut changed = false;
        for bond in &mut self.bonds {
            changed |= bond.directions != [Direction::None; 2];
            bond.directions = [Direction::None; 2];
        }
        for (atom, links) in self.atoms.iter_mut().zip(&self.links) {
            if atom.chirality == Chirality::None {
                continue;
            }
            changed = true;
            atom.chirality = Chirality::None;
            let doubled = i32::try_from(links.halves).unwrap_or(i32::MAX);
            let implied = implied_hydrogens(atom.element, atom.aromatic, doubled);
            if atom.element.is_organic()
                && (atom.charge, atom.isotope, atom.hydrogens) == (0, None, Some(implied))
            {
                atom.hydrogens = None;
            }
        }
        changed
    }
}

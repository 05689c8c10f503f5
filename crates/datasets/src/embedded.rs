//! The structures that come with the library: GFN2-xTB energies and forces of small organic molecules, computed by
//! this project. Method, sampling and checksum are in the README beside the data.

use std::collections::HashMap;
use std::path::Path;

use atoms::Structure;
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::structures::{ReadOptions, read_npz_bytes};

const ARCHIVE: &[u8] = include_bytes!("../data/gfn2_small_molecules.npz");
const DESCRIPTION: &str = include_str!("../data/gfn2_small_molecules.json");

/// What is known about the embedded structures besides their numbers.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Description {
    /// Electronic structure method of the labels.
    pub method: String,
    /// Energies of the isolated atoms (eV) by symbol, with the same method.
    #[serde(rename = "isolated_atom_energies_ev")]
    pub isolated_atom_energies: HashMap<String, f64>,
    /// Seed of the sampling.
    pub seed: u64,
    /// SHA-256 of the archive.
    pub sha256: String,
    /// The molecules, in the order of the frames.
    pub molecules: Vec<Molecule>,
}

/// One of the embedded molecules.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Molecule {
    /// Its name, which is the `group` of its structures.
    pub name: String,
    /// Its SMILES.
    pub smiles: String,
    /// Number of its geometries.
    pub frames: usize,
}

/// What the embedded structures are.
///
/// # Errors
/// [`Error::Embedded`], which only a wrong build can cause.
pub fn description() -> Result<Description> {
    serde_json::from_str(DESCRIPTION).map_err(|e| Error::Embedded {
        reason: e.to_string(),
    })
}

/// All embedded structures, with energies, forces and the molecule's name as group; frames of a molecule stand
/// together.
///
/// # Errors
/// [`Error::Embedded`], which only a wrong build can cause.
///
/// # Examples
/// ```
/// let structures = datasets::embedded::structures()?;
/// assert!(structures.len() >= 10_000);
/// assert!(structures[0].energy.is_some() && structures[0].forces.is_some());
/// # Ok::<(), datasets::Error>(())
/// ```
pub fn structures() -> Result<Vec<Structure>> {
    let description = description()?;
    let path = Path::new("gfn2_small_molecules.npz");
    let mut structures =
        read_npz_bytes(path, ARCHIVE, &ReadOptions::default()).map_err(|e| Error::Embedded {
            reason: e.to_string(),
        })?;
    let frames: usize = description.molecules.iter().map(|m| m.frames).sum();
    if frames != structures.len() {
        return Err(Error::Embedded {
            reason: format!(
                "{frames} frames are described, {} are there",
                structures.len()
            ),
        });
    }
    let mut rest = structures.iter_mut();
    for molecule in description.molecules {
        for structure in rest.by_ref().take(molecule.frames) {
            structure.group = Some(molecule.name.clone());
        }
    }
    Ok(structures)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    #[test]
    fn the_archive_is_the_one_described() {
        let expected = description().unwrap().sha256;
        let digest = Sha256::digest(ARCHIVE);
        let bytes: Vec<u8> = (0..expected.len())
            .step_by(2)
            .map(|k| u8::from_str_radix(&expected[k..k + 2], 16).unwrap())
            .collect();
        assert_eq!(digest[..], bytes);
    }

    #[test]
    fn every_structure_has_labels_and_a_group() {
        let structures = structures().unwrap();
        let description = description().unwrap();
        assert!(structures.len() >= 10_000 && description.molecules.len() >= 20);
        for s in &structures {
            assert!(s.energy.is_some() && s.forces.is_some() && s.group.is_some());
            // A molecule is bound: its energy lies below that of its atoms.
            let atoms: f64 = s
                .species
                .iter()
                .map(|z| description.isolated_atom_energies[atoms::element::symbol(*z).unwrap()])
                .sum();
            assert!(s.energy.unwrap() < atoms);
        }
        // Frames of a molecule share its composition, so the groups were given to the right frames.
        for pair in structures.windows(2).filter(|p| p[0].group == p[1].group) {
            assert_eq!(pair[0].species, pair[1].species);
        }
    }
}

//! The arrays of an archive, looked up by the names that the same quantity goes by and checked for their shapes.

use std::collections::BTreeMap;
use std::io::{Read, Seek};
use std::path::Path;

use zip::ZipArchive;

use crate::error::{Error, Result};

use super::super::npy::{self, Array};

/// The names that the same quantity goes by.
pub(super) const SPECIES: &[&str] = &[
    "z",
    "Z",
    "atomic_numbers",
    "nuclear_charges",
    "numbers",
    "species",
];
pub(super) const POSITIONS: &[&str] = &["R", "pos", "positions", "coords", "coordinates"];
pub(super) const ENERGIES: &[&str] = &["E", "energy", "energies"];
pub(super) const FORCES: &[&str] = &["F", "forces", "force"];
pub(super) const CELLS: &[&str] = &["cell", "cells", "lattice", "box"];
pub(super) const GRADIENTS: &[&str] = &["gradients", "gradient", "dft_total_gradient"];

/// The arrays of an archive by name, without `.npy`.
pub(super) struct Archive<'a> {
    pub(super) path: &'a Path,
    pub(super) arrays: BTreeMap<String, Array>,
}

pub(super) fn arrays<R: Read + Seek>(
    path: &Path,
    reader: R,
    limit: u64,
) -> Result<BTreeMap<String, Array>> {
    let bad = |reason: String| Error::malformed(path, "npz", reason);
    let mut zip = ZipArchive::new(reader).map_err(|e| bad(e.to_string()))?;
    let mut left = limit;
    let mut arrays = BTreeMap::new();
    for k in 0..zip.len() {
        let entry = zip.by_index(k).map_err(|e| bad(e.to_string()))?;
        let name = entry.name().map_err(|e| bad(e.to_string()))?.into_owned();
        let Some(name) = name.strip_suffix(".npy").map(str::to_owned) else {
            continue;
        };
        let mut bytes = Vec::new();
        // One byte more than allowed tells an array that is too large from one that just fits.
        entry
            .take(left.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|e| bad(format!("array {name}: {e}")))?;
        left = left
            .checked_sub(bytes.len() as u64)
            .ok_or_else(|| Error::TooLarge {
                path: path.to_path_buf(),
                limit,
            })?;
        match npy::parse(&bytes) {
            Ok(array) => {
                arrays.insert(name, array);
            }
            // Arrays that this reader has no use for may be of any type.
            Err(_)
                if ![
                    SPECIES,
                    POSITIONS,
                    ENERGIES,
                    FORCES,
                    CELLS,
                    GRADIENTS,
                    &["atom_counts"],
                ]
                .iter()
                .any(|names| names.contains(&name.as_str())) => {}
            Err(reason) => return Err(Error::array(path, name, reason)),
        }
    }
    Ok(arrays)
}

impl Archive<'_> {
    pub(super) fn find(&self, names: &[&str]) -> Option<(&str, &Array)> {
        names
            .iter()
            .find_map(|name| self.arrays.get_key_value(*name))
            .map(|(name, array)| (name.as_str(), array))
    }

    pub(super) fn require(
        &self,
        names: &'static [&'static str],
        what: &'static str,
    ) -> Result<(&str, &Array)> {
        self.find(names).ok_or_else(|| Error::MissingArray {
            path: self.path.to_path_buf(),
            array: what,
            place: "the top of the archive".into(),
            available: self.arrays.keys().cloned().collect(),
        })
    }

    pub(super) fn bad(&self, array: &str, reason: impl Into<String>) -> Error {
        Error::array(self.path, array, reason)
    }

    pub(super) fn floats(&self, name: &str, array: &Array) -> Result<Vec<f64>> {
        array.floats().map_err(|reason| self.bad(name, reason))
    }

    pub(super) fn energies(&self, count: usize) -> Result<Option<Vec<f64>>> {
        let Some((name, array)) = self.find(ENERGIES) else {
            return Ok(None);
        };
        let values = self.floats(name, array)?;
        if values.len() != count {
            let reason = format!(
                "it has {} entries, expected {count} as there are frames",
                values.len()
            );
            return Err(self.bad(name, reason));
        }
        Ok(Some(values))
    }

    pub(super) fn forces(&self, shape: &[usize]) -> Result<Option<Vec<[f64; 3]>>> {
        let Some((name, array)) = self.find(FORCES).or_else(|| self.find(GRADIENTS)) else {
            return Ok(None);
        };
        let flat = array.shape.iter().product::<usize>() == shape.iter().product::<usize>();
        if !flat || array.shape.last() != Some(&3) {
            let reason = format!("its shape is {:?}, expected {shape:?}", array.shape);
            return Err(self.bad(name, reason));
        }
        Ok(Some(vectors(&self.floats(name, array)?)))
    }

    pub(super) fn cells(&self, count: usize) -> Result<Option<Vec<[[f64; 3]; 3]>>> {
        let Some((name, array)) = self.find(CELLS) else {
            return Ok(None);
        };
        let rows = vectors(&self.floats(name, array)?);
        let one = |r: &[[f64; 3]]| [r[0], r[1], r[2]];
        match array.shape[..] {
            [3, 3] => Ok(Some(vec![one(&rows); count])),
            [f, 3, 3] | [f, 9] if f == count => Ok(Some(rows.chunks_exact(3).map(one).collect())),
            _ => {
                let reason = format!(
                    "its shape is {:?}, expected [3, 3] or [{count}, 3, 3]",
                    array.shape
                );
                Err(self.bad(name, reason))
            }
        }
    }

    pub(super) fn periodic(&self, count: usize) -> Result<Option<Vec<[bool; 3]>>> {
        let Some((name, array)) = self.find(&["pbc", "periodic"]) else {
            return Ok(None);
        };
        let flags = array.integers().map_err(|reason| self.bad(name, reason))?;
        let one = |f: &[i64]| [f[0] != 0, f[1] != 0, f[2] != 0];
        match array.shape[..] {
            [3] => Ok(Some(vec![one(&flags); count])),
            [f, 3] if f == count => Ok(Some(flags.chunks_exact(3).map(one).collect())),
            _ => {
                let reason = format!(
                    "its shape is {:?}, expected [3] or [{count}, 3]",
                    array.shape
                );
                Err(self.bad(name, reason))
            }
        }
    }
}

/// NaN is how archives say that a frame has no such label.
pub(super) fn label(value: f64) -> Option<f64> {
    (!value.is_nan()).then_some(value)
}

pub(super) fn vectors(flat: &[f64]) -> Vec<[f64; 3]> {
    flat.chunks_exact(3).map(|v| [v[0], v[1], v[2]]).collect()
}

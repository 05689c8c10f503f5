//! `NumPy` archives: the MD17 family (`R E F z` and relatives), padded sets such as QM7-X, and this crate's own layout
//! of concatenated atoms.
//!
//! Letters: F frames, N atoms of a frame, A atoms of all frames.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Cursor, Read, Seek};
use std::path::Path;

use atoms::Structure;
use zip::ZipArchive;

use crate::error::{Error, Result};
use crate::source::open;

use super::frames::{Frame, Frames};
use super::npy::{self, Array, Data};
use super::{ReadOptions, Units, UnitsOrigin};

/// The names that the same quantity goes by.
const SPECIES: &[&str] = &[
    "z",
    "Z",
    "atomic_numbers",
    "nuclear_charges",
    "numbers",
    "species",
];
const POSITIONS: &[&str] = &["R", "pos", "positions", "coords", "coordinates"];
const ENERGIES: &[&str] = &["E", "energy", "energies"];
const FORCES: &[&str] = &["F", "forces", "force"];
const CELLS: &[&str] = &["cell", "cells", "lattice", "box"];
const GRADIENTS: &[&str] = &["gradients", "gradient", "dft_total_gradient"];

/// The arrays of an archive by name, without `.npy`.
struct Archive<'a> {
    path: &'a Path,
    arrays: BTreeMap<String, Array>,
}

pub(super) fn read(path: &Path, options: &ReadOptions) -> Result<Frames> {
    let mut file = File::open(path).map_err(|e| Error::read(path, e))?;
    let mut start = [0; 2];
    let compressed = file.read_exact(&mut start).is_ok() && start == [0x1f, 0x8b];
    let arrays = if compressed {
        // A `.npz.gz` cannot be searched from its end, so it is unpacked first.
        let mut bytes = Vec::new();
        open(path, options.unpacked_limit)?
            .read_to_end(&mut bytes)
            .map_err(|e| Error::read(path, e))?;
        arrays(path, Cursor::new(bytes), options.unpacked_limit)?
    } else {
        arrays(path, file, options.unpacked_limit)?
    };
    Archive { path, arrays }.frames()
}

/// Structures of an archive that is in memory, in this crate's own layout.
pub(crate) fn read_bytes(
    path: &Path,
    bytes: &[u8],
    options: &ReadOptions,
) -> Result<Vec<Structure>> {
    let arrays = arrays(path, Cursor::new(bytes), options.unpacked_limit)?;
    let frames = Archive { path, arrays }.frames()?;
    Ok(frames.finish(path, options)?.structures)
}

fn arrays<R: Read + Seek>(path: &Path, reader: R, limit: u64) -> Result<BTreeMap<String, Array>> {
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
    fn find(&self, names: &[&str]) -> Option<(&str, &Array)> {
        names
            .iter()
            .find_map(|name| self.arrays.get_key_value(*name))
            .map(|(name, array)| (name.as_str(), array))
    }

    fn require(
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

    fn bad(&self, array: &str, reason: impl Into<String>) -> Error {
        Error::array(self.path, array, reason)
    }

    fn floats(&self, name: &str, array: &Array) -> Result<Vec<f64>> {
        array.floats().map_err(|reason| self.bad(name, reason))
    }

    fn frames(&self) -> Result<Frames> {
        if self.arrays.contains_key("atom_counts") {
            return self.concatenated();
        }
        let (positions_name, positions) = self.require(POSITIONS, "R (positions)")?;
        let (species_name, species) = self.require(SPECIES, "z (atomic numbers)")?;
        let (count, width) = match positions.shape[..] {
            [f, n, 3] => (f, n),
            [n, 3] => (1, n),
            _ => {
                let reason = format!(
                    "its shape is {:?}, expected [frames, atoms, 3]",
                    positions.shape
                );
                return Err(self.bad(positions_name, reason));
            }
        };
        let numbers = species
            .integers()
            .map_err(|reason| self.bad(species_name, reason))?;
        let shared = match species.shape[..] {
            [n] if n == width => true,
            [f, n] if f == count && n == width => false,
            _ => {
                let reason = format!(
                    "its shape is {:?}, expected [{width}] or [{count}, {width}] as in {positions_name}",
                    species.shape
                );
                return Err(self.bad(species_name, reason));
            }
        };
        let all = Fields {
            positions: vectors(&self.floats(positions_name, positions)?),
            energies: self.energies(count)?,
            forces: self.forces(&[count, width, 3])?,
            cells: self.cells(count)?,
            periodic: self.periodic(count)?,
        };
        let padded = !shared;
        let name = ["name", "molecule"]
            .iter()
            .find_map(|k| self.arrays.get(*k)?.text());
        let mut previous: Option<(Vec<u8>, usize)> = None;
        let mut frames = Vec::with_capacity(count);
        for f in 0..count {
            let row = if shared { 0 } else { f * width };
            let kept: Vec<usize> = (0..width).filter(|i| numbers[row + i] != 0).collect();
            let species: Vec<u8> = kept
                .iter()
                .map(|i| u8::try_from(numbers[row + i]).unwrap_or(u8::MAX))
                .collect();
            // Molecules of a padded set have no names: a run of frames with the same atoms is taken as one.
            let group = if padded {
                let run = match previous.take() {
                    Some((same, run)) if same == species => run,
                    Some((_, run)) => run + 1,
                    None => 0,
                };
                previous = Some((species.clone(), run));
                Some(format!("{} #{run}", atoms::element::hill_formula(&species)))
            } else {
                name.map(str::to_owned)
            };
            let pick = |all: &[[f64; 3]]| kept.iter().map(|i| all[f * width + i]).collect();
            frames.push(Frame {
                line: f as u64 + 1,
                text: format!("frame {}", f + 1),
                content: Ok(Structure {
                    species,
                    positions: pick(&all.positions),
                    energy: all.energies.as_ref().and_then(|e| label(e[f])),
                    forces: all.forces.as_ref().map(|v| pick(v)),
                    cell: all.cells.as_ref().map(|c| c[f]),
                    periodic: all
                        .periodic
                        .as_ref()
                        .map_or([all.cells.is_some(); 3], |p| p[f]),
                    group,
                    ..Structure::default()
                }),
            });
        }
        let (units, origin) = self.implied_units(padded);
        Ok(Frames {
            all: frames,
            units,
            origin,
            notes: Vec::new(),
        })
    }

    /// The units that the names of the arrays suggest.
    fn implied_units(&self, padded: bool) -> (Units, UnitsOrigin) {
        let has = |name: &str| self.arrays.contains_key(name);
        let mut units = Units::EV;
        let mut origin = UnitsOrigin::Assumed("such archives");
        if has("old_energies") || (has("coords") && has("nuclear_charges")) {
            (units, origin) = (Units::KCAL_PER_MOL, UnitsOrigin::Set("rMD17"));
        } else if has("theory") && has("R") {
            (units, origin) = (Units::KCAL_PER_MOL, UnitsOrigin::Set("sGDML and MD17"));
        } else if has("R") && padded {
            origin = UnitsOrigin::Assumed("padded archives (QM7-X)");
        } else if has("R") && has("E") {
            (units, origin) = (
                Units::KCAL_PER_MOL,
                UnitsOrigin::Assumed("archives with R, E, F, z (MD17)"),
            );
        }
        if self.find(FORCES).is_none() && self.find(GRADIENTS).is_some() {
            units = units.with_gradients();
        }
        (units, origin)
    }

    fn energies(&self, count: usize) -> Result<Option<Vec<f64>>> {
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

    fn forces(&self, shape: &[usize]) -> Result<Option<Vec<[f64; 3]>>> {
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

    fn cells(&self, count: usize) -> Result<Option<Vec<[[f64; 3]; 3]>>> {
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

    fn periodic(&self, count: usize) -> Result<Option<Vec<[bool; 3]>>> {
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

    /// Atoms of each frame, and of all.
    fn sizes(&self) -> Result<(Vec<usize>, usize)> {
        let (counts_name, counts) = self.require(&["atom_counts"], "atom_counts")?;
        let counts = counts
            .integers()
            .map_err(|reason| self.bad(counts_name, reason))?;
        let mut total = 0_usize;
        let mut sizes = Vec::with_capacity(counts.len());
        for c in &counts {
            let size = usize::try_from(*c)
                .ok()
                .filter(|n| total.checked_add(*n).is_some());
            let size =
                size.ok_or_else(|| self.bad(counts_name, format!("{c} is no number of atoms")))?;
            total += size;
            sizes.push(size);
        }
        Ok((sizes, total))
    }

    /// One integer a frame, where the archive has such an array.
    fn integers(&self, name: &str, frames: usize) -> Result<Option<Vec<i64>>> {
        let Some(array) = self.arrays.get(name) else {
            return Ok(None);
        };
        match array.integers() {
            Ok(v) if v.len() == frames => Ok(Some(v)),
            Ok(v) => Err(self.bad(
                name,
                format!("it has {} entries, expected {frames}", v.len()),
            )),
            Err(reason) => Err(self.bad(name, reason)),
        }
    }

    /// This crate's layout: the atoms of all frames one after the other, eV and Å.
    fn concatenated(&self) -> Result<Frames> {
        let (sizes, total) = self.sizes()?;
        let (species_name, species) = self.require(&["species"], "species")?;
        let (positions_name, positions) = self.require(&["positions"], "positions")?;
        let species = species
            .integers()
            .map_err(|reason| self.bad(species_name, reason))?;
        if species.len() != total || positions.shape != [total, 3] {
            let reason = format!(
                "its shape is {:?} and there are {} species, expected {total} atoms as counted in atom_counts",
                positions.shape,
                species.len()
            );
            return Err(self.bad(positions_name, reason));
        }
        let frames = sizes.len();
        let all = Fields {
            positions: vectors(&self.floats(positions_name, positions)?),
            energies: self.energies(frames)?,
            forces: self.forces(&[total, 3])?,
            cells: self.cells(frames)?,
            periodic: self.periodic(frames)?,
        };
        let molecule = self.integers("molecule", frames)?;
        let charge = self.integers("charge", frames)?;
        let spin = self.integers("spin", frames)?;
        let names = match self.arrays.get("molecule_names").map(|a| &a.data) {
            Some(Data::Text(names)) => names.as_slice(),
            _ => &[],
        };
        let mut out = Vec::with_capacity(frames);
        let mut start = 0;
        for (f, size) in sizes.into_iter().enumerate() {
            let range = start..start + size;
            start += size;
            let group = molecule.as_ref().map(|m| {
                usize::try_from(m[f])
                    .ok()
                    .and_then(|k| names.get(k).cloned())
                    .unwrap_or_else(|| format!("molecule {}", m[f]))
            });
            let cell = all
                .cells
                .as_ref()
                .map(|c| c[f])
                .filter(|c| c.as_flattened().iter().any(|x| *x != 0.0));
            out.push(Frame {
                line: f as u64 + 1,
                text: format!("frame {}", f + 1),
                content: Ok(Structure {
                    species: species[range.clone()]
                        .iter()
                        .map(|z| u8::try_from(*z).unwrap_or(u8::MAX))
                        .collect(),
                    positions: all.positions[range.clone()].to_vec(),
                    energy: all.energies.as_ref().and_then(|e| label(e[f])),
                    forces: all
                        .forces
                        .as_ref()
                        .map(|v| v[range].to_vec())
                        .filter(|v| !v.as_flattened().iter().all(|x| x.is_nan())),
                    periodic: all.periodic.as_ref().map_or([cell.is_some(); 3], |p| p[f]),
                    cell,
                    charge: charge
                        .as_ref()
                        .map_or(0, |c| i32::try_from(c[f]).unwrap_or(0)),
                    spin: spin
                        .as_ref()
                        .map_or(0, |s| u32::try_from(s[f]).unwrap_or(0)),
                    group: group.filter(|name| !name.is_empty()),
                    ..Structure::default()
                }),
            });
        }
        Ok(Frames {
            all: out,
            units: Units::EV,
            origin: UnitsOrigin::Set("this library's own archives"),
            notes: Vec::new(),
        })
    }
}

/// The per-frame quantities of an archive.
struct Fields {
    positions: Vec<[f64; 3]>,
    energies: Option<Vec<f64>>,
    forces: Option<Vec<[f64; 3]>>,
    cells: Option<Vec<[[f64; 3]; 3]>>,
    periodic: Option<Vec<[bool; 3]>>,
}

/// NaN is how archives say that a frame has no such label.
fn label(value: f64) -> Option<f64> {
    (!value.is_nan()).then_some(value)
}

fn vectors(flat: &[f64]) -> Vec<[f64; 3]> {
    flat.chunks_exact(3).map(|v| [v[0], v[1], v[2]]).collect()
}

//! `NumPy` archives: the MD17 family (`R E F z` and relatives), padded sets such as QM7-X, and this crate's own layout
//! of concatenated atoms.
//!
//! Letters: F frames, N atoms of a frame, A atoms of all frames.

mod archive;
mod own;
mod write;

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use atoms::Structure;

use crate::error::{Error, Result};
use crate::source::open;

use super::frames::{Frame, Frames};
use super::{ReadOptions, Units, UnitsOrigin};
use archive::{Archive, FORCES, GRADIENTS, POSITIONS, SPECIES, arrays, label, vectors};

pub use write::write_npz;

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

impl Archive<'_> {
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
}

/// The per-frame quantities of an archive.
struct Fields {
    positions: Vec<[f64; 3]>,
    energies: Option<Vec<f64>>,
    forces: Option<Vec<[f64; 3]>>,
    cells: Option<Vec<[[f64; 3]; 3]>>,
    periodic: Option<Vec<[bool; 3]>>,
}

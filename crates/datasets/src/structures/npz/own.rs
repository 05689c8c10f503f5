//! Reading this crate's own layout: the atoms of all frames one after the other, as [`super::write`] writes them.

use atoms::Structure;

use crate::error::Result;

use super::super::frames::{Frame, Frames};
use super::super::npy::Data;
use super::super::{Units, UnitsOrigin};
use super::Fields;
use super::archive::{Archive, label, vectors};

impl Archive<'_> {
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
    pub(super) fn concatenated(&self) -> Result<Frames> {
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

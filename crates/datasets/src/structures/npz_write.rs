//! Writing this crate's own archive: the atoms of all frames one after the other.

use std::io::{self, Write};
use std::path::Path;

use atoms::Structure;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::error::{Error, Result};
use crate::write::write_atomic;

use super::npy::encode;

/// Writes structures as one `.npz`, which NumPy reads too. F frames, A atoms of all frames:
///
/// | array | type, shape | meaning |
/// | --- | --- | --- |
/// | `atom_counts` | i64 `[F]` | atoms of each frame |
/// | `species` | u8 `[A]` | atomic numbers |
/// | `positions` | f64 `[A, 3]` | Å |
/// | `energies` | f64 `[F]` | eV, NaN where there is none |
/// | `forces` | f64 `[A, 3]` | eV/Å, NaN where there are none |
/// | `cells` | f64 `[F, 3, 3]` | Å, rows, zero where there is none |
/// | `pbc` | bool `[F, 3]` | |
/// | `charge`, `spin` | i64 `[F]` | e; unpaired electrons |
/// | `molecule` | i64 `[F]` | index into `molecule_names`, −1 for none |
/// | `molecule_names` | text | groups |
///
/// Stress is not stored: extended XYZ keeps it.
///
/// # Errors
/// [`Error::Write`]; [`Error::Record`] with the number of the structure when one is not valid.
pub fn write_npz(path: impl AsRef<Path>, structures: &[Structure]) -> Result<()> {
    let path = path.as_ref();
    for (k, structure) in (1_u64..).zip(structures) {
        structure.validate().map_err(|e| Error::Record {
            path: path.to_path_buf(),
            line: k,
            reason: e.to_string(),
            text: structure.formula(),
        })?;
    }
    let (frames, total) = (
        structures.len(),
        structures.iter().map(Structure::len).sum::<usize>(),
    );
    let mut names: Vec<&str> = Vec::new();
    let molecule: Vec<i64> = structures
        .iter()
        .map(|s| match s.group.as_deref() {
            None => -1,
            Some(group) => {
                // Frames of a group usually stand together, so the last name is the likely one.
                let at = names.iter().rposition(|n| *n == group).unwrap_or_else(|| {
                    names.push(group);
                    names.len() - 1
                });
                i64::try_from(at).unwrap_or(-1)
            }
        })
        .collect();
    let energies = structures.iter().map(|s| s.energy.unwrap_or(f64::NAN));
    let forces = structures.iter().flat_map(|s| match &s.forces {
        Some(forces) => forces.clone(),
        None => vec![[f64::NAN; 3]; s.len()],
    });
    let mut arrays = vec![
        (
            "atom_counts",
            encode(
                "<i8",
                &[frames],
                &bytes(structures.iter().map(|s| (s.len() as u64).to_le_bytes())),
            ),
        ),
        (
            "species",
            encode(
                "|u1",
                &[total],
                &structures
                    .iter()
                    .flat_map(|s| s.species.clone())
                    .collect::<Vec<u8>>(),
            ),
        ),
        (
            "positions",
            encode(
                "<f8",
                &[total, 3],
                &floats(
                    structures
                        .iter()
                        .flat_map(|s| s.positions.clone())
                        .flatten(),
                ),
            ),
        ),
        ("energies", encode("<f8", &[frames], &floats(energies))),
        (
            "forces",
            encode("<f8", &[total, 3], &floats(forces.flatten())),
        ),
        (
            "cells",
            encode(
                "<f8",
                &[frames, 3, 3],
                &floats(
                    structures
                        .iter()
                        .flat_map(|s| s.cell.unwrap_or_default())
                        .flatten(),
                ),
            ),
        ),
        (
            "pbc",
            encode(
                "|b1",
                &[frames, 3],
                &structures
                    .iter()
                    .flat_map(|s| s.periodic.map(u8::from))
                    .collect::<Vec<u8>>(),
            ),
        ),
        (
            "charge",
            encode(
                "<i8",
                &[frames],
                &bytes(structures.iter().map(|s| i64::from(s.charge).to_le_bytes())),
            ),
        ),
        (
            "spin",
            encode(
                "<i8",
                &[frames],
                &bytes(structures.iter().map(|s| i64::from(s.spin).to_le_bytes())),
            ),
        ),
    ];
    if !names.is_empty() {
        arrays.push((
            "molecule",
            encode(
                "<i8",
                &[frames],
                &bytes(molecule.iter().map(|m| m.to_le_bytes())),
            ),
        ));
        let width = names
            .iter()
            .map(|n| n.chars().count())
            .max()
            .unwrap_or(0)
            .max(1);
        let mut text = Vec::new();
        for name in &names {
            let mut letters: Vec<u32> = name.chars().map(u32::from).collect();
            letters.resize(width, 0);
            text.extend(letters.into_iter().flat_map(u32::to_le_bytes));
        }
        arrays.push((
            "molecule_names",
            encode(&format!("<U{width}"), &[names.len()], &text),
        ));
    }
    write_atomic(path, |out| {
        let mut zip = ZipWriter::new(out);
        for (name, data) in &arrays {
            let options = SimpleFileOptions::default()
                .compression_method(zip::CompressionMethod::Deflated)
                .large_file(data.len() as u64 > u64::from(u32::MAX) / 2);
            zip.start_file(format!("{name}.npy"), options)
                .map_err(io::Error::from)?;
            zip.write_all(data)?;
        }
        zip.finish().map_err(io::Error::from)?;
        Ok(())
    })
}

fn floats(values: impl Iterator<Item = f64>) -> Vec<u8> {
    bytes(values.map(f64::to_le_bytes))
}

fn bytes(values: impl Iterator<Item = [u8; 8]>) -> Vec<u8> {
    values.flatten().collect()
}

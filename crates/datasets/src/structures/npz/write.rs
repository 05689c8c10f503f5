//! Writing this crate's own archive: the atoms of all frames one after the other.

use std::io::{self, Write};
use std::path::Path;

use atoms::Structure;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::error::Result;
use crate::write::write_atomic;

use super::super::npy::encode;

/// Writes structures as one `.npz`, which `NumPy` reads too. F frames, A atoms of all frames:
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
/// [`crate::Error::Write`]; [`crate::Error::Record`] with the number of the structure when one is not valid.
pub fn write_npz(path: impl AsRef<Path>, structures: &[Structure]) -> Result<()> {
    let path = path.as_ref();
    super::super::check_writable(path, structures)?;
    let arrays = arrays(structures);
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

/// The encoded arrays by name.
fn arrays(structures: &[Structure]) -> Vec<(&'static str, Vec<u8>)> {
    let (frames, total) = (
        structures.len(),
        structures.iter().map(Structure::len).sum::<usize>(),
    );
    let each = |value: &dyn Fn(&Structure) -> i64| {
        encode(
            "<i8",
            &[frames],
            &bytes(structures.iter().map(|s| value(s).to_le_bytes())),
        )
    };
    let small = |kind: &str, shape: &[usize], value: &dyn Fn(&Structure) -> Vec<u8>| {
        encode(
            kind,
            shape,
            &structures.iter().flat_map(value).collect::<Vec<u8>>(),
        )
    };
    let real = |shape: &[usize], value: &dyn Fn(&Structure) -> Vec<f64>| {
        encode(
            "<f8",
            shape,
            &bytes(structures.iter().flat_map(value).map(f64::to_le_bytes)),
        )
    };
    let flat = |vectors: &[[f64; 3]]| vectors.as_flattened().to_vec();
    let mut arrays = vec![
        (
            "atom_counts",
            each(&|s| i64::try_from(s.len()).unwrap_or(i64::MAX)),
        ),
        ("species", small("|u1", &[total], &|s| s.species.clone())),
        ("positions", real(&[total, 3], &|s| flat(&s.positions))),
        (
            "energies",
            real(&[frames], &|s| vec![s.energy.unwrap_or(f64::NAN)]),
        ),
        (
            "forces",
            real(&[total, 3], &|s| match &s.forces {
                Some(forces) => flat(forces),
                None => vec![f64::NAN; 3 * s.len()],
            }),
        ),
        (
            "cells",
            real(&[frames, 3, 3], &|s| flat(&s.cell.unwrap_or_default())),
        ),
        (
            "pbc",
            small("|b1", &[frames, 3], &|s| s.periodic.map(u8::from).to_vec()),
        ),
        ("charge", each(&|s| i64::from(s.charge))),
        ("spin", each(&|s| i64::from(s.spin))),
    ];
    if structures.iter().any(|s| s.group.is_some()) {
        arrays.extend(groups(structures));
    }
    arrays
}

/// The group of each structure as an index, and the names.
fn groups(structures: &[Structure]) -> [(&'static str, Vec<u8>); 2] {
    let mut names: Vec<&str> = Vec::new();
    let molecule = structures.iter().map(|s| match s.group.as_deref() {
        None => -1_i64,
        Some(group) => {
            // Frames of a group usually stand together, so the last name is the likely one.
            let at = names.iter().rposition(|n| *n == group).unwrap_or_else(|| {
                names.push(group);
                names.len() - 1
            });
            i64::try_from(at).unwrap_or(-1)
        }
    });
    let molecule = encode(
        "<i8",
        &[structures.len()],
        &bytes(molecule.map(i64::to_le_bytes)),
    );
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
    let names = encode(&format!("<U{width}"), &[names.len()], &text);
    [("molecule", molecule), ("molecule_names", names)]
}

fn bytes(values: impl Iterator<Item = [u8; 8]>) -> Vec<u8> {
    values.flatten().collect()
}

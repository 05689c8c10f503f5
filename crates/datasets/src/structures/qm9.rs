//! The XYZ dialect of QM9 (Ramakrishnan et al., Sci. Data 1, 140022, 2014, <https://doi.org/10.1038/sdata.2014.22>):
//! the comment holds `gdb`, an index and fifteen properties; after the atoms follow frequencies, SMILES and `InChI`.
//!
//! Positions are in Å; of the energies the reader takes U0 (hartree), the eleventh property. There are no forces.

use std::collections::VecDeque;
use std::io::Read;
use std::path::Path;

use atoms::{Structure, element};

use crate::error::{Error, Result};
use crate::source::{bare_name, open};

use super::frames::{Frame, Frames};
use super::{ReadOptions, Units, UnitsOrigin};

/// Position of U0 (internal energy at 0 K) among the words of the comment: `gdb`, index, A, B, C, µ, α, HOMO, LUMO,
/// gap, ⟨R²⟩, zpve, U0.
const U0: usize = 12;

/// True when a comment line is one of QM9.
pub(super) fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("gdb") && line.split_ascii_whitespace().count() == 17
}

/// The text of a file, or of all `.xyz` files of a tar archive one after the other, as QM9 is published.
fn whole_text(path: &Path, limit: u64) -> Result<String> {
    let mut text = String::new();
    let mut reader = open(path, limit)?;
    if !is_archive(path) {
        reader
            .read_to_string(&mut text)
            .map_err(|e| Error::read(path, e))?;
        return Ok(text);
    }
    let mut archive = tar::Archive::new(reader);
    for entry in archive.entries().map_err(|e| Error::read(path, e))? {
        let mut entry = entry.map_err(|e| Error::read(path, e))?;
        let name = entry.path().map_err(|e| Error::read(path, e))?;
        if entry.header().entry_type().is_file()
            && name.extension().is_some_and(|ending| ending == "xyz")
        {
            entry
                .read_to_string(&mut text)
                .map_err(|e| Error::read(path, e))?;
            text.push('\n');
        }
    }
    Ok(text)
}

/// True for the name of a compressed archive of XYZ files, such as `dsgdb9nsd.xyz.tar.bz2`.
pub(super) fn is_archive(path: &Path) -> bool {
    bare_name(path).ends_with(".xyz.tar")
}

/// Reads a file or an archive of one or more molecules.
pub(super) fn read(path: &Path, options: &ReadOptions) -> Result<Frames> {
    let text = whole_text(path, options.unpacked_limit)?;
    let mut lines: VecDeque<(u64, &str)> = (1..).zip(text.lines()).collect();
    let mut frames = Vec::new();
    while let Some((line, count)) = lines.pop_front() {
        if count.trim().is_empty() {
            continue;
        }
        let Ok(atoms) = count.trim().parse::<usize>() else {
            let reason = format!(
                "line {line}: expected a number of atoms, got {:?}",
                crate::rejects::shorten(count)
            );
            return Err(Error::malformed(path, "QM9 XYZ", reason));
        };
        // Count, comment, atoms, frequencies, SMILES, InChI: five lines besides the atoms.
        let record: Vec<(u64, &str)> = lines
            .drain(..lines.len().min(atoms.saturating_add(4)))
            .collect();
        frames.push(Frame {
            line,
            text: record
                .first()
                .map_or(String::new(), |(_, c)| (*c).to_owned()),
            content: molecule(atoms, &record),
        });
    }
    Ok(Frames {
        all: frames,
        units: Units::HARTREE_ANGSTROM,
        origin: UnitsOrigin::Set("QM9 (energy U0)"),
        notes: Vec::new(),
    })
}

fn molecule(atoms: usize, record: &[(u64, &str)]) -> Result<Structure, String> {
    if record.len() < atoms + 1 {
        return Err(format!(
            "the file ends after {} of {atoms} atoms",
            record.len().saturating_sub(1)
        ));
    }
    let words: Vec<&str> = record[0].1.split_ascii_whitespace().collect();
    let energy = words.get(U0).ok_or("the comment has too few properties")?;
    let mut structure = Structure {
        energy: Some(number(energy).ok_or_else(|| format!("U0 {energy:?} is no number"))?),
        ..Structure::default()
    };
    for (line, text) in &record[1..=atoms] {
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        let [symbol, x, y, z, ..] = fields[..] else {
            return Err(format!(
                "line {line}: the atom has {} columns, expected 5",
                fields.len()
            ));
        };
        structure.species.push(
            element::number(symbol)
                .ok_or_else(|| format!("line {line}: {symbol:?} is no element"))?,
        );
        let mut position = [0.0; 3];
        for (p, text) in position.iter_mut().zip([x, y, z]) {
            *p = number(text)
                .ok_or_else(|| format!("line {line}: position {text:?} is no number"))?;
        }
        structure.positions.push(position);
    }
    // The first SMILES is that of the GDB-17 entry.
    structure.group = record
        .get(atoms + 2)
        .and_then(|(_, text)| text.split_ascii_whitespace().next())
        .map(str::to_owned);
    Ok(structure)
}

/// A number, also as Mathematica writes small ones: `1.2*^-6`.
fn number(text: &str) -> Option<f64> {
    text.parse()
        .ok()
        .or_else(|| text.replace("*^", "e").parse().ok())
}

//! Writing extended XYZ.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use atoms::{Structure, element};

use crate::error::Result;
use crate::source::bare_name;
use crate::write::write_atomic;

/// Writes structures as extended XYZ (eV, Å, eV/Å, eV/Å³); a name that ends in `.gz` is compressed. Numbers are
/// written so that reading gives the same bits.
///
/// # Errors
/// [`crate::Error::Write`]; [`crate::Error::Record`] with the number of the structure when one is not valid.
pub fn write_xyz(path: impl AsRef<Path>, structures: &[Structure]) -> Result<()> {
    let path = path.as_ref();
    super::super::check_writable(path, structures)?;
    let compressed = path
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("gz"))
        && !bare_name(path).is_empty();
    write_atomic(path, |out| {
        if compressed {
            let mut gz = flate2::write::GzEncoder::new(out, flate2::Compression::default());
            for structure in structures {
                gz.write_all(frame(structure).as_bytes())?;
            }
            gz.finish()?;
        } else {
            for structure in structures {
                out.write_all(frame(structure).as_bytes())?;
            }
        }
        Ok(())
    })
}

fn frame(structure: &Structure) -> String {
    let mut text = format!("{}\n", structure.len());
    append(&mut text, structure).expect("writing to a string cannot fail");
    text
}

fn append(text: &mut String, s: &Structure) -> std::fmt::Result {
    if let Some(cell) = &s.cell {
        write!(text, "Lattice=\"{}\" ", joined(cell))?;
    }
    write!(text, "Properties=species:S:1:pos:R:3")?;
    if s.forces.is_some() {
        write!(text, ":forces:R:3")?;
    }
    if let Some(energy) = s.energy {
        write!(text, " energy={energy}")?;
    }
    if let Some(stress) = &s.stress {
        write!(text, " stress=\"{}\"", joined(stress))?;
    }
    if s.charge != 0 {
        write!(text, " charge={}", s.charge)?;
    }
    if s.spin != 0 {
        write!(text, " multiplicity={}", s.spin + 1)?;
    }
    if let Some(group) = &s.group {
        // Quotes and line ends would break the line for every reader.
        write!(
            text,
            " group=\"{}\"",
            group.replace(['"', '\\', '\n', '\r'], "_")
        )?;
    }
    let flags = s.periodic.map(|p| if p { 'T' } else { 'F' });
    writeln!(text, " pbc=\"{} {} {}\"", flags[0], flags[1], flags[2])?;
    for (i, z) in s.species.iter().enumerate() {
        let [x, y, w] = s.positions[i];
        write!(text, "{} {x} {y} {w}", element::symbol(*z).unwrap_or("X"))?;
        if let Some(forces) = &s.forces {
            let [x, y, w] = forces[i];
            write!(text, " {x} {y} {w}")?;
        }
        text.push('\n');
    }
    Ok(())
}

fn joined(matrix: &[[f64; 3]; 3]) -> String {
    let numbers: Vec<String> = matrix.as_flattened().iter().map(f64::to_string).collect();
    numbers.join(" ")
}

//! Frames of a trajectory as extended XYZ.

use std::{
    fmt::Write as _,
    fs::{File, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
};

use atoms::element;

use super::simulation::State;
use crate::{
    error::{Error, Result},
    potential::Evaluation,
};

/// A file that grows by whole frames.
///
/// Positions (Å), forces (eV/Å) and velocities (Å/fs) of each atom; energy (eV), stress (eV/Å³), time (fs)
/// and step of each frame. Numbers are written so that reading gives the same bits.
#[derive(Debug)]
pub struct Trajectory {
    path: PathBuf,
    file: File,
    length: u64,
}

impl Trajectory {
    /// Opens or makes the file and cuts it to `length` bytes, the length at the checkpoint that the run
    /// goes on from; what a killed run wrote after it, half a frame perhaps, is written again.
    ///
    /// # Errors
    /// A file that cannot be written, or one that is shorter than it was.
    pub fn open(path: impl Into<PathBuf>, length: u64) -> Result<Self> {
        let path = path.into();
        let failed = |source| Error::Io {
            path: path.clone(),
            source,
        };
        let mut options = OpenOptions::new();
        let options = options.create(true).append(true);
        let file = options.open(&path).map_err(failed)?;
        let found = file.metadata().map_err(failed)?.len();
        if found < length {
            return Err(failed(std::io::Error::other(format!(
                "has {found} bytes, but {length} at the checkpoint"
            ))));
        }
        file.set_len(length).map_err(failed)?;
        Ok(Self { path, file, length })
    }

    /// Appends a frame.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn push(&mut self, state: &State, evaluation: &Evaluation, time: f64) -> Result<()> {
        let text = frame(state, evaluation, time).expect("a string takes all that is written");
        // One call for the whole frame, so that a program that reads along sees whole frames.
        self.file
            .write_all(text.as_bytes())
            .map_err(|source| self.failed(source))?;
        self.length += text.len() as u64;
        Ok(())
    }

    /// Waits until the disk has everything; returns the length of the file in bytes.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn sync(&self) -> Result<u64> {
        self.file
            .sync_data()
            .map_err(|source| self.failed(source))?;
        Ok(self.length)
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn failed(&self, source: std::io::Error) -> Error {
        Error::Io {
            path: self.path.clone(),
            source,
        }
    }
}

fn frame(state: &State, evaluation: &Evaluation, time: f64) -> Result<String, std::fmt::Error> {
    let structure = &state.structure;
    let mut text = format!("{}\n", structure.len());
    if let Some(cell) = &structure.cell {
        write!(text, "Lattice=\"{}\" ", joined(cell))?;
    }
    text.push_str("Properties=species:S:1:pos:R:3:forces:R:3:velocities:R:3");
    write!(text, " energy={}", evaluation.energy)?;
    if let Some(stress) = &evaluation.stress {
        write!(text, " stress=\"{}\"", joined(stress))?;
    }
    if structure.charge != 0 {
        write!(text, " charge={}", structure.charge)?;
    }
    if structure.spin != 0 {
        write!(text, " multiplicity={}", structure.spin + 1)?;
    }
    if let Some(spread) = &evaluation.uncertainty {
        write!(text, " energy_uncertainty={}", spread.energy)?;
        write!(text, " force_uncertainty={}", spread.largest_force())?;
    }
    let flags = structure.periodic.map(|p| if p { 'T' } else { 'F' });
    write!(text, " step={} time={time}", state.step)?;
    writeln!(text, " pbc=\"{} {} {}\"", flags[0], flags[1], flags[2])?;
    for (atom, z) in structure.species.iter().enumerate() {
        text.push_str(element::symbol(*z).unwrap_or("X"));
        for vector in [
            structure.positions[atom],
            evaluation.forces[atom],
            state.velocities[atom],
        ] {
            for x in vector {
                write!(text, " {x}")?;
            }
        }
        text.push('\n');
    }
    Ok(text)
}

fn joined(matrix: &[[f64; 3]; 3]) -> String {
    let numbers: Vec<String> = matrix.as_flattened().iter().map(f64::to_string).collect();
    numbers.join(" ")
}

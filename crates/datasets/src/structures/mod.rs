//! Structure files: geometries with energies, forces and cells, converted to eV, Å and eV/Å.
//!
//! [`read`] tells the format by the file name, converts the units (see [`Units`]) and says in
//! [`StructureSet::units`] what the file was taken for. Records that do not make sense are rejected with the reason.

mod amons;
mod ase;
mod deepmd;
mod frames;
mod hdf5;
mod json;
mod npy;
mod npz;
mod qm9;
mod units;
mod xyz;

use std::path::Path;

use atoms::Structure;

use crate::error::{Error, Result};
use crate::rejects::Reject;
use crate::source::{DEFAULT_UNPACKED_LIMIT, bare_name};

pub use npz::write_npz;
pub use units::{Units, UnitsOrigin, UnitsUsed};
pub use xyz::write_xyz;

pub(crate) use npz::read_bytes as read_npz_bytes;

/// How a structure file is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Extended XYZ, plain XYZ, and the QM-22 variant with gradients (`.xyz`, `.extxyz`, also `.gz`).
    Xyz,
    /// `NumPy` archives of the MD17 family and this crate's own concatenated layout (`.npz`).
    Npz,
    /// HDF5 of the ANI-1x, ANI-2x, COMP6, SPICE and QM7-X kind (`.h5`, `.hdf5`).
    Hdf5,
    /// A folder of the `DeePMD-kit`, or a folder of such folders.
    DeepMd,
    /// mlearn lists and ASE databases (`.json`, also `.gz`).
    Json,
    /// One molecule a row, lists in brackets, semicolons (`.csv`, also `.gz`).
    Csv,
    /// QM9's dialect of XYZ, also the archive that it is published in (`.xyz.tar.bz2`).
    Qm9,
}

/// What to read from a structure file.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// Units of the file; by default they are found out, and [`StructureSet::units`] says how.
    pub units: Option<Units>,
    /// The layout; by default the file name tells.
    pub format: Option<Format>,
    /// Name of the energy where it is unusual (a key of the comment line).
    pub energy_key: Option<String>,
    /// Name of the forces where it is unusual (a column of the atoms).
    pub forces_key: Option<String>,
    /// Name of the key that says what a structure belongs to.
    pub group_key: Option<String>,
    /// Reject structures without energy or forces, which training needs.
    pub require_labels: bool,
    /// Reject structures in which two atoms are closer than this (Å).
    pub least_distance: f64,
    /// A cell that leaves at least this much vacuum (Å) around the atoms along all axes is no crystal but a box that
    /// some program asked for: the structure is then read as not periodic.
    pub vacuum: f64,
    /// Stop after this many structures.
    pub limit: Option<usize>,
    /// Fail at the first record that cannot be read instead of rejecting it.
    pub strict: bool,
    /// Most bytes that a compressed file may unpack to.
    pub unpacked_limit: u64,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            units: None,
            format: None,
            energy_key: None,
            forces_key: None,
            group_key: None,
            require_labels: false,
            least_distance: 0.1,
            vacuum: 20.0,
            limit: None,
            strict: false,
            unpacked_limit: DEFAULT_UNPACKED_LIMIT,
        }
    }
}

/// The structures of a file.
#[derive(Debug, Clone)]
pub struct StructureSet {
    /// Structures in the order of the file; eV, Å, eV/Å.
    pub structures: Vec<Structure>,
    /// What was left out, and why.
    pub rejects: Vec<Reject>,
    /// The units that the file was taken to have.
    pub units: UnitsUsed,
    /// What else a user should know about how the file was read.
    pub notes: Vec<String>,
}

/// Reads a structure file into memory.
///
/// # Errors
/// [`Error::Read`], [`Error::Truncated`], [`Error::UnknownFormat`], [`Error::Malformed`], [`Error::MissingArray`],
/// [`Error::Array`]; [`Error::Empty`] and [`Error::AllRejected`] where nothing is left; [`Error::Record`] for a bad
/// record under `strict`.
///
/// # Examples
/// ```
/// use datasets::structures::{ReadOptions, read};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("dimer.xyz");
/// std::fs::write(&path, "2\nProperties=species:S:1:pos:R:3:forces:R:3 energy=-31.7\nH 0 0 0 0 0 -1.5\nH 0 0 0.7 0 0 1.5\n")?;
/// let set = read(&path, &ReadOptions::default())?;
/// assert_eq!(set.structures[0].energy, Some(-31.7));
/// assert!(set.units.to_string().contains("eV"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read(path: impl AsRef<Path>, options: &ReadOptions) -> Result<StructureSet> {
    let path = path.as_ref();
    let format = match options.format {
        Some(format) => format,
        None => format_of(path)?,
    };
    let frames = match format {
        Format::Xyz => xyz::read(path, options)?,
        Format::Npz => npz::read(path, options)?,
        Format::Hdf5 => hdf5::read(path, options)?,
        Format::DeepMd => deepmd::read(path, options)?,
        Format::Json => json::read(path, options)?,
        Format::Csv => amons::read(path, options)?,
        Format::Qm9 => qm9::read(path, options)?,
    };
    frames.finish(path, options)
}

/// Refuses structures that no reader would take back.
fn check_writable(path: &Path, structures: &[Structure]) -> Result<()> {
    for (number, structure) in (1..).zip(structures) {
        structure.validate().map_err(|e| Error::Record {
            path: path.to_path_buf(),
            line: number,
            reason: e.to_string(),
            text: structure.formula(),
        })?;
    }
    Ok(())
}

fn format_of(path: &Path) -> Result<Format> {
    let name = bare_name(path);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    Ok(match ending {
        _ if path.is_dir() => Format::DeepMd,
        "tar" if qm9::is_archive(path) => Format::Qm9,
        "h5" | "hdf5" | "hdf" => Format::Hdf5,
        "json" => Format::Json,
        "csv" => Format::Csv,
        "xyz" if xyz::is_qm9(path, DEFAULT_UNPACKED_LIMIT)? => Format::Qm9,
        "xyz" | "extxyz" => Format::Xyz,
        "npz" => Format::Npz,
        _ => {
            return Err(Error::UnknownFormat {
                path: path.to_path_buf(),
                known: ".xyz, .extxyz, .json, .csv (also with .gz, .bz2, .zst), .xyz.tar (also with .gz, .bz2), .npz, .h5, .hdf5, or a DeePMD folder",
            });
        }
    })
}

//! Molecule files: one SMILES a line, or a column of a table, also of a Parquet file.
//!
//! [`read`] collects a whole file; [`Molecules`] streams it in constant memory. Records that are not SMILES are
//! rejected with line and reason, never dropped silently.

mod columns;
mod lexical;
mod parquet_column;
mod stream;
mod text_lines;

use std::path::Path;

use crate::error::Result;
use crate::rejects::{Reject, Rejects};
use crate::source::DEFAULT_UNPACKED_LIMIT;

pub use lexical::check_smiles;
pub use stream::{Line, Molecules};

/// How a molecule file is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// One molecule a line: SMILES, then optionally white space and a name (`.smi`, `.txt`, `.smiles`, `.ism`).
    Lines,
    /// A table whose fields are separated by a byte; fields may be quoted (`.csv`, `.tsv`).
    Table {
        /// The separator.
        delimiter: u8,
    },
    /// A text column of a Parquet file (`.parquet`).
    Parquet,
}

/// What to read from a molecule file.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// Name of the column, or its number from 1 where no column has that name. Without it, a column named `smiles` (or a
    /// usual variant) is looked for; in text, the first column is taken then if it holds SMILES.
    pub column: Option<String>,
    /// The layout; by default the file name tells.
    pub format: Option<Format>,
    /// Stop after this many molecules.
    pub limit: Option<usize>,
    /// Fail at the first record that cannot be read instead of rejecting it.
    pub strict: bool,
    /// Most bytes that a compressed file, or the column of a Parquet file, may unpack to.
    pub unpacked_limit: u64,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            column: None,
            format: None,
            limit: None,
            strict: false,
            unpacked_limit: DEFAULT_UNPACKED_LIMIT,
        }
    }
}

/// The molecules of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MoleculeSet {
    /// SMILES in the order of the file, as they are written there.
    pub smiles: Vec<String>,
    /// What was left out, and why.
    pub rejects: Vec<Reject>,
}

/// Reads a molecule file into memory. The SMILES are checked for their characters and brackets only (see
/// [`check_smiles`]); whether a string makes chemical sense is for the encoder that uses it.
///
/// # Errors
/// The errors of [`Molecules::open`] and [`Molecules::next_line`]; [`crate::Error::Empty`] and
/// [`crate::Error::AllRejected`] where nothing is left; [`crate::Error::Record`] for a bad record under `strict`.
///
/// # Examples
/// ```
/// use datasets::molecules::{ReadOptions, read};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("drugs.csv");
/// std::fs::write(&path, "name,smiles\n\"aspirin, plain\",CC(=O)Oc1ccccc1C(=O)O\nbroken,C(C\n")?;
/// let set = read(&path, &ReadOptions::default())?;
/// assert_eq!(set.smiles, ["CC(=O)Oc1ccccc1C(=O)O"]);
/// assert_eq!(set.rejects[0].line, 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read(path: impl AsRef<Path>, options: &ReadOptions) -> Result<MoleculeSet> {
    let path = path.as_ref();
    let mut smiles = Vec::new();
    let mut rejects = Rejects::of(path, options.strict);
    let mut molecules = Molecules::open(path, options)?;
    while let Some(line) = molecules.next_line()? {
        match line.smiles {
            Ok(text) => smiles.push(text.to_owned()),
            Err(reason) => rejects.add(line.number, line.text, reason)?,
        }
    }
    let rejects = rejects.finish(smiles.len())?;
    Ok(MoleculeSet { smiles, rejects })
}

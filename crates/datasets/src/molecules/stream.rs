//! A molecule file record by record, in memory that does not grow with the file.

use std::path::Path;

use crate::error::{Error, Result};
use crate::rejects::Reject;
use crate::source::bare_name;

use super::lexical::check_smiles;
use super::parquet_column::ParquetColumn;
use super::text_lines::TextLines;
use super::{Format, ReadOptions};

/// Names that a SMILES column goes by, in order of preference, compared without case.
const COLUMN_NAMES: [&str; 6] = [
    "smiles",
    "canonical_smiles",
    "canonicalsmiles",
    "smile",
    "isomeric_smiles",
    "structure",
];

/// One record of a molecule file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<'a> {
    /// Number of the line, or of the row of a Parquet file, from 1.
    pub number: u64,
    /// The whole line as it is in the file, or the value of the row; bytes that are not UTF-8 are replaced.
    pub text: &'a str,
    /// The SMILES of the record, or why there is none.
    pub smiles: Result<&'a str, String>,
}

/// A molecule file that is read record by record. Lines without any text are skipped.
///
/// As an iterator it yields owned molecules and rejects; [`Molecules::next_line`] borrows instead.
#[derive(Debug)]
pub struct Molecules {
    records: Records,
    found: usize,
    limit: usize,
}

#[derive(Debug)]
enum Records {
    Text(TextLines),
    Parquet(Box<ParquetColumn>),
}

impl Molecules {
    /// Opens a file and finds its column.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::UnknownFormat`], [`Error::MissingColumn`]; for Parquet files also
    /// [`Error::Malformed`], and [`Error::Array`] where the column holds no text.
    pub fn open(path: impl AsRef<Path>, options: &ReadOptions) -> Result<Self> {
        let path = path.as_ref();
        let format = match options.format {
            Some(format) => format,
            None => format_of(path)?,
        };
        let (column, limit) = (options.column.as_deref(), options.unpacked_limit);
        let records = match format {
            Format::Lines => Records::Text(TextLines::lines(path, limit)?),
            Format::Table { delimiter } => {
                Records::Text(TextLines::table(path, delimiter, column, limit)?)
            }
            Format::Parquet => {
                Records::Parquet(Box::new(ParquetColumn::open(path, column, limit)?))
            }
        };
        Ok(Self {
            records,
            found: 0,
            limit: options.limit.unwrap_or(usize::MAX),
        })
    }

    /// The next record that is not blank, or nothing at the end of the file or at the limit.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Truncated`], [`Error::TooLarge`] or [`Error::Malformed`]; a bad record is no error but
    /// a [`Line`].
    pub fn next_line(&mut self) -> Result<Option<Line<'_>>> {
        if self.found >= self.limit {
            return Ok(None);
        }
        let line = match &mut self.records {
            Records::Text(lines) => lines.next_line()?,
            Records::Parquet(column) => column.next_line()?,
        };
        Ok(line.map(|line| {
            let smiles = line.smiles.and_then(|s| check_smiles(s).map(|()| s));
            self.found += usize::from(smiles.is_ok());
            Line { smiles, ..line }
        }))
    }
}

/// An owned record of a molecule file.
impl Iterator for Molecules {
    type Item = Result<Result<String, Reject>>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.next_line() {
            Err(error) => {
                // After a failed read nothing that follows can be trusted.
                self.limit = 0;
                Some(Err(error))
            }
            Ok(None) => None,
            Ok(Some(line)) => Some(Ok(match line.smiles {
                Ok(smiles) => Ok(smiles.to_owned()),
                Err(reason) => Err(Reject::new(line.number, line.text, reason)),
            })),
        }
    }
}

/// The column of this name, compared without case; without a name, the one that a SMILES column usually has.
pub(super) fn named_column(names: &[String], wanted: Option<&str>) -> Option<usize> {
    let at = |name: &str| {
        names
            .iter()
            .position(|n| n.trim().eq_ignore_ascii_case(name.trim()))
    };
    match wanted {
        Some(name) => at(name),
        None => COLUMN_NAMES.iter().find_map(|name| at(name)),
    }
}

fn format_of(path: &Path) -> Result<Format> {
    let name = bare_name(path);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    Ok(match ending {
        "smi" | "txt" | "smiles" | "ism" | "can" => Format::Lines,
        "parquet" | "pq" => Format::Parquet,
        "csv" => Format::Table { delimiter: b',' },
        "tsv" | "tab" => Format::Table { delimiter: b'\t' },
        _ => {
            return Err(Error::UnknownFormat {
                path: path.to_path_buf(),
                known: ".smi, .smiles, .ism, .txt, .csv, .tsv, each also with .gz, .bz2, .zst or .zip, and .parquet",
            });
        }
    })
}

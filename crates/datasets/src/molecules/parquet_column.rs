//! A text column of a Parquet file, row by row.

use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use ::parquet::basic::Type as Physical;
use ::parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use ::parquet::data_type::{ByteArray, ByteArrayType};
use ::parquet::errors::ParquetError;
use ::parquet::file::reader::{FileReader, SerializedFileReader};

use crate::error::{Error, Result};

use super::stream::{Line, named_column};

/// Rows that are decoded at once.
const BATCH: usize = 1 << 12;

const FORMAT: &str = "Parquet";

/// The rows of one column, decoded in batches.
pub(super) struct ParquetColumn {
    path: PathBuf,
    file: SerializedFileReader<File>,
    column: usize,
    /// Definition level of a value that is there; 0 where the column has no nulls.
    full: i16,
    group: usize,
    reader: Option<ColumnReaderImpl<ByteArrayType>>,
    /// The batch: 1 for each row with a value and 0 for each null, where the column can have nulls.
    defined: Vec<i16>,
    values: Vec<ByteArray>,
    rows: usize,
    /// Next row and next value of the batch.
    row: usize,
    value: usize,
    number: u64,
    text: String,
    /// Bytes of text that may still come.
    left: u64,
    limit: u64,
}

impl std::fmt::Debug for ParquetColumn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParquetColumn")
            .field("column", &self.column)
            .field("row", &self.number)
            .finish_non_exhaustive()
    }
}

impl ParquetColumn {
    pub(super) fn open(path: &Path, wanted: Option<&str>, limit: u64) -> Result<Self> {
        let source = File::open(path).map_err(|e| Error::read(path, e))?;
        if source.metadata().is_ok_and(|m| m.is_dir()) {
            let error = io::Error::new(io::ErrorKind::IsADirectory, "is a directory");
            return Err(Error::read(path, error));
        }
        let file = guarded(path, || SerializedFileReader::new(source))?;
        let schema = file.metadata().file_metadata().schema_descr();
        let names: Vec<String> = schema.columns().iter().map(|c| c.path().string()).collect();
        let column = named_column(&names, wanted)
            .or_else(|| {
                let number = wanted?.parse::<usize>().ok()?;
                number.checked_sub(1).filter(|n| *n < names.len())
            })
            .ok_or_else(|| Error::MissingColumn {
                path: path.to_path_buf(),
                column: wanted.unwrap_or("smiles").to_owned(),
                available: names.clone(),
            })?;
        let kind = schema.column(column);
        if kind.physical_type() != Physical::BYTE_ARRAY || kind.max_rep_level() > 0 {
            let reason = format!(
                "it holds {}{}, expected one text a row",
                kind.physical_type(),
                if kind.max_rep_level() > 0 {
                    " lists"
                } else {
                    ""
                }
            );
            return Err(Error::array(path, names[column].as_str(), reason));
        }
        let full = kind.max_def_level();
        Ok(Self {
            path: path.to_path_buf(),
            file,
            column,
            full,
            group: 0,
            reader: None,
            defined: Vec::new(),
            values: Vec::new(),
            rows: 0,
            row: 0,
            value: 0,
            number: 0,
            text: String::new(),
            left: limit,
            limit,
        })
    }

    /// The next row; rows are numbered from 1.
    pub(super) fn next_line(&mut self) -> Result<Option<Line<'_>>> {
        while self.row == self.rows {
            if !self.next_batch()? {
                return Ok(None);
            }
        }
        let present = self.full == 0 || self.defined[self.row] == self.full;
        self.row += 1;
        self.number += 1;
        self.text.clear();
        let mut reason = None;
        if present {
            let bytes = self.values[self.value].data();
            self.value += 1;
            self.left =
                self.left
                    .checked_sub(bytes.len() as u64)
                    .ok_or_else(|| Error::TooLarge {
                        path: self.path.clone(),
                        limit: self.limit,
                    })?;
            if let Ok(text) = std::str::from_utf8(bytes) {
                self.text.push_str(text);
            } else {
                self.text.push_str(&String::from_utf8_lossy(bytes));
                reason = Some("the value is not UTF-8 text");
            }
        } else {
            reason = Some("the value is null");
        }
        Ok(Some(Line {
            number: self.number,
            text: &self.text,
            smiles: match reason {
                Some(reason) => Err(reason.into()),
                None => Ok(self.text.trim()),
            },
        }))
    }

    /// Decodes more rows; false at the end of the file.
    fn next_batch(&mut self) -> Result<bool> {
        let reader = match &mut self.reader {
            Some(reader) => reader,
            None if self.group == self.file.num_row_groups() => return Ok(false),
            None => {
                let (file, group, column) = (&self.file, self.group, self.column);
                let opened = guarded(&self.path, || {
                    file.get_row_group(group)?.get_column_reader(column)
                })?;
                let ColumnReader::ByteArrayColumnReader(opened) = opened else {
                    return Err(Error::malformed(
                        &self.path,
                        FORMAT,
                        format!("row group {group} has another type of column"),
                    ));
                };
                self.group += 1;
                self.reader.insert(opened)
            }
        };
        self.defined.clear();
        self.values.clear();
        (self.row, self.value) = (0, 0);
        let (defined, values) = (&mut self.defined, &mut self.values);
        let (rows, _, _) = guarded(&self.path, || {
            reader.read_records(BATCH, Some(defined), None, values)
        })?;
        self.rows = rows;
        if rows == 0 {
            self.reader = None;
        }
        let present = if self.full == 0 {
            Some(rows)
        } else {
            self.defined
                .get(..rows)
                .map(|levels| levels.iter().filter(|level| **level == self.full).count())
        };
        if present.is_none_or(|present| present > self.values.len()) {
            let reason = "a page has fewer values than rows";
            return Err(Error::malformed(&self.path, FORMAT, reason));
        }
        Ok(true)
    }
}

/// Calls the Parquet reader. Some of its decoders index by what a damaged page says; that is an error of the file, not
/// of the program, and what was decoded so far is not used again.
fn guarded<T>(path: &Path, call: impl FnOnce() -> Result<T, ParquetError>) -> Result<T> {
    let reason = match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "a page does not hold what its header says".to_owned(),
    };
    Err(Error::malformed(path, FORMAT, reason))
}

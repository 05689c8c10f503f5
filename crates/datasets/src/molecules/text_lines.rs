//! Molecules in text: a line each, or a column of a delimited table.

use std::io::BufRead;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::rejects::Reject;
use crate::source::{open, read_line};

use super::columns::{field, fields};
use super::lexical::check_smiles;
use super::stream::{Line, named_column};

/// A line longer than this is rejected instead of being held in memory.
const LONGEST_LINE: usize = 1 << 20;

/// The lines of a text file.
pub(super) struct TextLines {
    path: PathBuf,
    reader: Box<dyn BufRead + Send>,
    layout: Layout,
    number: u64,
    raw: Vec<u8>,
    text: String,
    scratch: String,
    /// The first line of a table without a header was read to find that out; it is still to be delivered.
    pending: bool,
}

impl std::fmt::Debug for TextLines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextLines")
            .field("layout", &self.layout)
            .field("line", &self.number)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Copy)]
enum Layout {
    Lines,
    Table { delimiter: u8, column: usize },
}

enum Read {
    End,
    Text,
    Bad(String),
}

impl TextLines {
    /// One molecule a line.
    pub(super) fn lines(path: &Path, limit: u64) -> Result<Self> {
        Ok(Self {
            path: path.to_path_buf(),
            reader: open(path, limit)?,
            layout: Layout::Lines,
            number: 0,
            raw: Vec::new(),
            text: String::new(),
            scratch: String::new(),
            pending: false,
        })
    }

    /// One molecule in each row of a table.
    pub(super) fn table(
        path: &Path,
        delimiter: u8,
        column: Option<&str>,
        limit: u64,
    ) -> Result<Self> {
        let mut lines = Self::lines(path, limit)?;
        lines.find_column(delimiter, column)?;
        Ok(lines)
    }

    /// The next line that is not blank, with the text where its SMILES should be.
    pub(super) fn next_line(&mut self) -> Result<Option<Line<'_>>> {
        let read = if std::mem::take(&mut self.pending) {
            Read::Text
        } else {
            self.read_text()?
        };
        let smiles = match read {
            Read::End => return Ok(None),
            Read::Bad(reason) => Err(reason),
            Read::Text => match self.layout {
                Layout::Lines => Ok(self
                    .text
                    .split_ascii_whitespace()
                    .next()
                    .unwrap_or_default()),
                Layout::Table { delimiter, column } => {
                    field(&self.text, delimiter, column, &mut self.scratch).map(str::trim)
                }
            },
        };
        Ok(Some(Line {
            number: self.number,
            text: &self.text,
            smiles,
        }))
    }

    /// Reads lines until one has text.
    fn read_text(&mut self) -> Result<Read> {
        loop {
            self.raw.clear();
            let length = read_line(&mut *self.reader, &mut self.raw, LONGEST_LINE)
                .map_err(|e| Error::read(&self.path, e))?;
            if length == 0 {
                return Ok(Read::End);
            }
            self.number += 1;
            while matches!(self.raw.last(), Some(b'\n' | b'\r')) {
                self.raw.pop();
            }
            self.text.clear();
            let bytes = self
                .raw
                .strip_prefix(b"\xef\xbb\xbf")
                .filter(|_| self.number == 1)
                .unwrap_or(&self.raw);
            if bytes.iter().all(u8::is_ascii_whitespace) && length <= LONGEST_LINE {
                continue;
            }
            return Ok(if length > LONGEST_LINE {
                self.text.push_str(&String::from_utf8_lossy(
                    &bytes[..bytes.len().min(Reject::TEXT)],
                ));
                Read::Bad(format!(
                    "the line has {length} bytes, expected at most {LONGEST_LINE}"
                ))
            } else if let Ok(text) = std::str::from_utf8(bytes) {
                self.text.push_str(text);
                Read::Text
            } else {
                self.text.push_str(&String::from_utf8_lossy(bytes));
                Read::Bad("the line is not UTF-8 text".into())
            });
        }
    }

    fn find_column(&mut self, delimiter: u8, wanted: Option<&str>) -> Result<()> {
        let number = wanted
            .and_then(|w| w.parse::<usize>().ok())
            .filter(|n| *n > 0);
        let header = match self.read_text()? {
            Read::End => Vec::new(),
            Read::Text => fields(&self.text, delimiter).unwrap_or_default(),
            Read::Bad(_) => vec![self.text.clone()],
        };
        let named = named_column(&header, wanted);
        if let Some(column) = named {
            self.layout = Layout::Table { delimiter, column };
            return Ok(());
        }
        // No header names the column. A number counts columns; without one, the first column must hold SMILES.
        let column = match (wanted, number) {
            (_, Some(number)) => Some(number - 1),
            (Some(_), None) => None,
            (None, None) => header
                .first()
                .is_none_or(|first| check_smiles(first.trim()).is_ok())
                .then_some(0),
        };
        let Some(column) = column.filter(|c| header.is_empty() || *c < header.len()) else {
            return Err(Error::MissingColumn {
                path: self.path.clone(),
                column: wanted.unwrap_or("smiles").to_owned(),
                available: header,
            });
        };
        // A first line that holds no SMILES in the numbered column is a header under another name.
        self.pending = header
            .get(column)
            .is_some_and(|first| check_smiles(first.trim()).is_ok());
        self.layout = Layout::Table { delimiter, column };
        Ok(())
    }
}

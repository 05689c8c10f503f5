//! Small tables from CSV files, with the line of every problem.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::{Error, Result};

/// A whole CSV file: header and rows, cells trimmed.
#[derive(Debug)]
pub(crate) struct Table {
    path: PathBuf,
    headers: Vec<String>,
    rows: Vec<csv::StringRecord>,
}

/// One row and the table it belongs to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a> {
    table: &'a Table,
    record: &'a csv::StringRecord,
}

impl Table {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let file = std::fs::File::open(path).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .comment(Some(b'#'))
            .from_reader(file);
        let refused = |error: csv::Error| refused(path, error);
        let headers = reader.headers().map_err(refused)?;
        let headers: Vec<String> = headers
            .iter()
            .map(|name| name.trim_start_matches('\u{feff}').to_owned())
            .collect();
        let rows = reader
            .records()
            .collect::<std::result::Result<Vec<_>, _>>()
            .map_err(refused)?;
        if rows.is_empty() {
            return Err(Error::NoRows {
                path: path.to_owned(),
            });
        }
        Ok(Self {
            path: path.to_owned(),
            headers,
            rows,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Place of a column; a unit in brackets after the name is not part of it.
    pub(crate) fn optional_column(&self, name: &str) -> Option<usize> {
        self.headers.iter().position(|header| {
            let bare = header.split(" [").next().unwrap_or_default();
            bare.eq_ignore_ascii_case(name)
        })
    }

    pub(crate) fn column(&self, name: &str) -> Result<usize> {
        self.optional_column(name).ok_or_else(|| self.missing(name))
    }

    /// The first of several names that is there.
    pub(crate) fn column_of(&self, names: &[&str]) -> Result<usize> {
        let found = names.iter().find_map(|name| self.optional_column(name));
        found.ok_or_else(|| self.missing(names[0]))
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|record| Row {
            table: self,
            record,
        })
    }

    fn missing(&self, name: &str) -> Error {
        Error::MissingColumn {
            path: self.path.clone(),
            column: name.to_owned(),
            found: self.headers.clone(),
        }
    }
}

impl Row<'_> {
    pub(crate) fn text(&self, column: usize) -> &str {
        self.record.get(column).unwrap_or_default()
    }

    /// The value of a cell; an empty one is refused.
    pub(crate) fn parse<T: FromStr>(&self, column: usize, what: &str) -> Result<T> {
        let text = self.text(column);
        text.parse().map_err(|_| {
            let name = &self.table.headers[column];
            self.problem(format!("column {name}: expected {what}, got {text:?}"))
        })
    }

    /// The value of a cell, `None` where the column is absent or the cell empty.
    pub(crate) fn optional<T: FromStr>(
        &self,
        column: Option<usize>,
        what: &str,
    ) -> Result<Option<T>> {
        match column {
            Some(column) if !self.text(column).is_empty() => self.parse(column, what).map(Some),
            _ => Ok(None),
        }
    }

    pub(crate) fn problem(&self, problem: String) -> Error {
        Error::Row {
            path: self.table.path.clone(),
            line: self.record.position().map_or(0, csv::Position::line),
            problem,
        }
    }
}

fn refused(path: &Path, error: csv::Error) -> Error {
    let line = error.position().map_or(1, csv::Position::line);
    let problem = match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!("expected {expected_len} cells, got {len}"),
        csv::ErrorKind::Utf8 { .. } => "the text is not UTF-8".to_owned(),
        _ => error.to_string(),
    };
    match error.into_kind() {
        csv::ErrorKind::Io(source) => Error::Read {
            path: path.to_owned(),
            source,
        },
        _ => Error::Row {
            path: path.to_owned(),
            line,
            problem,
        },
    }
}

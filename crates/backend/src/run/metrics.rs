//! Rows of numbers as CSV and as JSON lines, kept in step with the checkpoints.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Why metrics could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetricsError {
    /// The file cannot be read or written.
    #[error("cannot use {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The file belongs to a run with other columns.
    #[error("{path}: expected the columns {expected}, got {found}")]
    Columns {
        /// The file.
        path: PathBuf,
        /// The columns asked for.
        expected: String,
        /// The columns of the file.
        found: String,
    },
}

/// Appends rows to `metrics.csv` and `metrics.jsonl`.
///
/// The first column is the step. When a run is resumed from a checkpoint, rows after the checkpoint's step are cut off
/// first, so that the file reads as if the run had never stopped. Numbers are written with as many digits as it takes
/// to read back the same number; an absent number is an empty cell and is left out of the JSON line.
#[derive(Debug)]
pub struct Metrics {
    columns: Vec<String>,
    csv: BufWriter<File>,
    lines: BufWriter<File>,
}

impl Metrics {
    /// Opens or makes the two files in `folder`, keeping only rows whose step is at most `keep_through`.
    ///
    /// # Errors
    /// [`MetricsError`] naming the file.
    pub fn open(
        folder: impl AsRef<Path>,
        columns: &[&str],
        keep_through: u64,
    ) -> Result<Self, MetricsError> {
        let folder = folder.as_ref();
        let header = columns.join(",");
        let csv_path = folder.join("metrics.csv");
        let csv = open_file(&csv_path, |text| {
            let mut rows = text.split_inclusive('\n');
            match rows.next().filter(|line| line.ends_with('\n')) {
                None => Ok(0),
                Some(first) if first.trim_end() != header => Err(MetricsError::Columns {
                    path: csv_path.clone(),
                    expected: header.clone(),
                    found: first.trim_end().to_owned(),
                }),
                Some(first) => {
                    Ok(first.len() + kept(rows, |row| row.split(',').next(), keep_through))
                }
            }
        })?;
        let lines_path = folder.join("metrics.jsonl");
        let lines = open_file(&lines_path, |text| {
            let prefix = format!("{{\"{}\":", columns[0]);
            Ok(kept(
                text.split_inclusive('\n'),
                |row| row.strip_prefix(&prefix)?.split([',', '}']).next(),
                keep_through,
            ))
        })?;
        let mut metrics = Self {
            columns: columns.iter().map(ToString::to_string).collect(),
            csv: BufWriter::new(csv),
            lines: BufWriter::new(lines),
        };
        let at_start = metrics
            .csv
            .stream_position()
            .map_err(|source| MetricsError::File {
                path: csv_path.clone(),
                source,
            })?
            == 0;
        if at_start {
            writeln!(metrics.csv, "{header}").map_err(|source| MetricsError::File {
                path: csv_path,
                source,
            })?;
        }
        Ok(metrics)
    }

    /// Appends one row: the step, then the other columns in order.
    ///
    /// # Errors
    /// The system's error.
    ///
    /// # Panics
    /// When the number of values is not the number of columns less one.
    pub fn push(&mut self, step: u64, values: &[Option<f64>]) -> io::Result<()> {
        assert_eq!(values.len() + 1, self.columns.len(), "one value a column");
        write!(self.csv, "{step}")?;
        write!(self.lines, "{{\"{}\":{step}", self.columns[0])?;
        for (value, column) in values.iter().zip(&self.columns[1..]) {
            match value {
                Some(value) if value.is_finite() => {
                    write!(self.csv, ",{value}")?;
                    write!(self.lines, ",\"{column}\":{value}")?;
                }
                Some(value) => {
                    write!(self.csv, ",{value}")?;
                    write!(self.lines, ",\"{column}\":\"{value}\"")?;
                }
                None => write!(self.csv, ",")?,
            }
        }
        writeln!(self.csv)?;
        writeln!(self.lines, "}}")
    }

    /// Hands the rows to the operating system; call it before a checkpoint is written.
    ///
    /// # Errors
    /// The system's error.
    pub fn flush(&mut self) -> io::Result<()> {
        self.csv.flush()?;
        self.lines.flush()
    }
}

/// Opens a file for appending after the prefix that `keep` accepts.
fn open_file(
    path: &Path,
    keep: impl FnOnce(&str) -> Result<usize, MetricsError>,
) -> Result<File, MetricsError> {
    let fail = |source| MetricsError::File {
        path: path.to_owned(),
        source,
    };
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(fail)?;
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(fail)?;
    let length = keep(&text)? as u64;
    file.set_len(length).map_err(fail)?;
    file.seek(SeekFrom::Start(length)).map_err(fail)?;
    Ok(file)
}

/// The number of bytes of the whole rows whose step is at most `through`.
fn kept<'a>(
    rows: impl Iterator<Item = &'a str>,
    step: impl Fn(&'a str) -> Option<&'a str>,
    through: u64,
) -> usize {
    rows.take_while(|row| {
        row.ends_with('\n')
            && step(row)
                .and_then(|text| text.trim().parse::<u64>().ok())
                .is_some_and(|step| step <= through)
    })
    .map(str::len)
    .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_resumed_run_continues_after_the_checkpoint() {
        let folder = tempfile::tempdir().unwrap();
        let columns = ["step", "loss", "validation"];
        let mut metrics = Metrics::open(folder.path(), &columns, 0).unwrap();
        for step in 1..=5 {
            let validation = (step == 4).then_some(0.25);
            metrics
                .push(step, &[Some(1.0 / step as f64), validation])
                .unwrap();
        }
        metrics.flush().unwrap();
        drop(metrics);
        let whole = fs::read_to_string(folder.path().join("metrics.csv")).unwrap();
        // A kill in the middle of a row leaves a torn line.
        fs::write(folder.path().join("metrics.csv"), &whole[..whole.len() - 3]).unwrap();
        let mut metrics = Metrics::open(folder.path(), &columns, 3).unwrap();
        metrics.push(4, &[Some(0.25), Some(0.25)]).unwrap();
        metrics.push(5, &[Some(0.2), None]).unwrap();
        metrics.flush().unwrap();
        let again = fs::read_to_string(folder.path().join("metrics.csv")).unwrap();
        assert_eq!(again, whole);
        let lines = fs::read_to_string(folder.path().join("metrics.jsonl")).unwrap();
        assert_eq!(lines.lines().count(), 5);
        assert_eq!(
            lines.lines().nth(3),
            Some(r#"{"step":4,"loss":0.25,"validation":0.25}"#)
        );
    }

    #[test]
    fn other_columns_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        drop(Metrics::open(folder.path(), &["step", "a"], 0).unwrap());
        let error = Metrics::open(folder.path(), &["step", "b"], 0).unwrap_err();
        assert!(error.to_string().contains("step,b"), "{error}");
    }
}

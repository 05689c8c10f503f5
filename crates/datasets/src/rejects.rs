//! Records that could not be read: counted, kept with their reason, and written to a side file.

use std::io::Write;
use std::path::Path;

use crate::error::{Error, Result};
use crate::write::write_atomic;

/// A record that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Line of the record, from 1; the number of the record, from 1, for formats without lines.
    pub line: u64,
    /// The record, or its first [`Reject::TEXT`] bytes.
    pub text: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Reject {
    /// At most this many bytes of a rejected record are kept.
    pub const TEXT: usize = 200;

    pub(crate) fn new(line: u64, text: &str, reason: impl Into<String>) -> Self {
        Self {
            line,
            text: shorten(text).to_owned(),
            reason: reason.into(),
        }
    }
}

/// What is left out while a file is read.
pub(crate) struct Rejects<'a> {
    path: &'a Path,
    /// The first reject is an error.
    strict: bool,
    all: Vec<Reject>,
}

impl<'a> Rejects<'a> {
    pub(crate) fn of(path: &'a Path, strict: bool) -> Self {
        Self {
            path,
            strict,
            all: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, line: u64, text: &str, reason: String) -> Result<()> {
        if self.strict {
            return Err(Error::Record {
                path: self.path.to_path_buf(),
                line,
                reason,
                text: shorten(text).to_owned(),
            });
        }
        self.all.push(Reject::new(line, text, reason));
        Ok(())
    }

    /// All rejects at the end of the file, of which something must be left.
    pub(crate) fn finish(self, left: usize) -> Result<Vec<Reject>> {
        match self.all.first() {
            _ if left > 0 => Ok(self.all),
            None => Err(Error::Empty {
                path: self.path.to_path_buf(),
            }),
            Some(first) => Err(Error::AllRejected {
                path: self.path.to_path_buf(),
                rejected: self.all.len(),
                line: first.line,
                reason: first.reason.clone(),
            }),
        }
    }
}

/// The beginning of a text, cut between characters.
pub(crate) fn shorten(text: &str) -> &str {
    &text[..text.floor_char_boundary(Reject::TEXT)]
}

/// Writes rejects as a tab-separated table `line  reason  text`; tabs and line ends inside a field become spaces.
///
/// # Errors
/// [`crate::Error::Write`] where the file cannot be written.
pub fn write_rejects(path: impl AsRef<Path>, rejects: &[Reject]) -> Result<()> {
    write_atomic(path.as_ref(), |out| {
        writeln!(out, "line\treason\ttext")?;
        for reject in rejects {
            let [reason, text] =
                [&reject.reason, &reject.text].map(|field| field.replace(['\t', '\n', '\r'], " "));
            writeln!(out, "{}\t{reason}\t{text}", reject.line)?;
        }
        Ok(())
    })
}

//! What can go wrong between a file and clean structs.

use std::io;
use std::path::{Path, PathBuf};

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a file could not be read, a split could not be made, or a result could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be opened or read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system or the decompressor said.
        #[source]
        source: io::Error,
    },
    /// A compressed file ends in the middle.
    #[error("{} is truncated: its {compression} stream ends too early, download or copy it again", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Name of the compression.
        compression: &'static str,
    },
    /// A compressed file unpacks to more than the limit.
    #[error("{} unpacks to more than {limit} bytes; raise the limit if the file can be trusted", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// A result could not be written; what was there before is untouched.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// The name of a file does not tell its format and none was given.
    #[error("cannot tell the format of {}: expected a name that ends in one of {known}", path.display())]
    UnknownFormat {
        /// The file.
        path: PathBuf,
        /// The endings that are known.
        known: &'static str,
    },
    /// A table has no such column.
    #[error("{} has no column {column:?}; its columns are {available:?}", path.display())]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// The column that was asked for.
        column: String,
        /// The columns that are there.
        available: Vec<String>,
    },
    /// An archive or a data file lacks an array that its format requires.
    #[error("{} has no {array} at {place}; it has {available:?}", path.display())]
    MissingArray {
        /// The file.
        path: PathBuf,
        /// The array, or the alternatives for it.
        array: &'static str,
        /// The group or archive that was searched.
        place: String,
        /// What is there.
        available: Vec<String>,
    },
    /// An array has the wrong shape, type or content.
    #[error("array {array} of {}: {reason}", path.display())]
    Array {
        /// The file.
        path: PathBuf,
        /// The array.
        array: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The file as a whole does not have the structure of its format.
    #[error("{} is not valid {format}: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Name of the format.
        format: &'static str,
        /// What is wrong, with line or byte.
        reason: String,
    },
    /// A record cannot be read and the options ask for every record.
    #[error("{}, line {line}: {reason} in {text:?}", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// Line of the record, from 1; the number of the record for formats without lines.
        line: u64,
        /// What is wrong with it.
        reason: String,
        /// The beginning of the record.
        text: String,
    },
    /// The file has no records.
    #[error("{} has no records", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file has records but every one of them was rejected.
    #[error("none of the {rejected} records of {} can be read; the first, on line {line}: {reason}", path.display())]
    AllRejected {
        /// The file.
        path: PathBuf,
        /// Number of records.
        rejected: usize,
        /// Line of the first one.
        line: u64,
        /// What is wrong with the first one.
        reason: String,
    },
    /// A text names no unit.
    #[error(
        "{text:?} names no unit: expected an energy ({energies}), optionally followed by a length (angstrom, bohr, nm) and the word gradient"
    )]
    UnknownUnit {
        /// The text.
        text: String,
        /// The energies that are known.
        energies: &'static str,
    },
    /// Fractions of a split are negative, not numbers, or do not add up to one.
    #[error(
        "split fractions are {train}, {validation}, {test}: expected non-negative numbers that add up to 1"
    )]
    Fractions {
        /// Share of training records.
        train: f64,
        /// Share of validation records.
        validation: f64,
        /// Share of test records.
        test: f64,
    },
    /// A subset is larger than the set it is drawn from.
    #[error("a subset of {wanted} was asked for, but only {available} records are there")]
    SubsetTooLarge {
        /// The size that was asked for.
        wanted: usize,
        /// The size of the whole.
        available: usize,
    },
    /// A vocabulary cannot be used.
    #[error("the vocabulary cannot be used: {reason}")]
    Vocabulary {
        /// What is wrong with it.
        reason: String,
    },
    /// A folder already holds shards that were made differently.
    #[error("{} holds shards of another file, tokenizer or split; choose another folder or remove it", folder.display())]
    OtherShards {
        /// The folder.
        folder: PathBuf,
    },
    /// A preparation was interrupted.
    #[error("the shards in {} are not finished; run the preparation again to complete them", folder.display())]
    Incomplete {
        /// The folder.
        folder: PathBuf,
    },
    /// A file does not have the bytes it should have.
    #[error("{} is damaged: its SHA-256 is {found}, expected {expected}", path.display())]
    Checksum {
        /// The file.
        path: PathBuf,
        /// The checksum on record.
        expected: String,
        /// The checksum of the bytes that are there.
        found: String,
    },
    /// No set of this name is on record.
    #[error("no set is called {name:?}; known are {known:?}")]
    UnknownSet {
        /// The name.
        name: String,
        /// The names on record.
        known: Vec<&'static str>,
    },
    /// A file is not in the cache and may not be fetched.
    #[error("{} is not in the cache and the network must not be used; fetch it from {url} on another machine and put it there", path.display())]
    Offline {
        /// Where the file would be.
        path: PathBuf,
        /// Where it comes from.
        url: String,
    },
    /// A download failed for good.
    #[error("cannot download {url} ({received} bytes are kept for the next try): {reason}")]
    Download {
        /// The address.
        url: String,
        /// Bytes that were received.
        received: u64,
        /// What went wrong last.
        reason: String,
    },
    /// The caller stopped a download.
    #[error("stopped; what was received is in {} and will be resumed", path.display())]
    Interrupted {
        /// The unfinished file.
        path: PathBuf,
    },
    /// The data embedded in the library is damaged, which only a wrong build can cause.
    #[error("the embedded structures are damaged: {reason}")]
    Embedded {
        /// What is wrong.
        reason: String,
    },
}

impl Error {
    /// A read error; an unexpected end inside a compressed stream is told apart.
    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match stream_fault(&source) {
            Some(StreamFault::TooLarge { limit }) => Self::TooLarge {
                path,
                limit: *limit,
            },
            Some(StreamFault::Truncated { compression }) => Self::Truncated { path, compression },
            None => Self::Read { path, source },
        }
    }

    pub(crate) fn write(path: &Path, source: io::Error) -> Self {
        Self::Write {
            path: path.to_path_buf(),
            source,
        }
    }

    pub(crate) fn array(path: &Path, array: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Array {
            path: path.to_path_buf(),
            array: array.into(),
            reason: reason.into(),
        }
    }

    pub(crate) fn malformed(path: &Path, format: &'static str, reason: impl Into<String>) -> Self {
        Self::Malformed {
            path: path.to_path_buf(),
            format,
            reason: reason.into(),
        }
    }
}

/// The fault of a decompressed stream behind an error, also where a reader in between has wrapped it.
fn stream_fault<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a StreamFault> {
    if let Some(fault) = error.downcast_ref::<StreamFault>() {
        return Some(fault);
    }
    match error.downcast_ref::<io::Error>() {
        Some(outer) => stream_fault(outer.get_ref()?),
        None => stream_fault(error.source()?),
    }
}

/// Faults of a decompressed stream that must survive the trip through `std::io::Error`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StreamFault {
    #[error("more than {limit} bytes")]
    TooLarge { limit: u64 },
    #[error("the {compression} stream ends too early")]
    Truncated { compression: &'static str },
}

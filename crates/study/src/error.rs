//! What can go wrong in a study, by cause.

use std::path::PathBuf;

/// A `Result` whose error is this crate's [`enum@Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The cause of any other crate's failure, kept as it came.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Everything that can go wrong in a study.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be read or written.
    #[error("cannot {action} {}: {source}{hint}", path.display(), hint = disk_hint(source))]
    File {
        /// What was tried: "read", "write", "create", ….
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A file could not be written; the one before it, if any, is untouched.
    #[error("{0}{hint}", hint = disk_hint(.0))]
    Write(std::io::Error),
    /// A setting is outside its range.
    #[error("setting `{field}` is {value}, expected {expected}")]
    Setting {
        /// The path of the field in the study file, such as `families[1].sizes[0].width`.
        field: String,
        /// The value found.
        value: String,
        /// What is allowed.
        expected: String,
    },
    /// A study file is not the JSON that this version reads.
    #[error("{}: {source}", path.display())]
    StudySyntax {
        /// The study file.
        path: PathBuf,
        /// Line, column and cause.
        source: serde_json::Error,
    },
    /// Another process works in the folder.
    #[error("{} is in use by another study ({holder}); wait for it or choose another folder", path.display())]
    Locked {
        /// The study folder.
        path: PathBuf,
        /// What the lock file says of its holder.
        holder: String,
    },
    /// The folder holds a study with other settings or other input.
    #[error(
        "{} holds a study with another {difference}; resume it with its own settings or choose another folder",
        path.display()
    )]
    OtherStudy {
        /// The study folder.
        path: PathBuf,
        /// The first field that differs, with both values.
        difference: String,
    },
    /// There is nothing to resume.
    #[error("{} holds no study to resume: study.json is not there", path.display())]
    NoStudy {
        /// The study folder.
        path: PathBuf,
    },
    /// A record cannot be trusted.
    #[error("{}: damaged record: {reason}", path.display())]
    DamagedRecord {
        /// The record file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The study was asked to stop.
    #[error("interrupted: {finished} runs are recorded in {}, the runs in progress are not; the same command goes on from there", path.display())]
    Interrupted {
        /// Runs on record.
        finished: usize,
        /// The study folder.
        path: PathBuf,
    },
    /// A run failed for a reason other than divergence.
    #[error("run {id} ({label}) failed: {source}")]
    Run {
        /// The run's identifier.
        id: String,
        /// What it was, in words.
        label: String,
        /// Why.
        source: Cause,
    },
    /// A file of molecules or structures cannot serve.
    #[error("{what} from {origin}: {source}")]
    Input {
        /// "molecules" or "structures".
        what: &'static str,
        /// The file, or the name of the embedded set.
        origin: String,
        /// Why.
        source: Cause,
    },
    /// There are fewer usable molecules or structures than the grid asks for.
    #[error(
        "{what} from {origin}: {have} usable, but the study needs {need} ({largest} for its largest training set, {validation} for validation)"
    )]
    TooFew {
        /// "molecules" or "structures".
        what: &'static str,
        /// The file, or the name of the embedded set.
        origin: String,
        /// Usable items.
        have: usize,
        /// Items needed.
        need: usize,
        /// The largest training set of the grid.
        largest: usize,
        /// The validation set.
        validation: usize,
    },
    /// A fit, an estimate or a plot failed.
    #[error("{what}: {source}")]
    Analysis {
        /// What was being computed.
        what: String,
        /// Why.
        source: Cause,
    },
    /// The device is not there or not built in.
    #[error(transparent)]
    Device(Cause),
    /// The pool of threads could not be made.
    #[error("cannot start {threads} threads: {source}")]
    Threads {
        /// Threads asked for.
        threads: usize,
        /// Why.
        source: Cause,
    },
}

/// A full disk is the one I/O failure where the user can do something at once.
fn disk_hint(source: &std::io::Error) -> &'static str {
    match source.kind() {
        std::io::ErrorKind::StorageFull
        | std::io::ErrorKind::QuotaExceeded
        | std::io::ErrorKind::FileTooLarge => {
            "; no record was damaged: make room and give the same command again"
        }
        _ => "",
    }
}

//! What can go wrong, by cause.

use std::path::PathBuf;

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Every way in which input can be refused. Epochs are counted from 1 throughout.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A window without an epoch: T = 0, or an end before its start.
    #[error("the window must hold at least one epoch (T at least 1), got epochs {first} to {last}")]
    EmptyWindow {
        /// First epoch of the window.
        first: usize,
        /// Last epoch of the window.
        last: usize,
    },
    /// A run is shorter than the window that was asked for.
    #[error("run {run}: it has {epochs} epochs, but epochs up to {asked} were asked for")]
    TooFewEpochs {
        /// Name of the run.
        run: String,
        /// Epochs that the run has.
        epochs: usize,
        /// Last epoch that was asked for.
        asked: usize,
    },
    /// TSE-E with more epochs than the window holds.
    #[error("TSE-E over the last {last} epochs needs a window of at least {last}, got {window}")]
    LastBeyondWindow {
        /// E, the number of last epochs.
        last: usize,
        /// Epochs in the window.
        window: usize,
    },
    /// An epoch in which no loss was recorded.
    #[error("run {run}: epoch {epoch} has no recorded loss")]
    EmptyEpoch {
        /// Name of the run.
        run: String,
        /// The epoch.
        epoch: usize,
    },
    /// A number outside of its allowed range.
    #[error("{name} must be {allowed}, got {value}")]
    OutOfRange {
        /// Name of the setting.
        name: &'static str,
        /// The allowed range in words.
        allowed: &'static str,
        /// What was given.
        value: f64,
    },
    /// Two lists that belong together have different lengths.
    #[error("expected as many {second} as {first}, got {first_len} and {second_len}")]
    Lengths {
        /// Name of the first list.
        first: &'static str,
        /// Name of the second list.
        second: &'static str,
        /// Length of the first list.
        first_len: usize,
        /// Length of the second list.
        second_len: usize,
    },
    /// Too few finished runs for what was asked.
    #[error("{what} needs at least {needed} completed runs with finite losses, got {got}")]
    TooFewRuns {
        /// The quantity.
        what: &'static str,
        /// How many it needs.
        needed: usize,
        /// How many there are.
        got: usize,
    },
    /// A line cannot be drawn through points that share one abscissa.
    #[error("all {runs} runs have the same score ({score}), so the slope of the line is undefined")]
    ConstantScore {
        /// Number of runs.
        runs: usize,
        /// The score that they share.
        score: f64,
    },
    /// A rule, a space or a driver with settings that contradict one another.
    #[error("{0}")]
    Settings(String),
    /// A report that does not fit the state of the driver.
    #[error("trial {trial}: {problem}")]
    Report {
        /// The trial that was reported on.
        trial: usize,
        /// What does not fit.
        problem: String,
    },
    /// A file that cannot be opened or read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// A table that lacks a column.
    #[error("{}: no column named {column:?}; the columns are {found:?}", path.display())]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// The column that is needed.
        column: String,
        /// The columns that are there.
        found: Vec<String>,
    },
    /// A row of a table that cannot be used.
    #[error("{}, line {line}: {problem}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// Line number, counted from 1 with the header.
        line: u64,
        /// What is wrong with the row.
        problem: String,
    },
    /// A table with no row in it.
    #[error("{}: there is no row of data", path.display())]
    NoRows {
        /// The file.
        path: PathBuf,
    },
}

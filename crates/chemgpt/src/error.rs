//! Errors of this crate.

use std::path::PathBuf;

/// Shorthand for results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong, by cause.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting outside its range.
    #[error("{field} is {value}, expected {allowed}")]
    Config {
        /// Name of the setting.
        field: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        allowed: &'static str,
    },
    /// A token outside the vocabulary.
    #[error("token {id} at row {row}, place {place} is outside the vocabulary of {vocab}")]
    TokenRange {
        /// The token.
        id: u32,
        /// Row of the batch.
        row: usize,
        /// Place in the row.
        place: usize,
        /// Number of tokens of the model.
        vocab: usize,
    },
    /// A sequence longer than the position table.
    #[error("a sequence of {length} tokens is longer than the {positions} positions of the model")]
    TooLong {
        /// Tokens of the sequence.
        length: usize,
        /// Rows of the position table.
        positions: usize,
    },
    /// Nothing to work on.
    #[error("{what} is empty")]
    Empty {
        /// What is empty.
        what: &'static str,
    },
    /// A text that is no SELFIES.
    #[error("entry {index} is no SELFIES: {reason}")]
    Selfies {
        /// Number of the entry, from 0.
        index: usize,
        /// Why.
        reason: String,
    },
    /// The beginning of a molecule cannot be used.
    #[error(transparent)]
    Prompt(#[from] crate::generate::PromptError),
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A file is damaged or of another format.
    #[error("{path}: {reason}")]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A weight file lacks a tensor.
    #[error("{path}: tensor `{name}` of shape {expected:?} is missing")]
    MissingTensor {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// The shape it should have.
        expected: Vec<usize>,
    },
    /// A tensor of a weight file has another shape than the configuration says.
    #[error("{path}: tensor `{name}` has shape {found:?}, expected {expected:?}")]
    TensorShape {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// The shape it should have.
        expected: Vec<usize>,
        /// The shape it has.
        found: Vec<usize>,
    },
    /// The loss is no longer a number, or grew beyond all bounds.
    #[error(
        "the loss is {loss} at step {step} (batch {batch}), last good checkpoint: {}",
        checkpoint.as_ref().map_or_else(|| "none".to_owned(), |path| path.display().to_string())
    )]
    Diverged {
        /// The step.
        step: u64,
        /// Number of the batch within its epoch.
        batch: u64,
        /// The loss.
        loss: f64,
        /// Where to go on from.
        checkpoint: Option<PathBuf>,
    },
    /// The run does not fit into memory.
    #[error("training needs about {needed_mib} MiB, {available_mib} MiB are free: {advice}")]
    Memory {
        /// Estimated need.
        needed_mib: u64,
        /// What there is.
        available_mib: u64,
        /// What would help.
        advice: &'static str,
    },
    /// The device cannot compute as asked.
    #[error("{device} does not compute in {precision}")]
    Precision {
        /// The device.
        device: String,
        /// What was asked for.
        precision: &'static str,
    },
    /// A device cannot be opened.
    #[error(transparent)]
    Device(#[from] backend::DeviceError),
    /// A folder holds a run with other settings.
    #[error("{path} holds a run with other settings: {field}")]
    OtherRun {
        /// The folder.
        path: PathBuf,
        /// What differs.
        field: String,
    },
    /// The optimiser's state is damaged.
    #[error(transparent)]
    OptimizerState(#[from] backend::optim::StateError),
    /// The metrics files cannot be used.
    #[error(transparent)]
    Metrics(#[from] backend::run::MetricsError),
    /// A file of the run cannot be written or read.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

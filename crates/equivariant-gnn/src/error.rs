//! What can go wrong between a file of structures and a trained potential.

use std::path::PathBuf;

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a potential could not be built, trained, stored or evaluated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A structure cannot be used.
    #[error("structure {index} ({formula})")]
    Structure {
        /// Index of the structure in the list that was given, from 0.
        index: usize,
        /// Its formula.
        formula: String,
        /// What is wrong with it.
        #[source]
        source: atoms::Error,
    },
    /// An element that the model has no embedding for, or no reference energy.
    #[error("structure {index}, atom {atom}: the model does not know the element {symbol}")]
    UnknownElement {
        /// Index of the structure, from 0.
        index: usize,
        /// Index of the atom, from 0.
        atom: usize,
        /// The element's symbol.
        symbol: &'static str,
    },
    /// A periodic structure for a model in which every atom sees every other.
    #[error(
        "structure {index} ({formula}) is periodic, and the model has no range at which its interactions end"
    )]
    NoRange {
        /// Index of the structure, from 0.
        index: usize,
        /// Its formula.
        formula: String,
    },
    /// A label that training needs is missing.
    #[error("structure {index} has no {label}")]
    MissingLabel {
        /// Index of the structure, from 0.
        index: usize,
        /// Which label.
        label: &'static str,
    },
    /// There is nothing to work on.
    #[error("{what} has no structures")]
    Empty {
        /// Which list.
        what: &'static str,
    },
    /// A setting is outside its range.
    #[error("{field} is {value}, expected {expected}")]
    Setting {
        /// The setting's name.
        field: &'static str,
        /// Its value.
        value: String,
        /// The range that is allowed.
        expected: &'static str,
    },
    /// The loss is not a number any more.
    #[error("the loss became {loss} in step {step} on structure {index} ({formula})")]
    NotANumber {
        /// The optimiser step, from 1.
        step: usize,
        /// The value of the loss.
        loss: f64,
        /// Index of the first structure with a prediction or label that is not finite.
        index: usize,
        /// Its formula.
        formula: String,
    },
    /// A prediction is not a number.
    #[error("structure {index}: the predicted {what} is not finite")]
    NotFinite {
        /// Index of the structure, from 0.
        index: usize,
        /// Which quantity.
        what: &'static str,
    },
    /// A weight is missing from a file, or has another shape than the architecture says.
    #[error("weight `{name}`: expected shape {expected:?}, got {got:?}")]
    WeightShape {
        /// The weight's name.
        name: String,
        /// The shape that the architecture asks for.
        expected: Vec<usize>,
        /// The shape in the file, or `None` if it is not there.
        got: Option<Vec<usize>>,
    },
    /// A weight in a file has a type that is no float.
    #[error("weight `{name}` has the type {dtype}, expected F32 or F64")]
    WeightType {
        /// The weight's name.
        name: String,
        /// The type in the file.
        dtype: String,
    },
    /// A model file is of another format version.
    #[error("{path} has the format version {found}, expected {expected}")]
    Version {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        found: u32,
        /// The version that this build reads.
        expected: u32,
    },
    /// The numbers in a file are in other units than this crate's.
    #[error("{path} is in {found}, expected {expected}")]
    Units {
        /// The file.
        path: PathBuf,
        /// The units in the file.
        found: String,
        /// This crate's units.
        expected: &'static str,
    },
    /// The members of an ensemble do not fit together.
    #[error("member {member} of the ensemble knows the elements {got}, the first one {expected}")]
    Members {
        /// Index of the member, from 0.
        member: usize,
        /// The elements that it knows.
        got: String,
        /// The elements that the first member knows.
        expected: String,
    },
    /// A conversation with another program broke off.
    #[error("the connection to {address} failed")]
    Socket {
        /// The other end.
        address: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file cannot be read or written.
    #[error("{path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// A JSON file does not say what it should.
    #[error("{path}")]
    Json {
        /// The file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: serde_json::Error,
    },
    /// A safetensors file is damaged.
    #[error("{path}")]
    Safetensors {
        /// The file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: safetensors::SafeTensorError,
    },
    /// A checkpoint belongs to another run.
    #[error("{path} belongs to a run with another {what}, give the run a folder of its own")]
    OtherRun {
        /// The checkpoint.
        path: PathBuf,
        /// What differs.
        what: &'static str,
    },
    /// A device cannot be opened.
    #[error(transparent)]
    Device(#[from] backend::DeviceError),
}

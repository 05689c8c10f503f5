#![doc = include_str!("../README.md")]

mod alphabet;
mod attribution;
pub mod batch;
mod constraints;
mod decode;
mod element;
mod encode;
mod error;
pub mod fingerprint;
pub mod graph;
pub mod kekulize;
pub mod metrics;
mod options;
pub mod smiles;
mod split;
mod symbol;
pub mod v1;

pub use alphabet::{Alphabet, AlphabetError, LabelError};
pub use attribution::{Attribution, Source};
pub use constraints::{ConstraintError, Constraints, Preset};
pub use decode::{
    Cause, DecodeOptions, Decoder, ExplainedSymbol, Explanation, RingNumbers, Role, decode,
};
pub use element::{Element, UnknownElement};
pub use encode::{EncodeOptions, Encoder, encode};
pub use error::{DecodeError, EncodeError, Violation};
pub use options::{Syntax, UnknownSyntax};
pub use split::{Split, SplitError, alphabet_of, length, split};
pub use symbol::{
    INDEX_SYMBOLS, InvalidSymbol, Symbol, index_from_symbols, index_value, symbols_from_index,
};

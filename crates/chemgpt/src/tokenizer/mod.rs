//! From SELFIES to token ids and back.

mod symbol;

pub use symbol::{END, PAD, SPECIAL_TOKENS, START, SymbolTokenizer, UNKNOWN};

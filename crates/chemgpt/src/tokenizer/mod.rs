//! From SELFIES to token ids and back.

mod general;
mod symbol;

pub use general::{Model, SpecialIds, Tokenizer};
pub use symbol::{END, PAD, SPECIAL_TOKENS, START, SymbolTokenizer, UNKNOWN};

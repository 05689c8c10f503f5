//! SELFIES 1: its rules, its symbols, and the way to SELFIES 2 and back.
//!
//! The Python package 1.0.4 differs from 2.x in more than spelling: rings do not
//! lower the state of the decoder, a branch never reaches beyond the branch
//! around it, boron is not constrained, ring digits follow the order in which
//! rings were made and begin anew in each fragment, and an atom is copied as it
//! stands, whether it exists or not. [`Decoder`](crate::Decoder) and
//! [`Encoder`](crate::Encoder) follow these rules under
//! [`Syntax::V1`](crate::Syntax::V1); the functions here translate symbols.

mod convert;
mod decode;
mod encode;
mod kekulize;
mod splitter;
mod text;

pub use convert::{modern_string, modern_symbol, old_string, old_symbol};
pub(crate) use decode::Decoder;
pub(crate) use encode::Encoder;
pub use encode::Fault;

/// The symbols that stand for 0 to 15 in SELFIES 1.
pub const INDEX_SYMBOLS: [&str; 16] = [
    "[C]",
    "[Ring1]",
    "[Ring2]",
    "[Branch1_1]",
    "[Branch1_2]",
    "[Branch1_3]",
    "[Branch2_1]",
    "[Branch2_2]",
    "[Branch2_3]",
    "[O]",
    "[N]",
    "[=N]",
    "[=C]",
    "[#C]",
    "[S]",
    "[P]",
];

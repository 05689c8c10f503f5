//! SELFIES 1: its symbols, its rules, and the way to SELFIES 2 and back.

mod convert;

pub use convert::modern_symbol;

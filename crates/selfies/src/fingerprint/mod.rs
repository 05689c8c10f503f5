//! Fingerprints: which atom environments a molecule has, as a set of bits.

mod bits;
mod morgan;

pub use bits::Fingerprint;
pub use morgan::{morgan, morgan_environments};

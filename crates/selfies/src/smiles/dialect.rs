//! Which texts count as SMILES.

use serde::{Deserialize, Serialize};

/// Which texts count as SMILES. The default is what the Python package reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dialect {
    /// Read `*` (also in brackets) and the four newest elements.
    pub wildcards: bool,
    /// Read `%(123)`, and take `1` and `%01` for the same number.
    pub long_ring_numbers: bool,
    /// Allow a ring number to be closed in a later fragment (`C1.C1`).
    pub rings_across_dots: bool,
}

impl Dialect {
    /// Exactly what the Python package reads.
    pub const REFERENCE: Self = Self {
        wildcards: false,
        long_ring_numbers: false,
        rings_across_dots: false,
    };
    /// Everything this reader can read.
    pub const OPEN: Self = Self {
        wildcards: true,
        long_ring_numbers: true,
        rings_across_dots: true,
    };
}

//! The size of a `SpookyNet` and which of its terms it has.

use serde::{Deserialize, Serialize};

use super::{Attention, dispersion::BUILT_IN, electrons::ROWS, residual::Mlp};
use crate::{
    batch::EVERY_PAIR,
    error::{Error, Result},
    models::settings::{at_least_one, positive},
    weights::Init,
};

/// The size of a `SpookyNet`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each physical term is there or not, independently of the others"
)]
pub struct SpookyNetConfig {
    /// Features per atom: C.
    pub width: usize,
    /// Interaction modules.
    pub depth: usize,
    /// Radial functions: K.
    pub functions: usize,
    /// The distance from which on atoms do not exchange messages (Å).
    pub cutoff: f64,
    /// The distance from which on charges and dispersion end (Å), at least the cutoff. `None` lets every
    /// atom see every other, which a periodic structure cannot have.
    pub range: Option<f64>,
    /// Residual blocks of each network.
    pub residual: ResidualConfig,
    /// How atoms of a molecule see each other regardless of distance.
    pub attention: Attention,
    /// Whether nuclei repel each other at short distances.
    pub repulsion: bool,
    /// Whether partial charges interact.
    pub electrostatics: bool,
    /// Whether there is D4 dispersion.
    pub dispersion: bool,
    /// Rows of the tables of dispersion: 18 for those built in (hydrogen to chlorine), 87 for those of a
    /// whole checkpoint.
    pub dispersion_rows: usize,
    /// Whether a fresh network starts with last layers of zero, blind to the geometry, as the authors' does.
    pub start_at_zero: bool,
    /// Seed of the random features of attention.
    pub seed: u64,
}

/// Residual blocks of the networks inside `SpookyNet`, named as in the authors' code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(
    missing_docs,
    reason = "the names are those of the networks in eqs. 5 to 18"
)]
pub struct ResidualConfig {
    pub electron: usize,
    pub pre: usize,
    pub local_x: usize,
    pub local_s: usize,
    pub local_p: usize,
    pub local_d: usize,
    pub local: usize,
    pub nonlocal_q: usize,
    pub nonlocal_k: usize,
    pub nonlocal_v: usize,
    pub post: usize,
    pub output: usize,
}

impl Default for ResidualConfig {
    /// One everywhere.
    fn default() -> Self {
        Self {
            electron: 1,
            pre: 1,
            local_x: 1,
            local_s: 1,
            local_p: 1,
            local_d: 1,
            local: 1,
            nonlocal_q: 1,
            nonlocal_k: 1,
            nonlocal_v: 1,
            post: 1,
            output: 1,
        }
    }
}

impl Default for SpookyNetConfig {
    /// 64 features, 3 modules and 16 radial functions up to 10 Bohr with all terms: the authors' code. The
    /// paper's own results are with 128 features and 6 modules.
    fn default() -> Self {
        Self {
            width: 64,
            depth: 3,
            functions: 16,
            cutoff: 5.291_772_105_638_412,
            range: None,
            residual: ResidualConfig::default(),
            attention: Attention::default(),
            repulsion: true,
            electrostatics: true,
            dispersion: true,
            dispersion_rows: BUILT_IN,
            start_at_zero: true,
            seed: 0,
        }
    }
}

impl SpookyNetConfig {
    /// The defaults with another width and depth.
    #[must_use]
    pub fn new(width: usize, depth: usize) -> Self {
        Self {
            width,
            depth,
            ..Self::default()
        }
    }

    /// The size of the paper's results: 128 features, 6 modules.
    #[must_use]
    pub fn paper() -> Self {
        Self::new(128, 6)
    }

    /// The same for periodic structures and large systems: charges and dispersion end at `range` (Å).
    #[must_use]
    pub fn with_range(self, range: f64) -> Self {
        Self {
            range: Some(range),
            ..self
        }
    }

    /// The same for a checkpoint of the authors' code: its attention, and its tables of all elements up
    /// to radon.
    #[must_use]
    pub fn for_checkpoint(self) -> Self {
        Self {
            attention: Attention::Compatible,
            dispersion_rows: ROWS,
            ..self
        }
    }

    /// Whether a term goes beyond the cutoff of the messages.
    pub(super) fn sees_far(&self) -> bool {
        self.electrostatics || self.dispersion
    }

    /// The distance that no pair of electrostatics and dispersion has (Å).
    pub(super) fn limit(&self) -> f64 {
        self.range.unwrap_or(EVERY_PAIR)
    }

    /// How the networks with this many blocks are made, with the last layer zero at the start or not.
    pub(super) fn mlp(&self, blocks: usize, last_at_zero: bool) -> Mlp {
        let start = |zero: bool| {
            if zero && self.start_at_zero {
                Init::Zero
            } else {
                Init::Orthogonal
            }
        };
        Mlp {
            blocks,
            bias: true,
            last: start(last_at_zero),
            second: start(true),
        }
    }

    /// The same for the networks of charge and spin, which have no bias.
    pub(super) fn electronic_mlp(&self) -> Mlp {
        Mlp {
            bias: false,
            ..self.mlp(self.residual.electron, true)
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        at_least_one("width", self.width)?;
        at_least_one("depth", self.depth)?;
        at_least_one("functions", self.functions)?;
        positive("cutoff", self.cutoff)?;
        let outside = |field, value: String, expected| {
            Err(Error::Setting {
                field,
                value,
                expected,
            })
        };
        if let Some(range) = self.range
            && !(range >= self.cutoff && range < EVERY_PAIR)
        {
            let expected = "at least the cutoff and below 1000000";
            return outside("range", range.to_string(), expected);
        }
        if self.dispersion && !(BUILT_IN..=ROWS).contains(&self.dispersion_rows) {
            let value = self.dispersion_rows.to_string();
            return outside("dispersion_rows", value, "18 to 87");
        }
        Ok(())
    }
}

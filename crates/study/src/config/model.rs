//! The settings of each family that the grid does not vary.

use serde::{Deserialize, Serialize};

use super::check;
use crate::error::Result;
use crate::spec::Size;

/// What a family trains.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Model {
    /// ChemGPT: a GPT-Neo decoder over SELFIES.
    Chemgpt(LanguageModel),
    /// PaiNN: equivariant message passing.
    Painn(Potential),
    /// SchNet: invariant message passing.
    Schnet(Potential),
}

/// Settings of ChemGPT.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LanguageModel {
    /// Tokens T of a packed row.
    pub context: usize,
    /// Attention heads H; must divide every width.
    pub heads: usize,
    /// Share of the steps that the learning rate takes to rise.
    pub warmup: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// Norm at which the gradient of the whole model is clipped.
    pub clip: f64,
}

/// Settings of a potential.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Potential {
    /// Cutoff of the neighbour list (Å).
    pub cutoff: f64,
    /// Radial basis functions.
    pub radial: usize,
    /// Share of the steps that the learning rate takes to rise.
    pub warmup: f64,
    /// Weight of the energy error (per atom) in the loss.
    pub energy_weight: f64,
    /// Weight of the force error in the loss.
    pub force_weight: f64,
    /// Norm at which the gradient of the whole model is clipped.
    pub clip: f64,
}

impl Model {
    pub(super) fn validate(&self, field: &str) -> Result<()> {
        match self {
            Self::Chemgpt(model) => {
                check(
                    &format!("{field}.context"),
                    model.context,
                    model.context >= 8,
                    "at least 8 tokens",
                )?;
                check(
                    &format!("{field}.heads"),
                    model.heads,
                    model.heads >= 1,
                    "at least 1",
                )?;
                share(&format!("{field}.warmup"), model.warmup)?;
                not_negative(&format!("{field}.weight_decay"), model.weight_decay)?;
                positive(&format!("{field}.clip"), model.clip)
            }
            Self::Painn(model) | Self::Schnet(model) => {
                let sane = model.cutoff > 0.5 && model.cutoff <= 20.0;
                check(
                    &format!("{field}.cutoff"),
                    model.cutoff,
                    sane,
                    "0.5 to 20 Å",
                )?;
                check(
                    &format!("{field}.radial"),
                    model.radial,
                    model.radial >= 2,
                    "at least 2",
                )?;
                share(&format!("{field}.warmup"), model.warmup)?;
                not_negative(&format!("{field}.energy_weight"), model.energy_weight)?;
                not_negative(&format!("{field}.force_weight"), model.force_weight)?;
                positive(&format!("{field}.clip"), model.clip)
            }
        }
    }

    pub(super) fn validate_size(&self, field: &str, size: Size) -> Result<()> {
        check(
            &format!("{field}.depth"),
            size.depth,
            size.depth >= 1,
            "at least 1",
        )?;
        let (divisor, why) = match self {
            Self::Chemgpt(model) => (model.heads, "the number of heads"),
            Self::Painn(_) | Self::Schnet(_) => (2, "2, for the halved width of the energy head"),
        };
        let divides = size.width >= divisor && size.width.is_multiple_of(divisor);
        check(
            &format!("{field}.width"),
            size.width,
            divides,
            &format!("a multiple of {divisor}, {why}"),
        )
    }
}

fn share(field: &str, value: f64) -> Result<()> {
    check(
        field,
        value,
        (0.0..1.0).contains(&value),
        "0 up to, but not, 1",
    )
}

fn not_negative(field: &str, value: f64) -> Result<()> {
    check(field, value, value.is_finite() && value >= 0.0, "0 or more")
}

fn positive(field: &str, value: f64) -> Result<()> {
    check(field, value, value.is_finite() && value > 0.0, "above 0")
}

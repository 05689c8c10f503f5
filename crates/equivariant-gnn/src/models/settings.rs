//! Checks of settings that architectures share.

use std::ops::RangeInclusive;

use super::Elements;
use crate::error::{Error, Result};

/// A size that must be at least one.
pub(super) fn at_least_one(field: &'static str, value: usize) -> Result<()> {
    within(field, value, 1..=usize::MAX, "at least 1")
}

/// Sizes that must each be at least one.
pub(super) fn each_at_least_one(field: &'static str, values: &[usize]) -> Result<()> {
    values
        .iter()
        .try_for_each(|value| at_least_one(field, *value))
}

/// A number that must be in a range, which `expected` puts into words.
pub(super) fn within(
    field: &'static str,
    value: usize,
    range: RangeInclusive<usize>,
    expected: &'static str,
) -> Result<()> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(Error::Setting {
        field,
        value: value.to_string(),
        expected,
    })
}

/// A length that must be positive and finite.
pub(super) fn positive(field: &'static str, value: f64) -> Result<()> {
    if value > 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(Error::Setting {
        field,
        value: value.to_string(),
        expected: "a positive number",
    })
}

/// What Allegro, `NequIP` and MACE say alike about an atom and its neighbours.
pub(super) struct Neighbourhood<'a> {
    pub(super) elements: &'a Elements,
    pub(super) cutoff: f64,
    pub(super) cutoff_power: u32,
    pub(super) functions: usize,
    pub(super) neighbours: f64,
    pub(super) depth: usize,
}

impl Neighbourhood<'_> {
    pub(super) fn validate(&self) -> Result<()> {
        self.elements.validate()?;
        positive("cutoff", self.cutoff)?;
        positive("neighbours", self.neighbours)?;
        at_least_one("functions", self.functions)?;
        at_least_one("depth", self.depth)?;
        let power = self.cutoff_power as usize;
        within("cutoff_power", power, 2..=64, "2 to 64")
    }
}

//! Weights by name, on their way into the order of the kernels.

use super::dense::Dense;
use crate::weights::{Named, Weights};

/// The named numbers of a model.
pub(super) struct Source(Named);

impl Source {
    pub(super) fn new(weights: &Weights) -> Self {
        Self(weights.to_named())
    }

    /// The numbers of a weight or a buffer, row by row.
    ///
    /// # Panics
    /// If the model has not declared the name.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the numbers come from a potential in float32"
    )]
    pub(super) fn numbers(&self, name: &str) -> Vec<f32> {
        let (_, values) = &self.0[name];
        values.iter().map(|x| *x as f32).collect()
    }

    /// The layer `{name}.weight` with `{name}.bias`, if there is one, forward and backward.
    pub(super) fn dense(&self, name: &str, inputs: usize) -> (Dense, Dense) {
        let bias = format!("{name}.bias");
        let bias = if self.0.contains_key(&bias) {
            self.numbers(&bias)
        } else {
            Vec::new()
        };
        both(&self.numbers(&format!("{name}.weight")), &bias, inputs)
    }

    /// The same with blocks of so many outputs each, in this order.
    pub(super) fn dense_blocks(
        &self,
        name: &str,
        inputs: usize,
        outputs: usize,
        blocks: &[usize],
    ) -> (Dense, Dense) {
        let weight = self.numbers(&format!("{name}.weight"));
        let bias = self.numbers(&format!("{name}.bias"));
        let select = |values: &[f32], length: usize| -> Vec<f32> {
            let block = |&b: &usize| &values[b * length..][..length];
            blocks.iter().flat_map(block).copied().collect()
        };
        both(
            &select(&weight, outputs * inputs),
            &select(&bias, outputs),
            inputs,
        )
    }
}

fn both(weight: &[f32], bias: &[f32], inputs: usize) -> (Dense, Dense) {
    (
        Dense::new(weight, bias, inputs),
        Dense::backward(weight, inputs),
    )
}

//! The GPT-Neo decoder.
//!
//! Pre-norm blocks with unscaled attention, alternating global and local layers, `gelu_new`, and an output layer that
//! shares the token table. Matrices are stored \[out, in\] as PyTorch stores them; the three attention projections are
//! one matrix of 3C rows, in the order query, key, value.
//!
//! Axis letters: B rows, T tokens, N = B T, C width, H heads, F hidden width, V vocabulary.
//!
//! # References
//! `transformers`' `GPTNeoForCausalLM`; Black et al., GPT-Neo (2021), <https://doi.org/10.5281/zenodo.5297715>.

mod fused;
mod gradients;
mod initial;
mod plain;
mod precision;
mod weights;

use backend::custom::HostTensor;
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

pub use precision::Precision;
pub use weights::NamedTensor;

use crate::batch::Batch;
use crate::config::ChemGptConfig;
use crate::error::Result;

/// Scale and shift of a layer normalisation, each \[C\].
#[derive(Module, Debug)]
pub struct Norm {
    /// Scale.
    pub weight: Param<Tensor<1>>,
    /// Shift.
    pub bias: Param<Tensor<1>>,
}

/// A matrix \[out, in\] with a bias \[out\].
#[derive(Module, Debug)]
pub struct Affine {
    /// Matrix.
    pub weight: Param<Tensor<2>>,
    /// Shift.
    pub bias: Param<Tensor<1>>,
}

/// One decoder block.
#[derive(Module, Debug)]
pub struct Block {
    /// Normalisation before attention.
    pub norm_1: Norm,
    /// Query, key, and value projections, \[3C, C\].
    pub qkv: Param<Tensor<2>>,
    /// Projection of the heads back to the width, \[C, C\].
    pub output: Affine,
    /// Normalisation before the MLP.
    pub norm_2: Norm,
    /// First layer of the MLP, \[F, C\].
    pub fc: Affine,
    /// Second layer of the MLP, \[C, F\].
    pub project: Affine,
}

/// A GPT-Neo language model.
#[derive(Module, Debug)]
pub struct ChemGpt {
    /// Token table, \[V, C\]; also the output layer.
    pub tokens: Param<Tensor<2>>,
    /// Position table, \[P, C\].
    pub positions: Param<Tensor<2>>,
    /// The blocks.
    pub blocks: Vec<Block>,
    /// Normalisation before the output layer.
    pub norm: Norm,
    #[module(skip)]
    config: ChemGptConfig,
    #[module(skip)]
    fused: bool,
    #[module(skip)]
    recompute: bool,
    #[module(skip)]
    precision: Precision,
}

impl ChemGpt {
    /// The shape.
    #[must_use]
    pub fn config(&self) -> &ChemGptConfig {
        &self.config
    }

    /// Where the parameters are.
    #[must_use]
    pub fn device(&self) -> Device {
        self.tokens.val().device()
    }

    /// Logits of the next token at each place.
    ///
    /// # Shapes
    /// \[B, T\] tokens → \[B, T, V\].
    ///
    /// # Errors
    /// A token or a position that the model does not have.
    pub fn logits(&self, batch: &Batch) -> Result<Tensor<3>> {
        let hidden = self.hidden(batch)?; // [N, C]
        let logits = self.precision.product(hidden, self.tokens.val()); // [N, V]
        Ok(logits.reshape([batch.rows, batch.length, self.config.vocab])) // [B, T, V]
    }

    /// The stream after the last normalisation.
    ///
    /// # Shapes
    /// \[B, T\] tokens → \[N, C\].
    ///
    /// # Errors
    /// A token or a position that the model does not have.
    pub fn hidden(&self, batch: &Batch) -> Result<Tensor<2>> {
        let x = self.stream(batch, &mut |_| {})?; // [N, C]
        Ok(self.norm.forward(x, self.config.epsilon)) // [N, C]
    }

    /// The stream before the first block, after each block but the last, and after the last normalisation: layers + 1
    /// tensors, as `output_hidden_states` of `transformers` gives them.
    ///
    /// # Shapes
    /// \[B, T\] tokens → layers + 1 times \[N, C\].
    ///
    /// # Errors
    /// A token or a position that the model does not have.
    pub fn hidden_states(&self, batch: &Batch) -> Result<Vec<Tensor<2>>> {
        let mut states = Vec::with_capacity(self.config.layers + 1);
        let x = self.stream(batch, &mut |x| states.push(x.clone()))?;
        states.push(self.norm.forward(x, self.config.epsilon));
        Ok(states)
    }

    /// The stream after the last block, before the last normalisation; `each` sees the input of every block.
    fn stream(&self, batch: &Batch, each: &mut dyn FnMut(&Tensor<2>)) -> Result<Tensor<2>> {
        batch.validate(&self.config)?;
        if self.fuses()
            && let Some(x) = self.fused_stream(batch, each)
        {
            return Ok(x);
        }
        let masks = plain::Masks::new(&self.config, batch, &self.device());
        let mut x = plain::embed(self.tokens.val(), self.positions.val(), batch); // [N, C]
        for (index, block) in self.blocks.iter().enumerate() {
            each(&x);
            let mask = masks.of(self.config.kind(index));
            x = block.forward(x, &self.config, batch, mask, self.precision);
        }
        Ok(x)
    }

    /// Sum of −ln p(target) over the targets that count, divided by `items` (the number of such targets for the mean).
    ///
    /// A batch given in parts uses the number of the whole batch, so that gradients of the parts add up.
    ///
    /// # Shapes
    /// \[B, T\] tokens → \[1\], nats.
    ///
    /// # Errors
    /// A token or a position that the model does not have.
    pub fn loss_over(&self, batch: &Batch, items: usize) -> Result<Tensor<1>> {
        let x = self.stream(batch, &mut |_| {})?; // [N, C]
        if self.fuses()
            && let Some(loss) = self.fused_loss(x.clone(), batch, items)
        {
            return Ok(loss);
        }
        let hidden = self.norm.forward(x, self.config.epsilon); // [N, C]
        Ok(plain::cross_entropy(
            hidden,
            self.tokens.val(),
            batch,
            items,
            self.precision,
        ))
    }

    /// Mean of −ln p(target) over the targets that count, nats a token.
    ///
    /// # Errors
    /// A token or a position that the model does not have.
    pub fn loss(&self, batch: &Batch) -> Result<Tensor<1>> {
        self.loss_over(batch, batch.target_count().max(1))
    }

    /// ln p(target) of each target, 0 where the target does not count.
    ///
    /// # Shapes
    /// \[B, T\] tokens → \[B T\] numbers on the host.
    ///
    /// # Errors
    /// A token or a position that the model does not have.
    pub fn log_probabilities(&self, batch: &Batch) -> Result<Vec<f32>> {
        let hidden = self.hidden(batch)?; // [N, C]
        Ok(plain::log_probabilities(
            hidden,
            self.tokens.val(),
            batch,
            self.precision,
        ))
    }

    /// The same model without an autodiff graph, for inference.
    #[must_use]
    pub fn without_graph(&self) -> Self {
        self.valid()
    }

    /// Whether to use the operations of this crate that do a whole block at once. They need float32 parameters in host
    /// memory; elsewhere the model uses ordinary tensor operations whatever this says. On by default.
    #[must_use]
    pub fn with_fused_operations(mut self, fused: bool) -> Self {
        self.fused = fused;
        self
    }

    /// Whether the operations of this crate that do a whole block at once are on.
    #[must_use]
    pub fn uses_fused_operations(&self) -> bool {
        self.fused
    }

    /// Whether this model computes by the operations of this crate that do a whole block at once.
    fn fuses(&self) -> bool {
        self.fused
            && self.precision == Precision::Float32
            && HostTensor::of(self.tokens.val().inner()).is_some()
    }

    /// Whether the backward pass computes the inside of each block again instead of keeping it: about a third more
    /// time, and a tenth of the memory. Off by default. [`loss_gradients`](Self::loss_gradients) knows it on every
    /// device; the graph of [`loss_over`](Self::loss_over) only where the fused operations are in use.
    #[must_use]
    pub fn with_recomputation(mut self, recompute: bool) -> Self {
        self.recompute = recompute;
        self
    }

    /// Whether the backward pass computes the inside of each block again.
    #[must_use]
    pub fn recomputes(&self) -> bool {
        self.recompute
    }

    /// The numbers in which matrix products are computed; float32 by default. Parameters, and so an optimiser's master
    /// weights, are float32 whatever this says.
    ///
    /// # Errors
    /// [`Error::Precision`](crate::Error::Precision) when the device of the parameters does not know the numbers.
    pub fn with_precision(mut self, precision: Precision) -> Result<Self> {
        precision.check(&self.device())?;
        self.precision = precision;
        Ok(self)
    }

    /// The numbers in which matrix products are computed.
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.precision
    }
}

//! Loss and gradients of a batch: by one graph, or block by block.
//!
//! Axis letters: N tokens of the batch, C width.

use backend::optim::accumulate;
use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use super::{ChemGpt, plain};
use crate::batch::Batch;
use crate::error::Result;

impl ChemGpt {
    /// The loss of [`loss_over`](Self::loss_over) and its gradients. With
    /// [`with_recomputation`](Self::with_recomputation) only the input of each block is kept on the way forward, and the
    /// inside of a block is computed again on the way back, whether or not the fused operations are in use.
    ///
    /// # Errors
    /// A token or a position that the model does not have.
    ///
    /// # Panics
    /// When the model is not on an autodiff device.
    pub fn loss_gradients(&self, batch: &Batch, items: usize) -> Result<(f64, GradientsParams)> {
        if self.recompute && !self.fuses() {
            return self.block_by_block(batch, items);
        }
        let loss = self.loss_over(batch, items)?;
        let value = f64::from(loss.clone().into_scalar::<f32>());
        Ok((value, GradientsParams::from_grads(loss.backward(), self)))
    }

    fn block_by_block(&self, batch: &Batch, items: usize) -> Result<(f64, GradientsParams)> {
        batch.validate(&self.config)?;
        let inputs = self.valid().block_inputs(batch);
        let masks = plain::Masks::new(&self.config, batch, &self.device());
        let mut inputs = inputs.into_iter().rev();
        let x = leaf(inputs.next().expect("the last block has an output"));
        let hidden = self.norm.forward(x.clone(), self.config.epsilon); // [N, C]
        let loss = plain::cross_entropy(hidden, self.tokens.val(), batch, items, self.precision);
        let value = f64::from(loss.clone().into_scalar::<f32>());
        let (mut gradient, mut total) = self.backward_of(&loss, &x, None);
        for ((index, block), input) in self.blocks.iter().enumerate().rev().zip(inputs) {
            let x = leaf(input);
            let mask = masks.of(self.config.kind(index));
            let out = block.forward(x.clone(), &self.config, batch, mask, self.precision);
            // The gradient of Σ out · g with respect to anything is what g at `out` sends back to it.
            let carried = (out * Tensor::from_inner(gradient)).sum();
            (gradient, total) = self.backward_of(&carried, &x, Some(total));
        }
        let x = plain::embed(self.tokens.val(), self.positions.val(), batch); // [N, C]
        let carried = (x * Tensor::from_inner(gradient)).sum();
        let part = GradientsParams::from_grads(carried.backward(), self);
        Ok((value, accumulate(self, Some(total), part)))
    }

    /// The gradient of `x`, and those of the parameters added to `total`.
    fn backward_of(
        &self,
        loss: &Tensor<1>,
        x: &Tensor<2>,
        total: Option<GradientsParams>,
    ) -> (Tensor<2>, GradientsParams) {
        let gradients = loss.backward();
        let of_x = x
            .grad(&gradients)
            .expect("the loss is a function of the leaf");
        let part = GradientsParams::from_grads(gradients, self);
        (of_x, accumulate(self, total, part))
    }

    /// The stream before each block and after the last one, by ordinary operations.
    fn block_inputs(&self, batch: &Batch) -> Vec<Tensor<2>> {
        let masks = plain::Masks::new(&self.config, batch, &self.device());
        let mut x = plain::embed(self.tokens.val(), self.positions.val(), batch);
        let mut inputs = Vec::with_capacity(self.blocks.len() + 1);
        for (index, block) in self.blocks.iter().enumerate() {
            let mask = masks.of(self.config.kind(index));
            let out = block.forward(x.clone(), &self.config, batch, mask, self.precision);
            inputs.push(x);
            x = out;
        }
        inputs.push(x);
        inputs
    }
}

/// A tensor outside any graph as the start of a new one.
fn leaf(x: Tensor<2>) -> Tensor<2> {
    Tensor::from_inner(x).require_grad()
}

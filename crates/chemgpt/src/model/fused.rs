//! The forward pass by the operations of `cpu`, where the parameters are float32 numbers in host memory.

use std::sync::Arc;

use backend::custom::{self, Input};
use burn::module::Param;
use burn::tensor::Tensor;

use super::{Block, ChemGpt};
use crate::batch::Batch;
use crate::config::AttentionKind;
use crate::cpu::{BlockOp, EmbedOp, LossOp};

impl ChemGpt {
    /// As [`stream`](Self::stream), or `None` when the parameters are elsewhere.
    pub(super) fn fused_stream(
        &self,
        batch: &Batch,
        each: &mut dyn FnMut(&Tensor<2>),
    ) -> Option<Tensor<2>> {
        let config = &self.config;
        let (b, t, c) = (batch.rows, batch.length, config.width);
        let tables = [take(&self.tokens)?, take(&self.positions)?];
        let places = batch.positions.clone().unwrap_or_else(|| {
            let row = 0..u32::try_from(t).expect("rows are shorter than 2^32 tokens");
            (0..b).flat_map(|_| row.clone()).collect()
        });
        let embed = EmbedOp {
            width: c,
            ids: Arc::new(batch.ids.clone()),
            places: Arc::new(places),
        };
        let first = batch.first.clone().map(Arc::new);
        let mut x: Tensor<2> = custom::apply(&embed, tables, [b * t, c]);
        for (index, block) in self.blocks.iter().enumerate() {
            each(&x);
            let op = BlockOp {
                rows: b,
                length: t,
                width: c,
                heads: config.heads,
                hidden: config.hidden_width(),
                window: match config.kind(index) {
                    AttentionKind::Global => t,
                    AttentionKind::Local => config.window,
                },
                epsilon: narrow(config.epsilon),
                first: first.clone(),
                recompute: self.recompute,
            };
            x = custom::apply(&op, block.inputs(x)?, [b * t, c]);
        }
        Some(x)
    }

    /// Last normalisation, output layer, and cross-entropy of the stream, or `None` when the parameters are elsewhere.
    pub(super) fn fused_loss(
        &self,
        x: Tensor<2>,
        batch: &Batch,
        items: usize,
    ) -> Option<Tensor<1>> {
        let inputs = [
            custom::input(x)?,
            take(&self.norm.weight)?,
            take(&self.norm.bias)?,
            take(&self.tokens)?,
        ];
        let op = LossOp {
            width: self.config.width,
            vocab: self.config.vocab,
            epsilon: narrow(self.config.epsilon),
            targets: Arc::new(batch.resolved_targets()),
            items,
        };
        Some(custom::apply(&op, inputs, [1]))
    }
}

impl Block {
    fn inputs(&self, x: Tensor<2>) -> Option<[Input; 12]> {
        Some([
            custom::input(x)?,
            take(&self.norm_1.weight)?,
            take(&self.norm_1.bias)?,
            take(&self.qkv)?,
            take(&self.output.weight)?,
            take(&self.output.bias)?,
            take(&self.norm_2.weight)?,
            take(&self.norm_2.bias)?,
            take(&self.fc.weight)?,
            take(&self.fc.bias)?,
            take(&self.project.weight)?,
            take(&self.project.bias)?,
        ])
    }
}

fn take<const D: usize>(param: &Param<Tensor<D>>) -> Option<Input> {
    custom::input(param.val())
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the operations run in float32"
)]
fn narrow(value: f64) -> f32 {
    value as f32
}

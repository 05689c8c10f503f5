//! Where the next logits come from: the host's decoder, or tensor operations on any other device.

use burn::tensor::activation::{gelu_approximate, softmax};
use burn::tensor::{DType, Int, Tensor, TensorData};

use crate::config::AttentionKind;
use crate::cpu::HostDecoder;
use crate::error::{Error, Result};
use crate::model::{Affine, ChemGpt, Norm};

/// Sequences in slots that all stand at the same position.
pub(super) enum Engine {
    Host(Box<HostDecoder>),
    Tensors(Box<TensorDecoder>),
}

impl Engine {
    /// Room for `slots` sequences of `capacity` tokens.
    ///
    /// # Errors
    /// [`Error::TooLong`] when the model has fewer positions.
    pub(super) fn new(model: &ChemGpt, slots: usize, capacity: usize) -> Result<Self> {
        let positions = model.config().positions;
        if capacity > positions {
            return Err(Error::TooLong {
                length: capacity,
                positions,
            });
        }
        let host = if model.uses_fused_operations() {
            HostDecoder::new(model, slots, capacity)
        } else {
            None
        };
        Ok(match host {
            Some(host) => Self::Host(Box::new(host)),
            None => Self::Tensors(Box::new(TensorDecoder::new(model, slots, capacity))),
        })
    }

    /// Takes one token in each of `slots`, which all stand at `position`; gives the next logits, \[slots, V\].
    pub(super) fn step(&mut self, slots: &[usize], position: usize, tokens: &[u32]) -> Vec<f32> {
        match self {
            Self::Host(host) => host.step(slots, position, tokens),
            Self::Tensors(tensors) => tensors.step(slots, position, tokens),
        }
    }

    /// Slot i becomes a copy of slot `parents[i]`.
    pub(super) fn reorder(&mut self, parents: &[usize]) {
        match self {
            Self::Host(host) => host.reorder(parents),
            Self::Tensors(tensors) => tensors.reorder(parents),
        }
    }
}

/// Decoding by tensor operations; keys and values are written into tensors of full capacity, \[B, H, T, C/H\].
pub(super) struct TensorDecoder {
    model: ChemGpt,
    slots: usize,
    cache: Vec<[Tensor<4>; 2]>,
}

impl TensorDecoder {
    fn new(model: &ChemGpt, slots: usize, capacity: usize) -> Self {
        let model = model.without_graph();
        let (c, h) = (model.config().width, model.config().heads);
        let device = model.device();
        let kind = model.tokens.val().dtype();
        let empty = || Tensor::<4>::zeros([slots, h, capacity, c / h], &device).cast(kind);
        let cache = (0..model.blocks.len())
            .map(|_| [empty(), empty()])
            .collect();
        Self {
            model,
            slots,
            cache,
        }
    }

    fn step(&mut self, slots: &[usize], position: usize, tokens: &[u32]) -> Vec<f32> {
        let config = self.model.config().clone();
        let (b, c, h) = (self.slots, config.width, config.heads);
        let device = self.model.device();
        let mut ids = vec![0_i64; b];
        for (&slot, &token) in slots.iter().zip(tokens) {
            ids[slot] = i64::from(token);
        }
        let ids = Tensor::<1, Int>::from_data(TensorData::new(ids, [b]), &device);
        let place = self.model.positions.val().slice([position..=position]);
        let mut x = self.model.tokens.val().select(0, ids) + place; // [B, C]
        for (index, block) in self.model.blocks.iter().enumerate() {
            let normed = norm(&block.norm_1, x.clone(), config.epsilon);
            let qkv = normed.matmul(block.qkv.val().transpose()); // [B, 3C]
            let [q, k, v] = [0, 1, 2].map(|part| {
                qkv.clone()
                    .slice([0..b, part * c..(part + 1) * c])
                    .reshape([b, h, 1, c / h])
            });
            let [keys, values] = &mut self.cache[index];
            let here = [0..b, 0..h, position..position + 1, 0..c / h];
            *keys = keys.clone().slice_assign(here.clone(), k);
            *values = values.clone().slice_assign(here, v);
            let lowest = match config.kind(index) {
                AttentionKind::Global => 0,
                AttentionKind::Local => (position + 1).saturating_sub(config.window),
            };
            let seen = [0..b, 0..h, lowest..position + 1, 0..c / h];
            let kind = q.dtype();
            let keys = keys.clone().slice(seen.clone()).cast(DType::F32);
            let scores = q.cast(DType::F32).matmul(keys.transpose()); // [B, H, 1, T]
            let weights = softmax(scores, 3).cast(kind);
            let heads = weights.matmul(values.clone().slice(seen)).reshape([b, c]);
            x = x + affine(&block.output, heads);
            let normed = norm(&block.norm_2, x.clone(), config.epsilon);
            let inner = gelu_approximate(affine(&block.fc, normed)); // [B, F]
            x = x + affine(&block.project, inner);
        }
        let x = norm(&self.model.norm, x, config.epsilon);
        let logits = x.matmul(self.model.tokens.val().transpose()); // [B, V]
        let all: Vec<f32> = logits
            .cast(DType::F32)
            .into_data()
            .try_into_vec()
            .expect("the logits were cast to float32");
        let row = |slot: &usize| {
            all[slot * config.vocab..(slot + 1) * config.vocab]
                .iter()
                .copied()
        };
        slots.iter().flat_map(row).collect()
    }

    fn reorder(&mut self, parents: &[usize]) {
        let device = self.model.device();
        let mut rows: Vec<i64> = (0..).take(self.slots).collect();
        for (row, &parent) in rows.iter_mut().zip(parents) {
            *row = i64::try_from(parent).expect("slots are few");
        }
        let rows = Tensor::<1, Int>::from_data(TensorData::new(rows, [self.slots]), &device);
        for pair in &mut self.cache {
            *pair = pair.clone().map(|tensor| tensor.select(0, rows.clone()));
        }
    }
}

fn norm(norm: &Norm, x: Tensor<2>, epsilon: f64) -> Tensor<2> {
    norm.forward(x, epsilon)
}

fn affine(layer: &Affine, x: Tensor<2>) -> Tensor<2> {
    x.matmul(layer.weight.val().transpose()) + layer.bias.val().unsqueeze::<2>()
}

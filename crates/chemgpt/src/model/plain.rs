//! The forward pass in ordinary Burn operations: it runs on every device and Burn differentiates it.

use burn::tensor::activation::{log_softmax, softmax};
use burn::tensor::{Bool, Device, Int, Tensor, TensorData};

use super::{Block, Norm, Precision};
use crate::batch::{Batch, IGNORED};
use crate::config::{AttentionKind, ChemGptConfig};

/// For each kind of layer, which pairs of tokens are hidden, \[B or 1, 1, T, T\].
pub(super) struct Masks {
    global: Tensor<4, Bool>,
    local: Tensor<4, Bool>,
}

impl Masks {
    pub(super) fn new(config: &ChemGptConfig, batch: &Batch, device: &Device) -> Self {
        let t = batch.length;
        let global = hidden_pairs(batch, t);
        let local = if config.window >= t {
            global.clone()
        } else {
            hidden_pairs(batch, config.window)
        };
        let rows = global.len() / (t * t);
        let [global, local] = [global, local].map(|values| {
            Tensor::<4, Bool>::from_data(TensorData::new(values, [rows, 1, t, t]), device)
        });
        Self { global, local }
    }

    pub(super) fn of(&self, kind: AttentionKind) -> &Tensor<4, Bool> {
        match kind {
            AttentionKind::Global => &self.global,
            AttentionKind::Local => &self.local,
        }
    }
}

/// Row i hides j unless max(first, i − window + 1) ≤ j ≤ i.
fn hidden_pairs(batch: &Batch, window: usize) -> Vec<bool> {
    let t = batch.length;
    let rows = if batch.first.is_some() { batch.rows } else { 1 };
    let mut hidden = Vec::with_capacity(rows * t * t);
    for row in 0..rows {
        for i in 0..t {
            let first = batch
                .first
                .as_ref()
                .map_or(0, |first| first[row * t + i] as usize);
            let lowest = first.max((i + 1).saturating_sub(window));
            hidden.extend((0..t).map(|j| j < lowest || j > i));
        }
    }
    hidden
}

/// Sum of the rows of both tables, \[N, C\].
pub(super) fn embed(tokens: Tensor<2>, positions: Tensor<2>, batch: &Batch) -> Tensor<2> {
    let device = tokens.device();
    let ids = index_tensor(&batch.ids, &device); // [N]
    let places = match &batch.positions {
        Some(places) => index_tensor(places, &device),
        None => {
            Tensor::<1, Int>::arange(0..to_i64(batch.length), &device).repeat_dim(0, batch.rows)
        }
    }; // [N]
    tokens.select(0, ids) + positions.select(0, places) // [N, C]
}

impl Norm {
    /// Normalises each row: \[N, C\] → \[N, C\].
    pub(crate) fn forward(&self, x: Tensor<2>, epsilon: f64) -> Tensor<2> {
        let mean = x.clone().mean_dim(1); // [N, 1]
        let centred = x - mean;
        let variance = centred.clone().square().mean_dim(1); // [N, 1]
        let scaled = centred / variance.add_scalar(epsilon).sqrt();
        scaled * self.weight.val().unsqueeze() + self.bias.val().unsqueeze()
    }
}

impl Block {
    /// Attention, then the MLP, each added to the stream: \[N, C\] → \[N, C\].
    pub(super) fn forward(
        &self,
        x: Tensor<2>,
        config: &ChemGptConfig,
        batch: &Batch,
        hidden_pairs: &Tensor<4, Bool>,
        precision: Precision,
    ) -> Tensor<2> {
        let [b, t, h, c] = [batch.rows, batch.length, config.heads, config.width];
        let normed = self.norm_1.forward(x.clone(), config.epsilon);
        let qkv = precision.product(normed, self.qkv.val()); // [N, 3C]
        let [q, k, v] = [0, 1, 2].map(|part| {
            qkv.clone()
                .slice([0..b * t, part * c..(part + 1) * c])
                .reshape([b, t, h, c / h])
                .swap_dims(1, 2) // [B, H, T, C/H]
        });
        // GPT-Neo does not divide by the root of the head's width, and keeps the scores in float32.
        let scores = q.matmul(k.transpose()); // [B, H, T, T]
        let hidden = hidden_pairs.clone().expand([b, h, t, t]);
        let weights = softmax(scores.mask_fill(hidden, f32::MIN), 3);
        let heads = precision.matmul(weights, v); // [B, H, T, C/H]
        let heads = heads.swap_dims(1, 2).reshape([b * t, c]); // [N, C]
        let attended = precision.product(heads, self.output.weight.val())
            + self.output.bias.val().unsqueeze::<2>();
        let x = x + attended; // [N, C]
        let normed = self.norm_2.forward(x.clone(), config.epsilon);
        let inner =
            precision.product(normed, self.fc.weight.val()) + self.fc.bias.val().unsqueeze::<2>(); // [N, F]
        let outer = precision.product(gelu_new(inner), self.project.weight.val())
            + self.project.bias.val().unsqueeze::<2>();
        x + outer // [N, C]
    }
}

/// 0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³))), the approximation that GPT-Neo was trained with.
fn gelu_new(x: Tensor<2>) -> Tensor<2> {
    let root = (2.0 / std::f64::consts::PI).sqrt();
    let inner = (x.clone() + x.clone().powi_scalar(3).mul_scalar(0.044_715)).mul_scalar(root);
    x.mul_scalar(0.5) * inner.tanh().add_scalar(1.0)
}

/// Logarithms of the probabilities, float32: \[N, C\] → \[N, V\].
fn log_distribution(hidden: Tensor<2>, tokens: Tensor<2>, precision: Precision) -> Tensor<2> {
    log_softmax(precision.product(hidden, tokens), 1)
}

/// −Σ ln p(target) / items over the targets that count, \[1\].
pub(super) fn cross_entropy(
    hidden: Tensor<2>,
    tokens: Tensor<2>,
    batch: &Batch,
    items: usize,
    precision: Precision,
) -> Tensor<1> {
    let device = hidden.device();
    let targets = batch.resolved_targets();
    let places: Vec<u32> = indices(&targets, |target| target != IGNORED);
    let targets: Vec<u32> = targets.into_iter().filter(|&id| id != IGNORED).collect();
    if targets.is_empty() {
        return hidden.sum().mul_scalar(0.0);
    }
    let count = targets.len();
    let hidden = hidden.select(0, index_tensor(&places, &device)); // [M, C]
    let logarithms = log_distribution(hidden, tokens, precision); // [M, V]
    let chosen = logarithms.gather(1, index_tensor(&targets, &device).reshape([count, 1]));
    chosen.sum().mul_scalar(-1.0 / items as f64) // [1]
}

/// ln p(target) of each place, 0 where the target does not count.
pub(super) fn log_probabilities(
    hidden: Tensor<2>,
    tokens: Tensor<2>,
    batch: &Batch,
    precision: Precision,
) -> Vec<f32> {
    let device = hidden.device();
    let targets = batch.resolved_targets();
    let safe: Vec<u32> = targets
        .iter()
        .map(|&id| if id == IGNORED { 0 } else { id })
        .collect();
    let logarithms = log_distribution(hidden, tokens, precision); // [N, V]
    let chosen = logarithms.gather(1, index_tensor(&safe, &device).reshape([safe.len(), 1]));
    let mut values: Vec<f32> = chosen
        .into_data()
        .try_into_vec()
        .expect("the distribution is float32");
    for (value, target) in values.iter_mut().zip(targets) {
        if target == IGNORED {
            *value = 0.0;
        }
    }
    values
}

fn indices(values: &[u32], keep: impl Fn(u32) -> bool) -> Vec<u32> {
    (0_u32..)
        .zip(values)
        .filter(|&(_, &value)| keep(value))
        .map(|(index, _)| index)
        .collect()
}

fn index_tensor(values: &[u32], device: &Device) -> Tensor<1, Int> {
    let values: Vec<i64> = values.iter().map(|&value| i64::from(value)).collect();
    let length = values.len();
    Tensor::from_data(TensorData::new(values, [length]), device)
}

fn to_i64(value: usize) -> i64 {
    i64::try_from(value).expect("rows are shorter than 2^63 tokens")
}

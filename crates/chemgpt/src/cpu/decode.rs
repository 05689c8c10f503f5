//! One token at a time with a cache of keys and values, on host memory.
//!
//! The cache of a sequence is \[C, T\] for keys and for values, so that scores are computed for a whole register of
//! earlier tokens at once, however thin the heads are.

use backend::custom::HostTensor;
use backend::registers::exp;
use burn::tensor::Tensor;
use pulp::{Simd, WithSimd};

use super::gemm::{Into, Matrix, matmul};
use super::math::Gelu;
use super::norm::{Normalise, start_rows};
use crate::config::{AttentionKind, ChemGptConfig};
use crate::model::ChemGpt;

struct Layer {
    norm_1: [HostTensor; 2],
    qkv: HostTensor,
    output: [HostTensor; 2],
    norm_2: [HostTensor; 2],
    fc: [HostTensor; 2],
    project: [HostTensor; 2],
}

/// The model's weights, shared with the model, and the cache.
pub(crate) struct HostDecoder {
    config: ChemGptConfig,
    tokens: HostTensor,
    positions: HostTensor,
    layers: Vec<Layer>,
    norm: [HostTensor; 2],
    capacity: usize,
    /// Per layer and slot: keys, then values, each \[C, capacity\].
    cache: Vec<Vec<f32>>,
}

impl HostDecoder {
    /// `None` when the parameters are not float32 in host memory.
    pub(crate) fn new(model: &ChemGpt, slots: usize, capacity: usize) -> Option<Self> {
        fn take<const D: usize>(tensor: Tensor<D>) -> Option<HostTensor> {
            HostTensor::of(tensor.inner())
        }
        let layers = model
            .blocks
            .iter()
            .map(|block| {
                Some(Layer {
                    norm_1: [
                        take(block.norm_1.weight.val())?,
                        take(block.norm_1.bias.val())?,
                    ],
                    qkv: take(block.qkv.val())?,
                    output: [
                        take(block.output.weight.val())?,
                        take(block.output.bias.val())?,
                    ],
                    norm_2: [
                        take(block.norm_2.weight.val())?,
                        take(block.norm_2.bias.val())?,
                    ],
                    fc: [take(block.fc.weight.val())?, take(block.fc.bias.val())?],
                    project: [
                        take(block.project.weight.val())?,
                        take(block.project.bias.val())?,
                    ],
                })
            })
            .collect::<Option<Vec<_>>>()?;
        let config = model.config().clone();
        // Whole registers of tokens, so that no load runs over the end of a row.
        let capacity = capacity.next_multiple_of(16);
        let size = slots * 2 * config.width * capacity;
        Some(Self {
            tokens: take(model.tokens.val())?,
            positions: take(model.positions.val())?,
            cache: (0..layers.len()).map(|_| vec![0.0; size]).collect(),
            layers,
            norm: [take(model.norm.weight.val())?, take(model.norm.bias.val())?],
            capacity,
            config,
        })
    }

    /// Takes one token in each of `slots`, all at `position`; gives the logits of the next one, \[slots, V\].
    pub(crate) fn step(&mut self, slots: &[usize], position: usize, tokens: &[u32]) -> Vec<f32> {
        let (n, c, f, v) = (
            slots.len(),
            self.config.width,
            self.config.hidden_width(),
            self.config.vocab,
        );
        let arch = pulp::Arch::new();
        let table = self.tokens.values();
        let place = &self.positions.values()[position * c..(position + 1) * c];
        let mut x = Vec::with_capacity(n * c);
        for &token in tokens {
            let row = &table[token as usize * c..][..c];
            x.extend(row.iter().zip(place).map(|(a, b)| a + b));
        }
        #[expect(clippy::cast_possible_truncation, reason = "the model runs in float32")]
        let epsilon = self.config.epsilon as f32;
        let mut statistics = vec![[0.0; 2]; n];
        let mut normed = vec![0.0; n * c];
        let mut qkv = vec![0.0; n * 3 * c];
        let mut attended = vec![0.0; n * c];
        let mut inner = vec![0.0; n * f];
        let mut active = vec![0.0; n * f];
        let mut scores = vec![0.0; self.capacity];
        for (index, layer) in self.layers.iter().enumerate() {
            arch.dispatch(Normalise {
                x: &x,
                weight: layer.norm_1[0].values(),
                bias: layer.norm_1[1].values(),
                epsilon,
                out: &mut normed,
                statistics: &mut statistics,
            });
            qkv.fill(0.0);
            add_product(&mut qkv, &normed, layer.qkv.values(), [n, 3 * c, c]);
            let lowest = match self.config.kind(index) {
                AttentionKind::Global => 0,
                AttentionKind::Local => (position + 1).saturating_sub(self.config.window),
            };
            let size = 2 * c * self.capacity;
            for (row, &slot) in slots.iter().enumerate() {
                arch.dispatch(AttendOne {
                    heads: self.config.heads,
                    lowest,
                    position,
                    capacity: self.capacity,
                    qkv: &qkv[row * 3 * c..(row + 1) * 3 * c],
                    cache: &mut self.cache[index][slot * size..(slot + 1) * size],
                    scores: &mut scores,
                    out: &mut attended[row * c..(row + 1) * c],
                });
            }
            add_bias(&mut x, layer.output[1].values());
            add_product(&mut x, &attended, layer.output[0].values(), [n, c, c]);
            arch.dispatch(Normalise {
                x: &x,
                weight: layer.norm_2[0].values(),
                bias: layer.norm_2[1].values(),
                epsilon,
                out: &mut normed,
                statistics: &mut statistics,
            });
            start_rows(&mut inner, layer.fc[1].values(), None);
            add_product(&mut inner, &normed, layer.fc[0].values(), [n, f, c]);
            arch.dispatch(Gelu {
                x: &inner,
                out: &mut active,
            });
            add_bias(&mut x, layer.project[1].values());
            add_product(&mut x, &active, layer.project[0].values(), [n, c, f]);
        }
        arch.dispatch(Normalise {
            x: &x,
            weight: self.norm[0].values(),
            bias: self.norm[1].values(),
            epsilon,
            out: &mut normed,
            statistics: &mut statistics,
        });
        let mut logits = vec![0.0; n * v];
        add_product(&mut logits, &normed, self.tokens.values(), [n, v, c]);
        logits
    }

    /// Slot i becomes a copy of slot `parents[i]`.
    pub(crate) fn reorder(&mut self, parents: &[usize]) {
        let size = 2 * self.config.width * self.capacity;
        for cache in &mut self.cache {
            let mut new = Vec::with_capacity(cache.len());
            for &parent in parents {
                new.extend_from_slice(&cache[parent * size..(parent + 1) * size]);
            }
            new.resize(cache.len(), 0.0);
            *cache = new;
        }
    }
}

fn add_bias(rows: &mut [f32], bias: &[f32]) {
    for row in rows.chunks_exact_mut(bias.len()) {
        for (x, b) in row.iter_mut().zip(bias) {
            *x += b;
        }
    }
}

/// Rows above which a packed matrix product is faster than one pass over the weights for each row.
const FEW_ROWS: usize = 3;

/// `out` \[n, m\] += x \[n, k\] · wᵀ, w \[m, k\].
fn add_product(out: &mut [f32], x: &[f32], w: &[f32], [n, m, k]: [usize; 3]) {
    if n <= FEW_ROWS {
        for (out, x) in out.chunks_exact_mut(m).zip(x.chunks_exact(k)) {
            pulp::Arch::new().dispatch(MatrixVector { out, x, w });
        }
    } else {
        matmul(
            out,
            [n, m, k],
            Matrix::rows(x, k),
            Matrix::rows(w, k).transposed(),
            Into::Add,
        );
    }
}

/// `out` \[m\] += w \[m, k\] · x \[k\].
struct MatrixVector<'a> {
    out: &'a mut [f32],
    x: &'a [f32],
    w: &'a [f32],
}

impl WithSimd for MatrixVector<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        const ROWS: usize = 4;
        let k = self.x.len();
        let (x, x_tail) = S::as_simd_f32s(self.x);
        let mut groups = self.out.chunks_exact_mut(ROWS);
        let mut rows = self.w.chunks_exact(k * ROWS);
        for (out, rows) in (&mut groups).zip(&mut rows) {
            let row = |r: usize| S::as_simd_f32s(&rows[r * k..(r + 1) * k]);
            let [a, b, c, d] = [row(0), row(1), row(2), row(3)];
            let mut total = [simd.splat_f32s(0.0); ROWS];
            for ((((&x, &a), &b), &c), &d) in x.iter().zip(a.0).zip(b.0).zip(c.0).zip(d.0) {
                total[0] = simd.mul_add_f32s(a, x, total[0]);
                total[1] = simd.mul_add_f32s(b, x, total[1]);
                total[2] = simd.mul_add_f32s(c, x, total[2]);
                total[3] = simd.mul_add_f32s(d, x, total[3]);
            }
            for ((out, total), tail) in out.iter_mut().zip(total).zip([a.1, b.1, c.1, d.1]) {
                let rest: f32 = x_tail.iter().zip(tail).map(|(x, w)| x * w).sum();
                *out += simd.reduce_sum_f32s(total) + rest;
            }
        }
        let done = self.w.len() / (k * ROWS) * ROWS;
        for (out, row) in groups
            .into_remainder()
            .iter_mut()
            .zip(self.w[done * k..].chunks_exact(k))
        {
            *out += row.iter().zip(self.x).map(|(w, x)| w * x).sum::<f32>();
        }
    }
}

/// Attention of one new token over the cache of its sequence, which takes the token in first.
struct AttendOne<'a> {
    heads: usize,
    lowest: usize,
    position: usize,
    capacity: usize,
    qkv: &'a [f32],
    /// Keys \[C, capacity\], then values.
    cache: &'a mut [f32],
    scores: &'a mut [f32],
    out: &'a mut [f32],
}

impl WithSimd for AttendOne<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let c = self.out.len();
        let d = c / self.heads;
        let (position, capacity) = (self.position, self.capacity);
        let (keys, values) = self.cache.split_at_mut(c * capacity);
        for channel in 0..c {
            keys[channel * capacity + position] = self.qkv[c + channel];
            values[channel * capacity + position] = self.qkv[2 * c + channel];
        }
        let lanes = S::F32_LANES;
        let start = self.lowest / lanes * lanes;
        let end = (position + 1).next_multiple_of(lanes);
        for head in 0..self.heads {
            let scores = &mut self.scores[start..end];
            {
                let (vectors, _) = S::as_mut_simd_f32s(scores);
                vectors.fill(simd.splat_f32s(0.0));
                for channel in head * d..(head + 1) * d {
                    let q = simd.splat_f32s(self.qkv[channel]);
                    let (row, _) = S::as_simd_f32s(
                        &keys[channel * capacity + start..channel * capacity + end],
                    );
                    for (score, &key) in vectors.iter_mut().zip(row) {
                        *score = simd.mul_add_f32s(q, key, *score);
                    }
                }
            }
            scores[..self.lowest - start].fill(f32::NEG_INFINITY);
            scores[position + 1 - start..].fill(f32::NEG_INFINITY);
            let (vectors, _) = S::as_mut_simd_f32s(scores);
            let mut largest = simd.splat_f32s(f32::MIN);
            for &score in vectors.iter() {
                largest = simd.max_f32s(largest, score);
            }
            let largest = simd.splat_f32s(simd.reduce_max_f32s(largest));
            let mut sum = simd.splat_f32s(0.0);
            for score in vectors.iter_mut() {
                *score = exp(simd, simd.sub_f32s(*score, largest));
                sum = simd.add_f32s(sum, *score);
            }
            let inverse = 1.0 / simd.reduce_sum_f32s(sum);
            for channel in head * d..(head + 1) * d {
                let (row, _) =
                    S::as_simd_f32s(&values[channel * capacity + start..channel * capacity + end]);
                let mut total = simd.splat_f32s(0.0);
                for (&score, &value) in vectors.iter().zip(row) {
                    total = simd.mul_add_f32s(score, value, total);
                }
                self.out[channel] = simd.reduce_sum_f32s(total) * inverse;
            }
        }
    }
}

//! Last normalisation, output layer, and cross-entropy in one, a few rows of logits at a time.
//!
//! The gradient is computed with the loss, while a tile of logits is still in the cache, so the N × V matrix never
//! exists.

use std::sync::Arc;

use backend::custom::SliceOp;

use super::gemm::{Into, Matrix, matmul};
use super::math::SoftmaxRow;
use super::norm::{Normalise, NormaliseBackward};
use super::share::{add_parts, cut, each, ranges};
use crate::batch::IGNORED;

/// Rows of logits that are worked on at a time.
const TILE: usize = 128;

/// Inputs: stream \[N, C\], scale and shift of the last normalisation, token table \[V, C\]. Output: \[1\], nats.
#[derive(Clone, Debug)]
pub(crate) struct LossOp {
    pub(crate) width: usize,
    pub(crate) vocab: usize,
    pub(crate) epsilon: f32,
    /// Target of each row, or [`IGNORED`].
    pub(crate) targets: Arc<Vec<u32>>,
    /// What the sum is divided by.
    pub(crate) items: usize,
}

/// Gradients of the four inputs for an output gradient of 1.
type Gradients = [Vec<f32>; 4];

impl SliceOp<4> for LossOp {
    type Saved = Option<Arc<Gradients>>;

    fn forward(&self, inputs: [&[f32]; 4], tracked: bool) -> (Vec<f32>, Self::Saved) {
        let (c, v) = (self.width, self.vocab);
        let rows = self.targets.len();
        let ranges = ranges(rows, 3 * rows * c * v);
        let mut stream = vec![0.0; if tracked { rows * c } else { 0 }];
        let parts: Vec<&mut [f32]> = if tracked {
            cut(&mut stream, &ranges, c)
        } else {
            ranges.iter().map(|_| Default::default()).collect()
        };
        let work = ranges.into_iter().zip(parts).collect();
        let results = each(work, |(range, stream)| {
            self.part(inputs, range, stream, tracked)
        });
        let loss: f64 = results.iter().map(|result| result.loss).sum::<f64>() / self.items as f64;
        let saved = tracked.then(|| {
            let mut table = Vec::new();
            let mut scale = Vec::new();
            let mut shift = Vec::new();
            for result in results {
                table.push(result.table);
                scale.push(result.scale);
                shift.push(result.shift);
            }
            Arc::new([stream, add_parts(scale), add_parts(shift), add_parts(table)])
        });
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the loss is summed in float64 and rounded once"
        )]
        let loss = loss as f32;
        (vec![loss], saved)
    }

    fn backward(
        &self,
        saved: Self::Saved,
        _inputs: [&[f32]; 4],
        gradient: Vec<f32>,
        wanted: [bool; 4],
    ) -> [Option<Vec<f32>>; 4] {
        let saved = saved.expect("a backward pass follows a tracked forward pass");
        let mut all = Arc::try_unwrap(saved).unwrap_or_else(|shared| shared.as_ref().clone());
        let factor = gradient[0];
        std::array::from_fn(|index| {
            wanted[index].then(|| {
                let mut values = std::mem::take(&mut all[index]);
                if (factor - 1.0).abs() > 0.0 {
                    for value in &mut values {
                        *value *= factor;
                    }
                }
                values
            })
        })
    }
}

struct Part {
    loss: f64,
    table: Vec<f32>,
    scale: Vec<f32>,
    shift: Vec<f32>,
}

impl LossOp {
    fn part(
        &self,
        [x, weight, bias, table]: [&[f32]; 4],
        rows: std::ops::Range<usize>,
        stream: &mut [f32],
        tracked: bool,
    ) -> Part {
        let (c, v) = (self.width, self.vocab);
        let arch = pulp::Arch::new();
        let size = if tracked { c } else { 0 };
        let mut part = Part {
            loss: 0.0,
            table: vec![0.0; v * size],
            scale: vec![0.0; size],
            shift: vec![0.0; size],
        };
        let tile = TILE.min(rows.len());
        let mut normed = vec![0.0; tile * c];
        let mut inner = vec![0.0; tile * size];
        let mut logits = vec![0.0; tile * v];
        let mut statistics = vec![[0.0; 2]; tile];
        let scale = 1.0 / self.items as f32;
        let first = rows.start;
        for start in rows.clone().step_by(TILE) {
            let end = (start + TILE).min(rows.end);
            let n = end - start;
            let targets = &self.targets[start..end];
            if targets.iter().all(|&target| target == IGNORED) {
                continue;
            }
            let x = &x[start * c..end * c];
            let normed = &mut normed[..n * c];
            arch.dispatch(Normalise {
                x,
                weight,
                bias,
                epsilon: self.epsilon,
                out: normed,
                statistics: &mut statistics[..n],
            });
            let logits = &mut logits[..n * v];
            let transposed = Matrix::rows(table, c).transposed();
            matmul(
                logits,
                [n, v, c],
                Matrix::rows(normed, c),
                transposed,
                Into::Set,
            );
            for (row, &target) in logits.chunks_exact_mut(v).zip(targets) {
                if target == IGNORED {
                    row.fill(0.0);
                    continue;
                }
                part.loss += arch.dispatch(SoftmaxRow {
                    row,
                    target: target as usize,
                    scale: tracked.then_some(scale),
                });
            }
            if !tracked {
                continue;
            }
            let slopes = Matrix::rows(logits, v);
            let inner = &mut inner[..n * c];
            matmul(
                &mut part.table,
                [v, c, n],
                slopes.transposed(),
                Matrix::rows(normed, c),
                Into::Add,
            );
            matmul(inner, [n, c, v], slopes, Matrix::rows(table, c), Into::Set);
            arch.dispatch(NormaliseBackward {
                x,
                weight,
                statistics: &statistics[..n],
                gradient: inner,
                out: &mut stream[(start - first) * c..(end - first) * c],
                weight_gradient: &mut part.scale,
                bias_gradient: &mut part.shift,
            });
        }
        part
    }
}

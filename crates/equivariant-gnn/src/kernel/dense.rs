//! Dense layers whose weights lie in the order in which the product reads them.
//!
//! A library's product of general matrices packs both factors anew at every call, which for the twenty rows of a
//! molecule costs as much as the product. Weights do not change, so they are packed once.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// Rows that are worked on at a time: with two vectors each, their sums fill the registers.
const ROWS: usize = 6;

/// Rows of one thread's share, a multiple of [`ROWS`].
const SHARE: usize = 96;

/// Whether a product replaces what is there or is added to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Into {
    /// Replace.
    Set,
    /// Add.
    Add,
}

/// A matrix W with its bias b: y = W x + b for every row x.
#[derive(Debug, Clone)]
pub(super) struct Dense {
    inputs: usize,
    outputs: usize,
    /// Outputs in panels of two vectors, `[panels, inputs, panel]`, with zeros behind the last output.
    panels: Vec<f32>,
    /// `[panels · panel]`, zero where there is no bias.
    bias: Vec<f32>,
}

/// How many numbers two vectors of this processor hold.
fn panel() -> usize {
    struct Lanes;
    impl WithSimd for Lanes {
        type Output = usize;
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> usize {
            S::F32_LANES
        }
    }
    2 * Arch::new().dispatch(Lanes)
}

impl Dense {
    /// The layer with `weight` `[outputs, inputs]` and `bias` `[outputs]`, which may be empty.
    pub(super) fn new(weight: &[f32], bias: &[f32], inputs: usize) -> Self {
        let (panel, outputs) = (panel(), weight.len() / inputs);
        let count = outputs.div_ceil(panel);
        let mut panels = vec![0.0; count * inputs * panel];
        for (o, row) in weight.chunks_exact(inputs).enumerate() {
            let first = o / panel * inputs * panel + o % panel;
            for (k, &w) in row.iter().enumerate() {
                panels[first + k * panel] = w;
            }
        }
        let mut padded = bias.to_vec();
        padded.resize(count * panel, 0.0);
        Self {
            inputs,
            outputs,
            panels,
            bias: padded,
        }
    }

    /// The layer that takes gradients by the outputs of `weight` `[outputs, inputs]` to those by its inputs.
    pub(super) fn backward(weight: &[f32], inputs: usize) -> Self {
        let outputs = weight.len() / inputs;
        let mut turned = vec![0.0; weight.len()];
        for (o, row) in weight.chunks_exact(inputs).enumerate() {
            for (k, &w) in row.iter().enumerate() {
                turned[k * outputs + o] = w;
            }
        }
        Self::new(&turned, &[], outputs)
    }

    pub(super) fn outputs(&self) -> usize {
        self.outputs
    }

    /// Every row of `x`, whose rows begin `x_stride` apart, into `out`, whose rows begin `out_stride` apart.
    pub(super) fn apply(
        &self,
        rows: usize,
        (x, x_stride): (&[f32], usize),
        (out, out_stride): (&mut [f32], usize),
        into: Into,
    ) {
        let arch = Arch::new();
        let share = |x: &[f32], out: &mut [f32], rows| {
            arch.dispatch(Product {
                dense: self,
                x,
                x_stride,
                out,
                out_stride,
                rows,
                into,
            });
        };
        if rows < 2 * SHARE || rayon::current_num_threads() == 1 {
            for first in (0..rows).step_by(SHARE) {
                let rows = SHARE.min(rows - first);
                share(&x[first * x_stride..], &mut out[first * out_stride..], rows);
            }
            return;
        }
        out.par_chunks_mut(SHARE * out_stride)
            .enumerate()
            .take(rows.div_ceil(SHARE))
            .for_each(|(k, out)| {
                let first = k * SHARE;
                share(&x[first * x_stride..], out, SHARE.min(rows - first));
            });
    }
}

struct Product<'a> {
    dense: &'a Dense,
    x: &'a [f32],
    x_stride: usize,
    out: &'a mut [f32],
    out_stride: usize,
    rows: usize,
    into: Into,
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let panel = 2 * S::F32_LANES;
        let Dense {
            inputs, outputs, ..
        } = *self.dense;
        let panels = self.dense.panels.chunks_exact(inputs * panel);
        for ((p, weights), bias) in panels.enumerate().zip(self.dense.bias.chunks_exact(panel)) {
            let weights = S::as_simd_f32s(weights).0.as_chunks::<2>().0;
            let bias = S::as_simd_f32s(bias).0;
            let bias = [bias[0], bias[1]];
            let columns = p * panel..outputs.min((p + 1) * panel);
            let mut first = 0;
            while first < self.rows {
                let x = &self.x[first * self.x_stride..];
                let out = &mut self.out[first * self.out_stride..];
                let strides = (self.x_stride, self.out_stride);
                let columns = columns.clone();
                let into = self.into;
                match self.rows - first {
                    1 => block::<S, 1>(simd, weights, bias, x, out, strides, columns, into),
                    2 => block::<S, 2>(simd, weights, bias, x, out, strides, columns, into),
                    3 => block::<S, 3>(simd, weights, bias, x, out, strides, columns, into),
                    4 => block::<S, 4>(simd, weights, bias, x, out, strides, columns, into),
                    5 => block::<S, 5>(simd, weights, bias, x, out, strides, columns, into),
                    _ => block::<S, ROWS>(simd, weights, bias, x, out, strides, columns, into),
                }
                first += ROWS;
            }
        }
    }
}

/// R rows times one panel.
#[expect(
    clippy::too_many_arguments,
    reason = "the innermost loop, called from one place"
)]
#[inline(always)]
fn block<S: Simd, const R: usize>(
    simd: S,
    weights: &[[S::f32s; 2]],
    bias: [S::f32s; 2],
    x: &[f32],
    out: &mut [f32],
    (x_stride, out_stride): (usize, usize),
    columns: std::ops::Range<usize>,
    into: Into,
) {
    let inputs = weights.len();
    let rows: [&[f32]; R] = std::array::from_fn(|r| &x[r * x_stride..][..inputs]);
    let mut sums = [bias; R];
    for (k, w) in weights.iter().enumerate() {
        for (sum, row) in sums.iter_mut().zip(&rows) {
            let x = simd.splat_f32s(row[k]);
            sum[0] = simd.mul_add_f32s(x, w[0], sum[0]);
            sum[1] = simd.mul_add_f32s(x, w[1], sum[1]);
        }
    }
    let whole = columns.len() == 2 * S::F32_LANES;
    for (r, sum) in sums.into_iter().enumerate() {
        let out = &mut out[r * out_stride..][columns.clone()];
        if whole {
            let out = S::as_mut_simd_f32s(out).0;
            for (out, sum) in out.iter_mut().zip(sum) {
                *out = match into {
                    Into::Set => sum,
                    Into::Add => simd.add_f32s(*out, sum),
                };
            }
        } else {
            let lanes = S::F32_LANES.min(out.len());
            let (low, high) = out.split_at_mut(lanes);
            for (out, sum) in [low, high].into_iter().zip(sum) {
                let sum = match into {
                    Into::Set => sum,
                    Into::Add => simd.add_f32s(simd.partial_load_f32s(out), sum),
                };
                simd.partial_store_f32s(out, sum);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_is_the_sum_over_inputs_whatever_the_extents_and_strides() {
        let value = |k: usize| ((k * 37 + 11) % 64) as f32 / 16.0 - 2.0;
        for (rows, inputs, outputs) in [(1, 3, 1), (5, 21, 40), (6, 16, 32), (200, 9, 70)] {
            let weight: Vec<f32> = (0..outputs * inputs).map(value).collect();
            let bias: Vec<f32> = (0..outputs).map(|o| value(o + 5)).collect();
            let (x_stride, out_stride) = (inputs + 2, outputs + 3);
            let x: Vec<f32> = (0..rows * x_stride).map(|k| value(k + 7)).collect();
            let forward = Dense::new(&weight, &bias, inputs);
            let mut out = vec![1.0; rows * out_stride];
            forward.apply(rows, (&x, x_stride), (&mut out, out_stride), Into::Set);
            let expected = |r: usize, o: usize| -> f32 {
                let row = &weight[o * inputs..][..inputs];
                let x = &x[r * x_stride..][..inputs];
                bias[o] + row.iter().zip(x).map(|(w, x)| w * x).sum::<f32>()
            };
            for r in 0..rows {
                for o in 0..outputs {
                    let (got, expected) = (out[r * out_stride + o], expected(r, o));
                    assert!((got - expected).abs() < 1e-3, "{got} {expected}");
                }
                // What lies between the rows is left alone.
                let between = &out[r * out_stride + outputs..][..3];
                assert!(between.iter().all(|x| x.to_bits() == 1.0_f32.to_bits()));
            }
            // Gradients go through the transposed matrix, and are added where that is asked for.
            let backward = Dense::backward(&weight, inputs);
            let mut by_x = x.clone();
            backward.apply(rows, (&out, out_stride), (&mut by_x, x_stride), Into::Add);
            for r in 0..rows {
                for k in 0..inputs {
                    let g = &out[r * out_stride..][..outputs];
                    let sum: f32 = (0..outputs).map(|o| g[o] * weight[o * inputs + k]).sum();
                    let got = by_x[r * x_stride + k] - x[r * x_stride + k];
                    assert!((got - sum).abs() < 1e-3 * (1.0 + sum.abs()), "{got} {sum}");
                }
            }
        }
    }
}

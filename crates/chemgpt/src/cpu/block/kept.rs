//! What a block keeps between its forward and its backward pass.

use std::ops::Range;

use super::BlockOp;
use crate::cpu::share::cut;

/// What the backward pass needs, for all rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    /// Queries, keys, values, \[N, 3C\].
    qkv: Vec<f32>,
    /// Output of the heads, \[N, C\].
    attended: Vec<f32>,
    /// ln Σ e^score, \[B, H, T\].
    log_sums: Vec<f32>,
    /// Stream between attention and MLP, \[N, C\].
    middle: Vec<f32>,
    /// MLP before its activation, \[N, F\].
    inner: Vec<f32>,
    /// Mean and inverse deviation of both normalisations, \[N\] each.
    statistics: [Vec<[f32; 2]>; 2],
}

/// The part of [`Kept`] of some rows.
pub(super) struct Slices<'a> {
    pub(super) qkv: &'a mut [f32],
    pub(super) attended: &'a mut [f32],
    pub(super) log_sums: &'a mut [f32],
    pub(super) middle: &'a mut [f32],
    pub(super) inner: &'a mut [f32],
    pub(super) statistics: [&'a mut [[f32; 2]]; 2],
}

impl Kept {
    pub(super) fn new(op: &BlockOp, rows: usize) -> Self {
        let n = rows * op.length;
        Self {
            qkv: vec![0.0; n * 3 * op.width],
            attended: vec![0.0; n * op.width],
            log_sums: vec![0.0; n * op.heads],
            middle: vec![0.0; n * op.width],
            inner: vec![0.0; n * op.hidden],
            statistics: [vec![[0.0; 2]; n], vec![[0.0; 2]; n]],
        }
    }

    pub(super) fn slices(&mut self, op: &BlockOp, ranges: &[Range<usize>]) -> Vec<Slices<'_>> {
        let t = op.length;
        let [one, two] = &mut self.statistics;
        let parts = cut(&mut self.qkv, ranges, t * 3 * op.width)
            .into_iter()
            .zip(cut(&mut self.attended, ranges, t * op.width))
            .zip(cut(&mut self.log_sums, ranges, t * op.heads))
            .zip(cut(&mut self.middle, ranges, t * op.width))
            .zip(cut(&mut self.inner, ranges, t * op.hidden))
            .zip(cut(one, ranges, t))
            .zip(cut(two, ranges, t));
        parts
            .map(
                |((((((qkv, attended), log_sums), middle), inner), one), two)| Slices {
                    qkv,
                    attended,
                    log_sums,
                    middle,
                    inner,
                    statistics: [one, two],
                },
            )
            .collect()
    }
}

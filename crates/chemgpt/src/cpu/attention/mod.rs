//! Causal attention of one sequence without a stored T × T matrix.
//!
//! One lane of a vector register is one query (or, for the gradients of keys and values, one key); the other side is
//! walked through row by row with its numbers broadcast. Nothing is summed across lanes, and thin heads use the full
//! width of the registers.

mod backward;
mod lanes;

use backend::registers::exp;
use pulp::{Simd, WithSimd};

use lanes::{as_floats, gather, hide_from_queries, rows_dot, rows_sum, scatter};

pub(super) use backward::AttendBackward;

/// Which keys a query sees, and how heads lie in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heads<'a> {
    /// Tokens (T).
    pub(super) length: usize,
    /// Width (C).
    pub(super) width: usize,
    /// Heads (H).
    pub(super) count: usize,
    /// Tokens that a query sees at most, itself included.
    pub(super) window: usize,
    /// First token that each query may see.
    pub(super) first: Option<&'a [u32]>,
}

impl Heads<'_> {
    #[inline(always)]
    fn lowest(&self, query: usize) -> usize {
        let start = (query + 1).saturating_sub(self.window);
        match self.first {
            Some(first) => start.max(first[query] as usize).min(query),
            None => start,
        }
    }

    fn lowest_of(&self, queries: std::ops::Range<usize>) -> usize {
        queries.map(|query| self.lowest(query)).min().unwrap_or(0)
    }
}

/// `out` \[T, C\] ← attention over `qkv` \[T, 3C\]; `log_sums` \[H, T\] ← ln Σ e^score.
pub(super) struct Attend<'a> {
    pub(super) heads: Heads<'a>,
    pub(super) qkv: &'a [f32],
    pub(super) out: &'a mut [f32],
    pub(super) log_sums: &'a mut [f32],
    pub(super) scratch: &'a mut Scratch,
}

/// Memory of one thread, reused from sequence to sequence.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    values: Vec<f32>,
}

impl Scratch {
    /// Slices of the given numbers of registers.
    #[inline(always)]
    fn split<S: Simd, const K: usize>(&mut self, sizes: [usize; K]) -> [&mut [S::f32s]; K] {
        let total: usize = sizes.iter().sum::<usize>() * S::F32_LANES;
        if self.values.len() < total {
            self.values.resize(total, 0.0);
        }
        let (mut rest, _) = S::as_mut_simd_f32s(&mut self.values[..total]);
        sizes.map(|size| {
            let (part, tail) = std::mem::take(&mut rest).split_at_mut(size);
            rest = tail;
            part
        })
    }
}

impl WithSimd for Attend<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Heads {
            length: t,
            width: c,
            count: h,
            ..
        } = self.heads;
        let d = c / h;
        let lanes = S::F32_LANES;
        let [queries, scores, sums] = self.scratch.split::<S, 3>([d, t, d]);
        for head in 0..h {
            for start in (0..t).step_by(lanes) {
                let end = (start + lanes).min(t);
                let lowest = self.heads.lowest_of(start..end);
                let seen = end - lowest;
                let scores = &mut scores[..seen];
                gather::<S>(
                    queries,
                    &self.qkv[start * 3 * c + head * d..],
                    3 * c,
                    end - start,
                );
                let keys = &self.qkv[lowest * 3 * c + c + head * d..];
                rows_dot(simd, queries, keys, 3 * c, scores);
                hide_from_queries::<S>(&self.heads, start..end, lowest, scores);
                let mut largest = simd.splat_f32s(f32::MIN);
                for &score in scores.iter() {
                    largest = simd.max_f32s(largest, score);
                }
                let mut sum = simd.splat_f32s(0.0);
                for score in scores.iter_mut() {
                    *score = exp(simd, simd.sub_f32s(*score, largest));
                    sum = simd.add_f32s(sum, *score);
                }
                let values = &self.qkv[lowest * 3 * c + 2 * c + head * d..];
                rows_sum(simd, scores, values, 3 * c, sums);
                let inverse = simd.div_f32s(simd.splat_f32s(1.0), sum);
                for sum in sums.iter_mut() {
                    *sum = simd.mul_f32s(*sum, inverse);
                }
                scatter::<S>(sums, &mut self.out[start * c + head * d..], c, end - start);
                let (largest, sum) = (as_floats::<S>(&largest), as_floats::<S>(&sum));
                let log_sums = &mut self.log_sums[head * t + start..head * t + end];
                for ((out, largest), sum) in log_sums.iter_mut().zip(largest).zip(sum) {
                    *out = largest + sum.ln();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! Causal attention of one sequence without a stored T × T matrix.
//!
//! One lane of a vector register is one query (or, for the gradients of keys and values, one key); the other side is
//! walked through row by row with its numbers broadcast. Nothing is summed across lanes, and thin heads use the full
//! width of the registers.

use pulp::{Simd, WithSimd};

use super::math::exp;

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

/// Gradient of `qkv` \[T, 3C\] from that of the output.
pub(super) struct AttendBackward<'a> {
    pub(super) heads: Heads<'a>,
    pub(super) qkv: &'a [f32],
    pub(super) out: &'a [f32],
    pub(super) log_sums: &'a [f32],
    pub(super) gradient: &'a [f32],
    pub(super) qkv_gradient: &'a mut [f32],
    pub(super) scratch: &'a mut Scratch,
}

impl WithSimd for AttendBackward<'_> {
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
        // delta_i = Σ_c g_ic o_ic, the part of the softmax's gradient that is common to a query's scores.
        let mut delta = vec![0.0; t];
        let [first, second, scores, slopes, sums] = self.scratch.split::<S, 5>([d, d, t, t, d]);
        for head in 0..h {
            let log_sums = &self.log_sums[head * t..(head + 1) * t];
            for (query, delta) in delta.iter_mut().enumerate() {
                let range = query * c + head * d..query * c + (head + 1) * d;
                let pairs = self.gradient[range.clone()].iter().zip(&self.out[range]);
                *delta = pairs.map(|(g, o)| g * o).sum();
            }
            // Lanes are queries: the gradient of the queries.
            for start in (0..t).step_by(lanes) {
                let end = (start + lanes).min(t);
                let lowest = self.heads.lowest_of(start..end);
                let seen = end - lowest;
                let (scores, slopes) = (&mut scores[..seen], &mut slopes[..seen]);
                gather::<S>(
                    first,
                    &self.qkv[start * 3 * c + head * d..],
                    3 * c,
                    end - start,
                );
                gather::<S>(
                    second,
                    &self.gradient[start * c + head * d..],
                    c,
                    end - start,
                );
                let keys = &self.qkv[lowest * 3 * c + c + head * d..];
                let values = &self.qkv[lowest * 3 * c + 2 * c + head * d..];
                rows_dot(simd, first, keys, 3 * c, scores);
                hide_from_queries::<S>(&self.heads, start..end, lowest, scores);
                rows_dot(simd, second, values, 3 * c, slopes);
                let sum = simd.partial_load_f32s(&log_sums[start..end]);
                let delta = simd.partial_load_f32s(&delta[start..end]);
                for (slope, &score) in slopes.iter_mut().zip(scores.iter()) {
                    let p = exp(simd, simd.sub_f32s(score, sum));
                    *slope = simd.mul_f32s(p, simd.sub_f32s(*slope, delta));
                }
                rows_sum(simd, slopes, keys, 3 * c, sums);
                let out = &mut self.qkv_gradient[start * 3 * c + head * d..];
                scatter::<S>(sums, out, 3 * c, end - start);
            }
            // Lanes are keys: the gradients of keys and values.
            for start in (0..t).step_by(lanes) {
                let end = (start + lanes).min(t);
                let last = (start..t)
                    .rev()
                    .find(|&query| self.heads.lowest(query) < end)
                    .unwrap_or(start);
                let seen = last + 1 - start;
                let (scores, slopes) = (&mut scores[..seen], &mut slopes[..seen]);
                gather::<S>(
                    first,
                    &self.qkv[start * 3 * c + c + head * d..],
                    3 * c,
                    end - start,
                );
                gather::<S>(
                    second,
                    &self.qkv[start * 3 * c + 2 * c + head * d..],
                    3 * c,
                    end - start,
                );
                let queries = &self.qkv[start * 3 * c + head * d..];
                let gradients = &self.gradient[start * c + head * d..];
                rows_dot(simd, first, queries, 3 * c, scores);
                hide_from_keys::<S>(&self.heads, start..end, last, scores);
                rows_dot(simd, second, gradients, c, slopes);
                for (index, (slope, score)) in slopes.iter_mut().zip(scores.iter_mut()).enumerate()
                {
                    let query = start + index;
                    let sum = simd.splat_f32s(log_sums[query]);
                    let p = exp(simd, simd.sub_f32s(*score, sum));
                    let rest = simd.sub_f32s(*slope, simd.splat_f32s(delta[query]));
                    *score = p;
                    *slope = simd.mul_f32s(p, rest);
                }
                rows_sum(simd, slopes, queries, 3 * c, sums);
                let out = &mut self.qkv_gradient[start * 3 * c + c + head * d..];
                scatter::<S>(sums, out, 3 * c, end - start);
                rows_sum(simd, scores, gradients, c, sums);
                let out = &mut self.qkv_gradient[start * 3 * c + 2 * c + head * d..];
                scatter::<S>(sums, out, 3 * c, end - start);
            }
        }
    }
}

/// Lane l of register c ← number c of row l; lanes without a row become 0.
#[inline(always)]
fn gather<S: Simd>(out: &mut [S::f32s], rows: &[f32], stride: usize, count: usize) {
    let lanes = S::F32_LANES;
    let width = out.len();
    let out = as_floats_mut::<S>(out);
    if count < lanes {
        out.fill(0.0);
    }
    for lane in 0..count {
        let row = &rows[lane * stride..][..width];
        for (c, &value) in row.iter().enumerate() {
            out[c * lanes + lane] = value;
        }
    }
}

/// The reverse of [`gather`].
#[inline(always)]
fn scatter<S: Simd>(values: &[S::f32s], rows: &mut [f32], stride: usize, count: usize) {
    let lanes = S::F32_LANES;
    let width = values.len();
    let values = pulp::bytemuck::cast_slice::<S::f32s, f32>(values);
    for lane in 0..count {
        let row = &mut rows[lane * stride..][..width];
        for (c, out) in row.iter_mut().enumerate() {
            *out = values[c * lanes + lane];
        }
    }
}

/// `out[j]` ← sum over c of `lanes[c] · rows[j][c]`.
#[inline(always)]
fn rows_dot<S: Simd>(simd: S, lanes: &[S::f32s], rows: &[f32], stride: usize, out: &mut [S::f32s]) {
    const GROUP: usize = 8;
    let width = lanes.len();
    let count = out.len();
    let mut groups = out.chunks_exact_mut(GROUP);
    let mut j = 0;
    for group in &mut groups {
        let rows: [&[f32]; GROUP] = std::array::from_fn(|r| &rows[(j + r) * stride..][..width]);
        let mut total = [simd.splat_f32s(0.0); GROUP];
        for (c, &x) in lanes.iter().enumerate() {
            for r in 0..GROUP {
                total[r] = simd.mul_add_f32s(x, simd.splat_f32s(rows[r][c]), total[r]);
            }
        }
        group.copy_from_slice(&total);
        j += GROUP;
    }
    for (out, j) in groups.into_remainder().iter_mut().zip(j..count) {
        let row = &rows[j * stride..][..width];
        let mut total = simd.splat_f32s(0.0);
        for (&x, &y) in lanes.iter().zip(row) {
            total = simd.mul_add_f32s(x, simd.splat_f32s(y), total);
        }
        *out = total;
    }
}

/// `out[c]` ← sum over j of `weights[j] · rows[j][c]`.
#[inline(always)]
fn rows_sum<S: Simd>(
    simd: S,
    weights: &[S::f32s],
    rows: &[f32],
    stride: usize,
    out: &mut [S::f32s],
) {
    let width = out.len();
    let mut c = 0;
    while c + 8 <= width {
        rows_sum_group::<S, 8>(simd, weights, &rows[c..], stride, &mut out[c..c + 8]);
        c += 8;
    }
    if c + 4 <= width {
        rows_sum_group::<S, 4>(simd, weights, &rows[c..], stride, &mut out[c..c + 4]);
        c += 4;
    }
    while c < width {
        rows_sum_group::<S, 1>(simd, weights, &rows[c..], stride, &mut out[c..=c]);
        c += 1;
    }
}

#[inline(always)]
fn rows_sum_group<S: Simd, const G: usize>(
    simd: S,
    weights: &[S::f32s],
    rows: &[f32],
    stride: usize,
    out: &mut [S::f32s],
) {
    let mut total = [simd.splat_f32s(0.0); G];
    for (j, &weight) in weights.iter().enumerate() {
        let row: &[f32; G] = rows[j * stride..]
            .first_chunk()
            .expect("every row has the head's width");
        for g in 0..G {
            total[g] = simd.mul_add_f32s(weight, simd.splat_f32s(row[g]), total[g]);
        }
    }
    out.copy_from_slice(&total);
}

/// Lanes are queries from `queries.start`, registers are keys from `lowest`: what a query does not see becomes −∞.
#[inline(always)]
fn hide_from_queries<S: Simd>(
    heads: &Heads<'_>,
    queries: std::ops::Range<usize>,
    lowest: usize,
    scores: &mut [S::f32s],
) {
    let lanes = S::F32_LANES;
    let scores = as_floats_mut::<S>(scores);
    for (lane, query) in queries.clone().enumerate() {
        for key in lowest..heads.lowest(query) {
            scores[(key - lowest) * lanes + lane] = f32::NEG_INFINITY;
        }
        for key in query + 1..queries.end {
            scores[(key - lowest) * lanes + lane] = f32::NEG_INFINITY;
        }
    }
}

/// Lanes are keys from `keys.start`, registers are queries from `keys.start` to `last`.
#[inline(always)]
fn hide_from_keys<S: Simd>(
    heads: &Heads<'_>,
    keys: std::ops::Range<usize>,
    last: usize,
    scores: &mut [S::f32s],
) {
    let lanes = S::F32_LANES;
    let start = keys.start;
    let scores = as_floats_mut::<S>(scores);
    for query in start..=last {
        let row = &mut scores[(query - start) * lanes..(query - start + 1) * lanes];
        let lowest = heads.lowest(query);
        for (lane, key) in keys.clone().enumerate() {
            if key > query || key < lowest {
                row[lane] = f32::NEG_INFINITY;
            }
        }
    }
}

#[inline(always)]
fn as_floats_mut<S: Simd>(values: &mut [S::f32s]) -> &mut [f32] {
    pulp::bytemuck::cast_slice_mut(values)
}

#[inline(always)]
fn as_floats<S: Simd>(value: &S::f32s) -> impl Iterator<Item = f32> + '_ {
    pulp::bytemuck::cast_slice::<S::f32s, f32>(std::slice::from_ref(value))
        .iter()
        .copied()
}

#[cfg(test)]
mod tests;

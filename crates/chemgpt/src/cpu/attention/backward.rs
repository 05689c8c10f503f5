//! The gradient of attention: probabilities are computed again from the saved ln Σ e^score.

use backend::registers::exp;
use pulp::{Simd, WithSimd};

use super::lanes::{gather, hide_from_keys, hide_from_queries, rows_dot, rows_sum, scatter};
use super::{Heads, Scratch};

/// Gradient of `qkv` \[T, 3C\] from that of the output.
pub(in crate::cpu) struct AttendBackward<'a> {
    pub(in crate::cpu) heads: Heads<'a>,
    pub(in crate::cpu) qkv: &'a [f32],
    pub(in crate::cpu) out: &'a [f32],
    pub(in crate::cpu) log_sums: &'a [f32],
    pub(in crate::cpu) gradient: &'a [f32],
    pub(in crate::cpu) qkv_gradient: &'a mut [f32],
    pub(in crate::cpu) scratch: &'a mut Scratch,
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

//! Rows of memory against lanes of vector registers.

use pulp::Simd;

use super::Heads;

/// Lane l of register c ← number c of row l; lanes without a row become 0.
#[inline(always)]
pub(super) fn gather<S: Simd>(out: &mut [S::f32s], rows: &[f32], stride: usize, count: usize) {
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
pub(super) fn scatter<S: Simd>(values: &[S::f32s], rows: &mut [f32], stride: usize, count: usize) {
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
pub(super) fn rows_dot<S: Simd>(
    simd: S,
    lanes: &[S::f32s],
    rows: &[f32],
    stride: usize,
    out: &mut [S::f32s],
) {
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
pub(super) fn rows_sum<S: Simd>(
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
pub(super) fn hide_from_queries<S: Simd>(
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
pub(super) fn hide_from_keys<S: Simd>(
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
pub(super) fn as_floats<S: Simd>(value: &S::f32s) -> impl Iterator<Item = f32> + '_ {
    pulp::bytemuck::cast_slice::<S::f32s, f32>(std::slice::from_ref(value))
        .iter()
        .copied()
}

//! Layer normalisation of rows, forward and backward, and sums over rows.

use pulp::{Simd, WithSimd};

/// Normalises each row of width C; keeps mean and inverse deviation of each row for the backward pass.
pub(super) struct Normalise<'a> {
    pub(super) x: &'a [f32],
    pub(super) weight: &'a [f32],
    pub(super) bias: &'a [f32],
    pub(super) epsilon: f32,
    pub(super) out: &'a mut [f32],
    /// Mean and inverse deviation of each row.
    pub(super) statistics: &'a mut [[f32; 2]],
}

impl WithSimd for Normalise<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let width = self.weight.len();
        for ((row, out), statistics) in self
            .x
            .chunks_exact(width)
            .zip(self.out.chunks_exact_mut(width))
            .zip(self.statistics)
        {
            let mean = sum(simd, row) / width as f32;
            let variance = centred_square_sum(simd, row, mean) / width as f32;
            let inverse = 1.0 / (variance + self.epsilon).sqrt();
            *statistics = [mean, inverse];
            scale_row(simd, row, self.weight, self.bias, [mean, inverse], out);
        }
    }
}

/// The normalised rows again, from the saved statistics.
pub(super) struct Renormalise<'a> {
    pub(super) x: &'a [f32],
    pub(super) weight: &'a [f32],
    pub(super) bias: &'a [f32],
    pub(super) out: &'a mut [f32],
    pub(super) statistics: &'a [[f32; 2]],
}

impl WithSimd for Renormalise<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let width = self.weight.len();
        for ((row, out), &statistics) in self
            .x
            .chunks_exact(width)
            .zip(self.out.chunks_exact_mut(width))
            .zip(self.statistics)
        {
            scale_row(simd, row, self.weight, self.bias, statistics, out);
        }
    }
}

#[inline(always)]
fn scale_row<S: Simd>(
    simd: S,
    row: &[f32],
    weight: &[f32],
    bias: &[f32],
    [mean, inverse]: [f32; 2],
    out: &mut [f32],
) {
    let (x, x_tail) = S::as_simd_f32s(row);
    let (w, w_tail) = S::as_simd_f32s(weight);
    let (b, b_tail) = S::as_simd_f32s(bias);
    let (o, o_tail) = S::as_mut_simd_f32s(out);
    let (m, i) = (simd.splat_f32s(mean), simd.splat_f32s(inverse));
    for (((o, &x), &w), &b) in o.iter_mut().zip(x).zip(w).zip(b) {
        let centred = simd.mul_f32s(simd.sub_f32s(x, m), i);
        *o = simd.mul_add_f32s(centred, w, b);
    }
    for (((o, &x), &w), &b) in o_tail.iter_mut().zip(x_tail).zip(w_tail).zip(b_tail) {
        *o = ((x - mean) * inverse).mul_add(w, b);
    }
}

/// Adds the gradient of the input of a normalisation to `out`, and those of weight and bias to theirs.
///
/// With x̂ = (x − μ)/σ and ĝ = g w: ∂x = (ĝ − mean(ĝ) − x̂ mean(ĝ x̂)) / σ, ∂w += g x̂, ∂b += g.
pub(super) struct NormaliseBackward<'a> {
    pub(super) x: &'a [f32],
    pub(super) weight: &'a [f32],
    pub(super) statistics: &'a [[f32; 2]],
    pub(super) gradient: &'a [f32],
    pub(super) out: &'a mut [f32],
    pub(super) weight_gradient: &'a mut [f32],
    pub(super) bias_gradient: &'a mut [f32],
}

impl WithSimd for NormaliseBackward<'_> {
    type Output = ();

    #[inline(always)]
    #[expect(
        clippy::similar_names,
        reason = "the formula's letters: dw and db beside w and b"
    )]
    fn with_simd<S: Simd>(self, simd: S) {
        let width = self.weight.len();
        let (w, w_tail) = S::as_simd_f32s(self.weight);
        let (dw, dw_tail) = S::as_mut_simd_f32s(self.weight_gradient);
        let (db, db_tail) = S::as_mut_simd_f32s(self.bias_gradient);
        let rows = self.x.chunks_exact(width);
        let gradients = self.gradient.chunks_exact(width);
        let outs = self.out.chunks_exact_mut(width);
        for (((row, gradient), out), &[mean, inverse]) in
            rows.zip(gradients).zip(outs).zip(self.statistics)
        {
            let (x, x_tail) = S::as_simd_f32s(row);
            let (g, g_tail) = S::as_simd_f32s(gradient);
            let (m, i) = (simd.splat_f32s(mean), simd.splat_f32s(inverse));
            let mut first = simd.splat_f32s(0.0);
            let mut second = simd.splat_f32s(0.0);
            for ((((&x, &g), &w), dw), db) in
                x.iter().zip(g).zip(w).zip(dw.iter_mut()).zip(db.iter_mut())
            {
                let centred = simd.mul_f32s(simd.sub_f32s(x, m), i);
                let scaled = simd.mul_f32s(g, w);
                first = simd.add_f32s(first, scaled);
                second = simd.mul_add_f32s(scaled, centred, second);
                *dw = simd.mul_add_f32s(g, centred, *dw);
                *db = simd.add_f32s(*db, g);
            }
            let mut first = simd.reduce_sum_f32s(first);
            let mut second = simd.reduce_sum_f32s(second);
            for ((((&x, &g), &w), dw), db) in x_tail
                .iter()
                .zip(g_tail)
                .zip(w_tail)
                .zip(dw_tail.iter_mut())
                .zip(db_tail.iter_mut())
            {
                let centred = (x - mean) * inverse;
                first += g * w;
                second += g * w * centred;
                *dw += g * centred;
                *db += g;
            }
            let (first, second) = (first / width as f32, second / width as f32);
            let (o, o_tail) = S::as_mut_simd_f32s(out);
            let (f, s) = (simd.splat_f32s(first), simd.splat_f32s(second));
            for (((o, &x), &g), &w) in o.iter_mut().zip(x).zip(g).zip(w) {
                let centred = simd.mul_f32s(simd.sub_f32s(x, m), i);
                let rest = simd.sub_f32s(simd.mul_f32s(g, w), f);
                let inner = simd.sub_f32s(rest, simd.mul_f32s(centred, s));
                *o = simd.mul_add_f32s(inner, i, *o);
            }
            for (((o, &x), &g), &w) in o_tail.iter_mut().zip(x_tail).zip(g_tail).zip(w_tail) {
                let centred = (x - mean) * inverse;
                *o += (g * w - first - centred * second) * inverse;
            }
        }
    }
}

#[inline(always)]
fn sum<S: Simd>(simd: S, row: &[f32]) -> f32 {
    let (vectors, tail) = S::as_simd_f32s(row);
    let mut total = simd.splat_f32s(0.0);
    for &x in vectors {
        total = simd.add_f32s(total, x);
    }
    simd.reduce_sum_f32s(total) + tail.iter().sum::<f32>()
}

#[inline(always)]
fn centred_square_sum<S: Simd>(simd: S, row: &[f32], mean: f32) -> f32 {
    let (vectors, tail) = S::as_simd_f32s(row);
    let m = simd.splat_f32s(mean);
    let mut total = simd.splat_f32s(0.0);
    for &x in vectors {
        let centred = simd.sub_f32s(x, m);
        total = simd.mul_add_f32s(centred, centred, total);
    }
    simd.reduce_sum_f32s(total) + tail.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>()
}

/// `total` += the sum of the rows of `rows`.
pub(super) struct AddRows<'a> {
    pub(super) rows: &'a [f32],
    pub(super) total: &'a mut [f32],
}

impl WithSimd for AddRows<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let width = self.total.len();
        let (total, total_tail) = S::as_mut_simd_f32s(self.total);
        for row in self.rows.chunks_exact(width) {
            let (x, x_tail) = S::as_simd_f32s(row);
            for (t, &x) in total.iter_mut().zip(x) {
                *t = simd.add_f32s(*t, x);
            }
            for (t, &x) in total_tail.iter_mut().zip(x_tail) {
                *t += x;
            }
        }
    }
}

/// Fills each row of `out` with `bias`, plus the row of `base` where there is one.
pub(super) fn start_rows(out: &mut [f32], bias: &[f32], base: Option<&[f32]>) {
    let width = bias.len();
    match base {
        None => {
            for row in out.chunks_exact_mut(width) {
                row.copy_from_slice(bias);
            }
        }
        Some(base) => {
            for (row, base) in out.chunks_exact_mut(width).zip(base.chunks_exact(width)) {
                for ((out, &base), &bias) in row.iter_mut().zip(base).zip(bias) {
                    *out = base + bias;
                }
            }
        }
    }
}

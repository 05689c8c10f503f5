//! One decoder block: attention, then the MLP, each added to the stream.

use std::sync::Arc;

use backend::custom::SliceOp;

use super::attention::{Attend, AttendBackward, Heads, Scratch};
use super::gemm::{Into, Matrix, matmul};
use super::math::{Gelu, GeluBackward};
use super::norm::{AddRows, Normalise, NormaliseBackward, Renormalise, start_rows};
use super::share::{add_parts, cut, each, ranges};

/// Rows of the MLP's hidden layer that are worked on at a time, so that they stay in the second-level cache.
const TILE: usize = 128;

/// Inputs: stream \[N, C\]; scale, shift; query, key, and value \[3C, C\]; output \[C, C\] and its shift; scale, shift;
/// first MLP layer \[F, C\] and its shift; second \[C, F\] and its shift. Output: \[N, C\].
#[derive(Clone, Debug)]
pub(crate) struct BlockOp {
    pub(crate) rows: usize,
    pub(crate) length: usize,
    pub(crate) width: usize,
    pub(crate) heads: usize,
    pub(crate) hidden: usize,
    pub(crate) window: usize,
    pub(crate) epsilon: f32,
    /// First token that each token may see, \[B, T\].
    pub(crate) first: Option<Arc<Vec<u32>>>,
    /// Keep only the stream and compute the rest again in the backward pass.
    pub(crate) recompute: bool,
}

/// What the backward pass needs, for all rows.
#[derive(Clone, Debug, Default)]
struct Kept {
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
struct Slices<'a> {
    qkv: &'a mut [f32],
    attended: &'a mut [f32],
    log_sums: &'a mut [f32],
    middle: &'a mut [f32],
    inner: &'a mut [f32],
    statistics: [&'a mut [[f32; 2]]; 2],
}

impl Kept {
    fn new(op: &BlockOp, rows: usize) -> Self {
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

    fn slices(&mut self, op: &BlockOp, ranges: &[std::ops::Range<usize>]) -> Vec<Slices<'_>> {
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

impl SliceOp<12> for BlockOp {
    type Saved = Option<Arc<Saved>>;

    fn forward(&self, inputs: [&[f32]; 12], tracked: bool) -> (Vec<f32>, Self::Saved) {
        let mut out = vec![0.0; self.rows * self.length * self.width];
        let ranges = self.ranges();
        let outs = cut(&mut out, &ranges, self.length * self.width);
        if tracked && !self.recompute {
            let mut kept = Kept::new(self, self.rows);
            let parts = kept.slices(self, &ranges);
            let work = ranges.iter().cloned().zip(outs).zip(parts).collect();
            each(work, |((range, out), mut kept)| {
                self.forward_part(&inputs, range, Some(out), &mut kept);
            });
            return (out, Some(Arc::new(Saved(kept))));
        }
        let work = ranges.into_iter().zip(outs).collect();
        each(
            work,
            |(range, out): (std::ops::Range<usize>, &mut [f32])| {
                // One sequence at a time: nothing but the output outlives this loop.
                let mut kept = Kept::new(self, 1);
                let size = self.length * self.width;
                for (row, out) in range.zip(out.chunks_exact_mut(size)) {
                    let mut parts = kept.slices(self, std::slice::from_ref(&(0..1)));
                    self.forward_part(&inputs, row..row + 1, Some(out), &mut parts[0]);
                }
            },
        );
        (out, None)
    }

    fn backward(
        &self,
        saved: Self::Saved,
        inputs: [&[f32]; 12],
        gradient: Vec<f32>,
        wanted: [bool; 12],
    ) -> [Option<Vec<f32>>; 12] {
        let ranges = self.ranges();
        let mut stream = gradient;
        let size = self.length * self.width;
        let streams = cut(&mut stream, &ranges, size);
        let parts: Vec<[Vec<f32>; 11]> = if let Some(saved) = saved {
            let saved = Arc::try_unwrap(saved).unwrap_or_else(|shared| shared.as_ref().clone());
            let mut kept = saved.0;
            let slices = kept.slices(self, &ranges);
            let work = ranges.iter().cloned().zip(streams).zip(slices).collect();
            each(work, |((range, stream), mut kept)| {
                let mut total = self.zero_gradients();
                self.backward_part(&inputs, range, &mut kept, stream, &mut total);
                total
            })
        } else {
            let work = ranges.iter().cloned().zip(streams).collect();
            each(
                work,
                |(range, stream): (std::ops::Range<usize>, &mut [f32])| {
                    let mut total = self.zero_gradients();
                    let mut kept = Kept::new(self, 1);
                    for (row, stream) in range.zip(stream.chunks_exact_mut(size)) {
                        let mut slices = kept.slices(self, std::slice::from_ref(&(0..1)));
                        let kept = &mut slices[0];
                        self.forward_part(&inputs, row..row + 1, None, kept);
                        self.backward_part(&inputs, row..row + 1, kept, stream, &mut total);
                    }
                    total
                },
            )
        };
        let mut columns: [Vec<Vec<f32>>; 11] = Default::default();
        for part in parts {
            for (column, values) in columns.iter_mut().zip(part) {
                column.push(values);
            }
        }
        let mut totals = columns.map(add_parts).into_iter();
        std::array::from_fn(|index| {
            let values = if index == 0 {
                std::mem::take(&mut stream)
            } else {
                totals.next().unwrap_or_default()
            };
            wanted[index].then_some(values)
        })
    }
}

/// What a tracked forward pass leaves for the backward pass.
#[derive(Clone, Debug)]
pub(crate) struct Saved(Kept);

impl BlockOp {
    fn ranges(&self) -> Vec<std::ops::Range<usize>> {
        let n = self.rows * self.length;
        let matrices = 4 * self.width * self.width + 2 * self.width * self.hidden;
        ranges(self.rows, n * (matrices + self.length * self.width))
    }

    fn head_shape(&self, row: usize) -> Heads<'_> {
        let t = self.length;
        Heads {
            length: t,
            width: self.width,
            count: self.heads,
            window: self.window,
            first: self.first.as_ref().map(|all| &all[row * t..(row + 1) * t]),
        }
    }

    fn zero_gradients(&self) -> [Vec<f32>; 11] {
        let (c, f) = (self.width, self.hidden);
        [c, c, 3 * c * c, c * c, c, c, c, f * c, f, c * f, c].map(|size| vec![0.0; size])
    }

    /// Fills `kept`, and `out` where it is given, for sequences `range`.
    fn forward_part(
        &self,
        inputs: &[&[f32]; 12],
        range: std::ops::Range<usize>,
        out: Option<&mut [f32]>,
        kept: &mut Slices<'_>,
    ) {
        let [
            x,
            scale_1,
            shift_1,
            qkv,
            output,
            output_shift,
            scale_2,
            shift_2,
            fc,
            fc_shift,
            project,
            project_shift,
        ] = *inputs;
        let (t, c, f) = (self.length, self.width, self.hidden);
        let arch = pulp::Arch::new();
        let n = range.len() * t;
        let x = &x[range.start * t * c..range.end * t * c];
        let mut normed = vec![0.0; n * c];
        arch.dispatch(Normalise {
            x,
            weight: scale_1,
            bias: shift_1,
            epsilon: self.epsilon,
            out: &mut normed,
            statistics: kept.statistics[0],
        });
        let product = Matrix::rows(qkv, c).transposed();
        matmul(
            kept.qkv,
            [n, 3 * c, c],
            Matrix::rows(&normed, c),
            product,
            Into::Set,
        );
        let mut scratch = Scratch::default();
        for (index, row) in range.enumerate() {
            arch.dispatch(Attend {
                heads: self.head_shape(row),
                qkv: &kept.qkv[index * t * 3 * c..(index + 1) * t * 3 * c],
                out: &mut kept.attended[index * t * c..(index + 1) * t * c],
                log_sums: &mut kept.log_sums[index * t * self.heads..(index + 1) * t * self.heads],
                scratch: &mut scratch,
            });
        }
        start_rows(kept.middle, output_shift, Some(x));
        let product = Matrix::rows(output, c).transposed();
        matmul(
            kept.middle,
            [n, c, c],
            Matrix::rows(kept.attended, c),
            product,
            Into::Add,
        );
        arch.dispatch(Normalise {
            x: kept.middle,
            weight: scale_2,
            bias: shift_2,
            epsilon: self.epsilon,
            out: &mut normed,
            statistics: kept.statistics[1],
        });
        let mut active = vec![0.0; TILE.min(n) * f];
        let mut out = out;
        if let Some(out) = &mut out {
            start_rows(out, project_shift, Some(kept.middle));
        }
        for start in (0..n).step_by(TILE) {
            let end = (start + TILE).min(n);
            let m = end - start;
            let inner = &mut kept.inner[start * f..end * f];
            start_rows(inner, fc_shift, None);
            let product = Matrix::rows(fc, c).transposed();
            let normed = Matrix::rows(&normed[start * c..end * c], c);
            matmul(inner, [m, f, c], normed, product, Into::Add);
            if let Some(out) = &mut out {
                let active = &mut active[..m * f];
                arch.dispatch(Gelu {
                    x: inner,
                    out: active,
                });
                let product = Matrix::rows(project, f).transposed();
                let out = &mut out[start * c..end * c];
                matmul(out, [m, c, f], Matrix::rows(active, f), product, Into::Add);
            }
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one pass backwards through the block, in the order of its equations"
    )]
    /// Turns `stream`, the gradient of the output, into that of the input, and adds those of the parameters to `total`.
    fn backward_part(
        &self,
        inputs: &[&[f32]; 12],
        range: std::ops::Range<usize>,
        kept: &mut Slices<'_>,
        stream: &mut [f32],
        total: &mut [Vec<f32>; 11],
    ) {
        let [
            x,
            scale_1,
            shift_1,
            qkv,
            output,
            _,
            scale_2,
            shift_2,
            fc,
            _,
            project,
            _,
        ] = *inputs;
        let [
            d_scale_1,
            d_shift_1,
            d_qkv,
            d_output,
            d_output_shift,
            d_scale_2,
            d_shift_2,
            d_fc,
            d_fc_shift,
            d_project,
            d_project_shift,
        ] = total;
        let (t, c, f) = (self.length, self.width, self.hidden);
        let arch = pulp::Arch::new();
        let n = range.len() * t;
        let x = &x[range.start * t * c..range.end * t * c];

        arch.dispatch(AddRows {
            rows: stream,
            total: d_project_shift,
        });
        let mut normed = vec![0.0; n * c];
        let mut d_normed = vec![0.0; n * c];
        arch.dispatch(Renormalise {
            x: kept.middle,
            weight: scale_2,
            bias: shift_2,
            out: &mut normed,
            statistics: kept.statistics[1],
        });
        let tile = TILE.min(n);
        let mut active = vec![0.0; tile * f];
        let mut slopes = vec![0.0; tile * f];
        for start in (0..n).step_by(TILE) {
            let end = (start + TILE).min(n);
            let m = end - start;
            let (active, slopes) = (&mut active[..m * f], &mut slopes[..m * f]);
            let gradient = Matrix::rows(&stream[start * c..end * c], c);
            matmul(
                slopes,
                [m, f, c],
                gradient,
                Matrix::rows(project, f),
                Into::Set,
            );
            arch.dispatch(GeluBackward {
                x: &kept.inner[start * f..end * f],
                out: active,
                gradient: slopes,
            });
            matmul(
                d_project,
                [c, f, m],
                gradient.transposed(),
                Matrix::rows(active, f),
                Into::Add,
            );
            arch.dispatch(AddRows {
                rows: slopes,
                total: d_fc_shift,
            });
            let slopes = Matrix::rows(slopes, f);
            let normed = Matrix::rows(&normed[start * c..end * c], c);
            matmul(d_fc, [f, c, m], slopes.transposed(), normed, Into::Add);
            let out = &mut d_normed[start * c..end * c];
            matmul(out, [m, c, f], slopes, Matrix::rows(fc, c), Into::Set);
        }
        arch.dispatch(NormaliseBackward {
            x: kept.middle,
            weight: scale_2,
            statistics: kept.statistics[1],
            gradient: &d_normed,
            out: stream,
            weight_gradient: d_scale_2,
            bias_gradient: d_shift_2,
        });

        arch.dispatch(AddRows {
            rows: stream,
            total: d_output_shift,
        });
        let gradient = Matrix::rows(stream, c);
        let attended = Matrix::rows(kept.attended, c);
        matmul(
            d_output,
            [c, c, n],
            gradient.transposed(),
            attended,
            Into::Add,
        );
        matmul(
            &mut d_normed,
            [n, c, c],
            gradient,
            Matrix::rows(output, c),
            Into::Set,
        );
        let mut d_heads = vec![0.0; n * 3 * c];
        let mut scratch = Scratch::default();
        for (index, row) in range.enumerate() {
            let wide = index * t * 3 * c..(index + 1) * t * 3 * c;
            let thin = index * t * c..(index + 1) * t * c;
            arch.dispatch(AttendBackward {
                heads: self.head_shape(row),
                qkv: &kept.qkv[wide.clone()],
                out: &kept.attended[thin.clone()],
                log_sums: &kept.log_sums[index * t * self.heads..(index + 1) * t * self.heads],
                gradient: &d_normed[thin],
                qkv_gradient: &mut d_heads[wide],
                scratch: &mut scratch,
            });
        }
        arch.dispatch(Renormalise {
            x,
            weight: scale_1,
            bias: shift_1,
            out: &mut normed,
            statistics: kept.statistics[0],
        });
        let gradient = Matrix::rows(&d_heads, 3 * c);
        matmul(
            d_qkv,
            [3 * c, c, n],
            gradient.transposed(),
            Matrix::rows(&normed, c),
            Into::Add,
        );
        matmul(
            &mut d_normed,
            [n, c, 3 * c],
            gradient,
            Matrix::rows(qkv, c),
            Into::Set,
        );
        arch.dispatch(NormaliseBackward {
            x,
            weight: scale_1,
            statistics: kept.statistics[0],
            gradient: &d_normed,
            out: stream,
            weight_gradient: d_scale_1,
            bias_gradient: d_shift_1,
        });
    }
}

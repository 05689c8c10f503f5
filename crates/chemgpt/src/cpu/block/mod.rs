//! One decoder block: attention, then the MLP, each added to the stream.

mod backward;
mod forward;
mod kept;

use std::ops::Range;
use std::sync::Arc;

use backend::custom::SliceOp;

use super::attention::Heads;
use super::share::{add_parts, cut, each, ranges};
use kept::Kept;

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
        each(work, |(range, out): (Range<usize>, &mut [f32])| {
            // One sequence at a time: nothing but the output outlives this loop.
            let mut kept = Kept::new(self, 1);
            let size = self.length * self.width;
            for (row, out) in range.zip(out.chunks_exact_mut(size)) {
                let mut parts = kept.slices(self, std::slice::from_ref(&(0..1)));
                self.forward_part(&inputs, row..row + 1, Some(out), &mut parts[0]);
            }
        });
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
            each(work, |(range, stream): (Range<usize>, &mut [f32])| {
                let mut total = self.zero_gradients();
                let mut kept = Kept::new(self, 1);
                for (row, stream) in range.zip(stream.chunks_exact_mut(size)) {
                    let mut slices = kept.slices(self, std::slice::from_ref(&(0..1)));
                    let kept = &mut slices[0];
                    self.forward_part(&inputs, row..row + 1, None, kept);
                    self.backward_part(&inputs, row..row + 1, kept, stream, &mut total);
                }
                total
            })
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
    fn ranges(&self) -> Vec<Range<usize>> {
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
}

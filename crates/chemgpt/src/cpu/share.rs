//! Sharing the rows of a batch over threads.

use rayon::prelude::*;

/// Multiply-adds below which handing rows to threads costs more than it brings.
const PARALLEL_WORK: usize = 1 << 20;

/// Splits `rows` into one range a thread of the current pool, or into one when there is little work.
///
/// The ranges depend on the shape and on the number of threads only, so results repeat bit for bit.
pub(super) fn ranges(rows: usize, work: usize) -> Vec<std::ops::Range<usize>> {
    let threads = if work < PARALLEL_WORK {
        1
    } else {
        rayon::current_num_threads()
    };
    let parts = threads.min(rows).max(1);
    (0..parts)
        .map(|part| part * rows / parts..(part + 1) * rows / parts)
        .collect()
}

/// Calls `work` on each item, in parallel when there is more than one, and keeps the order of results.
pub(super) fn each<I: Send, R: Send>(items: Vec<I>, work: impl Fn(I) -> R + Sync + Send) -> Vec<R> {
    if items.len() == 1 {
        items.into_iter().map(work).collect()
    } else {
        items.into_par_iter().map(work).collect()
    }
}

/// Cuts a slice at the ends of ranges of rows of `width` numbers.
pub(super) fn cut<'a, T>(
    mut values: &'a mut [T],
    ranges: &[std::ops::Range<usize>],
    width: usize,
) -> Vec<&'a mut [T]> {
    ranges
        .iter()
        .map(|range| {
            let (part, rest) = std::mem::take(&mut values).split_at_mut(range.len() * width);
            values = rest;
            part
        })
        .collect()
}

/// Adds the second to last parts to the first.
pub(super) fn add_parts(parts: Vec<Vec<f32>>) -> Vec<f32> {
    let mut parts = parts.into_iter();
    let mut total = parts.next().unwrap_or_default();
    for part in parts {
        for (total, part) in total.iter_mut().zip(part) {
            *total += part;
        }
    }
    total
}

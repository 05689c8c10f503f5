//! Passes over all pairs: how they are cut into tiles and shared out.
//!
//! Every pass computes one row per centre from the rows of its neighbours, forward as well as backward: because a list
//! holds both directions of a pair, the gradient that atom i receives through the message to its neighbour j can be
//! taken at the pair (i, j) from what j received. Nothing is scattered, and centres are independent.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::pairs::{ByPair, Pairs, Tile};

/// One pass over all pairs.
pub(super) trait Pass: Sync {
    /// Makes the filters of a tile, and their derivatives if the pass wants them.
    fn filters(&self, distances: &[f64], scratch: &mut Scratch);

    /// Adds to the rows of some centres, and to the derivatives of their pairs, which are those of the message to the
    /// neighbour. Implementations must be inlined.
    fn work<S: Simd>(&self, simd: S, work: Work<'_>);
}

/// One tile of a pass.
pub(super) struct Work<'a> {
    pub(super) pairs: &'a Pairs,
    pub(super) centres: Range<usize>,
    /// By [`Pairs::filter`].
    pub(super) filters: &'a [f32],
    pub(super) slopes: &'a [f32],
    /// The rows of the centres.
    pub(super) out: &'a mut [f32],
    /// One for each pair of the centres.
    pub(super) by_pair: &'a mut [ByPair],
}

/// What a pass needs for one tile, kept from tile to tile.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// Radial functions and their derivatives.
    pub(super) basis: [Vec<f32>; 2],
    /// Filters and their derivatives.
    pub(super) filters: [Vec<f32>; 2],
}

struct Vectorised<'a, P> {
    pass: &'a P,
    work: Work<'a>,
}

impl<P: Pass> WithSimd for Vectorised<'_, P> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.pass.work(simd, self.work);
    }
}

/// Runs a pass over all tiles: `out` is `[N, width]`, `by_pair` `[E]` or empty.
pub(super) fn run<P: Pass>(
    pairs: &Pairs,
    pass: &P,
    out: &mut [f32],
    by_pair: &mut [ByPair],
    scratch: &mut Vec<Scratch>,
) {
    let width = out.len() / pairs.atoms().max(1);
    let threads = rayon::current_num_threads().min(pairs.tiles().len()).max(1);
    scratch.resize_with(threads.max(scratch.len()), Scratch::default);
    let count = |by_pair: &[ByPair], centres: &Range<usize>| {
        if by_pair.is_empty() {
            return 0;
        }
        pairs.starts[centres.end] - pairs.starts[centres.start]
    };
    let work =
        |tiles: &[Tile], mut out: &mut [f32], mut by_pair: &mut [ByPair], scratch: &mut Scratch| {
            for tile in tiles {
                let (own, rest) = out.split_at_mut(tile.centres.len() * width);
                let (own_pairs, rest_pairs) = by_pair.split_at_mut(count(by_pair, &tile.centres));
                pass.filters(pairs.distances(tile), scratch);
                let [filters, slopes] = &scratch.filters;
                Arch::new().dispatch(Vectorised {
                    pass,
                    work: Work {
                        pairs,
                        centres: tile.centres.clone(),
                        filters,
                        slopes,
                        out: own,
                        by_pair: own_pairs,
                    },
                });
                (out, by_pair) = (rest, rest_pairs);
            }
        };
    if threads == 1 {
        work(pairs.tiles(), out, by_pair, &mut scratch[0]);
        return;
    }
    let (mut out, mut by_pair) = (out, by_pair);
    let mut shares = Vec::with_capacity(threads);
    let tiles = pairs.tiles().chunks(pairs.tiles().len().div_ceil(threads));
    for (tiles, scratch) in tiles.zip(scratch) {
        let centres = tiles[0].centres.start..tiles[tiles.len() - 1].centres.end;
        let (own, rest) = out.split_at_mut(centres.len() * width);
        let (own_pairs, rest_pairs) = by_pair.split_at_mut(count(by_pair, &centres));
        shares.push((tiles, own, own_pairs, scratch));
        (out, by_pair) = (rest, rest_pairs);
    }
    shares
        .into_par_iter()
        .for_each(|(tiles, out, by_pair, scratch)| work(tiles, out, by_pair, scratch));
}

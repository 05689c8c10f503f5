//! The pairs of a batch within the two ranges of the model: the network's and that of electrostatics
//! and dispersion.
//!
//! Axis letters: E directed pairs, H pairs of which both directions count as one.

use backend::{
    segment::{Index, Pairs},
    tape::Var,
};
use burn::tensor::DType;

use crate::{
    models::{Input, radial::lengths},
    weights::host,
};

/// Pairs with their geometry on the tape.
pub(super) struct Near {
    /// The pairs; both directions share a filter.
    pub(super) pairs: Pairs,
    /// Unit vectors from centre to neighbour, `[E, 3]`.
    pub(super) direction: Var<2>,
    /// Distances, `[H, 1]` (Å).
    pub(super) distance: Var<2>,
    /// Centre and neighbour of each of the H.
    pub(super) ends: [Index; 2],
}

/// Pairs of which only the distance matters, in float64.
pub(super) struct Far {
    /// The pairs; both directions share a filter.
    pub(super) pairs: Pairs,
    /// Distances, `[H, 1]` (Å).
    pub(super) distance: Var<2>,
    /// Centre and neighbour of each of the H.
    pub(super) ends: [Index; 2],
}

/// Centre and neighbour of the representatives.
fn ends(pairs: &Pairs, representative: &[u32]) -> [Index; 2] {
    [&pairs.centre, &pairs.neighbour].map(|index| {
        let rows = representative.iter().map(|&e| index.rows()[e as usize]);
        let device = index.tensor().device();
        Index::new(rows.collect(), index.count(), &device)
    })
}

impl Far {
    pub(super) fn new(input: &Input<'_>) -> Self {
        let edges = &input.batch.edges;
        let vectors = input.vectors.gather(&edges.representative);
        Self {
            pairs: edges.shared.clone(),
            distance: lengths(&vectors.cast(DType::F64)),
            ends: ends(&edges.shared, edges.representative.rows()),
        }
    }

    /// The energy of each atom, half of each pair's that it is in.
    ///
    /// # Shapes
    /// - `of_pairs`: `[H, 1]` (eV)
    /// - output: `[N, 1]` (eV)
    pub(super) fn share(&self, of_pairs: &Var<2>) -> Var<2> {
        share(&self.pairs, of_pairs)
    }
}

impl Near {
    /// The pairs that are closer than the cutoff; the list of the batch may reach much farther.
    pub(super) fn new(input: &Input<'_>, cutoff: f64) -> Self {
        let edges = &input.batch.edges;
        let device = input.batch.device();
        let (all, first) = (&edges.shared, edges.representative.rows());
        let values = host(input.vectors.value());
        let (vectors, _) = values.as_chunks::<3>();
        // Asked of one direction for both, because their lengths may differ in the last digit.
        let near = |e: u32| {
            let square: f64 = vectors[e as usize].iter().map(|x| x * x).sum();
            square < cutoff * cutoff
        };
        let mut kept: Vec<bool> = first.iter().map(|&e| near(e)).collect();
        if !kept.contains(&true) {
            // A tensor without elements is not supported everywhere; the cutoff function gives this
            // pair no weight.
            kept[0] = true;
        }
        if kept.iter().all(|&kept| kept) {
            return Self::of(input, all.clone(), first.to_vec(), None);
        }
        let mut number = vec![0; kept.len()];
        let mut count = 0;
        for (number, kept) in number.iter_mut().zip(&kept) {
            *number = count;
            count += u32::from(*kept);
        }
        let mut representative = vec![u32::MAX; count as usize];
        let (mut items, mut filter) = (Vec::new(), Vec::new());
        let (mut centre, mut neighbour) = (Vec::new(), Vec::new());
        for (e, &h) in (0_u32..).zip(all.filter.rows()) {
            if !kept[h as usize] {
                continue;
            }
            let h = number[h as usize];
            if representative[h as usize] == u32::MAX {
                representative[h as usize] = u32::try_from(items.len()).expect("fewer than all");
            }
            items.push(e);
            filter.push(h);
            centre.push(all.centre.rows()[e as usize]);
            neighbour.push(all.neighbour.rows()[e as usize]);
        }
        let pairs = Pairs::new(centre, neighbour, all.centre.count(), &device).sharing(Index::new(
            filter,
            count as usize,
            &device,
        ));
        let items = Index::new(items, all.len(), &device);
        Self::of(input, pairs, representative, Some(&items))
    }

    fn of(
        input: &Input<'_>,
        pairs: Pairs,
        representative: Vec<u32>,
        items: Option<&Index>,
    ) -> Self {
        let vectors = match items {
            None => input.vectors.clone(),
            Some(items) => input.vectors.gather(items),
        };
        let ends = ends(&pairs, &representative);
        let each = lengths(&vectors); // [E, 1]
        let index = Index::new(representative, pairs.len(), &input.batch.device());
        Self {
            direction: vectors.mul(&each.recip()),
            distance: each.gather(&index),
            ends,
            pairs,
        }
    }

    /// The energy of each atom, half of each pair's that it is in.
    ///
    /// # Shapes
    /// - `of_pairs`: `[H, 1]` (eV)
    /// - output: `[N, 1]` (eV)
    pub(super) fn share(&self, of_pairs: &Var<2>) -> Var<2> {
        share(&self.pairs, of_pairs)
    }
}

fn share(pairs: &Pairs, of_pairs: &Var<2>) -> Var<2> {
    of_pairs
        .scale(0.5)
        .gather(&pairs.filter)
        .segment_sum(&pairs.centre)
}

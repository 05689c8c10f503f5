//! `SchNet` (see [`crate::models`]) with a backward pass written by hand.
//!
//! Its filters are a network of the distance with a hidden layer of C features, which would be most of the work, so they
//! are looked up: cubic polynomials between knots, whose own derivative makes the forces the exact gradient of the energy.
//!
//! Axis letters: N atoms, C features, T filters of a tile.

use backend::tape::Table;
use pulp::{Arch, Simd};

use super::{
    dense::{Dense, Into},
    fit,
    math::Activation::ShiftedSoftplus,
    pairs::{ByPair, Pairs},
    pass::{self, Pass, Scratch, Work},
    readout::{self, Readout},
    rows_of,
    source::Source,
    vectors::{parts, parts_mut},
};
use crate::{models::SchNetConfig, weights::Weights};

/// The weights.
#[derive(Debug)]
pub(super) struct Network {
    width: usize,
    /// The features of each element before the first layer, `[elements, C]`.
    embedding: Vec<f32>,
    /// What each element sends in the first layer, `[elements, C]`.
    sent_first: Vec<f32>,
    layers: Vec<Layer>,
    readout: Readout,
}

#[derive(Debug)]
struct Layer {
    filters: Table,
    /// From features to what atoms send, forward and backward.
    send: (Dense, Dense),
    /// The two layers behind the sum over neighbours.
    update: [(Dense, Dense); 2],
}

/// What one layer keeps for the way back.
#[derive(Debug, Default)]
struct Kept {
    /// What atoms send, `[N, C]`.
    sent: Vec<f32>,
    /// Before the activation, `[N, C]`.
    update: Vec<f32>,
}

/// Everything that one evaluation writes, kept for the next.
#[derive(Debug, Default)]
pub(super) struct Memory {
    kept: Vec<Kept>,
    features: Vec<f32>,
    heard: Vec<f32>,
    hidden: Vec<f32>,
    gradient: Vec<f32>,
    readout: readout::Memory,
}

impl Memory {
    pub(super) fn energies(&self) -> &[f32] {
        self.readout.energies()
    }
}

impl Network {
    pub(super) fn new(config: &SchNetConfig, weights: &Weights, source: &Source) -> Self {
        let c = config.width;
        let layers: Vec<Layer> = (0..config.depth)
            .map(|t| {
                let name = format!("representation.interactions.{t}");
                Layer {
                    filters: config.tabulated_filter(weights, t),
                    send: source.dense(&format!("{name}.in2f"), c),
                    update: [0, 1].map(|k| source.dense(&format!("{name}.f2out.{k}"), c)),
                }
            })
            .collect();
        let embedding = source.numbers("representation.embedding.weight");
        let mut sent_first = vec![0.0; embedding.len()];
        let sent = (&mut sent_first[..], c);
        let send = &layers[0].send.0;
        send.apply(embedding.len() / c, (&embedding, c), sent, Into::Set);
        Self {
            width: c,
            embedding,
            sent_first,
            layers,
            readout: Readout::new(source, c),
        }
    }

    /// The energies of atoms, left in the memory; `by_pair` gets the derivatives of their sum.
    pub(super) fn evaluate(
        &self,
        species: &[u8],
        pairs: &Pairs,
        memory: &mut Memory,
        by_pair: &mut [ByPair],
        scratch: &mut Vec<Scratch>,
    ) {
        let (n, c) = (species.len(), self.width);
        let Memory {
            kept,
            features,
            heard,
            hidden,
            gradient,
            readout,
        } = memory;
        kept.resize_with(self.layers.len(), Kept::default);
        for array in [&mut *features, heard, hidden, gradient] {
            fit(array, n * c);
        }
        for (t, (layer, now)) in self.layers.iter().zip(kept.iter_mut()).enumerate() {
            fit(&mut now.sent, n * c);
            fit(&mut now.update, n * c);
            if t == 0 {
                rows_of(species, &self.embedding, (features, c), c);
                rows_of(species, &self.sent_first, (&mut now.sent, c), c);
            } else {
                let sent = (&mut now.sent[..], c);
                layer.send.0.apply(n, (features, c), sent, Into::Set);
            }
            heard.fill(0.0);
            let pass = Hear {
                filters: &layer.filters,
                width: c,
                sent: &now.sent,
            };
            pass::run(pairs, &pass, heard, &mut [], scratch);
            let [first, second] = &layer.update;
            first
                .0
                .apply(n, (heard, c), (&mut now.update, c), Into::Set);
            ShiftedSoftplus.apply(&now.update, hidden);
            second.0.apply(n, (hidden, c), (features, c), Into::Add);
        }
        self.readout.energies(n, (features, c), readout);
        self.readout.backward(n, (gradient, c), readout);
        for (t, (layer, now)) in self.layers.iter().zip(kept.iter_mut()).enumerate().rev() {
            let [first, second] = &layer.update;
            second.1.apply(n, (gradient, c), (hidden, c), Into::Set);
            ShiftedSoftplus.backward(&now.update, hidden);
            first.1.apply(n, (hidden, c), (heard, c), Into::Set);
            // What was sent is read at the centre alone, so that its gradient can take the features' place.
            features.fill(0.0);
            let pass = HearBackward {
                filters: &layer.filters,
                width: c,
                sent: &now.sent,
                gradient: heard,
            };
            pass::run(pairs, &pass, features, by_pair, scratch);
            if t > 0 {
                layer
                    .send
                    .1
                    .apply(n, (features, c), (gradient, c), Into::Add);
            }
        }
    }
}

struct Hear<'a> {
    filters: &'a Table,
    width: usize,
    sent: &'a [f32],
}

impl Pass for Hear<'_> {
    fn filters(&self, distances: &[f64], scratch: &mut Scratch) {
        let [filters, _] = &mut scratch.filters;
        fit(filters, distances.len() * self.width);
        let rows = distances.iter().zip(filters.chunks_exact_mut(self.width));
        Arch::new().dispatch(|| rows.for_each(|(&d, row)| look_up(self.filters, d, [row])));
    }

    #[inline(always)]
    fn work<S: Simd>(&self, simd: S, work: Work<'_>) {
        let c = self.width;
        let n = c / S::F32_LANES;
        for (i, out) in work.centres.zip(work.out.chunks_exact_mut(c)) {
            let [out] = parts_mut::<S, 1>(out, c);
            for e in work.pairs.of(i) {
                let j = work.pairs.neighbour[e] as usize;
                let [sent] = parts::<S, 1>(&self.sent[j * c..], c);
                let [filter] = parts::<S, 1>(&work.filters[work.pairs.filter(e) * c..], c);
                for k in 0..n {
                    out[k] = simd.mul_add_f32s(sent[k], filter[k], out[k]);
                }
            }
        }
    }
}

struct HearBackward<'a> {
    filters: &'a Table,
    width: usize,
    sent: &'a [f32],
    gradient: &'a [f32],
}

impl Pass for HearBackward<'_> {
    fn filters(&self, distances: &[f64], scratch: &mut Scratch) {
        let [filters, slopes] = &mut scratch.filters;
        fit(filters, distances.len() * self.width);
        fit(slopes, filters.len());
        let rows = filters.chunks_exact_mut(self.width);
        let rows = rows.zip(slopes.chunks_exact_mut(self.width));
        let rows = distances.iter().zip(rows);
        Arch::new().dispatch(|| {
            rows.for_each(|(&d, (row, slope))| look_up(self.filters, d, [row, slope]));
        });
    }

    #[inline(always)]
    fn work<S: Simd>(&self, simd: S, work: Work<'_>) {
        let c = self.width;
        let n = c / S::F32_LANES;
        let mut by_pair = work.by_pair.iter_mut();
        for (i, out) in work.centres.zip(work.out.chunks_exact_mut(c)) {
            let [out] = parts_mut::<S, 1>(out, c);
            let [sent] = parts::<S, 1>(&self.sent[i * c..], c);
            for e in work.pairs.of(i) {
                let j = work.pairs.neighbour[e] as usize;
                let place = work.pairs.filter(e) * c;
                let [g] = parts::<S, 1>(&self.gradient[j * c..], c);
                let [filter] = parts::<S, 1>(&work.filters[place..], c);
                let [slope] = parts::<S, 1>(&work.slopes[place..], c);
                let mut sum = simd.splat_f32s(0.0);
                for k in 0..n {
                    sum = simd.mul_add_f32s(simd.mul_f32s(g[k], sent[k]), slope[k], sum);
                    out[k] = simd.mul_add_f32s(g[k], filter[k], out[k]);
                }
                let by_pair = by_pair.next().expect("one for each pair of the tile");
                by_pair[0] += simd.reduce_sum_f32s(sum);
            }
        }
    }
}

/// The tabulated filters at a distance and, where there is a second row for them, their derivatives.
#[expect(
    clippy::cast_possible_truncation,
    reason = "rounding to float32 is what float32 means here"
)]
#[inline(always)]
fn look_up<const R: usize>(table: &Table, distance: f64, mut rows: [&mut [f32]; R]) {
    let Some(place) = table.place(distance) else {
        for row in rows {
            row.fill(0.0);
        }
        return;
    };
    let width = rows[0].len();
    let [a, b, c, d] = table.coefficients(place).map(|part| &part[..width]);
    let powers: [[f32; 4]; R] =
        std::array::from_fn(|order| table.powers(place, order as u32).map(|x| x as f32));
    for k in 0..width {
        for (row, [p, q, r, s]) in rows.iter_mut().zip(powers) {
            row[k] = p * a[k] + q * b[k] + r * c[k] + s * d[k];
        }
    }
}

//! `PaiNN` (see [`crate::models`]) with a backward pass written by hand.
//!
//! A row of features is `[q | μx | μy | μz]`, 4 C numbers. What an atom sends to its neighbours is a row of
//! `[a | b | c μx | c μy | c μz]`, 5 C numbers, of which the first layer, where there is no μ yet, has the first two.
//! Equations are those of the paper (arXiv:2102.03150).
//!
//! Axis letters: N atoms, C features, T filters of a tile.

mod message;
mod mixing;

use pulp::Arch;

use super::{
    dense::{Dense, Into},
    fit,
    gaussians::Gaussians,
    math::Activation::Silu,
    pairs::{ByPair, Pairs},
    pass::{self, Scratch},
    readout::{self, Readout},
    rows_of,
    source::Source,
};
use crate::models::PaiNNConfig;
use message::{Hear, HearBackward, Message};
use mixing::Mixing;

/// The weights.
#[derive(Debug)]
pub(super) struct Network {
    width: usize,
    gaussians: Gaussians,
    /// The features of each element before the first layer, `[elements, C]`.
    embedding: Vec<f32>,
    /// What each element sends in the first layer, `[elements, 2 C]`.
    sent_first: Vec<f32>,
    layers: Vec<Layer>,
    readout: Readout,
}

#[derive(Debug)]
struct Layer {
    /// From radial functions to the filters of a, b and, but for the first layer, c.
    filters: Dense,
    /// The two layers that make a, b and c, forward and backward.
    context: [(Dense, Dense); 2],
    mixing: Mixing,
}

/// What one layer keeps for the way back.
#[derive(Debug, Default)]
struct Kept {
    /// Before the activation, `[N, C]`.
    context: Vec<f32>,
    /// What atoms send, `[N, 5 C]`, or `[N, 2 C]` in the first layer.
    sent: Vec<f32>,
    /// The factor c, `[N, C]`.
    carry: Vec<f32>,
    /// Features after the message, `[N, 4 C]`.
    heard: Vec<f32>,
    mixing: mixing::Kept,
}

/// Everything that one evaluation writes, kept for the next.
#[derive(Debug, Default)]
pub(super) struct Memory {
    kept: Vec<Kept>,
    hidden: Vec<f32>,
    gradient: Vec<f32>,
    by_sent: Vec<f32>,
    mixing: mixing::Spare,
    readout: readout::Memory,
}

impl Memory {
    pub(super) fn energies(&self) -> &[f32] {
        self.readout.energies()
    }
}

impl Network {
    pub(super) fn new(config: &PaiNNConfig, source: &Source) -> Self {
        let (c, depth) = (config.width, config.depth);
        let gaussians = Gaussians::new(source, config.radial.cutoff);
        let layers: Vec<Layer> = (0..depth)
            .map(|t| {
                let context = format!("representation.interactions.{t}.interatomic_context_net");
                Layer {
                    filters: Self::filters(source, &gaussians, t, c),
                    context: [0, 1].map(|k| source.dense(&format!("{context}.{k}"), c)),
                    mixing: Mixing::new(source, t, c, t + 1 == depth),
                }
            })
            .collect();
        let embedding = source.numbers("representation.embedding.weight");
        let elements = embedding.len() / c;
        let [first, second] = &layers[0].context;
        let mut hidden = vec![0.0; elements * c];
        first
            .0
            .apply(elements, (&embedding, c), (&mut hidden, c), Into::Set);
        let before = hidden.clone();
        Silu.apply(&before, &mut hidden);
        let mut all = vec![0.0; elements * 3 * c];
        second
            .0
            .apply(elements, (&hidden, c), (&mut all, 3 * c), Into::Set);
        let sent_first = all.chunks_exact(3 * c).flat_map(|row| &row[..2 * c]);
        Self {
            width: c,
            sent_first: sent_first.copied().collect(),
            embedding,
            layers,
            readout: Readout::new(source, c),
            gaussians,
        }
    }

    /// The part of the filter network that is for layer t, with the bias as the last column.
    fn filters(source: &Source, gaussians: &Gaussians, t: usize, c: usize) -> Dense {
        let weight = source.numbers("representation.filter_net.weight");
        let bias = source.numbers("representation.filter_net.bias");
        let inputs = gaussians.inputs - 1;
        let parts = if t == 0 { 2 } else { 3 };
        let mut rows = Vec::with_capacity(parts * c * gaussians.inputs);
        for row in 3 * c * t..(3 * t + parts) * c {
            rows.extend_from_slice(&weight[row * inputs..][..inputs]);
            rows.push(bias[row]);
        }
        Dense::new(&rows, &[], gaussians.inputs)
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
        memory.kept.resize_with(self.layers.len(), Kept::default);
        for (t, layer) in self.layers.iter().enumerate() {
            let (before, now) = memory.kept.split_at_mut(t);
            let now = &mut now[0];
            match before.last() {
                None => self.begin(species, now),
                Some(before) => {
                    let features = &before.mixing.features;
                    send(layer, features, now, &mut memory.hidden, [n, c]);
                }
            }
            let pass = Hear(self.message(layer, &now.sent));
            pass::run(pairs, &pass, &mut now.heard, &mut [], scratch);
            let mixing = &mut memory.mixing;
            layer.mixing.forward(n, &now.heard, &mut now.mixing, mixing);
        }
        let features = memory.kept.last();
        let features = features.map_or(&[][..], |kept| &kept.mixing.features);
        let gradient = &mut memory.gradient;
        fit(gradient, n * 4 * c);
        let readout = &mut memory.readout;
        self.readout.energies(n, (features, 4 * c), readout);
        self.readout.backward(n, (gradient, 4 * c), readout);
        for (t, layer) in self.layers.iter().enumerate().rev() {
            let now = &memory.kept[t];
            let gradient = &mut memory.gradient;
            let mixing = &mut memory.mixing;
            layer.mixing.backward(n, &now.mixing, gradient, mixing);
            let message = self.message(layer, &now.sent);
            if t == 0 {
                let pass = HearBackward::<true> { message, gradient };
                pass::run(pairs, &pass, &mut [], by_pair, scratch);
                break;
            }
            memory.by_sent.clear();
            memory.by_sent.resize(n * 5 * c, 0.0);
            let pass = HearBackward::<false> { message, gradient };
            pass::run(pairs, &pass, &mut memory.by_sent, by_pair, scratch);
            self.send_backward(t, memory, n);
        }
    }

    fn message<'a>(&'a self, layer: &'a Layer, sent: &'a [f32]) -> Message<'a> {
        Message {
            filters: &layer.filters,
            gaussians: &self.gaussians,
            width: self.width,
            sent,
        }
    }

    /// The features of elements and what they send.
    fn begin(&self, species: &[u8], now: &mut Kept) {
        let (n, c) = (species.len(), self.width);
        fit(&mut now.sent, n * 2 * c);
        rows_of(species, &self.sent_first, (&mut now.sent, 2 * c), 2 * c);
        now.heard.clear();
        now.heard.resize(n * 4 * c, 0.0);
        rows_of(species, &self.embedding, (&mut now.heard, 4 * c), c);
    }

    /// Adds to the gradient by a layer's features what comes through what its atoms send.
    fn send_backward(&self, t: usize, memory: &mut Memory, n: usize) {
        let c = self.width;
        let Kept { context, carry, .. } = &memory.kept[t];
        let features = &memory.kept[t - 1].mixing.features;
        Arch::new().dispatch(|| {
            let rows = memory.by_sent.chunks_exact_mut(5 * c);
            let given = memory.gradient.chunks_exact_mut(4 * c);
            let kept = features.chunks_exact(4 * c).zip(carry.chunks_exact(c));
            for ((by, g), (features, carry)) in rows.zip(given).zip(kept) {
                for k in 0..c {
                    let mut by_carry = 0.0;
                    for x in 1..4 {
                        let by = by[(x + 1) * c + k];
                        by_carry += by * features[x * c + k];
                        g[x * c + k] += by * carry[k];
                    }
                    by[2 * c + k] = by_carry;
                }
            }
        });
        let [first, second] = &self.layers[t].context;
        fit(&mut memory.hidden, n * c);
        let hidden = (&mut memory.hidden[..], c);
        second
            .1
            .apply(n, (&memory.by_sent, 5 * c), hidden, Into::Set);
        Silu.backward(context, &mut memory.hidden);
        let gradient = (&mut memory.gradient[..], 4 * c);
        first.1.apply(n, (&memory.hidden, c), gradient, Into::Add);
    }
}

/// What atoms send, from their features.
fn send(
    layer: &Layer,
    features: &[f32],
    now: &mut Kept,
    hidden: &mut Vec<f32>,
    [n, c]: [usize; 2],
) {
    fit(&mut now.context, n * c);
    fit(hidden, n * c);
    fit(&mut now.sent, n * 5 * c);
    fit(&mut now.carry, n * c);
    let [first, second] = &layer.context;
    let context = (&mut now.context[..], c);
    first.0.apply(n, (features, 4 * c), context, Into::Set);
    Silu.apply(&now.context, hidden);
    let sent = (&mut now.sent[..], 5 * c);
    second.0.apply(n, (hidden, c), sent, Into::Set);
    Arch::new().dispatch(|| {
        let rows = now.sent.chunks_exact_mut(5 * c);
        let carries = now.carry.chunks_exact_mut(c);
        for ((sent, carry), features) in rows.zip(carries).zip(features.chunks_exact(4 * c)) {
            for k in 0..c {
                carry[k] = sent[2 * c + k];
                for x in 0..3 {
                    sent[(x + 2) * c + k] = carry[k] * features[(x + 1) * c + k];
                }
            }
        }
    });
    now.heard.clear();
    now.heard.extend_from_slice(features);
}

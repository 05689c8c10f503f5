//! Equations 9 and 10: scalars and vectors of one atom act on each other.

use pulp::Arch;

use crate::{
    kernel::{
        dense::{Dense, Into},
        fit,
        math::Activation::Silu,
        source::Source,
    },
    models::PAINN_EPSILON,
};

/// The weights of one layer, forward and backward.
#[derive(Debug)]
pub(super) struct Mixing {
    /// From μ to V and W.
    mix: (Dense, Dense),
    /// From q and |V| to what is added to q, the factor on V·W and, but for the last layer, that on W.
    net: [(Dense, Dense); 2],
}

/// What is kept for the way back.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// V and W for each axis, `[N, 3, 2 C]`.
    vw: Vec<f32>,
    /// q and |V|, `[N, 2 C]`.
    joined: Vec<f32>,
    /// Before the activation, `[N, C]`.
    before: Vec<f32>,
    /// `[N, 3 C]`, or `[N, 2 C]` in the last layer.
    factors: Vec<f32>,
    /// Features after mixing, `[N, 4 C]`.
    pub(super) features: Vec<f32>,
}

/// Arrays that hold nothing between two calls.
#[derive(Debug, Default)]
pub(super) struct Spare {
    hidden: Vec<f32>,
    by_factors: Vec<f32>,
    by_joined: Vec<f32>,
    by_vw: Vec<f32>,
}

impl Mixing {
    pub(super) fn new(source: &Source, t: usize, width: usize, last: bool) -> Self {
        let name = format!("representation.mixing.{t}");
        let net = format!("{name}.intraatomic_context_net");
        // The factor on W comes second in the file and last here, and nobody asks for the last layer's vectors.
        let factors: &[usize] = if last { &[0, 2] } else { &[0, 2, 1] };
        Self {
            mix: source.dense(&format!("{name}.mu_channel_mix"), width),
            net: [
                source.dense(&format!("{net}.0"), 2 * width),
                source.dense_blocks(&format!("{net}.1"), width, width, factors),
            ],
        }
    }

    /// The width, the numbers of an atom's factors, and whether vectors are left out.
    fn extents(&self) -> (usize, usize, bool) {
        let [c, f] = [0, 1].map(|k| self.net[k].0.outputs());
        (c, f, f == 2 * c)
    }

    /// From features `[N, 4 C]` to those in `kept`.
    pub(super) fn forward(&self, n: usize, heard: &[f32], kept: &mut Kept, spare: &mut Spare) {
        let (c, f, last) = self.extents();
        let [first, second] = &self.net;
        fit(&mut kept.vw, n * 6 * c);
        fit(&mut kept.joined, n * 2 * c);
        fit(&mut kept.before, n * c);
        fit(&mut kept.factors, n * f);
        fit(&mut kept.features, n * 4 * c);
        fit(&mut spare.hidden, n * c);
        for x in 0..3 {
            let mu = (&heard[(x + 1) * c..], 4 * c);
            let vw = (&mut kept.vw[2 * x * c..], 6 * c);
            self.mix.0.apply(n, mu, vw, Into::Set);
        }
        Arch::new().dispatch(|| {
            let rows = kept.joined.chunks_exact_mut(2 * c);
            let given = kept.vw.chunks_exact(6 * c).zip(heard.chunks_exact(4 * c));
            for (out, (vw, heard)) in rows.zip(given) {
                out[..c].copy_from_slice(&heard[..c]);
                for k in 0..c {
                    let v = [vw[k], vw[2 * c + k], vw[4 * c + k]];
                    let squared = v[0] * v[0] + v[1] * v[1] + v[2] * v[2];
                    out[c + k] = (squared + EPSILON).sqrt();
                }
            }
        });
        let before = (&mut kept.before[..], c);
        first.0.apply(n, (&kept.joined, 2 * c), before, Into::Set);
        Silu.apply(&kept.before, &mut spare.hidden);
        let factors = (&mut kept.factors[..], f);
        second.0.apply(n, (&spare.hidden, c), factors, Into::Set);
        Arch::new().dispatch(|| {
            let rows = kept.features.chunks_exact_mut(4 * c);
            let given = kept.vw.chunks_exact(6 * c).zip(heard.chunks_exact(4 * c));
            let factors = kept.factors.chunks_exact(f);
            for ((out, (vw, heard)), factors) in rows.zip(given).zip(factors) {
                for k in 0..c {
                    out[k] = heard[k] + factors[k] + factors[c + k] * dot(vw, c, k);
                }
                if last {
                    continue;
                }
                for x in 0..3 {
                    for k in 0..c {
                        out[(x + 1) * c + k] =
                            heard[(x + 1) * c + k] + factors[2 * c + k] * vw[(2 * x + 1) * c + k];
                    }
                }
            }
        });
    }

    /// Takes the gradient by the features after mixing to that by the features before, `[N, 4 C]`.
    pub(super) fn backward(&self, n: usize, kept: &Kept, gradient: &mut [f32], spare: &mut Spare) {
        let (c, f, last) = self.extents();
        let Spare {
            hidden,
            by_factors,
            by_joined,
            by_vw,
        } = spare;
        fit(by_factors, n * f);
        fit(hidden, n * c);
        fit(by_joined, n * 2 * c);
        fit(by_vw, n * 6 * c);
        Arch::new().dispatch(|| {
            let given = gradient
                .chunks_exact(4 * c)
                .zip(kept.vw.chunks_exact(6 * c));
            for (out, (g, vw)) in by_factors.chunks_exact_mut(f).zip(given) {
                for k in 0..c {
                    out[k] = g[k];
                    out[c + k] = g[k] * dot(vw, c, k);
                }
                if last {
                    continue;
                }
                for k in 0..c {
                    out[2 * c + k] = g[c + k] * vw[c + k]
                        + g[2 * c + k] * vw[3 * c + k]
                        + g[3 * c + k] * vw[5 * c + k];
                }
            }
        });
        let [first, second] = &self.net;
        second.1.apply(n, (by_factors, f), (hidden, c), Into::Set);
        Silu.backward(&kept.before, hidden);
        first.1.apply(n, (hidden, c), (by_joined, 2 * c), Into::Set);
        Arch::new().dispatch(|| {
            let rows = by_vw
                .chunks_exact_mut(6 * c)
                .zip(gradient.chunks_exact_mut(4 * c));
            let of_vw = kept
                .vw
                .chunks_exact(6 * c)
                .zip(kept.factors.chunks_exact(f));
            let norms = kept
                .joined
                .chunks_exact(2 * c)
                .zip(by_joined.chunks_exact(2 * c));
            for (((out, g), (vw, factors)), (joined, by_joined)) in rows.zip(of_vw).zip(norms) {
                for k in 0..c {
                    let by_dot = g[k] * factors[c + k];
                    let by_v = by_joined[c + k] / joined[c + k];
                    for x in 0..3 {
                        let (v, w) = (vw[2 * x * c + k], vw[(2 * x + 1) * c + k]);
                        out[2 * x * c + k] = by_dot * w + by_v * v;
                        out[(2 * x + 1) * c + k] = by_dot * v;
                    }
                    g[k] += by_joined[k];
                }
                if last {
                    continue;
                }
                for x in 0..3 {
                    for k in 0..c {
                        out[(2 * x + 1) * c + k] += factors[2 * c + k] * g[(x + 1) * c + k];
                    }
                }
            }
        });
        let into = if last { Into::Set } else { Into::Add };
        for x in 0..3 {
            let by_vw = (&by_vw[2 * x * c..], 6 * c);
            let gradient = (&mut gradient[(x + 1) * c..], 4 * c);
            self.mix.1.apply(n, by_vw, gradient, into);
        }
    }
}

/// Under the square root of norms.
#[expect(clippy::cast_possible_truncation, reason = "10⁻⁸ in float32")]
const EPSILON: f32 = PAINN_EPSILON as f32;

/// V · W of channel k.
#[inline(always)]
fn dot(vw: &[f32], c: usize, k: usize) -> f32 {
    vw[k] * vw[c + k] + vw[2 * c + k] * vw[3 * c + k] + vw[4 * c + k] * vw[5 * c + k]
}

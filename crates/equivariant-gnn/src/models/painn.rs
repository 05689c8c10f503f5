//! `PaiNN`: scalar and vector features (Schütt, Unke & Gastegger, ICML 2021, arXiv:2102.03150), with
//! `SchNetPack` 2.2's layers and parameter names.
//!
//! Axis letters: N atoms, E pairs, H filters that the two directions of a pair share, C features, K
//! radial functions.

use backend::{segment::Pairs, tape::Var};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::{
    Input, Model,
    radial::{Distances, RadialConfig, cosine_cutoff, lengths, with_bias, with_ones},
    readout,
    settings::at_least_one,
};
use crate::{
    batch::{ELEMENTS, Edges},
    error::Result,
    weights::{Init, Layout, Scope},
};

/// Under the square root of vector norms, so that its derivative at zero is finite (`SchNetPack`).
pub(crate) const EPSILON: f64 = 1e-8;

/// The size of a `PaiNN`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PaiNNConfig {
    /// Scalar and vector features per atom: C.
    pub width: usize,
    /// Message and mixing blocks.
    pub depth: usize,
    /// Radial functions and cutoff.
    pub radial: RadialConfig,
}

impl Default for PaiNNConfig {
    /// 128 features and 3 interactions (the paper's section 5) with a cutoff of 5 Å.
    fn default() -> Self {
        Self {
            width: 128,
            depth: 3,
            radial: RadialConfig::default(),
        }
    }
}

impl PaiNNConfig {
    /// The defaults with another width and depth.
    #[must_use]
    pub fn new(width: usize, depth: usize) -> Self {
        Self {
            width,
            depth,
            ..Self::default()
        }
    }
}

/// The scalar features and, once there is one, the vector features.
struct Features {
    /// `[N, C]`
    q: Var<2>,
    /// `[N, 3, C]`; vectors start at zero, and zero is not worth computing with.
    mu: Option<Var<3>>,
}

impl PaiNNConfig {
    /// The radial functions and one, times the cutoff function, `[H, K + 1]`.
    ///
    /// (W g + b) f = [W b] ([g 1] f): with the cutoff function and the bias inside the product, no pass over
    /// the H × 9 C filters is needed beside the product itself.
    fn radial(&self, weights: &Scope<'_>, distance: &Var<2>, edges: &Edges) -> Var<2> {
        let basis = self.radial.gaussians(weights, distance); // [H, K]
        let cutoff = cosine_cutoff(distance, self.radial.cutoff); // [H, 1]
        if weights.is_traced() {
            let each = |x: &Var<2>| x.gather(&edges.shared.filter);
            weights.note(|| "d_ij".into(), &each(distance));
            weights.note(|| "rbf".into(), &each(&basis));
            weights.note(|| "fcut".into(), &each(&cutoff));
        }
        with_ones(&basis).mul(&cutoff)
    }

    /// Equations 7 and 8: what each atom hears from its neighbours.
    ///
    /// `filters` are W(r) f(r) of this layer in three parts, each `[H, C]`.
    fn message(
        weights: &Scope<'_>,
        t: usize,
        features: &Features,
        filters: &[Var<2>; 3],
        direction: &Var<2>,
        pairs: &Pairs,
    ) -> Features {
        let name = format!("representation.interactions.{t}.interatomic_context_net");
        let [n, c] = features.q.dims();
        let hidden = weights.dense(&format!("{name}.0"), &features.q).silu(); // [N, C]
        let part = |k| weights.dense_part(&format!("{name}.1"), &hidden, k * c, c); // [N, C]
        let (scalar, along) = (part(0), part(1));
        let [w_scalar, w_along, w_carried] = filters;
        let dq = scalar
            .reshape([n, 1, c])
            .convolve(w_scalar, pairs)
            .reshape([n, c]);
        let mut dmu = along.spread(direction, w_along, pairs); // [N, 3, C]
        if let Some(mu) = &features.mu {
            // The neighbour's factor is applied once per atom instead of once per pair.
            dmu = dmu.add(&mu.scale_by(&part(2)).convolve(w_carried, pairs));
        }
        Features {
            q: features.q.add(&dq),
            mu: Some(match &features.mu {
                None => dmu,
                Some(mu) => mu.add(&dmu),
            }),
        }
    }

    /// Equations 9 and 10: scalars and vectors of one atom act on each other. Nobody asks for the last
    /// layer's vectors, which are then left out.
    fn mixing(
        weights: &Scope<'_>,
        t: usize,
        q: &Var<2>,
        mu: &Var<3>,
        with_vectors: bool,
    ) -> Features {
        let name = format!("representation.mixing.{t}");
        let [n, m, c] = mu.dims();
        let mix = format!("{name}.mu_channel_mix.weight");
        let rows = mu.reshape([n * m, c]);
        let mixed = |part: usize| {
            let mixed = weights.product(&mix, &rows, part * c, c, None);
            mixed.reshape([n, m, c])
        };
        let (v, w) = (mixed(0), mixed(1)); // [N, 3, C]
        let norm = v.dot(&v).shift(EPSILON).sqrt(); // [N, C]
        let context = Var::cat(&[q.clone(), norm], 1); // [N, 2 C]
        let net = format!("{name}.intraatomic_context_net");
        let hidden = weights.dense(&format!("{net}.0"), &context).silu(); // [N, C]
        let part = |k| weights.dense_part(&format!("{net}.1"), &hidden, k * c, c); // [N, C]
        let (a_q, a_both) = (part(0), part(2));
        Features {
            q: q.add(&a_q).add(&a_both.mul(&v.dot(&w))),
            mu: with_vectors.then(|| mu.add(&w.scale_by(&part(1)))),
        }
    }
}

impl Model for PaiNNConfig {
    fn cutoff(&self) -> f64 {
        self.radial.cutoff
    }

    fn depth(&self) -> usize {
        self.depth
    }

    fn width(&self) -> usize {
        self.width
    }

    fn validate(&self) -> Result<()> {
        at_least_one("width", self.width)?;
        at_least_one("depth", self.depth)?;
        self.radial.validate()
    }

    fn layout(&self) -> Layout {
        let c = self.width;
        let mut layout = Layout::default();
        self.radial.declare(&mut layout);
        layout.weight(
            "representation.embedding.weight",
            &[ELEMENTS, c],
            Init::Normal(1.0),
        );
        let filters = 3 * c * self.depth;
        layout.dense(
            "representation.filter_net",
            self.radial.functions,
            filters,
            true,
        );
        for t in 0..self.depth {
            let name = format!("representation.interactions.{t}.interatomic_context_net");
            layout.dense(&format!("{name}.0"), c, c, true);
            layout.dense(&format!("{name}.1"), c, 3 * c, true);
        }
        for t in 0..self.depth {
            let name = format!("representation.mixing.{t}");
            let net = format!("{name}.intraatomic_context_net");
            layout.dense(&format!("{net}.0"), 2 * c, c, true);
            layout.dense(&format!("{net}.1"), c, 3 * c, true);
            layout.dense(&format!("{name}.mu_channel_mix"), c, 2 * c, false);
        }
        readout::declare(&mut layout, c);
        layout
    }

    fn energies(&self, weights: &Scope<'_>, input: &Input<'_>) -> Var<2> {
        let edges = &input.batch.edges;
        let c = self.width;
        let direction = Distances::new(input.vectors).direction; // [E, 3]
        // Filters depend on the distance alone: both directions of a pair share one.
        let distance = lengths(&input.vectors.gather(&edges.representative)); // [H, 1]
        let radial = (!weights.looks_up()).then(|| self.radial(weights, &distance, edges));
        let filter_net = |weights: &Scope<'_>| {
            with_bias(
                &weights.weight("representation.filter_net.weight"),
                &weights.weight("representation.filter_net.bias"),
            ) // [3 C depth, K + 1]
        };
        let net = filter_net(weights);

        let embedding = weights.weight::<2>("representation.embedding.weight");
        let mut features = Features {
            q: embedding.gather(&input.batch.element), // [N, C]
            mu: None,
        };
        for t in 0..self.depth {
            // The first layer has no vectors to carry, hence no third filter.
            let filters = std::array::from_fn(|k| {
                if k == 2 && t == 0 {
                    let empty = Tensor::zeros([1, 1], (&distance.device(), distance.dtype()));
                    return Var::constant(empty);
                }
                let first = (3 * t + k) * c;
                if let Some(radial) = &radial {
                    return radial.matmul_transposed(&net.narrow(0, first, c)); // [H, C]
                }
                let (name, end) = (format!("filter {t} {k}"), self.radial.cutoff);
                weights.of_distance(&name, &distance, end, |weights, d| {
                    let basis = with_ones(&self.radial.gaussians(weights, d));
                    let net = filter_net(weights).narrow(0, first, c);
                    basis.mul(&cosine_cutoff(d, end)).matmul_transposed(&net)
                })
            });
            features = Self::message(weights, t, &features, &filters, &direction, &edges.shared);
            let Features { q, mu: Some(mu) } = features else {
                unreachable!("a message always makes vectors")
            };
            weights.note(|| format!("interaction{t}.q"), &q);
            weights.note(|| format!("interaction{t}.mu"), &mu);
            let with_vectors = t + 1 < self.depth || weights.is_traced();
            features = Self::mixing(weights, t, &q, &mu, with_vectors);
            weights.note(|| format!("mixing{t}.q"), &features.q);
            if let Some(mu) = &features.mu {
                weights.note(|| format!("mixing{t}.mu"), mu);
            }
        }
        weights.note(|| "scalar_representation".into(), &features.q);
        readout::energies(weights, &features.q)
    }
}

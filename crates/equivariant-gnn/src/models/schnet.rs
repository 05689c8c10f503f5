//! `SchNet`: continuous-filter convolutions on invariant features (Schütt et al., J. Chem. Phys. 148,
//! 241722, 2018, doi:10.1063/1.5019779), with `SchNetPack` 2.2's layers and parameter names.
//!
//! Axis letters: N atoms, E pairs, H filters that the two directions of a pair share, C features, K
//! radial functions.

use backend::tape::{Table, Var};
use serde::{Deserialize, Serialize};

use super::{
    Input, Model,
    radial::{RadialConfig, cosine_cutoff, lengths, with_bias, with_ones},
    readout,
    settings::at_least_one,
};
use crate::{
    batch::{ELEMENTS, Edges},
    error::Result,
    weights::{Init, Layout, Scope, Weights},
};

/// The size of a `SchNet`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SchNetConfig {
    /// Features per atom and filters: C.
    pub width: usize,
    /// Interaction blocks.
    pub depth: usize,
    /// Radial functions and cutoff.
    pub radial: RadialConfig,
}

impl Default for SchNetConfig {
    /// 128 features and 6 interactions with a cutoff of 5 Å, `SchNetPack`'s defaults.
    fn default() -> Self {
        Self {
            width: 128,
            depth: 6,
            radial: RadialConfig::default(),
        }
    }
}

impl SchNetConfig {
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

impl SchNetConfig {
    /// The radial functions with a column of ones, `[H, K + 1]`, and the cutoff function, `[E, 1]`.
    fn radial(&self, weights: &Scope<'_>, distance: &Var<2>, edges: &Edges) -> (Var<2>, Var<2>) {
        let basis = self.radial.gaussians(weights, distance); // [H, K]
        let cutoff = cosine_cutoff(distance, self.radial.cutoff); // [H, 1]
        let each = |x: &Var<2>| x.gather(&edges.shared.filter);
        if weights.is_traced() {
            weights.note(|| "d_ij".into(), &each(distance));
            weights.note(|| "rbf".into(), &each(&basis));
            weights.note(|| "fcut".into(), &each(&cutoff));
        }
        (with_ones(&basis), each(&cutoff))
    }

    /// The network that makes filters from radial functions.
    ///
    /// # Shapes
    /// - `basis`: `[H, K + 1]`
    /// - output: `[H, C]`
    fn filter(weights: &Scope<'_>, name: &str, basis: &Var<2>) -> Var<2> {
        let first = with_bias(
            &weights.weight(&format!("{name}.filter_network.0.weight")),
            &weights.weight(&format!("{name}.filter_network.0.bias")),
        );
        let hidden = basis.matmul_transposed(&first).shifted_softplus();
        weights.dense(&format!("{name}.filter_network.1"), &hidden)
    }
}

impl SchNetConfig {
    /// The filters of layer t with the cutoff function, `[H, C]`.
    fn filter_of_distance(&self, weights: &Scope<'_>, name: &str, distance: &Var<2>) -> Var<2> {
        let basis = with_ones(&self.radial.gaussians(weights, distance));
        Self::filter(weights, name, &basis).mul(&cosine_cutoff(distance, self.radial.cutoff))
    }

    /// The same as a table.
    pub(crate) fn tabulated_filter(&self, weights: &Weights, t: usize) -> Table {
        let name = interaction(t);
        weights.table_of(self.radial.cutoff, |weights, distance| {
            self.filter_of_distance(weights, &name, distance)
        })
    }
}

fn interaction(t: usize) -> String {
    format!("representation.interactions.{t}")
}

impl Model for SchNetConfig {
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
        for t in 0..self.depth {
            let name = interaction(t);
            layout.dense(&format!("{name}.in2f"), c, c, false);
            layout.dense(&format!("{name}.f2out.0"), c, c, true);
            layout.dense(&format!("{name}.f2out.1"), c, c, true);
            let k = self.radial.functions;
            layout.dense(&format!("{name}.filter_network.0"), k, c, true);
            layout.dense(&format!("{name}.filter_network.1"), c, c, true);
        }
        readout::declare(&mut layout, c);
        layout
    }

    fn energies(&self, weights: &Scope<'_>, input: &Input<'_>) -> Var<2> {
        let edges = &input.batch.edges;
        let n = input.batch.species.len();
        let c = self.width;
        // Filters depend on the distance alone: both directions of a pair share one.
        let distance = lengths(&input.vectors.gather(&edges.representative)); // [H, 1]
        let radial = (!weights.looks_up()).then(|| self.radial(weights, &distance, edges));

        let embedding = weights.weight::<2>("representation.embedding.weight");
        let mut x = embedding.gather(&input.batch.element); // [N, C]
        for t in 0..self.depth {
            let name = interaction(t);
            let y = weights.product(&format!("{name}.in2f.weight"), &x, 0, c, None); // [N, C]
            let v = if let Some((basis, cutoff)) = &radial {
                // The cutoff function rides along as the one component of the spread.
                let filter = Self::filter(weights, &name, basis); // [H, C]
                y.spread(cutoff, &filter, &edges.shared)
            } else {
                let end = self.radial.cutoff;
                let filter = weights.of_distance(&name, &distance, end, |weights, d| {
                    self.filter_of_distance(weights, &name, d)
                });
                y.reshape([n, 1, c]).convolve(&filter, &edges.shared)
            };
            let v = v.reshape([n, c]);
            let v = weights
                .dense(&format!("{name}.f2out.0"), &v)
                .shifted_softplus();
            let update = weights.dense(&format!("{name}.f2out.1"), &v); // [N, C]
            weights.note(|| format!("interaction{t}.update"), &update);
            x = x.add(&update);
        }
        weights.note(|| "scalar_representation".into(), &x);
        readout::energies(weights, &x)
    }
}

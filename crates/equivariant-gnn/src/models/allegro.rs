//! Allegro: a strictly local equivariant potential without message passing (Musaelian et al., Nat.
//! Commun. 14, 579, 2023, doi:10.1038/s41467-023-36329-y), with the layers and parameter names of
//! `nequip-allegro` 0.8.
//!
//! Every ordered pair (i, j) has S scalars and a tensor of C channels. In each layer the tensor is
//! coupled with the environment of the centre i, the weighted sum of spherical harmonics over its
//! neighbours; what comes out as scalars goes with all scalars so far through a network, which gives
//! new scalars and the weights of the next environment. The energy is a sum over pairs.
//!
//! Axis letters: N atoms, E pairs, S scalars, C channels, L degrees, M components of all degrees,
//! K radial functions, T elements.

use backend::{segment::Pairs, tape::Var};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::{
    Elements, Input, Model,
    bessel::{bessel, polynomial_cutoff},
    mlp,
    radial::Distances,
    scale_shift,
    settings::{Neighbourhood, at_least_one, each_at_least_one, within},
};
use crate::{
    error::{Error, Result},
    so3::{Contraction, Irrep, Parity, spherical_harmonics},
    weights::{Layout, Scope},
};

const EMBEDDING: &str = "model.func.radial_chemical_embed";
const SCALAR_EMBEDDING: &str = "model.func.scalar_embed_mlp.mlp_module";
const TENSOR_EMBEDDING: &str = "model.func.tensor_embed.env_embed_linear";
const PROJECTION: &str = "model.func.allegro.first_layer_env_embed_projection";
const READOUT: &str = "model.func.edge_readout.mlp_module";

/// The size of an Allegro.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AllegroConfig {
    /// The elements it knows.
    pub elements: Elements,
    /// The distance from which on atoms do not see each other (Å).
    pub cutoff: f64,
    /// Radial functions: K.
    pub functions: usize,
    /// Power p of the polynomial cutoff.
    pub cutoff_power: u32,
    /// The largest degree of the spherical harmonics.
    pub l_max: usize,
    /// Whether tensors of the parity that spherical harmonics lack are kept as well.
    pub parity: bool,
    /// Layers.
    pub depth: usize,
    /// Scalars per pair: S.
    pub scalars: usize,
    /// Channels of the tensor of a pair: C.
    pub channels: usize,
    /// Features of the embedding of distance and elements; even.
    pub embedding: usize,
    /// Hidden layers of the network behind the embedding.
    pub embedding_hidden: Vec<usize>,
    /// Hidden layers of the network of each layer.
    pub latent_hidden: Vec<usize>,
    /// Hidden layers of the readout.
    pub readout_hidden: Vec<usize>,
    /// Whether each channel has its own weights of the couplings.
    pub channel_weights: bool,
    /// The average number of neighbours within the cutoff in the training set; sums over neighbours
    /// are divided by its square root.
    pub neighbours: f64,
}

impl Default for AllegroConfig {
    /// The defaults of `nequip-allegro`: 2 layers, 64 scalars, 16 channels; with degree 2, a cutoff of
    /// 5 Å and 20 neighbours, which it leaves to the user.
    fn default() -> Self {
        Self {
            elements: Elements::default(),
            cutoff: 5.0,
            functions: 8,
            cutoff_power: 6,
            l_max: 2,
            parity: true,
            depth: 2,
            scalars: 64,
            channels: 16,
            embedding: 64,
            embedding_hidden: vec![64],
            latent_hidden: vec![64],
            readout_hidden: vec![32],
            channel_weights: true,
            neighbours: 20.0,
        }
    }
}

impl AllegroConfig {
    /// The defaults with other sizes; networks are as wide as the scalars.
    #[must_use]
    pub fn new(scalars: usize, channels: usize, depth: usize, l_max: usize) -> Self {
        Self {
            scalars,
            channels,
            depth,
            l_max,
            embedding: scalars.next_multiple_of(2),
            embedding_hidden: vec![scalars],
            latent_hidden: vec![scalars],
            readout_hidden: vec![scalars.div_ceil(2)],
            ..Self::default()
        }
    }

    /// The fast form with vectors only: degree 1.
    #[must_use]
    pub fn small() -> Self {
        Self::new(32, 8, 2, 1)
    }

    fn degrees(&self) -> usize {
        self.l_max + 1
    }

    /// The irreps of the tensor before each layer and after the last. All that couplings can reach is
    /// kept, less what no later layer could bring back to a scalar.
    fn tracked(&self) -> Vec<Vec<Irrep>> {
        let harmonics: Vec<Irrep> = (0..=self.l_max).map(Irrep::harmonic).collect();
        let allowed: Vec<Irrep> = if self.parity {
            let both = [Parity::Even, Parity::Odd];
            let degrees = 0..=self.l_max;
            degrees
                .flat_map(|l| both.map(|parity| Irrep { l, parity }))
                .collect()
        } else {
            harmonics.clone()
        };
        let couples = |from: &[Irrep], to: Irrep| {
            let mut pairs = from
                .iter()
                .flat_map(|a| harmonics.iter().map(move |b| (*a, *b)));
            pairs.any(|(a, b)| to.is_in_product(a, b))
        };
        let mut stages = vec![harmonics.clone()];
        for layer in 1..=self.depth {
            let wanted: &[Irrep] = if layer == self.depth {
                &[Irrep::SCALAR]
            } else {
                &allowed
            };
            let reached = wanted
                .iter()
                .filter(|&&to| couples(&stages[layer - 1], to))
                .copied()
                .collect();
            stages.push(reached);
        }
        for layer in (0..self.depth).rev() {
            let (before, after) = stages.split_at_mut(layer + 1);
            before[layer].retain(|&from| after[0].iter().any(|&to| couples(&[from], to)));
        }
        stages
    }

    fn contractions(&self) -> Vec<Contraction> {
        let harmonics: Vec<Irrep> = (0..=self.l_max).map(Irrep::harmonic).collect();
        let stages = self.tracked();
        let layers = stages.windows(2);
        layers
            .map(|w| Contraction::new(w[0].clone(), harmonics.clone(), w[1].clone()))
            .collect()
    }

    /// The hidden state of pairs before the first layer: distance and elements, zero at the cutoff.
    fn embed(&self, weights: &Scope<'_>, input: &Input<'_>, distance: &Var<2>) -> Var<2> {
        let pairs = &input.batch.edges.pairs;
        let x = distance.scale(1.0 / self.cutoff); // [E, 1]
        let cutoff = polynomial_cutoff(&x, self.cutoff_power); // [E, 1]
        let roots = weights.buffer::<2>(&format!("{EMBEDDING}.bessel_encode.bessel_weights"));
        let radial = bessel(&x, &roots).mul(&cutoff); // [E, K]
        weights.note(|| "edge_norm:normed_edge_lengths".into(), &x);
        weights.note(|| "bessel_encode:edge_cutoff".into(), &cutoff);
        weights.note(|| "bessel_encode:edge_embedding".into(), &radial);
        let element = self.elements.index(input.batch);
        let of_pairs = |name: &str, end| {
            let table = weights.weight::<2>(&format!("{EMBEDDING}.type_embed.{name}.weight"));
            table.gather(&element).gather(end) // [E, embedding / 2]
        };
        let elements = Var::cat(
            &[
                of_pairs("center_embed", &pairs.centre),
                of_pairs("neighbor_embed", &pairs.neighbour),
            ],
            1,
        ); // [E, embedding]
        let basis = format!("{EMBEDDING}.type_embed.basis_linear");
        let embedding = mlp::apply(weights, &basis, &[], &radial).mul(&elements);
        weights.note(|| "type_embed:edge_embedding".into(), &embedding);
        let scalars = mlp::apply(
            weights,
            SCALAR_EMBEDDING,
            &self.embedding_hidden,
            &embedding,
        );
        weights.note(|| "scalar_embed_mlp:edge_embedding".into(), &scalars);
        scalars // [E, S]
    }

    /// Columns `from..` of a network's last weight as one matrix `[·, C]` per degree; the columns are
    /// C channels with L degrees each.
    fn by_degree(&self, weight: &Var<2>, from: usize) -> Vec<Var<2>> {
        let (c, l) = (self.channels, self.degrees());
        let inputs = weight.dims()[0];
        let columns = weight.narrow(1, from, c * l).reshape([inputs, c, l]);
        (0..l)
            .map(|degree| columns.narrow(2, degree, 1).reshape([inputs, c]))
            .collect()
    }

    /// Spherical harmonics with a weight per channel and degree, summed over the pairs of each row.
    ///
    /// # Shapes
    /// - `harmonics`: `[E, M]`, `x`: `[E, ·]`, `weights`: L of `[·, C]`
    /// - output: `[rows, M, C]`
    fn weighted(harmonics: &Var<2>, x: &Var<2>, weights: &[Var<2>], pairs: &Pairs) -> Var<3> {
        let mut start = 0;
        let parts: Vec<Var<3>> = weights
            .iter()
            .enumerate()
            .map(|(l, weight)| {
                let degree = harmonics.narrow(1, start, 2 * l + 1);
                start += 2 * l + 1;
                let weight = x.matmul(weight); // [E, C]
                let shape = [pairs.neighbour.count(), weight.dims()[1]];
                let ones = Tensor::ones(shape, (&weight.device(), weight.dtype()));
                Var::constant(ones).spread(&degree, &weight, pairs)
            })
            .collect();
        Var::cat(&parts, 1)
    }
}

impl Model for AllegroConfig {
    fn cutoff(&self) -> f64 {
        self.cutoff
    }

    fn is_local(&self) -> bool {
        true
    }

    fn first_rate(&self) -> f64 {
        super::RATE_OF_UNIT_WEIGHTS
    }

    fn depth(&self) -> usize {
        self.depth
    }

    fn width(&self) -> usize {
        self.scalars
    }

    fn knows(&self, z: u8) -> bool {
        self.elements.row(z).is_some()
    }

    fn validate(&self) -> Result<()> {
        Neighbourhood {
            elements: &self.elements,
            cutoff: self.cutoff,
            cutoff_power: self.cutoff_power,
            functions: self.functions,
            neighbours: self.neighbours,
            depth: self.depth,
        }
        .validate()?;
        at_least_one("scalars", self.scalars)?;
        at_least_one("channels", self.channels)?;
        each_at_least_one("embedding_hidden", &self.embedding_hidden)?;
        each_at_least_one("latent_hidden", &self.latent_hidden)?;
        each_at_least_one("readout_hidden", &self.readout_hidden)?;
        within("l_max", self.l_max, 1..=6, "1 to 6")?;
        if self.embedding == 0 || !self.embedding.is_multiple_of(2) {
            return Err(Error::Setting {
                field: "embedding",
                value: self.embedding.to_string(),
                expected: "a positive even number",
            });
        }
        Ok(())
    }

    fn layout(&self) -> Layout {
        let (s, c) = (self.scalars, self.channels);
        let environment = c * self.degrees();
        let mut layout = Layout::default();
        let roots = (1..=self.functions).map(|k| k as f64).collect();
        layout.buffer(
            format!("{EMBEDDING}.bessel_encode.bessel_weights"),
            &[1, self.functions],
            roots,
        );
        for end in ["center_embed", "neighbor_embed"] {
            layout.weight(
                format!("{EMBEDDING}.type_embed.{end}.weight"),
                &[self.elements.rows(), self.embedding / 2],
                mlp::UNIT,
            );
        }
        let basis = format!("{EMBEDDING}.type_embed.basis_linear");
        mlp::declare(&mut layout, &basis, self.functions, &[], self.embedding);
        mlp::declare(
            &mut layout,
            SCALAR_EMBEDDING,
            self.embedding,
            &self.embedding_hidden,
            s,
        );
        mlp::declare(&mut layout, TENSOR_EMBEDDING, s, &[], environment);
        mlp::declare(&mut layout, PROJECTION, s, &[], s + environment);
        for (t, contraction) in self.contractions().iter().enumerate() {
            let paths = contraction.paths();
            let shape: &[usize] = if self.channel_weights {
                &[c, paths]
            } else {
                &[paths]
            };
            let name = format!("model.func.allegro.tps.{t}.weights");
            layout.weight(name, shape, mlp::UNIT);
            let last = t + 1 == self.depth;
            mlp::declare(
                &mut layout,
                &format!("model.func.allegro.latents.{t}"),
                s * (t + 1) + c,
                &self.latent_hidden,
                if last { s } else { s + environment },
            );
        }
        let all = s * (self.depth + 1);
        mlp::declare(&mut layout, READOUT, all, &self.readout_hidden, 1);
        scale_shift::declare(&mut layout, &self.elements);
        layout
    }

    fn energies(&self, weights: &Scope<'_>, input: &Input<'_>) -> Var<2> {
        // Environments are needed for centres only; a part of a large structure has many more neighbours.
        let pairs = &input.batch.edges.centred();
        let (e, s, c) = (pairs.len(), self.scalars, self.channels);
        let Distances {
            distance,
            direction,
        } = Distances::new(input.vectors); // [E, 1], [E, 3]
        let embedded = self.embed(weights, input, &distance); // [E, S]
        let harmonics = spherical_harmonics(self.l_max, &direction); // [E, M]
        weights.note(|| "tensor_embed:edge_attrs".into(), &harmonics);

        // Each pair is its own row here, so the sum over pairs of a row is the pair.
        let alone: Vec<u32> = (0_u32..).take(e).collect();
        let alone = Pairs::new(alone.clone(), alone, e, &input.batch.device());
        let channels = self.by_degree(&mlp::weight(weights, TENSOR_EMBEDDING, 0), 0);
        let mut tensor = Self::weighted(&harmonics, &embedded, &channels, &alone); // [E, M, C]
        if weights.is_traced() {
            let channel_major = tensor.swap_dims(1, 2);
            weights.note(|| "tensor_embed:edge_features".into(), &channel_major);
        }

        // The network's last product, cut into its scalars and the weights of the next environment.
        let mut state = embedded;
        let mut last = mlp::weight(weights, PROJECTION, 0); // [·, S + C · L]
        let mut scalars = vec![state.matmul(&last.narrow(1, 0, s))]; // [E, S] each
        for (t, contraction) in self.contractions().iter().enumerate() {
            let channels = self.by_degree(&last, s);
            let environment = Self::weighted(&harmonics, &state, &channels, pairs)
                .scale(self.neighbours.sqrt().recip()); // [centres, M, C]
            if weights.is_traced() {
                let channel_major = environment.swap_dims(1, 2);
                weights.note(|| "allegro:node_features".into(), &channel_major);
            }
            let name = format!("model.func.allegro.tps.{t}.weights");
            let paths = contraction.paths();
            let couplings = if self.channel_weights {
                weights.weight::<2>(&name)
            } else {
                weights.weight::<1>(&name).reshape([1, paths])
            };
            tensor = contraction.apply(&tensor, &environment, &couplings, &pairs.centre);
            let invariant = tensor.narrow(1, 0, 1).reshape([e, c]); // [E, C]
            let mut known = scalars.clone();
            known.push(invariant);
            let known = Var::cat(&known, 1); // [E, S (t + 1) + C]
            let name = format!("model.func.allegro.latents.{t}");
            state = mlp::hidden(weights, &name, &self.latent_hidden, &known);
            last = mlp::weight(weights, &name, self.latent_hidden.len());
            scalars.push(state.matmul(&last.narrow(1, 0, s)));
        }
        let scalars = Var::cat(&scalars, 1); // [E, S (depth + 1)]
        weights.note(|| "allegro:edge_features".into(), &scalars);
        let of_pairs = mlp::apply(weights, READOUT, &self.readout_hidden, &scalars); // [E, 1]
        weights.note(|| "edge_readout:edge_energy".into(), &of_pairs);
        let sum = of_pairs
            .segment_sum(&pairs.centre)
            .scale(self.neighbours.sqrt().recip());
        let behind = input.batch.species.len() - pairs.centre.count();
        let sum = if behind == 0 {
            sum
        } else {
            sum.pad(0, 0, behind)
        }; // [N, 1]
        weights.note(|| "edge_eng_sum:node_features".into(), &sum);
        // The half of (i, j) and the half of (j, i) both move atom i.
        let energies = sum.scale(std::f64::consts::FRAC_1_SQRT_2);
        weights.note(|| "edge_eng_sum:atomic_energy".into(), &energies);
        scale_shift::apply(weights, &energies, &self.elements.index(input.batch))
    }
}

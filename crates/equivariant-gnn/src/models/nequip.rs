//! `NequIP`: message passing with tensors of every degree (Batzner et al., Nat. Commun. 13, 2453, 2022,
//! doi:10.1038/s41467-022-29939-5), with the layers and parameter names of `nequip` 0.19.
//!
//! In each layer the features of the neighbours are coupled with the spherical harmonics of the pair,
//! weighted by a network of the distance, summed, mixed, and gated.
//!
//! Axis letters: N atoms, E pairs, M components, C channels, K radial functions, T elements.

use backend::tape::Var;
use serde::{Deserialize, Serialize};

use super::{
    Elements, Input, Model,
    bessel::{bessel, polynomial_cutoff},
    mlp,
    radial::Distances,
    scale_shift,
    settings::{Neighbourhood, at_least_one, each_at_least_one},
};
use crate::{
    error::{Error, Result},
    so3::{
        FullyConnected, Gate, Irrep, Irreps, Linear, Parity, TensorProduct, spherical_harmonics,
    },
    weights::{Init, Layout, Scope},
};

const ROOTS: &str = "model.func.bessel_encode.bessel_weights";
const ELEMENT: &str = "model.func.type_embed.embed_module.weight";
const READOUT: &str = "model.func.per_atom_energy_readout.mlp_module";

/// The size of a `NequIP`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NequIPConfig {
    /// The elements it knows.
    pub elements: Elements,
    /// The distance from which on atoms do not see each other (Å).
    pub cutoff: f64,
    /// Radial functions: K.
    pub functions: usize,
    /// Power p of the polynomial cutoff.
    pub cutoff_power: u32,
    /// Whether tensors of the parity that spherical harmonics lack are kept as well.
    pub parity: bool,
    /// Layers of message passing.
    pub depth: usize,
    /// Channels of each degree, from 0 to the largest degree.
    pub channels: Vec<usize>,
    /// Features of the embedding of the element.
    pub embedding: usize,
    /// Hidden layers of the network of the distance.
    pub radial_hidden: Vec<usize>,
    /// The average number of neighbours within the cutoff in the training set; sums over neighbours
    /// are divided by its square root.
    pub neighbours: f64,
}

impl Default for NequIPConfig {
    /// The defaults of `nequip`: 4 layers, degree 1, 32 channels of each parity, one hidden layer of
    /// 128 for the distance; with a cutoff of 5 Å and 20 neighbours, which it leaves to the user.
    fn default() -> Self {
        Self::new(32, 4, 1)
    }
}

/// One layer's parts.
struct Layer {
    name: String,
    before: Linear,
    product: TensorProduct,
    after: Linear,
    /// Absent in the first layer.
    skip: Option<FullyConnected>,
    gate: Gate,
}

impl NequIPConfig {
    /// The defaults with other sizes, the same number of channels for every degree.
    #[must_use]
    pub fn new(channels: usize, depth: usize, l_max: usize) -> Self {
        Self {
            elements: Elements::default(),
            cutoff: 5.0,
            functions: 8,
            cutoff_power: 6,
            parity: true,
            depth,
            channels: vec![channels; l_max + 1],
            embedding: channels,
            radial_hidden: vec![128],
            neighbours: 20.0,
        }
    }

    fn l_max(&self) -> usize {
        self.channels.len() - 1
    }

    /// What a layer may give: every degree, of both parities or of the harmonics'.
    fn hidden(&self) -> Irreps {
        let mut out = Vec::new();
        for (l, &mul) in self.channels.iter().enumerate() {
            if self.parity {
                for parity in [Parity::Even, Parity::Odd] {
                    out.push((mul, Irrep { l, parity }));
                }
            } else {
                out.push((mul, Irrep::harmonic(l)));
            }
        }
        Irreps(out)
    }

    /// The layers, each keeping of what it may give only what its input can be coupled to.
    fn layers(&self) -> Vec<Layer> {
        let harmonics = Irreps::harmonics(self.l_max());
        let scalars_only = Irreps(vec![(self.channels[0], Irrep::SCALAR)]);
        let mut input = Irreps(vec![(self.embedding, Irrep::SCALAR)]);
        let mut layers = Vec::with_capacity(self.depth);
        for t in 0..self.depth {
            let wanted = if t + 1 == self.depth {
                scalars_only.clone()
            } else {
                self.hidden()
            };
            let reached = |&(_, ir): &(usize, Irrep)| {
                let mut pairs = input
                    .0
                    .iter()
                    .flat_map(|&(_, a)| harmonics.0.iter().map(move |&(_, b)| (a, b)));
                pairs.any(|(a, b)| ir.is_in_product(a, b))
            };
            let (scalars, gated): (Vec<_>, Vec<_>) = wanted
                .0
                .into_iter()
                .filter(reached)
                .partition(|(_, ir)| ir.l == 0);
            let gate = Gate::new(Irreps(scalars), Irreps(gated));
            let product = TensorProduct::all_into(input.clone(), harmonics.clone(), gate.input());
            layers.push(Layer {
                name: format!("model.func.layer{t}_convnet"),
                before: Linear::new(&input, &input),
                after: Linear::new(&product.output().simplified(), gate.input()),
                product,
                skip: (t > 0).then(|| {
                    FullyConnected::new(input.clone(), self.embedding, gate.input().clone())
                }),
                gate,
            });
            input = layers[t].gate.output();
        }
        layers
    }

    /// Functions of the distance, `[E, K]`.
    fn radial(&self, weights: &Scope<'_>, distance: &Var<2>) -> Var<2> {
        let x = distance.scale(1.0 / self.cutoff); // [E, 1]
        let cutoff = polynomial_cutoff(&x, self.cutoff_power); // [E, 1]
        let radial = bessel(&x, &weights.buffer::<2>(ROOTS)).mul(&cutoff); // [E, K]
        weights.note(|| "edge_norm:normed_edge_lengths".into(), &x);
        weights.note(|| "bessel_encode:edge_cutoff".into(), &cutoff);
        weights.note(|| "bessel_encode:edge_embedding".into(), &radial);
        // The paper's normalisation of the radial functions, which Allegro leaves out.
        let radial = radial.scale(std::f64::consts::TAU / self.cutoff.powi(2));
        weights.note(|| "factor:edge_embedding".into(), &radial);
        radial
    }
}

/// Blocks of the same irrep side by side, as [`Irreps::simplified`] counts them.
fn merged(irreps: &Irreps, blocks: Vec<Var<3>>) -> Vec<Var<3>> {
    let mut out: Vec<(Irrep, Vec<Var<3>>)> = Vec::new();
    for (&(_, ir), block) in irreps.0.iter().zip(blocks) {
        match out.last_mut() {
            Some((last, parts)) if *last == ir => parts.push(block),
            _ => out.push((ir, vec![block])),
        }
    }
    out.into_iter()
        .map(|(_, parts)| Var::cat(&parts, 2))
        .collect()
}

impl Model for NequIPConfig {
    fn cutoff(&self) -> f64 {
        self.cutoff
    }

    fn first_rate(&self) -> f64 {
        super::RATE_OF_UNIT_WEIGHTS
    }

    fn depth(&self) -> usize {
        self.depth
    }

    fn width(&self) -> usize {
        self.channels[0]
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
        at_least_one("embedding", self.embedding)?;
        each_at_least_one("channels", &self.channels)?;
        each_at_least_one("radial_hidden", &self.radial_hidden)?;
        if !(2..=7).contains(&self.channels.len()) {
            return Err(Error::Setting {
                field: "channels",
                value: format!("{} degrees", self.channels.len()),
                expected: "2 to 7 degrees",
            });
        }
        Ok(())
    }

    fn layout(&self) -> Layout {
        let mut layout = Layout::default();
        let roots = (1..=self.functions).map(|k| k as f64).collect();
        layout.buffer(ROOTS, &[1, self.functions], roots);
        let table = [self.elements.rows(), self.embedding];
        layout.weight(ELEMENT, &table, Init::Normal(1.0));
        for layer in self.layers() {
            let name = format!("{}.conv", layer.name);
            let mut flat = |what: &str, count: usize| {
                layout.weight(format!("{name}.{what}.weight"), &[count], Init::Normal(1.0));
            };
            flat("linear_1", layer.before.weights());
            flat("linear_2", layer.after.weights());
            if let Some(skip) = &layer.skip {
                flat("sc", skip.weights());
            }
            mlp::declare(
                &mut layout,
                &format!("{name}.edge_mlp"),
                self.functions,
                &self.radial_hidden,
                layer.product.weights(),
            );
        }
        mlp::declare(&mut layout, READOUT, self.channels[0], &[], 1);
        scale_shift::declare(&mut layout, &self.elements);
        layout
    }

    fn energies(&self, weights: &Scope<'_>, input: &Input<'_>) -> Var<2> {
        let pairs = &input.batch.edges.pairs;
        let Distances {
            distance,
            direction,
        } = Distances::new(input.vectors); // [E, 1], [E, 3]
        let radial = (!weights.looks_up()).then(|| self.radial(weights, &distance)); // [E, K]
        let harmonics = spherical_harmonics(self.l_max(), &direction); // [E, (l_max + 1)²]
        weights.note(|| "spharm:edge_attrs".into(), &harmonics);

        let element = self.elements.index(input.batch);
        let attributes = weights.weight::<2>(ELEMENT).gather(&element); // [N, embedding]
        weights.note(|| "type_embed:node_attrs".into(), &attributes);
        weights.note(|| "type_embed:node_features".into(), &attributes);
        let [n, width] = attributes.dims();
        let mut features = vec![attributes.reshape([n, 1, width])]; // [N, M, C] per irrep
        for layer in self.layers() {
            let name = format!("{}.conv", layer.name);
            let flat = |what: &str| weights.weight::<1>(&format!("{name}.{what}.weight"));
            let sent: Vec<Var<3>> = layer
                .before
                .apply(&features, &flat("linear_1"))
                .iter()
                .map(|block| block.gather(&pairs.neighbour)) // [E, M, C]
                .collect();
            let network = format!("{name}.edge_mlp");
            let filter = |weights: &Scope<'_>, radial: &Var<2>| {
                mlp::apply(weights, &network, &self.radial_hidden, radial)
            };
            let filter = match &radial {
                Some(radial) => filter(weights, radial),
                None => weights.of_distance(&network, &distance, self.cutoff, |weights, d| {
                    filter(weights, &self.radial(weights, d))
                }),
            };
            let messages = layer.product.apply(&sent, &harmonics, &filter);
            let received = messages
                .iter()
                .map(|block| {
                    let sum = block.segment_sum(&pairs.centre); // [N, M, C]
                    sum.scale(self.neighbours.sqrt().recip())
                })
                .collect();
            let received = merged(layer.product.output(), received);
            let mut mixed = layer.after.apply(&received, &flat("linear_2"));
            if let Some(skip) = &layer.skip {
                let own = skip.apply(&features, &attributes, &flat("sc"));
                for (block, own) in mixed.iter_mut().zip(own) {
                    if let Some(own) = own {
                        *block = block.add(&own);
                    }
                }
            }
            features = layer.gate.apply(&mixed);
            if weights.is_traced() {
                let rows = Irreps::join(&features);
                let short = layer.name.trim_start_matches("model.func.");
                weights.note(|| format!("{short}:node_features"), &rows);
            }
        }
        let scalars = features[0].reshape([n, self.channels[0]]);
        let energies = mlp::apply(weights, READOUT, &[], &scalars); // [N, 1]
        weights.note(|| "per_atom_energy_readout:atomic_energy".into(), &energies);
        scale_shift::apply(weights, &energies, &element)
    }
}

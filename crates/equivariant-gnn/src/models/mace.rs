//! MACE: message passing with products of many bodies (Batatia et al., 2022,
//! arXiv:2206.07697), with the layers and parameter names of `mace-torch` 0.3 (`ScaleShiftMACE` with
//! `RealAgnosticResidualInteractionBlock`).
//!
//! Axis letters: N atoms, E pairs, M components, D components of all degrees, C channels, K radial
//! functions, T elements.

use backend::{
    segment::{Index, Pairs},
    tape::Var,
};
use burn::tensor::{DType, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::{
    Elements, Input, Model,
    bessel::polynomial_cutoff,
    radial::Distances,
    settings::{Neighbourhood, at_least_one, each_at_least_one, within},
};
use crate::{
    error::Result,
    so3::{
        FullyConnected, Irrep, Irreps, Linear, Order, SECOND_MOMENT_SILU, SymmetricContraction,
        TensorProduct, spherical_harmonics,
    },
    weights::{Init, Layout, Scope},
};

const ROOTS: &str = "radial_embedding.bessel_fn.bessel_weights";
const EMBEDDING: &str = "node_embedding.linear.weight";
const REFERENCES: &str = "atomic_energies_fn.atomic_energies";
const SCALE: &str = "scale_shift.scale";
const SHIFT: &str = "scale_shift.shift";

/// The size of a MACE.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MaceConfig {
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
    /// The largest degree of the features between layers.
    pub hidden_l_max: usize,
    /// Channels of each degree: C.
    pub channels: usize,
    /// How many copies of the environment are multiplied; a correlation of 3 is four-body.
    pub correlation: usize,
    /// Layers of message passing.
    pub depth: usize,
    /// Hidden layers of the network of the distance.
    pub radial_hidden: Vec<usize>,
    /// Width of the last readout's hidden layer.
    pub readout: usize,
    /// The average number of neighbours within the cutoff in the training set; sums over neighbours
    /// are divided by it.
    pub neighbours: f64,
}

impl Default for MaceConfig {
    /// The trainer's defaults: 128 scalars and vectors, degree 3, correlation 3, 2 layers, 5 Å; with 20
    /// neighbours, which it takes from the data.
    fn default() -> Self {
        Self::new(128, 1)
    }
}

struct Layer {
    name: String,
    up: Linear,
    product: TensorProduct,
    down: Linear,
    skip: FullyConnected,
    contractions: Vec<SymmetricContraction>,
    mix: Linear,
    output: Irreps,
}

impl MaceConfig {
    /// The defaults with other channels and features of another degree.
    #[must_use]
    pub fn new(channels: usize, hidden_l_max: usize) -> Self {
        Self {
            elements: Elements::default(),
            cutoff: 5.0,
            functions: 8,
            cutoff_power: 5,
            l_max: 3,
            hidden_l_max,
            channels,
            correlation: 3,
            depth: 2,
            radial_hidden: vec![64, 64, 64],
            readout: 16,
            neighbours: 20.0,
        }
    }

    /// One channel list for each harmonic up to a degree.
    fn features(&self, l_max: usize) -> Irreps {
        Irreps(
            (0..=l_max)
                .map(|l| (self.channels, Irrep::harmonic(l)))
                .collect(),
        )
    }

    fn layers(&self) -> Vec<Layer> {
        let elements = self.elements.rows();
        let environment = self.features(self.l_max);
        let mut input = self.features(0);
        (0..self.depth)
            .map(|t| {
                let last = t + 1 == self.depth;
                let output = self.features(if last { 0 } else { self.hidden_l_max });
                let product = TensorProduct::all_into(
                    input.clone(),
                    Irreps::harmonics(self.l_max),
                    &environment,
                )
                .sorted_by_output();
                let contraction = |&(_, ir): &(usize, Irrep)| {
                    SymmetricContraction::new(self.l_max, ir, self.correlation)
                };
                let layer = Layer {
                    name: format!("interactions.{t}"),
                    up: Linear::new(&input, &input),
                    down: Linear::new(product.output(), &environment),
                    product,
                    skip: FullyConnected::new(input.clone(), elements, output.clone()),
                    contractions: output.0.iter().map(contraction).collect(),
                    mix: Linear::new(&output, &output),
                    output: output.clone(),
                };
                input = output;
                layer
            })
            .collect()
    }

    /// The layers of the network of the distance: inputs and outputs.
    fn radial_layers(&self, outputs: usize) -> Vec<(usize, usize)> {
        let mut before = self.functions;
        let widths = self.radial_hidden.iter().chain([&outputs]);
        widths
            .map(|&width| (std::mem::replace(&mut before, width), width))
            .collect()
    }

    /// Functions of the distance, `[E, K]`.
    fn radial(&self, weights: &Scope<'_>, distance: &Var<2>) -> Var<2> {
        let roots = weights.buffer::<1>(ROOTS).reshape([1, self.functions]);
        let cutoff = polynomial_cutoff(&distance.scale(1.0 / self.cutoff), self.cutoff_power);
        let radial = distance
            .mul(&roots)
            .sin()
            .mul(&distance.recip())
            .scale((2.0 / self.cutoff).sqrt())
            .mul(&cutoff); // [E, K]
        weights.note(|| "radial_embedding".into(), &radial);
        radial
    }

    /// The weight of every path and channel for each pair.
    fn filter(&self, weights: &Scope<'_>, layer: &Layer, radial: &Var<2>) -> Var<2> {
        let mut x = radial.clone();
        for (k, (inputs, _)) in self
            .radial_layers(layer.product.weights())
            .into_iter()
            .enumerate()
        {
            if k > 0 {
                x = x.silu().scale(SECOND_MOMENT_SILU);
            }
            let name = format!("{}.conv_tp_weights.layer{k}.weight", layer.name);
            let weight = weights.weight::<2>(&name);
            x = x.matmul(&weight.scale((inputs as f64).sqrt().recip()));
        }
        x
    }

    /// What each atom hears: `[N, M, C]` for every degree.
    fn messages(
        &self,
        weights: &Scope<'_>,
        layer: &Layer,
        features: &[Var<3>],
        (harmonics, distance, radial): (&Var<2>, &Var<2>, Option<&Var<2>>),
        pairs: &Pairs,
    ) -> Vec<Var<3>> {
        let flat = |what: &str| weights.weight::<1>(&format!("{}.{what}.weight", layer.name));
        let sent: Vec<Var<3>> = layer
            .up
            .apply(features, &flat("linear_up"))
            .iter()
            .map(|block| block.gather(&pairs.neighbour)) // [E, M, C]
            .collect();
        let filter = match radial {
            Some(radial) => self.filter(weights, layer, radial),
            None => weights.of_distance(&layer.name, distance, self.cutoff, |weights, d| {
                self.filter(weights, layer, &self.radial(weights, d))
            }),
        };
        let received: Vec<Var<3>> = layer
            .product
            .apply(&sent, harmonics, &filter)
            .iter()
            .map(|block| block.segment_sum(&pairs.centre)) // [N, M, C]
            .collect();
        let mixed = layer.down.apply(&received, &flat("linear"));
        mixed
            .iter()
            .map(|block| block.scale(1.0 / self.neighbours))
            .collect()
    }

    /// The names of the couplings and the weights of one contraction, from the first order on.
    fn contraction_names(&self, t: usize, k: usize) -> Vec<(String, String)> {
        let name = format!("products.{t}.symmetric_contractions.contractions.{k}");
        (1..=self.correlation)
            .map(|order| {
                let weights = match self.correlation - order {
                    0 => format!("{name}.weights_max"),
                    below => format!("{name}.weights.{}", below - 1),
                };
                (format!("{name}.U_matrix_{order}"), weights)
            })
            .collect()
    }

    /// Equations 10 and 11: products of the environment with itself.
    fn products(
        &self,
        weights: &Scope<'_>,
        t: usize,
        layer: &Layer,
        environment: &Var<3>,
        element: &Index,
    ) -> Vec<Var<3>> {
        let contractions = layer.contractions.iter().zip(&layer.output.0).enumerate();
        contractions
            .map(|(k, (contraction, &(_, ir)))| {
                let d = environment.dims()[1];
                let mut copies = 1;
                let names = self.contraction_names(t, k);
                let orders: Vec<Order> = names
                    .iter()
                    .map(|(couplings, name)| {
                        let by_order = weights.weight::<3>(name); // [T, P, C]
                        copies *= d;
                        let shape = [ir.dim(), copies, by_order.dims()[1]];
                        Order {
                            couplings: weights.buffer_as(couplings, shape),
                            weights: by_order,
                        }
                    })
                    .collect();
                contraction.apply(environment, &orders, element)
            })
            .collect()
    }
}

impl Model for MaceConfig {
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
        self.channels
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
        at_least_one("channels", self.channels)?;
        at_least_one("readout", self.readout)?;
        each_at_least_one("radial_hidden", &self.radial_hidden)?;
        within("l_max", self.l_max, 1..=4, "1 to 4")?;
        within(
            "hidden_l_max",
            self.hidden_l_max,
            0..=self.l_max,
            "at most l_max",
        )?;
        within("correlation", self.correlation, 1..=3, "1 to 3")
    }

    fn layout(&self) -> Layout {
        let (c, rows) = (self.channels, self.elements.rows());
        let mut layout = Layout::default();
        let roots = (1..=self.functions)
            .map(|k| k as f64 * std::f64::consts::PI / self.cutoff)
            .collect();
        layout.buffer(ROOTS, &[self.functions], roots);
        layout.buffer(REFERENCES, &[rows], vec![0.0; rows]);
        layout.buffer(SCALE, &[], vec![1.0]);
        layout.buffer(SHIFT, &[], vec![0.0]);
        let unit = Init::Normal(1.0);
        layout.weight(EMBEDDING, &[rows * c], unit);
        for (t, layer) in self.layers().iter().enumerate() {
            let name = &layer.name;
            layout.weight(
                format!("{name}.linear_up.weight"),
                &[layer.up.weights()],
                unit,
            );
            layout.weight(
                format!("{name}.linear.weight"),
                &[layer.down.weights()],
                unit,
            );
            layout.weight(
                format!("{name}.skip_tp.weight"),
                &[layer.skip.weights()],
                unit,
            );
            let radial = self.radial_layers(layer.product.weights());
            for (k, (inputs, outputs)) in radial.into_iter().enumerate() {
                let name = format!("{name}.conv_tp_weights.layer{k}.weight");
                layout.weight(name, &[inputs, outputs], unit);
            }
            for (k, contraction) in layer.contractions.iter().enumerate() {
                let names = self.contraction_names(t, k);
                for (order, (couplings, name)) in (1..).zip(names) {
                    let shape = contraction.shape(order);
                    let paths = shape.last().copied().unwrap_or(0);
                    layout.buffer(couplings, &shape, contraction.couplings(order).to_vec());
                    let init = Init::Normal(1.0 / paths as f64);
                    layout.weight(name, &[rows, paths, c], init);
                }
            }
            layout.weight(
                format!("products.{t}.linear.weight"),
                &[layer.mix.weights()],
                unit,
            );
            if t + 1 == self.depth {
                layout.weight(
                    format!("readouts.{t}.linear_1.weight"),
                    &[c * self.readout],
                    unit,
                );
                layout.weight(
                    format!("readouts.{t}.linear_2.weight"),
                    &[self.readout],
                    unit,
                );
            } else {
                layout.weight(format!("readouts.{t}.linear.weight"), &[c], unit);
            }
        }
        layout
    }

    fn energies(&self, weights: &Scope<'_>, input: &Input<'_>) -> Var<2> {
        let pairs = &input.batch.edges.pairs;
        let (c, rows) = (self.channels, self.elements.rows());
        let Distances {
            distance,
            direction,
        } = Distances::new(input.vectors); // [E, 1], [E, 3]
        let radial = (!weights.looks_up()).then(|| self.radial(weights, &distance)); // [E, K]
        // Vectors point from the neighbour to the centre here.
        let harmonics = spherical_harmonics(self.l_max, &direction.neg()); // [E, D]

        let element = self.elements.index(input.batch);
        let n = element.items();
        let one_hot = one_hot(&element, input.vectors.dtype());
        let embedding = weights
            .weight::<1>(EMBEDDING)
            .reshape([rows, c])
            .scale((rows as f64).sqrt().recip());
        let mut features = vec![embedding.gather(&element).reshape([n, 1, c])]; // [N, M, C] per degree
        let mut energies: Option<Var<2>> = None;
        for (t, layer) in self.layers().iter().enumerate() {
            let flat = |name: String| weights.weight::<1>(&name);
            let skip = flat(format!("{}.skip_tp.weight", layer.name));
            let own = layer.skip.apply(&features, &one_hot, &skip);
            let heard = self.messages(
                weights,
                layer,
                &features,
                (&harmonics, &distance, radial.as_ref()),
                pairs,
            );
            let environment = Var::cat(&heard, 1); // [N, D, C]
            if weights.is_traced() {
                let channel_major = environment.swap_dims(1, 2);
                weights.note(|| format!("interaction{t}.message"), &channel_major);
            }
            let products = self.products(weights, t, layer, &environment, &element);
            let mixed = layer
                .mix
                .apply(&products, &flat(format!("products.{t}.linear.weight")));
            if weights.is_traced() {
                let zero = |block: &Var<3>| Var::constant(block.value().zeros_like());
                let rows: Vec<Var<3>> = mixed
                    .iter()
                    .zip(&own)
                    .map(|(block, own)| own.clone().unwrap_or_else(|| zero(block)))
                    .collect();
                weights.note(|| format!("interaction{t}.skip"), &Irreps::join(&rows));
            }
            features = mixed
                .iter()
                .zip(own)
                .map(|(block, own)| own.map_or_else(|| block.clone(), |own| block.add(&own)))
                .collect();
            if weights.is_traced() {
                weights.note(|| format!("product{t}"), &Irreps::join(&features));
            }
            let scalars = features[0].reshape([n, c]);
            let dense = |what: &str, x: &Var<2>, outputs: usize| {
                let inputs = x.dims()[1];
                let weight = flat(format!("readouts.{t}.{what}.weight")).reshape([inputs, outputs]);
                x.matmul(&weight.scale((inputs as f64).sqrt().recip()))
            };
            let energy = if t + 1 == self.depth {
                let hidden = dense("linear_1", &scalars, self.readout);
                dense("linear_2", &hidden.silu().scale(SECOND_MOMENT_SILU), 1)
            } else {
                dense("linear", &scalars, 1)
            }; // [N, 1]
            energies = Some(match energies {
                None => energy,
                Some(sum) => sum.add(&energy),
            });
        }
        let energies = energies.expect("there is at least one layer");
        let references = weights.buffer_in::<1>(REFERENCES, DType::F64);
        energies
            .cast(DType::F64)
            .scale(weights.number(SCALE))
            .shift(weights.number(SHIFT))
            .add(&references.reshape([rows, 1]).gather(&element))
    }
}

/// One for the element of each atom, zero for the others, `[N, T]`.
fn one_hot(element: &Index, dtype: DType) -> Var<2> {
    let rows = element.count();
    let mut values = vec![0.0; element.items() * rows];
    for (atom, &row) in element.rows().iter().enumerate() {
        values[atom * rows + row as usize] = 1.0;
    }
    let data = TensorData::new(values, [element.items(), rows]);
    let device = element.tensor().device();
    Var::constant(Tensor::from_data(data, (&device, dtype)))
}

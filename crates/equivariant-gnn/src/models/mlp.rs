//! The bias-free networks of NequIP and Allegro on invariant features.
//!
//! Weights are drawn with unit variance and scaled where they are used, by 1/√inputs and, behind an
//! activation, by a further √2.

use backend::tape::Var;

use crate::weights::{Init, Layout, Scope};

/// Uniform with unit variance.
pub(super) const UNIT: Init = Init::Uniform(-1.732_050_807_568_877_2, 1.732_050_807_568_877_2);

/// Declares `{name}.mlp.{0, 2, …}.weight` `[inputs, outputs]`; the even numbers are the layers, the
/// odd ones the activations between.
pub(super) fn declare(
    layout: &mut Layout,
    name: &str,
    inputs: usize,
    hidden: &[usize],
    outputs: usize,
) {
    let mut before = inputs;
    for (k, &width) in hidden.iter().chain([&outputs]).enumerate() {
        layout.weight(weight_name(name, k), &[before, width], UNIT);
        before = width;
    }
}

fn weight_name(name: &str, layer: usize) -> String {
    format!("{name}.mlp.{}.weight", 2 * layer)
}

/// The scaled weight of one layer, `[inputs, outputs]`.
pub(super) fn weight(weights: &Scope<'_>, name: &str, layer: usize) -> Var<2> {
    let weight = weights.weight::<2>(&weight_name(name, layer));
    let gain = if layer == 0 { 1.0 } else { 2.0 };
    let inputs = weight.dims()[0] as f64;
    weight.scale((gain / inputs).sqrt())
}

/// All layers but the last, each with its activation.
///
/// # Shapes
/// - `x`: `[N, inputs]`
/// - output: `[N, width of the last hidden layer]`
pub(super) fn hidden(weights: &Scope<'_>, name: &str, hidden: &[usize], x: &Var<2>) -> Var<2> {
    let mut x = x.clone();
    for layer in 0..hidden.len() {
        x = x.matmul(&weight(weights, name, layer)).silu();
    }
    x
}

/// The whole network.
///
/// # Shapes
/// - `x`: `[N, inputs]`
/// - output: `[N, outputs]`
pub(super) fn apply(weights: &Scope<'_>, name: &str, layers: &[usize], x: &Var<2>) -> Var<2> {
    hidden(weights, name, layers, x).matmul(&weight(weights, name, layers.len()))
}

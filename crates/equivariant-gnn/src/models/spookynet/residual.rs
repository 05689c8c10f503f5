//! The activation and the residual networks that every part of `SpookyNet` is made of (eqs. 7, 9
//! and 10 of the paper).
//!
//! Axis letters: N rows, C features.

use backend::tape::Var;

use crate::weights::{Init, Layout, Scope};

/// How a residual network starts and whether its layers have a bias.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mlp {
    /// Residual blocks before the last layer.
    pub(super) blocks: usize,
    /// Whether layers have a bias.
    pub(super) bias: bool,
    /// How the last layer starts.
    pub(super) last: Init,
    /// How the second layer of each block starts.
    pub(super) second: Init,
}

/// x + L₂ act₂(L₁ act₁(x)), several times over.
pub(super) fn declare_stack(layout: &mut Layout, name: &str, width: usize, mlp: Mlp) {
    for block in 0..mlp.blocks {
        let name = format!("{name}.stack.{block}");
        declare_swish(layout, &format!("{name}.activation1"), width);
        let first = format!("{name}.linear1");
        declare_linear(layout, &first, width, width, mlp.bias, Init::Orthogonal);
        declare_swish(layout, &format!("{name}.activation2"), width);
        let second = format!("{name}.linear2");
        declare_linear(layout, &second, width, width, mlp.bias, mlp.second);
    }
}

/// L act(residuals(x)).
pub(super) fn declare(layout: &mut Layout, name: &str, width: usize, mlp: Mlp) {
    declare_stack(layout, &format!("{name}.residual"), width, mlp);
    declare_swish(layout, &format!("{name}.activation"), width);
    let last = format!("{name}.linear");
    declare_linear(layout, &last, width, width, mlp.bias, mlp.last);
}

pub(super) fn declare_linear(
    layout: &mut Layout,
    name: &str,
    inputs: usize,
    outputs: usize,
    bias: bool,
    init: Init,
) {
    layout.weight(format!("{name}.weight"), &[outputs, inputs], init);
    if bias {
        layout.weight(format!("{name}.bias"), &[outputs], Init::Zero);
    }
}

fn declare_swish(layout: &mut Layout, name: &str, width: usize) {
    layout.weight(format!("{name}.alpha"), &[width], Init::Constant(1.0));
    // Hendrycks & Gimpel 2016, arXiv:1606.08415: x σ(1.702 x) is close to the Gaussian error linear unit.
    layout.weight(format!("{name}.beta"), &[width], Init::Constant(1.702));
}

/// α x σ(β x) with one α and β for each feature (eq. 7).
fn swish(weights: &Scope<'_>, name: &str, x: &Var<2>) -> Var<2> {
    let width = x.dims()[1];
    let parameter = |what| {
        let value = weights.weight::<1>(&format!("{name}.{what}"));
        value.reshape([1, width])
    };
    x.mul(&parameter("beta"))
        .sigmoid()
        .mul(&parameter("alpha"))
        .mul(x)
}

pub(super) fn stack(weights: &Scope<'_>, name: &str, mlp: Mlp, x: &Var<2>) -> Var<2> {
    let mut x = x.clone();
    for block in 0..mlp.blocks {
        let name = format!("{name}.stack.{block}");
        let hidden = swish(weights, &format!("{name}.activation1"), &x);
        let hidden = linear(weights, &format!("{name}.linear1"), mlp.bias, &hidden);
        let hidden = swish(weights, &format!("{name}.activation2"), &hidden);
        x = x.add(&linear(
            weights,
            &format!("{name}.linear2"),
            mlp.bias,
            &hidden,
        ));
    }
    x
}

pub(super) fn apply(weights: &Scope<'_>, name: &str, mlp: Mlp, x: &Var<2>) -> Var<2> {
    let x = stack(weights, &format!("{name}.residual"), mlp, x);
    let x = swish(weights, &format!("{name}.activation"), &x);
    linear(weights, &format!("{name}.linear"), mlp.bias, &x)
}

fn linear(weights: &Scope<'_>, name: &str, bias: bool, x: &Var<2>) -> Var<2> {
    if bias {
        return weights.dense(name, x);
    }
    let width = x.dims()[1];
    weights.product(&format!("{name}.weight"), x, 0, width, None)
}

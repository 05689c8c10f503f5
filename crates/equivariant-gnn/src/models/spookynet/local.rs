//! The local interaction: messages of s, p and d character from neighbours (eqs. 11 to 13 of the
//! paper).
//!
//! Axis letters: N atoms, E directed pairs, H pairs of which both directions count as one, C features,
//! K radial functions.

use backend::{segment::Pairs, tape::Var};

use super::{
    ResidualConfig,
    residual::{self, Mlp},
};
use crate::{
    so3::spherical_harmonics,
    weights::{Init, Layout, Scope},
};

/// What the messages of all modules are made of.
pub(super) struct Surroundings {
    pub(super) pairs: Pairs,
    /// `[H, K]`
    pub(super) basis: Var<2>,
    /// Unit vectors, `[E, 3]`.
    p: Var<2>,
    /// The five harmonics of degree 2 with a sum of squares of one, `[E, 5]`. Their order and axes do not
    /// matter, because the network takes inner products only.
    d: Var<2>,
}

impl Surroundings {
    pub(super) fn new(pairs: Pairs, basis: Var<2>, direction: Var<2>) -> Self {
        let d = spherical_harmonics(2, &direction).narrow(1, 4, 5);
        Self {
            pairs,
            basis,
            d: d.scale(1.0 / 5.0_f64.sqrt()),
            p: direction,
        }
    }
}

pub(super) fn declare(
    layout: &mut Layout,
    name: &str,
    width: usize,
    functions: usize,
    blocks: &ResidualConfig,
    mlp: impl Fn(usize, bool) -> Mlp,
) {
    let orthogonal = Init::Orthogonal;
    for l in ["s", "p", "d"] {
        let radial = format!("{name}.radial_{l}");
        residual::declare_linear(layout, &radial, functions, width, false, orthogonal);
    }
    for (part, blocks) in parts(blocks) {
        residual::declare(layout, &format!("{name}.{part}"), width, mlp(blocks, false));
    }
    for l in ["p", "d"] {
        let projection = format!("{name}.projection_{l}");
        residual::declare_linear(layout, &projection, width, 2 * width, false, orthogonal);
    }
    let last = format!("{name}.resblock");
    residual::declare(layout, &last, width, mlp(blocks.local, true));
}

fn parts(blocks: &ResidualConfig) -> [(&'static str, usize); 4] {
    [
        ("resblock_x", blocks.local_x),
        ("resblock_s", blocks.local_s),
        ("resblock_p", blocks.local_p),
        ("resblock_d", blocks.local_d),
    ]
}

/// l = resmlp(c + s + ⟨P₁ p, P₂ p⟩ + ⟨D₁ d, D₂ d⟩) (eq. 12).
///
/// # Shapes
/// - `x`, output: `[N, C]`
pub(super) fn apply(
    weights: &Scope<'_>,
    name: &str,
    blocks: &ResidualConfig,
    mlp: impl Fn(usize) -> Mlp,
    around: &Surroundings,
    x: &Var<2>,
) -> Var<2> {
    let [n, c] = x.dims();
    let [own, s, p, d] = parts(blocks)
        .map(|(part, blocks)| residual::apply(weights, &format!("{name}.{part}"), mlp(blocks), x));
    let filter = |l: &str| {
        let name = format!("{name}.radial_{l}.weight");
        weights.product(&name, &around.basis, 0, c, None) // [H, C]
    };
    let s = s
        .reshape([n, 1, c])
        .convolve(&filter("s"), &around.pairs)
        .reshape([n, c]);
    let invariant = |l: &str, x: &Var<2>, components: &Var<2>| {
        let m = components.dims()[1];
        let spread = x.spread(components, &filter(l), &around.pairs); // [N, M, C]
        let rows = spread.reshape([n * m, c]);
        let projection = format!("{name}.projection_{l}.weight");
        let half = |first| {
            let projected = weights.product(&projection, &rows, first, c, None);
            projected.reshape([n, m, c])
        };
        half(0).dot(&half(c)) // [N, C]
    };
    let sum = own
        .add(&s)
        .add(&invariant("p", &p, &around.p))
        .add(&invariant("d", &d, &around.d));
    residual::apply(
        weights,
        &format!("{name}.resblock"),
        mlp(blocks.local),
        &sum,
    )
}

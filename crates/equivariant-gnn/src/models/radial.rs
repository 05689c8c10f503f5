//! Functions of the distance: Gaussians and the cosine cutoff, as in `SchNetPack`.
//!
//! Axis letters: E pairs (or filters that pairs share), K radial functions.

use std::f64::consts::PI;

use backend::tape::Var;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::settings::{at_least_one, positive};
use crate::{
    error::Result,
    weights::{Layout, Scope},
};

/// Gaussians on an even grid from zero to the cutoff.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RadialConfig {
    /// How many Gaussians there are: K.
    pub functions: usize,
    /// The distance from which on atoms do not see each other (Å).
    pub cutoff: f64,
}

impl Default for RadialConfig {
    /// 20 Gaussians up to 5 Å, `SchNetPack`'s defaults.
    fn default() -> Self {
        Self {
            functions: 20,
            cutoff: 5.0,
        }
    }
}

/// What is known of each pair.
pub(super) struct Distances {
    /// The distance, `[E, 1]` (Å).
    pub(super) distance: Var<2>,
    /// The unit vector from centre to neighbour, `[E, 3]`.
    pub(super) direction: Var<2>,
}

impl Distances {
    pub(super) fn new(vectors: &Var<2>) -> Self {
        let distance = lengths(vectors); // [E, 1]
        let direction = vectors.mul(&distance.recip()); // [E, 3]
        Self {
            distance,
            direction,
        }
    }
}

/// The lengths of vectors.
///
/// # Shapes
/// - `vectors`: `[E, 3]` (Å)
/// - output: `[E, 1]` (Å)
pub(super) fn lengths(vectors: &Var<2>) -> Var<2> {
    vectors.square().sum_dim(1).sqrt()
}

impl RadialConfig {
    pub(super) fn validate(&self) -> Result<()> {
        at_least_one("radial.functions", self.functions)?;
        positive("radial.cutoff", self.cutoff)
    }

    /// The centres and widths are buffers: `SchNetPack` keeps them in float32, and a checkpoint must
    /// give back its own numbers.
    pub(super) fn declare(&self, layout: &mut Layout) {
        let k = self.functions;
        let spacing = self.cutoff / k.saturating_sub(1).max(1) as f64;
        let offsets = (0..k).map(|n| n as f64 * spacing).collect();
        layout.buffer("representation.radial_basis.offsets", &[k], offsets);
        layout.buffer("representation.radial_basis.widths", &[k], vec![spacing; k]);
    }

    /// exp(−(d − μ)²/2σ²), zero where it is below e⁻⁶⁰.
    ///
    /// # Shapes
    /// - `distance`: `[E, 1]`
    /// - output: `[E, K]`
    pub(super) fn gaussians(&self, weights: &Scope<'_>, distance: &Var<2>) -> Var<2> {
        let k = self.functions;
        let offsets = weights
            .buffer::<1>("representation.radial_basis.offsets")
            .reshape([1, k]);
        let widths = weights
            .buffer::<1>("representation.radial_basis.widths")
            .reshape([1, k]);
        let coefficients = widths.square().recip().scale(-0.5);
        distance
            .sub(&offsets) // [E, K]
            .square()
            .mul(&coefficients)
            .exp_flushed()
    }
}

/// (1 + cos(π d/r))/2 below the cutoff r and zero beyond (Behler 2011, doi:10.1063/1.3553717, eq. 4).
///
/// # Shapes
/// - `distance`: `[E, 1]` (Å)
/// - output: `[E, 1]`
#[must_use]
pub fn cosine_cutoff(distance: &Var<2>, cutoff: f64) -> Var<2> {
    let inside = distance.value().clone().lower_elem(cutoff).float();
    let inside = Var::constant(inside.cast(distance.dtype()));
    distance
        .scale(PI / cutoff)
        .cos()
        .shift(1.0)
        .scale(0.5)
        .mul(&inside)
}

/// A column of ones beside the features, so that a bias becomes a column of the weight.
///
/// # Shapes
/// - `x`: `[E, K]`
/// - output: `[E, K + 1]`
pub(super) fn with_ones(x: &Var<2>) -> Var<2> {
    let ones = Tensor::ones([x.dims()[0], 1], (&x.device(), x.dtype()));
    Var::cat(&[x.clone(), Var::constant(ones)], 1)
}

/// The weight of a dense layer with its bias as the last column.
///
/// # Shapes
/// - `weight`: `[B, A]`, `bias`: `[B]`
/// - output: `[B, A + 1]`
pub(super) fn with_bias(weight: &Var<2>, bias: &Var<1>) -> Var<2> {
    let column = bias.reshape([bias.dims()[0], 1]);
    Var::cat(&[weight.clone(), column], 1)
}

//! The nonlocal interaction: attention between all atoms of a molecule at a cost that grows linearly
//! with their number (eqs. 17 and 18 of the paper), after Choromanski et al., ICLR 2021,
//! arXiv:2009.14794 ("FAVOR+").
//!
//! Queries and keys go through positive random features φ, and n = φ(q) (Σ φ(k)ᵀ v)/(φ(q) · Σ φ(k)), with
//! sums over the atoms of one molecule.
//!
//! Axis letters: G molecules, N atoms, C features, M random features.

use backend::{
    segment::{Index, blocks::Side},
    tape::Var,
};
use burn::tensor::Tensor;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{
    ResidualConfig,
    residual::{self, Mlp},
};
use crate::weights::{Layout, Scope, host, orthogonal};

/// Added to each random feature.
const FEATURE: f64 = 1e-4;

/// Added to the normalisation.
const NORM: f64 = 1e-8;

/// How atoms of a molecule see each other regardless of distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Attention {
    /// With the small constants as they stand in the formulas. Energy and forces are smooth.
    #[default]
    Smooth,
    /// As in the authors' code, where the largest exponent is subtracted before the small constants are
    /// added. The constants then count relative to the largest key, whose atom may change: where
    /// equivalent atoms tie, forces jump. For weights that were trained so.
    Compatible,
    /// Not at all.
    Off,
}

/// Declares the three networks and the projection, which is drawn once and belongs to the weights.
pub(super) fn declare(
    layout: &mut Layout,
    name: &str,
    width: usize,
    blocks: &ResidualConfig,
    mlp: impl Fn(usize, bool) -> Mlp,
    seed: u64,
    module: usize,
) {
    for (part, blocks) in parts(blocks) {
        residual::declare(layout, &format!("{name}.{part}"), width, mlp(blocks, true));
    }
    let omega = format!("{name}.attention.omega");
    layout.buffer(
        omega,
        &[width, width],
        projection(width, seed, module as u64),
    );
}

fn parts(blocks: &ResidualConfig) -> [(&'static str, usize); 3] {
    [
        ("resblock_q", blocks.nonlocal_q),
        ("resblock_k", blocks.nonlocal_k),
        ("resblock_v", blocks.nonlocal_v),
    ]
}

/// Orthogonal directions with the lengths of normal vectors, one per column (the reference's section
/// 2.4), `[width, width]`.
fn projection(width: usize, seed: u64, module: u64) -> Vec<f64> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(module);
    let directions = orthogonal(width, width, &mut || random.random());
    let mut out = vec![0.0; width * width];
    for (column, direction) in directions.chunks(width).enumerate() {
        // The square length of a normal vector is a sum of exponentially distributed pairs.
        let pairs: f64 = (0..width / 2)
            .map(|_| -2.0 * (1.0 - random.random::<f64>()).ln())
            .sum();
        let (u, v): (f64, f64) = (random.random(), random.random());
        let odd = if width % 2 == 1 {
            -2.0 * (1.0 - u).ln() * (std::f64::consts::TAU * v).cos().powi(2)
        } else {
            0.0
        };
        let length = (pairs + odd).sqrt();
        for (row, x) in direction.iter().enumerate() {
            out[row * width + column] = length * x;
        }
    }
    out
}

/// What the features of a molecule's atoms are divided by: e to the shift.
struct Shift {
    /// Subtracted from the exponents, `[N, 1]`.
    exponent: Var<2>,
    /// What the small constants are multiplied by, `[N, 1]`; `None` for one.
    constants: Option<Var<2>>,
}

/// The largest number of each row as a function of the row: its derivative goes to where it is found, in
/// equal parts if it is found several times.
fn row_maximum(x: &Var<2>) -> Var<2> {
    let value = x.value().clone();
    let largest = value.clone().max_dim(1);
    share_of_largest(x, value.equal(largest).float().cast(x.dtype()), None)
}

/// Σ x · mask/Σ mask over rows, or over the rows of each molecule, where the mask tells the largest.
fn share_of_largest(x: &Var<2>, mask: Tensor<2>, graph: Option<&Index>) -> Var<2> {
    let mask = Var::constant(mask);
    let (found, count) = (x.mul(&mask).sum_dim(1), mask.sum_dim(1)); // [N, 1]
    match graph {
        None => found.mul(&count.recip()),
        Some(graph) => {
            let count = count.segment_sum(graph).recip();
            found.segment_sum(graph).mul(&count).gather(graph)
        }
    }
}

/// The largest number of each molecule at each of its atoms, `[N, 1]`.
fn largest_of_molecule(x: &Tensor<2>, graph: &Index) -> Tensor<2> {
    let (place, rows) = ((&x.device(), x.dtype()), x.dims()[0]);
    let of_atoms = host(&x.clone().max_dim(1));
    let mut largest = vec![f64::NEG_INFINITY; graph.count()];
    for (&g, &x) in graph.rows().iter().zip(&of_atoms) {
        largest[g as usize] = largest[g as usize].max(x);
    }
    let spread: Vec<f64> = graph.rows().iter().map(|&g| largest[g as usize]).collect();
    Tensor::from_data(burn::tensor::TensorData::new(spread, [rows, 1]), place)
}

impl Attention {
    /// # Shapes
    /// - `x`, output: `[N, C]`
    pub(super) fn apply(
        self,
        weights: &Scope<'_>,
        name: &str,
        blocks: &ResidualConfig,
        mlp: impl Fn(usize) -> Mlp,
        graph: &Index,
        x: &Var<2>,
    ) -> Var<2> {
        let [q, k, v] = parts(blocks).map(|(part, blocks)| {
            residual::apply(weights, &format!("{name}.{part}"), mlp(blocks), x)
        });
        let omega = weights.buffer::<2>(&format!("{name}.attention.omega")); // [C, M]
        let (q, query_scale) = self.features(&q, &omega, graph, true); // [N, M]
        let (k, key_scale) = self.features(&k, &omega, graph, false); // [N, M]
        let sums = k.segment_sum(graph).gather(graph); // [N, M]
        let constant = match (query_scale, key_scale) {
            (Some(q), Some(k)) => q.mul(&k).scale(NORM),
            _ => Var::constant(q.value().clone().narrow(1, 0, 1).zeros_like()).shift(NORM),
        };
        let norm = q.mul(&sums).sum_dim(1).add(&constant); // [N, 1]
        weighted(&q, &k, &v, graph).mul(&norm.recip())
    }

    /// φ(x) but for a factor that is the same for all of a row or molecule, and what became of the
    /// small constants under it.
    fn features(
        self,
        x: &Var<2>,
        omega: &Var<2>,
        graph: &Index,
        query: bool,
    ) -> (Var<2>, Option<Var<2>>) {
        let [_, c] = x.dims();
        let m = omega.dims()[1];
        let projected = x.scale((c as f64).powf(-0.25)).matmul(omega); // [N, M]
        let length = x.square().sum_dim(1).scale(0.5 / (c as f64).sqrt()); // [N, 1]
        let exponent = projected.sub(&length); // [N, M]
        let shift = match (self, query) {
            (Self::Compatible, true) => Shift {
                exponent: row_maximum(&projected),
                constants: None,
            },
            // DIFFERENCE: in a batch the authors take the maximum over all molecules' keys, those of others
            // counted as zero, so that a molecule whose keys are all negative depends on its company.
            (Self::Compatible, false) => {
                let largest = largest_of_molecule(projected.value(), graph);
                let mask = projected
                    .value()
                    .clone()
                    .equal(largest.expand([x.dims()[0], m]));
                let mask = mask.float().cast(x.dtype());
                Shift {
                    exponent: share_of_largest(&projected, mask, Some(graph)),
                    constants: None,
                }
            }
            // Any shift gives the same numbers here, so that it need not be differentiated; this one
            // keeps every exponential below one.
            (_, query) => {
                let value = exponent.value();
                let largest = if query {
                    value.clone().max_dim(1)
                } else {
                    largest_of_molecule(value, graph)
                };
                let shift = largest.clamp_min(0.0);
                Shift {
                    constants: Some(Var::constant(shift.clone().neg().exp())),
                    exponent: Var::constant(shift),
                }
            }
        };
        let exponential = exponent.sub(&shift.exponent).exp_flushed();
        let features = match &shift.constants {
            None => exponential.shift(FEATURE),
            Some(factor) => exponential.add(&factor.scale(FEATURE)),
        };
        (features.scale(1.0 / (m as f64).sqrt()), shift.constants)
    }
}

/// φ(q) Σ φ(k)ᵀ v with the sum over each molecule.
///
/// # Shapes
/// - `q`, `k`: `[N, M]`, `v`, output: `[N, C]`
fn weighted(q: &Var<2>, k: &Var<2>, v: &Var<2>, graph: &Index) -> Var<2> {
    if graph.count() == 1 {
        return q.matmul(&k.transposed_matmul(v));
    }
    let ([n, m], c) = (q.dims(), v.dims()[1]);
    let sums = k.reshape([n, m, 1]).outer_sum(&v.reshape([n, c, 1]), graph); // [G, M C, 1]
    q.reshape([n, m, 1])
        .through(&sums, graph, Side::First) // [N, C, 1]
        .reshape([n, c])
}

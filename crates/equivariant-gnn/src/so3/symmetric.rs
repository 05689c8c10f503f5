//! The symmetric contraction of MACE: products of an atom's environment with itself.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use backend::{
    segment::{Index, blocks::Side},
    tape::Var,
};

use super::{Irrep, wigner_3j};

/// All couplings of up to ν copies of the environment into one irrep, every channel for itself, with
/// weights by element, path and channel (Batatia et al., 2022, arXiv:2206.07697, eqs. 10 and 11).
///
/// Evaluated from the highest order down: the weighted couplings of order ν with the environment are
/// added to those of order ν − 1, and so on, so that each order is one contraction.
#[derive(Debug, Clone)]
pub struct SymmetricContraction {
    l_max: usize,
    output: Irrep,
    correlation: usize,
}

impl SymmetricContraction {
    /// Contracts spherical harmonics up to a degree.
    #[must_use]
    pub fn new(l_max: usize, output: Irrep, correlation: usize) -> Self {
        Self {
            l_max,
            output,
            correlation,
        }
    }

    /// The extents of the couplings of one order as MACE stores them: `[M, D, …, D, P]` with as many D
    /// as the order, without M if the output is a scalar.
    #[must_use]
    pub fn shape(&self, order: usize) -> Vec<usize> {
        let d = (self.l_max + 1).pow(2);
        let m = self.output.dim();
        let paths = self.couplings(order).len() / (m * d.pow(exponent(order)));
        let component = (m > 1).then_some(m);
        component
            .into_iter()
            .chain(std::iter::repeat_n(d, order))
            .chain([paths])
            .collect()
    }

    /// The couplings of one order, row by row, in the extents of [`SymmetricContraction::shape`].
    #[must_use]
    pub fn couplings(&self, order: usize) -> Arc<Vec<f64>> {
        type Table = HashMap<(usize, Irrep, usize), Arc<Vec<f64>>>;
        // They depend on nothing but these three numbers, and at degree 3 take a moment to compute.
        static KNOWN: LazyLock<Mutex<Table>> = LazyLock::new(Mutex::default);
        let key = (self.l_max, self.output, order);
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        let compute = || {
            let tensors = coupled(self.l_max, order, Some(self.output));
            let size = tensors.first().map_or(0, |(_, values)| values.len());
            let columns = |k: usize| tensors.iter().map(move |(_, values)| values[k]);
            Arc::new((0..size).flat_map(columns).collect())
        };
        known.entry(key).or_insert_with(compute).clone()
    }

    /// Applies the contraction.
    ///
    /// # Shapes
    /// - `environment`: `[N, D, C]`
    /// - `orders`: from 1 on, couplings and weights of each order, see [`Order`]
    /// - `element`: the row of T of each atom
    /// - output: `[N, M, C]`
    ///
    /// # Panics
    /// If there are not as many orders as the correlation.
    #[must_use]
    pub fn apply(&self, environment: &Var<3>, orders: &[Order], element: &Index) -> Var<3> {
        assert_eq!(orders.len(), self.correlation, "couplings for each order");
        let [n, _, c] = environment.dims();
        let own: Vec<u32> = (0_u32..).take(n).collect();
        let own = Index::new(own, n, &environment.device());
        let mut sum: Option<Var<3>> = None;
        for order in orders.iter().rev() {
            let [m, copies, paths] = order.couplings.dims();
            let rows = copies * m;
            let [t, _, _] = order.weights.dims();
            // Which copy is contracted first does not matter: all are the same environment.
            let matrix = order.couplings.swap_dims(0, 1).reshape([rows, paths]);
            let by_path = order.weights.swap_dims(0, 1).reshape([paths, t * c]);
            let table = matrix
                .matmul(&by_path) // [Dᵛ · M, T · C]
                .reshape([rows, t, c])
                .swap_dims(0, 1); // [T, Dᵛ · M, C]
            sum = Some(match sum {
                None => environment.through(&table, element, Side::First),
                Some(higher) => {
                    let all = higher.add(&table.gather(element));
                    environment.through(&all, &own, Side::First)
                }
            });
        }
        sum.expect("the correlation is at least one")
    }
}

/// What one order of a contraction is made of.
#[derive(Debug)]
pub struct Order {
    /// `[M, Dᵛ, P]`; the couplings of [`SymmetricContraction::couplings`], or those of a checkpoint,
    /// whose signs may differ because e3nn has changed the sign of some 3j symbols.
    pub couplings: Var<3>,
    /// A weight per element, path and channel, `[T, P, C]`.
    pub weights: Var<3>,
}

fn exponent(order: usize) -> u32 {
    u32::try_from(order).expect("orders are small")
}

/// Couplings of `order` copies of the harmonics, sorted by irrep; if `wanted`, only those to it.
///
/// # Shapes
/// - each: `[M, D, …, D]`
fn coupled(l_max: usize, order: usize, wanted: Option<Irrep>) -> Vec<(Irrep, Vec<f64>)> {
    let d = (l_max + 1).pow(2);
    let keep = |ir: Irrep| wanted.is_none_or(|wanted| wanted == ir);
    let mut out = Vec::new();
    if order == 1 {
        for ir in (0..=l_max).map(Irrep::harmonic).filter(|&ir| keep(ir)) {
            let mut tensor = vec![0.0; ir.dim() * d];
            for m in 0..ir.dim() {
                tensor[m * d + ir.l * ir.l + m] = 1.0;
            }
            out.push((ir, tensor));
        }
    } else {
        for (left, tensor) in coupled(l_max, order - 1, None) {
            for right in (0..=l_max).map(Irrep::harmonic) {
                for ir in left.product(right).filter(|&ir| keep(ir)) {
                    out.push((ir, couple(ir, left, &tensor, right, d)));
                }
            }
        }
    }
    out.sort_by_key(|(ir, _)| *ir);
    out
}

/// One more copy coupled to a tensor: `[M, D, …, D]` with one D more.
fn couple(ir: Irrep, left: Irrep, tensor: &[f64], right: Irrep, d: usize) -> Vec<f64> {
    let columns = tensor.len() / left.dim();
    let symbol = wigner_3j(ir.l, left.l, right.l);
    let scale = (ir.dim() as f64).sqrt();
    let mut out = vec![0.0; ir.dim() * columns * d];
    for i in 0..ir.dim() {
        for j in 0..left.dim() {
            for k in 0..right.dim() {
                let factor = scale * symbol[(i * left.dim() + j) * right.dim() + k];
                if factor == 0.0 {
                    continue;
                }
                let place = right.l * right.l + k;
                for column in 0..columns {
                    out[(i * columns + column) * d + place] +=
                        factor * tensor[j * columns + column];
                }
            }
        }
    }
    out
}

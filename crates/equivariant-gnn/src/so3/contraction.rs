//! The tensor product of Allegro: features of pairs with the environment of their centre, channel by
//! channel.

use backend::{
    segment::{Index, blocks::Side},
    tape::Var,
};

use super::{Irrep, constant, wigner_3j};

/// All couplings of two lists of irreps into a third, every channel for itself.
///
/// Written as three dense contractions. The weights with the 3j symbols give one tensor; the tensor
/// with the environment of an atom gives a matrix per channel; and the matrix with the features gives
/// the output of each pair. The second, by far the largest by its coefficients, is done once per atom
/// and not once per pair.
#[derive(Debug, Clone)]
pub struct Contraction {
    first: Vec<Irrep>,
    second: Vec<Irrep>,
    output: Vec<Irrep>,
    paths: Vec<(usize, usize, usize)>,
}

impl Contraction {
    /// Finds the paths, ordered by output, first and second input.
    #[must_use]
    pub fn new(first: Vec<Irrep>, second: Vec<Irrep>, output: Vec<Irrep>) -> Self {
        let mut paths = Vec::new();
        for (k, c) in output.iter().enumerate() {
            for (i, a) in first.iter().enumerate() {
                for (j, b) in second.iter().enumerate() {
                    if c.is_in_product(*a, *b) {
                        paths.push((i, j, k));
                    }
                }
            }
        }
        Self {
            first,
            second,
            output,
            paths,
        }
    }

    /// How many paths there are: P.
    #[must_use]
    pub fn paths(&self) -> usize {
        self.paths.len()
    }

    /// √(2 l₃ + 1) times the 3j symbol of each path in place.
    ///
    /// # Shapes
    /// - output: `[P, J, I, K]`, components of the second, the first input and the output
    #[must_use]
    pub fn couplings(&self) -> Vec<f64> {
        let dim = |irreps: &[Irrep]| irreps.iter().map(|ir| ir.dim()).sum::<usize>();
        let (di, dj, dk) = (dim(&self.first), dim(&self.second), dim(&self.output));
        let mut out = vec![0.0; self.paths.len() * dj * di * dk];
        for (p, &(i, j, k)) in self.paths.iter().enumerate() {
            let (a, b, c) = (self.first[i], self.second[j], self.output[k]);
            let (oi, oj, ok) = (
                dim(&self.first[..i]),
                dim(&self.second[..j]),
                dim(&self.output[..k]),
            );
            let symbol = wigner_3j(a.l, b.l, c.l);
            let scale = (c.dim() as f64).sqrt();
            for x in 0..a.dim() {
                for y in 0..b.dim() {
                    for z in 0..c.dim() {
                        let place = ((p * dj + oj + y) * di + oi + x) * dk + ok + z;
                        out[place] = scale * symbol[(x * b.dim() + y) * c.dim() + z];
                    }
                }
            }
        }
        out
    }

    /// Applies the product.
    ///
    /// # Shapes
    /// - `features`: `[E, I, C]`, `environment`: `[N, J, C]`
    /// - `weights`: `[C, P]`, or `[1, P]` for all channels alike
    /// - `centre`: the atom of each of the E features
    /// - output: `[E, K, C]`
    #[must_use]
    pub fn apply(
        &self,
        features: &Var<3>,
        environment: &Var<3>,
        weights: &Var<2>,
        centre: &Index,
    ) -> Var<3> {
        let [n, j, c] = environment.dims();
        let couplings = self.couplings();
        let (device, dtype) = (weights.device(), weights.dtype());
        let p = self.paths.len();
        let matrix = couplings.len() / (p * j);
        let couplings = constant(couplings, [p, j * matrix], &device, dtype);
        let couplings = weights.matmul(&couplings); // [C, J · I · K] or [1, J · I · K]
        let by_channel = environment.swap_dims(1, 2); // [N, C, J]
        let matrices = if weights.dims()[0] == 1 {
            by_channel
                .reshape([n * c, j])
                .matmul(&couplings.reshape([j, matrix]))
                .reshape([n, c, matrix])
                .swap_dims(1, 2)
        } else {
            by_channel
                .swap_dims(0, 1) // [C, N, J]
                .matmul(&couplings.reshape([c, j, matrix])) // [C, N, I · K]
                .swap_dims(0, 1) // [N, C, I · K]
                .swap_dims(1, 2)
        }; // [N, I · K, C]
        features.through(&matrices, centre, Side::First)
    }
}

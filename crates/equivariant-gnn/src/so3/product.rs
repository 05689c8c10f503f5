//! Tensor products of features with spherical harmonics and with scalars.

use backend::tape::Var;

use super::{Irreps, constant, wigner_3j};

/// One coupling of a tensor product: entries of the two inputs and of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path {
    /// The entry of the first input.
    pub first: usize,
    /// The entry of the second input.
    pub second: usize,
    /// The entry of the output.
    pub output: usize,
}

/// The product of features with one tensor per row, weighted by channel and path: e3nn's `uvu` with
/// external weights.
///
/// The weights of a row are the multiplicities of the paths' first entries, path after path.
#[derive(Debug, Clone)]
pub struct TensorProduct {
    first: Irreps,
    second: Irreps,
    output: Irreps,
    paths: Vec<Path>,
}

impl TensorProduct {
    /// Makes the product from its paths.
    ///
    /// # Panics
    /// If a path couples what does not couple, changes the multiplicity, or the second input has
    /// multiplicities other than one.
    #[must_use]
    pub fn new(first: Irreps, second: Irreps, output: Irreps, paths: Vec<Path>) -> Self {
        for path in &paths {
            let (mul, a) = first.0[path.first];
            let (one, b) = second.0[path.second];
            let (kept, c) = output.0[path.output];
            assert!(c.is_in_product(a, b), "{a} ⊗ {b} does not contain {c}");
            assert_eq!((one, kept), (1, mul), "channels stay apart");
        }
        Self {
            first,
            second,
            output,
            paths,
        }
    }

    /// All paths into the wanted irreps by first entry, second entry and degree, each with an output
    /// entry of its own, and the outputs sorted: the products of `NequIP`.
    #[must_use]
    pub fn all_into(first: Irreps, second: Irreps, wanted: &Irreps) -> Self {
        let mut output = Irreps::default();
        let mut paths = Vec::new();
        for (i, &(mul, a)) in first.0.iter().enumerate() {
            for (j, &(_, b)) in second.0.iter().enumerate() {
                for c in a.product(b) {
                    if wanted.0.iter().any(|&(_, ir)| ir == c) {
                        paths.push(Path {
                            first: i,
                            second: j,
                            output: output.0.len(),
                        });
                        output.0.push((mul, c));
                    }
                }
            }
        }
        let (output, place) = output.sorted();
        for path in &mut paths {
            path.output = place[path.output];
        }
        Self::new(first, second, output, paths)
    }

    /// The same product with the paths, and so the weights of a row, ordered by their outputs, as MACE
    /// orders them.
    #[must_use]
    pub fn sorted_by_output(mut self) -> Self {
        self.paths.sort_by_key(|path| path.output);
        self
    }

    /// The irreps of the output.
    #[must_use]
    pub fn output(&self) -> &Irreps {
        &self.output
    }

    /// How many weights a row has.
    #[must_use]
    pub fn weights(&self) -> usize {
        let paths = self.paths.iter();
        paths.map(|path| self.first.0[path.first].0).sum()
    }

    /// 3j symbols of the paths of one first entry side by side, with their normalisation.
    ///
    /// # Shapes
    /// - output: `[S, M, ΣK]`, S components of the second input, M of the entry, K of each path's output
    fn couplings(&self, first: usize) -> (Vec<f64>, usize) {
        let m = self.first.0[first].1.dim();
        let paths: Vec<&Path> = self.of(first).collect();
        let width: usize = paths.iter().map(|p| self.output.0[p.output].1.dim()).sum();
        let mut out = vec![0.0; self.second.dim() * m * width];
        let mut begin = 0;
        for path in paths {
            let (a, b) = (self.first.0[first].1, self.second.0[path.second].1);
            let c = self.output.0[path.output].1;
            let fan = self
                .paths
                .iter()
                .filter(|p| p.output == path.output)
                .count();
            let scale = (c.dim() as f64 / fan as f64).sqrt();
            let symbol = wigner_3j(a.l, b.l, c.l);
            let before = &self.second.0[..path.second];
            let offset: usize = before.iter().map(|(_, ir)| ir.dim()).sum();
            for i in 0..a.dim() {
                for j in 0..b.dim() {
                    for k in 0..c.dim() {
                        out[((offset + j) * m + i) * width + begin + k] =
                            scale * symbol[(i * b.dim() + j) * c.dim() + k];
                    }
                }
            }
            begin += c.dim();
        }
        (out, width)
    }

    fn of(&self, first: usize) -> impl Iterator<Item = &Path> {
        self.paths.iter().filter(move |path| path.first == first)
    }

    /// Applies the product: for each entry of the features one contraction of the second input with
    /// all its couplings and one with the features.
    ///
    /// # Shapes
    /// - `x`: `[E, M, multiplicity]` per entry, `y`: `[E, S]`, `weights`: `[E, weights]`
    /// - output: `[E, M, multiplicity]` per output entry
    ///
    /// # Panics
    /// If an output entry has no path.
    #[must_use]
    pub fn apply(&self, x: &[Var<3>], y: &Var<2>, weights: &Var<2>) -> Vec<Var<3>> {
        let [e, s] = y.dims();
        let mut starts = Vec::with_capacity(self.paths.len());
        let mut start = 0;
        for path in &self.paths {
            starts.push(start);
            start += self.first.0[path.first].0;
        }
        let mut outputs: Vec<Option<Var<3>>> = vec![None; self.output.0.len()];
        for (first, &(mul, ir)) in self.first.0.iter().enumerate() {
            if self.of(first).next().is_none() {
                continue;
            }
            let (couplings, width) = self.couplings(first);
            let shape = [s, ir.dim() * width];
            let couplings = constant(couplings, shape, &y.device(), y.dtype());
            let matrices = y.matmul(&couplings).reshape([e, ir.dim(), width]);
            let all = matrices.transposed_matmul(&x[first]); // [E, ΣK, C]
            let mut begin = 0;
            for (path, start) in self.paths.iter().zip(&starts) {
                if path.first != first {
                    continue;
                }
                let k = self.output.0[path.output].1.dim();
                let weight = weights.narrow(1, *start, mul); // [E, C]
                let part = all.narrow(1, begin, k).scale_by(&weight); // [E, K, C]
                begin += k;
                let slot = &mut outputs[path.output];
                *slot = Some(match slot.take() {
                    None => part,
                    Some(sum) => sum.add(&part),
                });
            }
        }
        let outputs = outputs.into_iter();
        outputs
            .map(|output| output.expect("an output entry has a path"))
            .collect()
    }
}

/// The product of features with T invariant scalars, fully connected with one weight per input
/// channel, scalar and output channel: e3nn's `uvw`.
///
/// Weights lie flat as in e3nn: for each path, by input and then by output, `[in, T, out]`.
#[derive(Debug, Clone)]
pub struct FullyConnected {
    first: Irreps,
    scalars: usize,
    output: Irreps,
}

impl FullyConnected {
    /// Connects entries of the same irrep.
    #[must_use]
    pub fn new(first: Irreps, scalars: usize, output: Irreps) -> Self {
        Self {
            first,
            scalars,
            output,
        }
    }

    /// Input entry, output entry and the place of the first weight.
    fn paths(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        let mut start = 0;
        let pairs = (0..self.first.0.len())
            .flat_map(|i| (0..self.output.0.len()).map(move |o| (i, o)))
            .filter(|&(i, o)| self.first.0[i].1 == self.output.0[o].1);
        pairs.map(move |(i, o)| {
            let begin = start;
            start += self.first.0[i].0 * self.scalars * self.output.0[o].0;
            (i, o, begin)
        })
    }

    /// How many weights there are.
    #[must_use]
    pub fn weights(&self) -> usize {
        self.paths()
            .map(|(i, o, _)| self.first.0[i].0 * self.scalars * self.output.0[o].0)
            .sum()
    }

    /// Applies the product; an output entry without an input of its kind is `None`, that is zero.
    ///
    /// # Shapes
    /// - `x`: `[N, M, multiplicity]` per entry, `scalars`: `[N, T]`, `weight`: `[weights]`
    /// - output: `[N, M, multiplicity]` per output entry
    #[must_use]
    pub fn apply(&self, x: &[Var<3>], scalars: &Var<2>, weight: &Var<1>) -> Vec<Option<Var<3>>> {
        let [n, t] = scalars.dims();
        let mut outputs: Vec<Option<Var<3>>> = vec![None; self.output.0.len()];
        for (i, o, start) in self.paths() {
            let [_, m, mul] = x[i].dims();
            let columns = self.output.0[o].0;
            let kind = self.output.0[o].1;
            let same = self.first.0.iter().filter(|(_, ir)| *ir == kind);
            let fan: usize = same.map(|(mul, _)| mul * t).sum();
            let weight = weight
                .narrow(0, start, mul * t * columns)
                .reshape([mul * t, columns])
                .scale((fan as f64).sqrt().recip());
            let part = x[i]
                .reshape([n, m * mul, 1])
                .mul(&scalars.reshape([n, 1, t])) // [N, M · C, T]
                .reshape([n * m, mul * t])
                .matmul(&weight)
                .reshape([n, m, columns]);
            outputs[o] = Some(match outputs[o].take() {
                None => part,
                Some(sum) => sum.add(&part),
            });
        }
        outputs
    }
}

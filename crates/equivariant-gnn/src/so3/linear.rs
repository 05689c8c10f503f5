//! A linear map between irreps of the same kind.

use backend::tape::Var;

use super::Irreps;

/// The equivariant linear layer: every input entry to every output entry of the same irrep, with one
/// dense weight each.
///
/// Weights lie flat as in e3nn: for each pair, by input and then by output, `[in, out]`.
#[derive(Debug, Clone)]
pub struct Linear {
    paths: Vec<LinearPath>,
    output: Irreps,
}

#[derive(Debug, Clone)]
struct LinearPath {
    input: usize,
    output: usize,
    rows: usize,
    columns: usize,
    start: usize,
    coefficient: f64,
}

impl Linear {
    /// Connects the entries; the coefficient of each pair is 1/√(inputs of its output).
    #[must_use]
    pub fn new(input: &Irreps, output: &Irreps) -> Self {
        let fan_in = |output| {
            let same = input.0.iter().filter(|(_, ir)| *ir == output);
            same.map(|(mul, _)| mul).sum::<usize>() as f64
        };
        let mut paths = Vec::new();
        let mut start = 0;
        for (i, &(rows, ir)) in input.0.iter().enumerate() {
            for (o, &(columns, other)) in output.0.iter().enumerate() {
                if ir == other {
                    paths.push(LinearPath {
                        input: i,
                        output: o,
                        rows,
                        columns,
                        start,
                        coefficient: fan_in(ir).sqrt().recip(),
                    });
                    start += rows * columns;
                }
            }
        }
        Self {
            paths,
            output: output.clone(),
        }
    }

    /// How many weights there are.
    #[must_use]
    pub fn weights(&self) -> usize {
        self.paths.iter().map(|path| path.rows * path.columns).sum()
    }

    /// Applies the layer.
    ///
    /// # Shapes
    /// - `x`: `[N, M, multiplicity]` per input entry, `weight`: `[weights]`
    /// - output: `[N, M, multiplicity]` per output entry
    ///
    /// # Panics
    /// If an output entry has no input of its kind.
    #[must_use]
    pub fn apply(&self, x: &[Var<3>], weight: &Var<1>) -> Vec<Var<3>> {
        let outputs = 0..self.output.0.len();
        outputs
            .map(|output| {
                let paths = self.paths.iter().filter(|path| path.output == output);
                let parts = paths.map(|path| {
                    let [n, m, _] = x[path.input].dims();
                    let weight = weight
                        .narrow(0, path.start, path.rows * path.columns)
                        .reshape([path.rows, path.columns])
                        .scale(path.coefficient);
                    x[path.input]
                        .reshape([n * m, path.rows])
                        .matmul(&weight)
                        .reshape([n, m, path.columns])
                });
                parts
                    .reduce(|a, b| a.add(&b))
                    .expect("an output entry has an input of its kind")
            })
            .collect()
    }
}

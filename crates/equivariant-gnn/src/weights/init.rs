//! How the weights of a fresh model are drawn.

/// How a weight of a fresh model is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// Zero, the usual start of a bias.
    Zero,
    /// One value for every element.
    Constant(f64),
    /// Uniform in ±√(6/(inputs + outputs)) (Glorot & Bengio 2010, eq. 16); rows are outputs.
    XavierUniform,
    /// Uniform between the two bounds.
    Uniform(f64, f64),
    /// Normal with mean zero and this standard deviation.
    Normal(f64),
    /// Rows, or columns if there are more rows, that are orthogonal and of length one (Saxe et al. 2014,
    /// arXiv:1312.6120).
    Orthogonal,
}

impl Init {
    /// The numbers of a tensor, from uniform numbers in \[0, 1).
    pub(super) fn draw(self, shape: &[usize], random: &mut impl FnMut() -> f64) -> Vec<f64> {
        let count = shape.iter().product();
        let fill = |each: &mut dyn FnMut() -> f64| {
            let values = std::iter::repeat_with(each);
            values.take(count).collect()
        };
        match self {
            Self::Zero => fill(&mut || 0.0),
            Self::Constant(value) => fill(&mut || value),
            Self::XavierUniform => {
                let outputs = shape[0];
                let inputs = count / outputs;
                let bound = (6.0 / (inputs + outputs) as f64).sqrt();
                fill(&mut || -bound + 2.0 * bound * random())
            }
            Self::Uniform(low, high) => fill(&mut || low + (high - low) * random()),
            Self::Normal(deviation) => fill(&mut || deviation * normal(random)),
            Self::Orthogonal => {
                let rows = shape[0];
                orthogonal(rows, count / rows, random)
            }
        }
    }
}

/// A normal number (Box and Muller 1958); 1 − u keeps the logarithm away from zero.
fn normal(random: &mut impl FnMut() -> f64) -> f64 {
    let radius = (-2.0 * (1.0 - random()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random()).cos()
}

/// A random matrix with orthogonal rows, or columns if there are more rows, of length one: Gram and
/// Schmidt's procedure on normal numbers, done twice for the digits that the first time loses.
pub(crate) fn orthogonal(
    rows: usize,
    columns: usize,
    random: &mut impl FnMut() -> f64,
) -> Vec<f64> {
    let (count, length) = (rows.min(columns), rows.max(columns));
    let mut vectors: Vec<Vec<f64>> = Vec::with_capacity(count);
    while vectors.len() < count {
        let mut vector: Vec<f64> = (0..length).map(|_| normal(random)).collect();
        for other in vectors.iter().chain(&vectors) {
            let along: f64 = vector.iter().zip(other).map(|(a, b)| a * b).sum();
            for (a, b) in vector.iter_mut().zip(other) {
                *a -= along * b;
            }
        }
        let norm = vector.iter().map(|a| a * a).sum::<f64>().sqrt();
        for a in &mut vector {
            *a /= norm;
        }
        vectors.push(vector);
    }
    let at = |row: usize, column: usize| {
        if rows <= columns {
            vectors[row][column]
        } else {
            vectors[column][row]
        }
    };
    (0..rows * columns)
        .map(|k| at(k / columns, k % columns))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_or_columns_are_orthonormal() {
        let mut state = 1_u64;
        let mut random = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        for (rows, columns) in [(4, 7), (7, 4), (5, 5)] {
            let m = orthogonal(rows, columns, &mut random);
            let wide = rows <= columns;
            let (count, length) = (rows.min(columns), rows.max(columns));
            let at = |k: usize, x: usize| {
                if wide {
                    m[k * columns + x]
                } else {
                    m[x * columns + k]
                }
            };
            for a in 0..count {
                for b in 0..count {
                    let dot: f64 = (0..length).map(|x| at(a, x) * at(b, x)).sum();
                    let expected = f64::from(u8::from(a == b));
                    assert!(
                        (dot - expected).abs() < 1e-13,
                        "{rows}×{columns}, {a}, {b}: {dot}"
                    );
                }
            }
        }
    }
}

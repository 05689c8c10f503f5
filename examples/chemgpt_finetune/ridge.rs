//! The baseline: ridge regression on the bits of fingerprints.

use selfies::fingerprint::Fingerprint;

/// Penalties that are tried on the validation molecules.
pub(crate) const PENALTIES: [f64; 6] = [0.3, 1.0, 3.0, 10.0, 30.0, 100.0];

/// A fitted regression in its dual form: (K + λ) a = y − ȳ.
pub(crate) struct Ridge {
    mean: f64,
    /// The bits of each training molecule with its weight a.
    terms: Vec<(Vec<usize>, f64)>,
}

impl Ridge {
    pub(crate) fn fit(fingerprints: &[&Fingerprint], values: &[f64], penalty: f64) -> Self {
        let n = values.len();
        let mean = values.iter().sum::<f64>() / n as f64;
        let bits: Vec<Vec<usize>> = fingerprints.iter().map(|f| f.ones().collect()).collect();
        let mut factor = vec![vec![0.0; n]; n];
        for i in 0..n {
            for j in 0..=i {
                let diagonal = if i == j { penalty } else { 0.0 };
                let mut sum = shared(fingerprints[i], &bits[j]) + diagonal;
                let products = factor[i][..j].iter().zip(&factor[j][..j]);
                sum -= products.map(|(a, b)| a * b).sum::<f64>();
                factor[i][j] = if i == j {
                    sum.sqrt()
                } else {
                    sum / factor[j][j]
                };
            }
        }
        let mut weights: Vec<f64> = values.iter().map(|value| value - mean).collect();
        for i in 0..n {
            let sum: f64 = (0..i).map(|k| factor[i][k] * weights[k]).sum();
            weights[i] = (weights[i] - sum) / factor[i][i];
        }
        for i in (0..n).rev() {
            let sum: f64 = (i + 1..n).map(|k| factor[k][i] * weights[k]).sum();
            weights[i] = (weights[i] - sum) / factor[i][i];
        }
        Self {
            mean,
            terms: bits.into_iter().zip(weights).collect(),
        }
    }

    pub(crate) fn predict(&self, fingerprint: &Fingerprint) -> f64 {
        let terms = self.terms.iter();
        self.mean
            + terms
                .map(|(bits, weight)| weight * shared(fingerprint, bits))
                .sum::<f64>()
    }
}

/// Bits that both have.
fn shared(fingerprint: &Fingerprint, bits: &[usize]) -> f64 {
    bits.iter()
        .filter(|&&bit| fingerprint.contains(bit))
        .count() as f64
}

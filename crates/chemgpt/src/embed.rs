//! Vectors for molecules.

use serde::{Deserialize, Serialize};

use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::model::ChemGpt;

/// How the vectors of a molecule's tokens become one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// Their mean; padding does not count.
    #[default]
    Mean,
    /// That of the last token.
    Last,
}

/// Which vectors, and how pooled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EmbeddingOptions {
    /// How tokens are pooled.
    pub pooling: Pooling,
    /// State to take: 0 is the sum of token and position tables, `layers` is the stream after the last normalisation;
    /// `None` is the last one.
    pub layer: Option<usize>,
    /// Molecules that are worked on at a time.
    pub batch: usize,
}

impl Default for EmbeddingOptions {
    fn default() -> Self {
        Self {
            pooling: Pooling::Mean,
            layer: None,
            batch: 64,
        }
    }
}

/// One vector of the model's width for each token sequence.
///
/// # Shapes
/// n sequences → n vectors of C numbers.
///
/// # Errors
/// [`Error::Config`] for a layer that the model does not have, [`Error::Empty`] for a sequence without tokens, and what
/// the model refuses.
///
/// # Panics
/// Never: the state is cast to float32 before it is read as such.
pub fn embed(
    model: &ChemGpt,
    sequences: &[Vec<u32>],
    options: &EmbeddingOptions,
) -> Result<Vec<Vec<f32>>> {
    let config = model.config();
    let layer = options.layer.unwrap_or(config.layers);
    if layer > config.layers {
        return Err(Error::Config {
            field: "layer",
            value: layer.to_string(),
            allowed: "at most the number of layers",
        });
    }
    if sequences.iter().any(Vec::is_empty) {
        return Err(Error::Empty { what: "a sequence" });
    }
    let model = model.without_graph();
    let c = config.width;
    let mut order: Vec<usize> = (0..sequences.len()).collect();
    order.sort_by_key(|&index| sequences[index].len());
    let mut vectors = vec![Vec::new(); sequences.len()];
    for group in order.chunks(options.batch.max(1)) {
        let rows: Vec<&[u32]> = group
            .iter()
            .map(|&index| sequences[index].as_slice())
            .collect();
        let batch = Batch::pad_right(&rows, 0);
        let state = if layer == config.layers {
            model.hidden(&batch)?
        } else {
            model.hidden_states(&batch)?.swap_remove(layer)
        };
        let values: Vec<f32> = state
            .cast(burn::tensor::DType::F32)
            .into_data()
            .try_into_vec()
            .expect("the state was cast to float32");
        for (row, &index) in values.chunks_exact(batch.length * c).zip(group) {
            let tokens = sequences[index].len();
            vectors[index] = match options.pooling {
                Pooling::Last => row[(tokens - 1) * c..tokens * c].to_vec(),
                Pooling::Mean => mean(&row[..tokens * c], c),
            };
        }
    }
    Ok(vectors)
}

fn mean(rows: &[f32], width: usize) -> Vec<f32> {
    let count = (rows.len() / width) as f32;
    let mut total = vec![0.0; width];
    for row in rows.chunks_exact(width) {
        for (total, value) in total.iter_mut().zip(row) {
            *total += value;
        }
    }
    total.iter().map(|value| value / count).collect()
}

/// The `count` nearest rows of `vectors` to `query` by cosine similarity, nearest first, with the similarity.
#[must_use]
pub fn nearest(vectors: &[Vec<f32>], query: &[f32], count: usize) -> Vec<(usize, f64)> {
    let mut all: Vec<(usize, f64)> = vectors
        .iter()
        .enumerate()
        .map(|(index, vector)| (index, cosine(vector, query)))
        .collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    all.truncate(count);
    all
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter()
            .zip(b)
            .map(|(&x, &y)| f64::from(x) * f64::from(y))
            .sum()
    };
    let norm = (dot(a, a) * dot(b, b)).sqrt();
    if norm > 0.0 { dot(a, b) / norm } else { 0.0 }
}

/// The two leading principal components of each vector: a flat map of a set of molecules.
///
/// Found by orthogonal iteration on the covariance; signs are fixed so that each axis's largest loading is positive.
#[must_use]
pub fn principal_plane(vectors: &[Vec<f32>]) -> Vec<[f64; 2]> {
    let Some(width) = vectors.first().map(Vec::len) else {
        return Vec::new();
    };
    let n = vectors.len() as f64;
    let mut centre = vec![0.0; width];
    for vector in vectors {
        for (c, &x) in centre.iter_mut().zip(vector) {
            *c += f64::from(x) / n;
        }
    }
    let centred: Vec<Vec<f64>> = vectors
        .iter()
        .map(|vector| {
            vector
                .iter()
                .zip(&centre)
                .map(|(&x, c)| f64::from(x) - c)
                .collect()
        })
        .collect();
    let project = |axis: &[f64]| -> Vec<f64> {
        let dot = |row: &Vec<f64>| row.iter().zip(axis).map(|(x, a)| x * a).sum();
        centred.iter().map(dot).collect()
    };
    let mut axes: Vec<Vec<f64>> = Vec::new();
    for start in 0..2 {
        let mut direction: Vec<f64> = (0..width)
            .map(|at| 1.0 + ((at * 31 + start * 17) % 13) as f64 * 0.1)
            .collect();
        for _ in 0..200 {
            let weights = project(&direction);
            let mut next = vec![0.0; width];
            for (row, weight) in centred.iter().zip(weights) {
                for (next, x) in next.iter_mut().zip(row) {
                    *next += weight * x;
                }
            }
            for other in &axes {
                let along: f64 = next.iter().zip(other).map(|(a, b)| a * b).sum();
                for (next, other) in next.iter_mut().zip(other) {
                    *next -= along * other;
                }
            }
            let norm = next.iter().map(|x| x * x).sum::<f64>().sqrt();
            if norm == 0.0 {
                break;
            }
            direction = next.iter().map(|x| x / norm).collect();
        }
        let largest = direction
            .iter()
            .copied()
            .max_by(|a, b| a.abs().total_cmp(&b.abs()));
        if largest.is_some_and(|x| x < 0.0) {
            for x in &mut direction {
                *x = -*x;
            }
        }
        axes.push(direction);
    }
    let [x, y] = [project(&axes[0]), project(&axes[1])];
    x.into_iter().zip(y).map(|(x, y)| [x, y]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plane_finds_the_two_widest_directions() {
        let vectors: Vec<Vec<f32>> = (0..60)
            .map(|i| {
                let (a, b) = ((i % 10) as f32 - 4.5, (i / 10) as f32 - 2.5);
                vec![0.1 * a, 3.0 * a, 2.0 * b, 0.0]
            })
            .collect();
        let plane = principal_plane(&vectors);
        for (vector, [x, y]) in vectors.iter().zip(plane) {
            let expected = f64::from(vector[1]) * (1.0 + 1.0 / 900.0_f64).sqrt();
            assert!((x.abs() - expected.abs()).abs() < 1e-5);
            assert!((y.abs() - f64::from(vector[2]).abs()).abs() < 1e-5);
        }
    }

    #[test]
    fn nearest_neighbours_are_sorted() {
        let vectors = vec![vec![1.0, 0.0], vec![0.0, 1.0], vec![1.0, 1.0]];
        let near = nearest(&vectors, &[1.0, 0.1], 2);
        assert_eq!([near[0].0, near[1].0], [0, 2]);
    }
}

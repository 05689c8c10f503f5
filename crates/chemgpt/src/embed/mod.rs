//! Vectors for molecules.

mod near;
mod plane;

use serde::{Deserialize, Serialize};

use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::model::ChemGpt;

pub use near::{Nearest, nearest};
pub use plane::principal_plane;

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

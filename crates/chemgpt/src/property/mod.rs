//! A property head on the model: regression or classification, trained together with the network.
//!
//! Axis letters: B molecules, T tokens, C width.

mod train;

use std::path::Path;

use burn::module::{Module, Param, ParamId};
use burn::tensor::activation::{log_sigmoid, sigmoid};
use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::model::ChemGpt;

pub use train::train_property;

/// What the head foretells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// A number; squared error.
    Regression,
    /// The probability of label 1 against label 0; cross-entropy.
    Classification,
}

/// A network with a linear head on the mean of its last hidden states.
#[derive(Module, Debug)]
pub struct PropertyModel {
    /// The language model.
    pub backbone: ChemGpt,
    /// Weights of the head, \[C, 1\].
    pub weight: Param<Tensor<2>>,
    /// Shift of the head, \[1\].
    pub bias: Param<Tensor<1>>,
    #[module(skip)]
    task: Task,
    #[module(skip)]
    centre: f64,
    #[module(skip)]
    scale: f64,
}

impl PropertyModel {
    /// A fresh head (zero weights) on `backbone`; `values` set the centre and the scale of a regression.
    ///
    /// # Errors
    /// [`Error::Empty`] without values.
    pub fn new(backbone: &ChemGpt, task: Task, values: &[f64], device: &Device) -> Result<Self> {
        if values.is_empty() {
            return Err(Error::Empty {
                what: "the set of property values",
            });
        }
        let (centre, scale) = match task {
            Task::Classification => (0.0, 1.0),
            Task::Regression => {
                let n = values.len() as f64;
                let mean = values.iter().sum::<f64>() / n;
                let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
                (mean, variance.sqrt().max(1e-12))
            }
        };
        let backbone = ChemGpt::from_named_tensors(
            backbone.config(),
            backbone.named_tensors(),
            Path::new("the given model"),
            device,
        )?;
        let c = backbone.config().width;
        let tracked = device.is_autodiff();
        Ok(Self {
            backbone,
            weight: zeros([c, 1], device, tracked),
            bias: zeros([1], device, tracked),
            task,
            centre,
            scale,
        })
    }

    /// Scores before centre and scale (or before the sigmoid).
    ///
    /// # Shapes
    /// B sequences → \[B\].
    ///
    /// # Errors
    /// A token or a position that the model does not have.
    fn scores(&self, sequences: &[&[u32]]) -> Result<Tensor<1>> {
        let batch = Batch::pad_right(sequences, 0);
        let (b, t) = (batch.rows, batch.length);
        let hidden = self.backbone.hidden(&batch)?; // [B T, C]
        let mut mean = vec![0.0_f32; b * b * t];
        for (row, ids) in sequences.iter().enumerate() {
            let start = row * b * t + row * t;
            mean[start..start + ids.len()].fill(1.0 / ids.len() as f32);
        }
        let mean = Tensor::<2>::from_data(TensorData::new(mean, [b, b * t]), &hidden.device());
        let pooled = mean.matmul(hidden); // [B, C]
        let scores = pooled.matmul(self.weight.val()) + self.bias.val().unsqueeze::<2>();
        Ok(scores.reshape([b]))
    }

    fn loss(&self, sequences: &[&[u32]], values: &[f64]) -> Result<Tensor<1>> {
        let scores = self.scores(sequences)?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the network runs in float32"
        )]
        let wanted: Vec<f32> = values
            .iter()
            .map(|value| ((value - self.centre) / self.scale) as f32)
            .collect();
        let count = wanted.len();
        let wanted = Tensor::<1>::from_data(TensorData::new(wanted, [count]), &scores.device());
        Ok(match self.task {
            Task::Regression => (scores - wanted).square().mean(),
            Task::Classification => {
                let yes = log_sigmoid(scores.clone()) * wanted.clone();
                let no = log_sigmoid(scores.neg()) * wanted.neg().add_scalar(1.0);
                (yes + no).mean().neg()
            }
        })
    }

    /// The mean loss over all molecules, in the units of the training loss.
    fn mean_loss(&self, data: Labelled<'_>, batch: usize) -> Result<f64> {
        let all: Vec<usize> = (0..data.values.len()).collect();
        let mut sum = 0.0;
        for rows in all.chunks(batch.max(1)) {
            let (chosen, wanted) = picked(data, rows);
            let mean = f64::from(self.loss(&chosen, &wanted)?.into_scalar::<f32>());
            sum += mean * rows.len() as f64;
        }
        Ok(sum / all.len().max(1) as f64)
    }

    /// The property of each sequence: a number, or the probability of label 1.
    ///
    /// # Errors
    /// A token or a position that the model does not have.
    ///
    /// # Panics
    /// Never: the head runs in float32.
    pub fn predict(&self, sequences: &[Vec<u32>], batch: usize) -> Result<Vec<f64>> {
        let model = self.valid();
        let mut all = Vec::with_capacity(sequences.len());
        for group in sequences.chunks(batch.max(1)) {
            let rows: Vec<&[u32]> = group.iter().map(Vec::as_slice).collect();
            let scores = model.scores(&rows)?;
            let scores = match self.task {
                Task::Regression => scores,
                Task::Classification => sigmoid(scores),
            };
            let values: Vec<f32> = scores
                .into_data()
                .try_into_vec()
                .expect("the head runs in float32");
            all.extend(
                values
                    .into_iter()
                    .map(|x| f64::from(x) * self.scale + self.centre),
            );
        }
        Ok(all)
    }
}

/// Molecules with their values (0 and 1 for a classification).
#[derive(Clone, Copy, Debug)]
pub struct Labelled<'a> {
    /// Token sequences.
    pub sequences: &'a [Vec<u32>],
    /// One value a sequence.
    pub values: &'a [f64],
}

impl Labelled<'_> {
    fn check(&self) -> Result<()> {
        if self.sequences.len() == self.values.len() {
            return Ok(());
        }
        Err(Error::Config {
            field: "property values",
            value: self.values.len().to_string(),
            allowed: "as many as molecules",
        })
    }
}

fn picked<'a>(data: Labelled<'a>, rows: &[usize]) -> (Vec<&'a [u32]>, Vec<f64>) {
    rows.iter()
        .map(|&row| (data.sequences[row].as_slice(), data.values[row]))
        .unzip()
}

fn zeros<const D: usize>(shape: [usize; D], device: &Device, tracked: bool) -> Param<Tensor<D>> {
    let tensor = Tensor::<D>::zeros(shape, device);
    let tensor = if tracked {
        tensor.require_grad()
    } else {
        tensor
    };
    Param::initialized(ParamId::new(), tensor)
}

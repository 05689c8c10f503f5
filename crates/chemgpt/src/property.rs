//! A property head on the model: regression or classification, trained together with the network.
//!
//! Axis letters: B molecules, T tokens, C width.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use backend::run::{Observer, Progress};
use burn::module::{Module, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::activation::{log_sigmoid, sigmoid};
use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::batch::Batch;
use crate::data::BatchOrder;
use crate::error::{Error, Result};
use crate::model::ChemGpt;
use crate::train::TrainingConfig;

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

/// Trains head and network together on sequences and their values (0 and 1 for a classification).
///
/// # Errors
/// [`Error::Config`] for settings out of range or lists of different lengths, [`Error::Diverged`], and what the model
/// refuses.
pub fn train_property(
    backbone: &ChemGpt,
    task: Task,
    training: &TrainingConfig,
    sequences: &[Vec<u32>],
    values: &[f64],
    observer: &mut Observer<'_>,
) -> Result<PropertyModel> {
    training.validate()?;
    if sequences.len() != values.len() {
        return Err(Error::Config {
            field: "property values",
            value: values.len().to_string(),
            allowed: "as many as molecules",
        });
    }
    let device = backbone.device().autodiff();
    let mut model = PropertyModel::new(backbone, task, values, &device)?;
    let mut optimizer = training.optimizer.init();
    let schedule = training.schedule();
    let mut order = BatchOrder::new(sequences.len(), training.batch, training.seed);
    let start = Instant::now();
    for index in 0..training.steps {
        let rows = order.rows_of(index);
        let chosen: Vec<&[u32]> = rows.iter().map(|&row| sequences[row].as_slice()).collect();
        let wanted: Vec<f64> = rows.iter().map(|&row| values[row]).collect();
        let loss = model.loss(&chosen, &wanted)?;
        let value = f64::from(loss.clone().into_scalar::<f32>());
        if !value.is_finite() {
            return Err(Error::Diverged {
                step: index + 1,
                batch: order.place(index).1,
                loss: value,
                checkpoint: None,
            });
        }
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        let rate = schedule.rate(index);
        let limit = training.clip.unwrap_or(f64::INFINITY);
        let (updated, norm) = optimizer.step_clipped(rate, limit, model, gradients);
        model = updated;
        let elapsed = start.elapsed();
        let step = index + 1;
        let progress = Progress {
            step,
            steps_total: training.steps,
            epoch: step as f64 / order.steps_per_epoch() as f64,
            train_loss: value,
            rate,
            gradient_norm: norm,
            throughput: (step * chosen.len() as u64) as f64 / elapsed.as_secs_f64().max(1e-9),
            elapsed,
            ..Progress::default()
        };
        if observer(&progress) == ControlFlow::Break(()) {
            break;
        }
    }
    Ok(model.valid())
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

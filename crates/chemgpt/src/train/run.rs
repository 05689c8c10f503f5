//! A whole run in memory: what a scaling study calls many times.

use std::ops::ControlFlow;
use std::time::Instant;

use backend::run::{Observer, Progress};
use burn::tensor::Device;

use super::config::TrainingConfig;
use super::evaluate::validation_loss;
use super::trainer::Trainer;
use crate::config::ChemGptConfig;
use crate::data::{BatchOrder, PackedRows};
use crate::error::{Error, Result};
use crate::model::ChemGpt;

/// One row of the learning curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepLoss {
    /// Steps done, from 1.
    pub step: u64,
    /// Training loss before the update, nats a token.
    pub loss: f64,
    /// Global gradient norm before clipping.
    pub gradient_norm: f64,
    /// Learning rate.
    pub rate: f64,
}

/// One evaluation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// Steps done.
    pub step: u64,
    /// Validation loss, nats a token.
    pub loss: f64,
}

/// The outcome of a run.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The model, without a graph; averaged weights when averaging was on.
    pub model: ChemGpt,
    /// Training loss of each step.
    pub curve: Vec<StepLoss>,
    /// Validation losses on the way, the last one at the end.
    pub evaluations: Vec<Evaluation>,
    /// Validation loss at the end, nats a token.
    pub validation: f64,
    /// Tokens trained on, repeats included.
    pub tokens: u64,
    /// Whether the observer stopped the run before its last step.
    pub stopped: bool,
}

/// Trains a new model on `rows` and evaluates it on `validation`.
///
/// The result depends on the two configurations, the rows, the device, and its number of threads, and on nothing else.
/// `observer` is called after each step and can stop the run.
///
/// # Errors
/// [`Error::Config`] for settings out of range, [`Error::TokenRange`] or [`Error::TooLong`] for rows that do not fit
/// the model, [`Error::Diverged`] when the loss is no longer finite or has passed four times its level at random
/// guessing.
pub fn train(
    model: &ChemGptConfig,
    training: &TrainingConfig,
    rows: &PackedRows,
    validation: &PackedRows,
    device: &Device,
    observer: &mut Observer<'_>,
) -> Result<Trained> {
    model.validate()?;
    training.validate()?;
    for rows in [rows, validation] {
        rows.batch(&(0..rows.rows()).collect::<Vec<_>>())
            .validate(model)?;
    }
    let start = Instant::now();
    let fresh = model.init(training.seed, &device.clone().autodiff());
    let mut trainer = Trainer::new(fresh, training);
    let mut order = BatchOrder::new(rows.rows(), training.batch, training.seed);
    let tokens_a_step = (order.batch_size() * rows.length()) as u64;
    let bound = divergence_bound(model);
    let mut curve = Vec::new();
    let mut evaluations = Vec::new();
    let mut stopped = false;
    while trainer.steps_done() < training.steps {
        let index = trainer.steps_done();
        let batch = rows.batch(order.rows_of(index));
        let report = trainer.step(&batch)?;
        if !(report.loss <= bound && report.gradient_norm.is_finite()) {
            return Err(Error::Diverged {
                step: index + 1,
                batch: order.place(index).1,
                loss: report.loss,
                checkpoint: None,
            });
        }
        let step = trainer.steps_done();
        curve.push(StepLoss {
            step,
            loss: report.loss,
            gradient_norm: report.gradient_norm,
            rate: report.rate,
        });
        let due = training.evaluate_every > 0 && step.is_multiple_of(training.evaluate_every);
        let evaluated = if due && step < training.steps {
            let loss = validation_loss(&trainer.result(), validation, order.batch_size())?;
            evaluations.push(Evaluation { step, loss });
            Some(loss)
        } else {
            None
        };
        let elapsed = start.elapsed();
        let progress = Progress {
            step,
            steps_total: training.steps,
            epoch: step as f64 / order.steps_per_epoch() as f64,
            train_loss: report.loss,
            validation: evaluated,
            rate: report.rate,
            gradient_norm: report.gradient_norm,
            throughput: (step * tokens_a_step) as f64 / elapsed.as_secs_f64().max(1e-9),
            elapsed,
        };
        if observer(&progress) == ControlFlow::Break(()) && step < training.steps {
            stopped = true;
            break;
        }
    }
    let result = trainer.result();
    let loss = validation_loss(&result, validation, order.batch_size())?;
    let step = trainer.steps_done();
    evaluations.push(Evaluation { step, loss });
    Ok(Trained {
        model: result,
        curve,
        evaluations,
        validation: loss,
        tokens: step * tokens_a_step,
        stopped,
    })
}

/// Guessing at random costs ln V nats a token; no run that still learns stays four times above that.
pub(super) fn divergence_bound(model: &ChemGptConfig) -> f64 {
    4.0 * (model.vocab as f64).ln().max(1.0)
}

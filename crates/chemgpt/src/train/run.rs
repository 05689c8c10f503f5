//! Whole runs: in memory, as a scaling study calls them by the thousand, or in a folder, to be resumed.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use backend::Devices;
use backend::run::{Checkpoints, Metrics, Observer, Progress, RunFolder};
use burn::tensor::Device;
use serde_json::{Value, json};

use super::checkpoint;
use super::config::TrainingConfig;
use super::evaluate::validation_loss;
use super::trainer::Trainer;
use crate::config::ChemGptConfig;
use crate::data::BatchOrder;
use crate::error::{Error, Result};
use crate::model::ChemGpt;
use crate::rows::TokenRows;

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
    /// Training loss of each step of this call (a resumed run's earlier steps are in its metrics files).
    pub curve: Vec<StepLoss>,
    /// Validation losses on the way, the last one at the end.
    pub evaluations: Vec<Evaluation>,
    /// Validation loss at the end, nats a token.
    pub validation: f64,
    /// Tokens trained on since the run's first step, repeats included.
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
    rows: &dyn TokenRows,
    validation: &dyn TokenRows,
    device: &Device,
    observer: &mut Observer<'_>,
) -> Result<Trained> {
    check(model, training, rows, validation)?;
    let fresh = model.init(training.seed, &device.clone().autodiff());
    Trainer::new(fresh, training)?.run(training, rows, validation, None, observer)
}

/// As [`train`], but goes on from `start` instead of fresh weights: fine-tuning on other data.
///
/// # Errors
/// As [`train`].
pub fn fine_tune(
    start: &ChemGpt,
    training: &TrainingConfig,
    rows: &dyn TokenRows,
    validation: &dyn TokenRows,
    observer: &mut Observer<'_>,
) -> Result<Trained> {
    check(start.config(), training, rows, validation)?;
    let model = ChemGpt::from_named_tensors(
        start.config(),
        start.named_tensors(),
        Path::new("the given model"),
        &start.device().autodiff(),
    )?;
    Trainer::new(model, training)?.run(training, rows, validation, None, observer)
}

/// How often a run in a folder is saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saving {
    /// Steps between checkpoints.
    pub every: u64,
    /// Checkpoints that are kept beside the best one.
    pub keep: usize,
}

/// As [`train`], in a folder that holds settings, metrics, and checkpoints. A run that was killed at any moment goes on
/// from its last checkpoint, and its metrics read as if it had never stopped: bit for bit on the same device and number
/// of threads. `devices` is a device, or several that share the rows of each batch.
///
/// # Errors
/// As [`train`]; [`Error::OtherRun`] when the folder holds a run with other settings or other data, and what the system
/// reports while writing.
pub fn train_in_folder(
    folder: &Path,
    model: &ChemGptConfig,
    training: &TrainingConfig,
    saving: Saving,
    [rows, validation]: [&dyn TokenRows; 2],
    devices: impl Into<Devices>,
    observer: &mut Observer<'_>,
) -> Result<Trained> {
    check(model, training, rows, validation)?;
    let run = RunFolder::open(folder)?;
    let settings = json!({
        "model": model,
        "training": training,
        "data": { "train": rows.fingerprint(), "validation": validation.fingerprint() },
    });
    claim(&run, &settings)?;
    let checkpoints = run.checkpoints()?;
    let devices = devices.into();
    let trainer = if let Some((_, path)) = checkpoints.latest()? {
        checkpoint::read(&path, model, training, &devices)?
    } else {
        let fresh = model.init(training.seed, &devices.first().clone().autodiff());
        Trainer::on(fresh, &devices, training)?
    };
    let columns = ["step", "loss", "gradient_norm", "rate", "validation"];
    let metrics = run.metrics(&columns, trainer.step)?;
    let store = Store {
        checkpoints,
        metrics,
        saving,
    };
    trainer.run(training, rows, validation, Some(store), observer)
}

/// Writes the settings of a new run, or compares them with those of the run that the folder holds.
fn claim(run: &RunFolder, settings: &Value) -> Result<()> {
    let path = run.path().join("config.json");
    if !path.exists() {
        run.write_config(settings)?;
        let mut metadata = serde_json::Map::new();
        metadata.insert("units".into(), json!({ "loss": "nats a token" }));
        run.write_metadata(metadata)?;
        return Ok(());
    }
    let found: Value =
        serde_json::from_slice(&fs::read(&path)?).map_err(|error| Error::Format {
            path: path.clone(),
            reason: error.to_string(),
        })?;
    match first_difference(settings, &found, "") {
        None => Ok(()),
        Some(field) => Err(Error::OtherRun {
            path: run.path().to_owned(),
            field,
        }),
    }
}

fn first_difference(asked: &Value, found: &Value, path: &str) -> Option<String> {
    match (asked, found) {
        (Value::Object(asked), Value::Object(found)) => asked.iter().find_map(|(key, value)| {
            let path = if path.is_empty() {
                key.clone()
            } else {
                format!("{path}.{key}")
            };
            first_difference(value, found.get(key).unwrap_or(&Value::Null), &path)
        }),
        _ if asked == found => None,
        _ => Some(format!("{path} is {found} there, {asked} here")),
    }
}

fn check(
    model: &ChemGptConfig,
    training: &TrainingConfig,
    rows: &dyn TokenRows,
    validation: &dyn TokenRows,
) -> Result<()> {
    model.validate()?;
    training.validate()?;
    for rows in [rows, validation] {
        rows.check(model)?;
    }
    Ok(())
}

struct Store {
    checkpoints: Checkpoints,
    metrics: Metrics,
    saving: Saving,
}

impl Store {
    /// One row of the metrics, and a checkpoint when one is due. Rows are on disk before the checkpoint that follows
    /// them, so a resumed run never lacks a row.
    fn record(
        &mut self,
        trainer: &Trainer,
        row: &StepLoss,
        validation: Option<f64>,
        last: bool,
    ) -> Result<()> {
        let values = [
            Some(row.loss),
            Some(row.gradient_norm),
            Some(row.rate),
            validation,
        ];
        self.metrics.push(row.step, &values)?;
        if last || (self.saving.every > 0 && row.step.is_multiple_of(self.saving.every)) {
            self.metrics.flush()?;
            self.checkpoints
                .save(row.step, validation, self.saving.keep, |folder| {
                    checkpoint::write(trainer, folder)
                })?;
        }
        Ok(())
    }
}

impl Trainer {
    fn run(
        mut self,
        training: &TrainingConfig,
        rows: &dyn TokenRows,
        validation: &dyn TokenRows,
        mut store: Option<Store>,
        observer: &mut Observer<'_>,
    ) -> Result<Trained> {
        let start = Instant::now();
        let first = self.step;
        let mut order = BatchOrder::new(rows.rows(), training.batch, training.seed);
        let tokens_a_step = (order.batch_size() * rows.length()) as u64;
        let bound = divergence_bound(self.model.config());
        let mut curve = Vec::new();
        let mut evaluations = Vec::new();
        let mut stopped = false;
        while self.step < training.steps {
            let index = self.step;
            let report = self.step(&rows.batch(order.rows_of(index))?)?;
            if !(report.loss <= bound && report.gradient_norm.is_finite()) {
                return Err(Error::Diverged {
                    step: index + 1,
                    batch: order.place(index).1,
                    loss: report.loss,
                    checkpoint: match &store {
                        Some(store) => store.checkpoints.latest()?.map(|(_, path)| path),
                        None => None,
                    },
                });
            }
            let row = StepLoss {
                step: self.step,
                loss: report.loss,
                gradient_norm: report.gradient_norm,
                rate: report.rate,
            };
            curve.push(row);
            let last = row.step == training.steps;
            let due =
                training.evaluate_every > 0 && row.step.is_multiple_of(training.evaluate_every);
            let mut evaluated = None;
            if due || last {
                let loss = validation_loss(&self.result(), validation, order.batch_size())?;
                evaluations.push(Evaluation {
                    step: row.step,
                    loss,
                });
                evaluated = Some(loss);
            }
            if let Some(store) = &mut store {
                store.record(&self, &row, evaluated, last)?;
            }
            let elapsed = start.elapsed();
            let here = (row.step - first) as f64;
            let progress = Progress {
                step: row.step,
                steps_total: training.steps,
                epoch: row.step as f64 / order.steps_per_epoch() as f64,
                train_loss: report.loss,
                validation: evaluated,
                rate: report.rate,
                gradient_norm: report.gradient_norm,
                throughput: here * tokens_a_step as f64 / elapsed.as_secs_f64().max(1e-9),
                elapsed,
            };
            if observer(&progress) == ControlFlow::Break(()) && !last {
                stopped = true;
                break;
            }
        }
        let model = self.result();
        let loss = match evaluations.last() {
            Some(evaluation) if evaluation.step == self.step => evaluation.loss,
            _ => {
                let loss = validation_loss(&model, validation, order.batch_size())?;
                evaluations.push(Evaluation {
                    step: self.step,
                    loss,
                });
                loss
            }
        };
        Ok(Trained {
            model,
            curve,
            evaluations,
            validation: loss,
            tokens: self.step * tokens_a_step,
            stopped,
        })
    }
}

/// Guessing at random costs ln V nats a token; no run that still learns stays four times above that.
fn divergence_bound(model: &ChemGptConfig) -> f64 {
    4.0 * (model.vocab as f64).ln().max(1.0)
}

//! Training of head and network.

use std::ops::ControlFlow;
use std::time::Instant;

use backend::run::{Observer, Progress};
use burn::module::Module;
use burn::optim::GradientsParams;

use super::{Labelled, PropertyModel, Task, picked};
use crate::data::BatchOrder;
use crate::error::{Error, Result};
use crate::model::ChemGpt;
use crate::train::TrainingConfig;

/// Trains head and network together on `data`.
///
/// With molecules to validate on, the model is tried on them every `training.evaluate_every` steps (0: at the end only),
/// and the one with the lowest loss there is what is returned; without any it is the last one.
///
/// # Errors
/// [`Error::Config`] for settings out of range or lists of different lengths, [`Error::Diverged`], and what the model
/// refuses.
pub fn train_property(
    backbone: &ChemGpt,
    task: Task,
    training: &TrainingConfig,
    data: Labelled<'_>,
    validation: Option<Labelled<'_>>,
    observer: &mut Observer<'_>,
) -> Result<PropertyModel> {
    training.validate()?;
    data.check()?;
    validation.iter().try_for_each(Labelled::check)?;
    let device = backbone.device().autodiff();
    let mut model = PropertyModel::new(backbone, task, data.values, &device)?;
    let mut best: Option<(f64, PropertyModel)> = None;
    let mut optimizer = training.optimizer.init();
    let schedule = training.schedule();
    let mut order = BatchOrder::new(data.sequences.len(), training.batch, training.seed);
    let start = Instant::now();
    for index in 0..training.steps {
        let rows = order.rows_of(index);
        let (chosen, wanted) = picked(data, rows);
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
        let step = index + 1;
        let due = training.evaluate_every > 0 && step.is_multiple_of(training.evaluate_every);
        let mut evaluated = None;
        if let Some(held_out) = validation.filter(|_| due || step == training.steps) {
            let now = model.valid();
            let loss = now.mean_loss(held_out, training.batch)?;
            evaluated = Some(loss);
            if best.as_ref().is_none_or(|(lowest, _)| loss < *lowest) {
                best = Some((loss, now));
            }
        }
        let elapsed = start.elapsed();
        let progress = Progress {
            step,
            steps_total: training.steps,
            epoch: step as f64 / order.steps_per_epoch() as f64,
            train_loss: value,
            validation: evaluated,
            rate,
            gradient_norm: norm,
            throughput: (step * chosen.len() as u64) as f64 / elapsed.as_secs_f64().max(1e-9),
            elapsed,
        };
        if observer(&progress) == ControlFlow::Break(()) {
            break;
        }
    }
    Ok(best.map_or_else(|| model.valid(), |(_, model)| model))
}

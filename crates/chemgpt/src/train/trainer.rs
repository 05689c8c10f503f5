//! One optimiser step at a time.

use backend::optim::{AdamW, Ema, Schedule, accumulate, global_norm};
use burn::module::Module;
use burn::optim::GradientsParams;

use super::config::TrainingConfig;
use crate::batch::Batch;
use crate::error::Result;
use crate::model::ChemGpt;

/// What one step did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepReport {
    /// Loss before the update, nats a token.
    pub loss: f64,
    /// Global gradient norm before clipping.
    pub gradient_norm: f64,
    /// Learning rate of the step.
    pub rate: f64,
}

/// A model with its optimiser state.
#[derive(Debug)]
pub struct Trainer {
    pub(super) model: ChemGpt,
    pub(super) optimizer: AdamW,
    pub(super) average: Option<Ema>,
    pub(super) schedule: Schedule,
    pub(super) clip: Option<f64>,
    pub(super) accumulation: usize,
    pub(super) step: u64,
}

impl Trainer {
    /// Starts at step 0 with `model`, which must be on an autodiff device.
    #[must_use]
    pub fn new(model: ChemGpt, config: &TrainingConfig) -> Self {
        Self {
            model,
            optimizer: config.optimizer.init(),
            average: config.average.map(Ema::new),
            schedule: config.schedule(),
            clip: config.clip,
            accumulation: config.accumulation,
            step: 0,
        }
    }

    /// Steps done.
    #[must_use]
    pub fn steps_done(&self) -> u64 {
        self.step
    }

    /// The model as trained so far.
    #[must_use]
    pub fn model(&self) -> &ChemGpt {
        &self.model
    }

    /// The model to use: averaged weights when averaging is on. It carries no graph.
    #[must_use]
    pub fn result(&self) -> ChemGpt {
        let model = self.model.valid();
        match &self.average {
            Some(average) => average.apply(model),
            None => model,
        }
    }

    /// Loss and gradients of one batch, then one update. A loss that is not finite leaves the weights as they were.
    ///
    /// # Errors
    /// A token or a position that the model does not have.
    ///
    /// # Panics
    /// Never: a batch has at least one part.
    pub fn step(&mut self, batch: &Batch) -> Result<StepReport> {
        let rate = self.schedule.rate(self.step);
        let items = batch.target_count().max(1);
        let parts = self.accumulation.min(batch.rows).max(1);
        let mut loss = 0.0;
        let mut gradients: Option<GradientsParams> = None;
        for part in 0..parts {
            let rows = part * batch.rows / parts..(part + 1) * batch.rows / parts;
            let part = if parts == 1 {
                self.model.loss_over(batch, items)?
            } else {
                self.model.loss_over(&batch.slice(rows), items)?
            };
            loss += f64::from(part.clone().into_scalar::<f32>());
            let part = GradientsParams::from_grads(part.backward(), &self.model);
            gradients = Some(accumulate(&self.model, gradients, part));
        }
        let gradients = gradients.expect("there is at least one part");
        let mut report = StepReport {
            loss,
            gradient_norm: f64::NAN,
            rate,
        };
        if !loss.is_finite() {
            return Ok(report);
        }
        let model = self.model.clone();
        self.model = if let Some(clip) = self.clip {
            let (model, norm) = self.optimizer.step_clipped(rate, clip, model, gradients);
            report.gradient_norm = norm;
            model
        } else {
            report.gradient_norm = global_norm(&model, &gradients);
            self.optimizer.step(rate, model, gradients)
        };
        if let Some(average) = &mut self.average {
            average.update(&self.model);
        }
        self.step += 1;
        Ok(report)
    }
}

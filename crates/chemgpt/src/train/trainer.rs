//! One optimiser step at a time.

use backend::Devices;
use backend::optim::{AdamW, Ema, Schedule, global_norm};
use burn::module::Module;

use super::config::TrainingConfig;
use super::devices::gradients;
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
    pub(super) devices: Devices,
    pub(super) step: u64,
}

impl Trainer {
    /// Starts at step 0 with `model`, which must be on an autodiff device. Precision and recomputation are those of
    /// the configuration; recomputation also that of the model.
    ///
    /// # Errors
    /// [`Error::Precision`](crate::Error::Precision) when the model's device does not know the numbers.
    pub fn new(model: ChemGpt, config: &TrainingConfig) -> Result<Self> {
        let devices = Devices::from(&model.device());
        Self::on(model, &devices, config)
    }

    /// As [`new`](Self::new), with each batch shared out over `devices`, of which the model must be on the first.
    ///
    /// # Errors
    /// As [`new`](Self::new), for any of the devices.
    pub fn on(model: ChemGpt, devices: &Devices, config: &TrainingConfig) -> Result<Self> {
        devices
            .all()
            .iter()
            .try_for_each(|device| config.precision.check(device))?;
        let recompute = config.recompute || model.recomputes();
        Ok(Self {
            model: model
                .with_precision(config.precision)?
                .with_recomputation(recompute),
            optimizer: config.optimizer.init(),
            average: config.average.map(Ema::new),
            schedule: config.schedule(),
            clip: config.clip,
            accumulation: config.accumulation,
            devices: devices.clone(),
            step: 0,
        })
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
    /// A token or a position that the model does not have, and a batch with fewer rows than there are devices.
    pub fn step(&mut self, batch: &Batch) -> Result<StepReport> {
        let rate = self.schedule.rate(self.step);
        let items = batch.target_count().max(1);
        let (loss, gradients) =
            gradients(&self.model, &self.devices, batch, items, self.accumulation)?;
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

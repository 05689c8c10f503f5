//! Training on energies, forces and stress.
//!
//! Forces are derivatives of the energy, so the gradient of their loss by the weights is a second
//! derivative; see [`backend::tape`]. References are subtracted and energies summed in float64.
//!
//! Subnormal numbers slow float32 arithmetic on the processor thirty-fold, and training breeds them
//! in three places, each of which is stopped at its source: tails of radial Gaussians are flushed to
//! zero ([`backend::tape::Var::exp_flushed`]), gradients smaller than 1e-18 are flushed to zero before
//! the optimiser squares them, and pairs beyond the cutoff have the exact weight zero.

mod batches;
mod config;
mod data;
mod errors;
mod loss;
mod neighbours;
mod references;
mod state;
mod step;

use std::{collections::BTreeMap, path::Path, time::Instant};

use atoms::Structure;
use backend::{
    Devices,
    run::{Observer, Progress},
};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Result},
    models::{Model, ModelConfig, check_elements},
    potential::{Potential, Provenance},
    weights::Weights,
};
use batches::Batches;
use data::Set;
use state::State;
use step::Problem;

pub use config::{Penalty, RateSchedule, References, TrainingConfig};
pub use errors::Errors;
pub use neighbours::{average_neighbours, with_average_neighbours};

/// The folder of the best potential so far in the folder of a run.
const BEST: &str = "best";

/// One validation during training.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Validation {
    /// After this many optimiser steps.
    pub step: usize,
    /// The learning rate then.
    pub rate: f64,
    /// The errors on the validation set.
    pub errors: Errors,
}

/// What a training gives.
#[derive(Debug)]
pub struct Trained {
    /// The potential with the weights of the best validation, or the last ones without a validation set.
    pub potential: Potential,
    /// The training loss of each step.
    pub curve: Vec<f64>,
    /// The errors over the course of training.
    pub validations: Vec<Validation>,
    /// The errors of the potential on the validation set.
    pub errors: Errors,
    /// Validation error of the energy (meV/atom).
    pub energy_mae: Option<f64>,
    /// Validation error of force components (meV/Å).
    pub force_mae: Option<f64>,
    /// Optimiser steps done.
    pub steps: usize,
    /// The step whose weights the potential has.
    pub best_step: usize,
    /// Seconds of training, over all its parts if it was resumed.
    pub seconds: f64,
    /// Whether the observer stopped it.
    pub interrupted: bool,
}

/// A training with its options; see [`train`] for the short form.
#[derive(Debug, Clone)]
pub struct Training<'a> {
    model: &'a ModelConfig,
    config: &'a TrainingConfig,
    devices: Devices,
    folder: Option<&'a Path>,
    start: Option<&'a Potential>,
}

/// Trains a fresh model.
///
/// The observer is called after every step and stops the training by `Break`.
///
/// # Errors
/// A setting outside its range, a structure that cannot be used, no label to train on, or a loss that
/// stops being a number.
pub fn train(
    model: &ModelConfig,
    config: &TrainingConfig,
    train: &[Structure],
    validation: &[Structure],
    device: &Device,
    observer: &mut Observer<'_>,
) -> Result<Trained> {
    Training::new(model, config, device).run(train, validation, observer)
}

impl<'a> Training<'a> {
    /// A training of a fresh model without checkpoints, on one device or on several that share the structures of each
    /// batch; the first has the weights and the optimiser, and validates. On the processor, `flex` named twice is two
    /// threads. The sum over a batch is then taken in parts, so the numbers are those of one device up to rounding;
    /// they repeat bit for bit with the same number of devices.
    #[must_use]
    pub fn new(
        model: &'a ModelConfig,
        config: &'a TrainingConfig,
        devices: impl Into<Devices>,
    ) -> Self {
        Self {
            model,
            config,
            devices: devices.into(),
            folder: None,
            start: None,
        }
    }

    /// Keeps checkpoints in a folder at every validation, and goes on from the last one if there is
    /// one: a run that was killed ends with the same numbers as one that was not. The potential of the best
    /// validation so far lies in the folder's `best`, ready to be loaded while the training goes on.
    #[must_use]
    pub fn resumable(self, folder: &'a Path) -> Self {
        Self {
            folder: Some(folder),
            ..self
        }
    }

    /// Starts from the weights and scale of a potential of the same architecture; the references are
    /// made anew from the settings.
    #[must_use]
    pub fn starting_from(self, potential: &'a Potential) -> Self {
        Self {
            start: Some(potential),
            ..self
        }
    }

    /// Trains.
    ///
    /// # Errors
    /// Those of [`train`], and a folder that cannot be written or holds another run.
    pub fn run(
        &self,
        train: &[Structure],
        validation: &[Structure],
        observer: &mut Observer<'_>,
    ) -> Result<Trained> {
        let mut run = Run::new(self, train, validation)?;
        let interrupted = run.go(observer)?;
        run.finish(interrupted)
    }
}

struct Run<'a> {
    options: &'a Training<'a>,
    model: Box<dyn Model>,
    train: &'a [Structure],
    set: Set,
    batches: Batches,
    validation: Option<Set>,
    references: BTreeMap<u8, f64>,
    scale: f64,
    weights: Weights,
    state: State,
    files: Option<state::Files>,
    started: Instant,
    training_set: String,
}

impl<'a> Run<'a> {
    fn new(
        options: &'a Training<'a>,
        train: &'a [Structure],
        validation: &[Structure],
    ) -> Result<Self> {
        let config = options.config;
        config.validate()?;
        let model = options.model.model();
        model.validate()?;
        if train.is_empty() {
            return Err(Error::Empty {
                what: "the training set",
            });
        }
        if train
            .iter()
            .all(|s| s.energy.is_none() && s.forces.is_none())
        {
            return Err(Error::MissingLabel {
                index: 0,
                label: "energy or forces",
            });
        }
        check_elements(&*model, train)?;
        check_elements(&*model, validation)?;
        let references = references::of(train, &config.references)?;
        let set = Set::new(train, model.cutoff(), &references)?;
        let validation = (!validation.is_empty())
            .then(|| Set::new(validation, model.cutoff(), &references))
            .transpose()?;
        let (weights, scale) = match options.start {
            None => {
                let layout = model.layout();
                let weights = Weights::init(
                    layout,
                    config.seed,
                    config.precision,
                    options.devices.first(),
                );
                (weights, data::scale(&set))
            }
            Some(potential) => {
                let named = potential.weights().to_named();
                let weights = Weights::from_named(
                    model.layout(),
                    &named,
                    config.precision,
                    options.devices.first(),
                )?;
                (weights, potential.scale())
            }
        };
        let weights = weights.with_unit(scale);
        let training_set = state::hash(train);
        let fingerprint = state::fingerprint(options.model, config, &training_set, &weights);
        let files = options
            .folder
            .map(|folder| state::Files::open(folder, fingerprint))
            .transpose()?;
        let mut state = State::new(config, &weights);
        if let Some(files) = &files {
            files.load_into(&mut state, &weights)?;
        }
        Ok(Self {
            options,
            model,
            train,
            batches: Batches::new(set.sizes(), config),
            set,
            validation,
            references,
            scale,
            weights,
            state,
            files,
            started: Instant::now(),
            training_set,
        })
    }

    fn seconds(&self) -> f64 {
        self.state.progress.seconds + self.started.elapsed().as_secs_f64()
    }

    /// The training loop; true if the observer stopped it.
    fn go(&mut self, observer: &mut Observer<'_>) -> Result<bool> {
        let config = self.options.config;
        let mut done = 0;
        while self.state.progress.step < config.steps && !self.state.is_settled(config) {
            let rate = self.state.rate(config);
            let (loss, norm) = self.step(rate)?;
            let step = self.state.progress.step;
            done += self.batches.of(step - 1).len();
            let due = match config.validate_every {
                0 => self.batches.ends_pass(step - 1),
                every => step.is_multiple_of(every),
            };
            let out_of_time = config.seconds.is_some_and(|limit| self.seconds() > limit);
            let last = step == config.steps || out_of_time;
            let validated = (due || last)
                .then(|| self.validate(rate))
                .transpose()?
                .flatten();
            let elapsed = self.started.elapsed();
            let flow = observer(&Progress {
                step: step as u64,
                steps_total: config.steps as u64,
                epoch: self.batches.passes_after(step - 1),
                train_loss: loss,
                validation: validated,
                rate,
                gradient_norm: norm,
                throughput: done as f64 / elapsed.as_secs_f64().max(1e-9),
                elapsed,
            });
            if due || last || flow.is_break() {
                self.save()?;
            }
            if flow.is_break() {
                return Ok(true);
            }
            if out_of_time {
                break;
            }
        }
        Ok(false)
    }

    /// One optimiser step; the loss before it and the norm of its gradient.
    fn step(&mut self, rate: f64) -> Result<(f64, f64)> {
        let config = self.options.config;
        let step = self.state.progress.step;
        let picked = self.batches.of(step).to_vec();
        let weights = self.weights.with_flat(self.state.flat());
        let slope = self
            .problem()
            .slope(&weights, &picked, &self.options.devices)?;
        self.state.progress.step += 1;
        let Some(slope) = slope else {
            // None of these structures has a label that counts.
            return Ok((0.0, 0.0));
        };
        let value = slope.loss;
        if !value.is_finite() {
            let index = self.problem().culprit(&weights, &picked)?;
            return Err(Error::NotANumber {
                step: self.state.progress.step,
                loss: value,
                index,
                formula: self.train[index].formula(),
            });
        }
        let gradient = flush(slope.gradient);
        let norm = self.state.update(rate, gradient, config);
        self.state.losses.push(value);
        Ok((value, norm))
    }

    fn problem(&self) -> Problem<'_> {
        Problem {
            model: &*self.model,
            set: &self.set,
            scale: self.scale,
            config: self.options.config,
        }
    }

    /// Validates the averaged weights and keeps them if they are the best so far.
    fn validate(&mut self, rate: f64) -> Result<Option<f64>> {
        let config = self.options.config;
        let weights = self.weights.with_flat(self.state.averaged());
        let step = self.state.progress.step;
        let Some(set) = &self.validation else {
            self.state.keep(&weights, None);
            return Ok(None);
        };
        let errors = errors::errors(&*self.model, &weights, set, self.scale, config)?;
        let metric = errors.force_mae.or(errors.energy_mae);
        self.state.progress.validations.push(Validation {
            step: self.state.progress.step,
            rate,
            errors,
        });
        self.state.keep(&weights, metric);
        if let Some(folder) = self.options.folder
            && self.state.progress.best_step == step
        {
            self.potential(&weights)?.save(folder.join(BEST))?;
        }
        Ok(metric)
    }

    /// The potential of some weights, with the errors of the best validation.
    fn potential(&self, weights: &Weights) -> Result<Potential> {
        let errors = self.best_errors();
        let potential = Potential::new(
            self.options.model.clone(),
            weights.clone(),
            self.scale,
            self.references.clone(),
        )?;
        Ok(potential.with_provenance(Provenance {
            training_set: Some(self.training_set.clone()),
            steps: Some(self.state.progress.step),
            energy_mae: errors.energy_mae,
            force_mae: errors.force_mae,
        }))
    }

    fn best_errors(&self) -> Errors {
        let progress = &self.state.progress;
        let mut all = progress.validations.iter();
        all.find(|validation| validation.step == progress.best_step)
            .map(|validation| validation.errors)
            .unwrap_or_default()
    }

    fn save(&mut self) -> Result<()> {
        let seconds = self.seconds();
        match &self.files {
            None => Ok(()),
            Some(files) => files.save(&self.state, seconds),
        }
    }

    fn finish(mut self, interrupted: bool) -> Result<Trained> {
        if self.state.best.is_none() {
            self.validate(self.state.rate(self.options.config))?;
        }
        let seconds = self.seconds();
        let best = self.state.best.as_ref().expect("validated just above");
        let weights = self.weights.with_flat(best.clone());
        let potential = self.potential(&weights)?;
        let best_step = self.state.progress.best_step;
        let errors = self.best_errors();
        Ok(Trained {
            potential,
            curve: self.state.losses,
            validations: self.state.progress.validations,
            errors,
            energy_mae: errors.energy_mae,
            force_mae: errors.force_mae,
            steps: self.state.progress.step,
            best_step,
            seconds,
            interrupted,
        })
    }
}

/// Sets what is too small to matter to zero, because its square would be subnormal.
fn flush(gradient: Tensor<1>) -> Tensor<1> {
    let small = gradient.clone().abs().lower_elem(1e-18);
    gradient.mask_fill(small, 0.0)
}

//! The one door between the study and the models.
//!
//! The grid, the records, the estimates and the fits see this trait and never a model. A new model
//! joins a study by implementing it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::error::Cause;
use crate::record::{Exposure, ParameterCount, Status, StepLoss};
use crate::spec::{RunSpec, Settings, Size};

/// One step of a run in progress.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tick {
    /// Steps done.
    pub step: u64,
    /// Training loss of the step.
    pub loss: f64,
}

/// A validation metric; smaller is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Its name in [`Outcome::validation`].
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Its name for people.
    pub title: &'static str,
}

/// What the data axis of a scaling law counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataAxis {
    /// Training items: structures.
    Items,
    /// Distinct training units: tokens.
    Units,
}

/// What a run computed.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// How it ended.
    pub status: Status,
    /// Training loss of each step.
    pub curve: Vec<StepLoss>,
    /// Validation metrics at the end.
    pub validation: BTreeMap<String, f64>,
    /// The family's own metric during training.
    pub validation_curve: Vec<StepLoss>,
}

/// A family of models that a study can scale.
pub trait Family: Send + Sync {
    /// The name in the study file, in specifications and in tables.
    fn name(&self) -> &str;

    /// What the training set is counted in: "molecules", "structures".
    fn items(&self) -> &'static str;

    /// What exposure is counted in: "tokens", "atoms".
    fn units(&self) -> &'static str;

    /// What the data axis of a scaling law counts.
    fn data_axis(&self) -> DataAxis;

    /// The validation metrics that are fitted; the first one also ranks the runs.
    fn metrics(&self) -> &'static [Metric];

    /// Settings that the grid does not vary, as they go into each specification.
    fn settings(&self) -> Settings;

    /// Hash of the data set that training and validation items are drawn from.
    fn data_hash(&self) -> &str;

    /// Steps of a run over `data_size` items in batches of `batch`.
    fn steps(&self, data_size: usize, batch: usize) -> u64;

    /// Parameters of a model of this size.
    fn parameters(&self, size: Size) -> ParameterCount;

    /// Data seen and operations spent by a run after `steps` steps.
    fn exposure(&self, spec: &RunSpec, steps: u64) -> Exposure;

    /// Relative cost of a run, for the order of work and the time left. Only ratios count.
    fn cost(&self, spec: &RunSpec) -> f64;

    /// Trains and validates. `watch` sees each step; when it breaks, the run stops at once and the
    /// outcome is thrown away. A cut (see [`RunSpec::cut`]) is not a break: the run ends there by
    /// its own plan and is validated.
    ///
    /// Divergence is an outcome, not an error.
    ///
    /// # Errors
    /// Whatever keeps the run from being computed at all.
    fn run(
        &self,
        spec: &RunSpec,
        watch: &mut dyn FnMut(Tick) -> ControlFlow<()>,
    ) -> Result<Outcome, Cause>;
}

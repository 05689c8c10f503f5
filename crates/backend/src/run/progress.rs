//! What a long loop tells its caller.

use std::ops::ControlFlow;
use std::time::Duration;

/// The state of a run after a step or an evaluation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// Steps done.
    pub step: u64,
    /// Steps of the whole run, when known.
    pub steps_total: u64,
    /// Passes over the training data done (the last one may be partial).
    pub epoch: f64,
    /// Training loss of this step.
    pub train_loss: f64,
    /// Validation loss, on the steps that evaluate.
    pub validation: Option<f64>,
    /// Learning rate of this step.
    pub rate: f64,
    /// Global gradient norm before clipping.
    pub gradient_norm: f64,
    /// Items (tokens, structures) a second since the run started.
    pub throughput: f64,
    /// Time since the run started.
    pub elapsed: Duration,
}

impl Progress {
    /// Expected time to the end of the run at the present throughput.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        let left = self.steps_total.checked_sub(self.step)?;
        (self.step > 0).then(|| self.elapsed.mul_f64(left as f64 / self.step as f64))
    }
}

/// Called by long loops; `Break` stops the loop after the present step.
pub type Observer<'a> = dyn FnMut(&Progress) -> ControlFlow<()> + 'a;

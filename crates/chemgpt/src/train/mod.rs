//! Training: one step, a whole run, the loss on held-out rows.

mod config;
mod evaluate;
mod run;
mod trainer;

pub use config::TrainingConfig;
pub use evaluate::validation_loss;
pub use run::{Evaluation, StepLoss, Trained, train};
pub use trainer::{StepReport, Trainer};

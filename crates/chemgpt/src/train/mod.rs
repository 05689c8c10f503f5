//! Training: one step, a whole run, the loss on held-out rows.

mod checkpoint;
mod config;
mod devices;
mod evaluate;
mod run;
mod trainer;

pub use backend::Devices;
pub use config::TrainingConfig;
pub use evaluate::validation_loss;
pub use run::{Evaluation, Saving, StepLoss, Trained, fine_tune, train, train_in_folder};
pub use trainer::{StepReport, Trainer};

#![doc = include_str!("../README.md")]

pub mod calibration;
mod curve;
pub mod driver;
pub mod energy;
mod error;
pub mod estimate;
pub mod log;
mod loss_serde;
pub mod plan;
pub mod rank;
pub mod replay;
pub mod rules;
pub mod search;
mod student;
mod table;
pub mod transfer;

pub use calibration::{Calibration, CalibrationOptions};
pub use curve::Curve;
pub use driver::{Driver, Settings};
pub use error::{Error, Result};
pub use estimate::{Estimator, Scores, Window};
pub use rules::Rule;

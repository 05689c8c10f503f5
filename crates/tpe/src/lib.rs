#![doc = include_str!("../README.md")]

pub mod calibration;
mod curve;
pub mod driver;
mod error;
pub mod estimate;
mod loss_serde;
pub mod rank;
pub mod replay;
pub mod rules;
mod student;

pub use calibration::{Calibration, CalibrationOptions};
pub use curve::Curve;
pub use driver::{Driver, Settings};
pub use error::{Error, Result};
pub use estimate::{Estimator, Scores, Window};
pub use rules::Rule;

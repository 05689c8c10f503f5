#![doc = include_str!("../README.md")]

pub mod calibration;
mod curve;
mod error;
pub mod estimate;
mod loss_serde;
pub mod rank;
mod student;

pub use calibration::{Calibration, CalibrationOptions};
pub use curve::Curve;
pub use error::{Error, Result};
pub use estimate::{Estimator, Scores, Window};

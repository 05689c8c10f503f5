#![doc = include_str!("../README.md")]

mod constraints;
mod data;
mod error;
mod fit;
mod interval;
mod law;
mod linalg;
mod objective;
mod options;
pub mod plot;
mod sobol;
mod solver;
mod special;
mod warning;

pub use constraints::Constraint;
pub use data::Points;
pub use error::{Error, Result};
pub use fit::{Fit, Parameter, Role, fit};
pub use interval::{Interval, Method};
pub use law::Law;
pub use objective::Objective;
pub use options::{Bootstrap, FitOptions};
pub use solver::Starts;
pub use warning::Warning;

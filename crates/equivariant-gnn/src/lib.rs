#![doc = include_str!("../README.md")]

mod batch;
mod error;
pub mod evaluate;
pub mod ipi;
mod kernel;
pub mod md;
pub mod models;
mod potential;
pub mod relax;
pub mod so3;
pub mod train;
pub mod vibrations;
pub mod weights;

pub use batch::{Batch, EVERY_PAIR, Edges, LEAST_DISTANCE, Precision, Prepared};
pub use error::{Error, Result};
pub use models::{
    AllegroConfig, MaceConfig, Model, ModelConfig, NequIPConfig, PaiNNConfig, SchNetConfig,
    SpookyNetConfig, ZblConfig,
};
pub use potential::{Calculator, Evaluation, ForceField, Potential, Provenance, Uncertainty};
pub use train::{Trained, TrainingConfig, train};

#![doc = include_str!("../README.md")]

mod evaluate;
mod potential;
mod status;

pub use evaluate::{Evaluation, Structure, egnn_evaluate};
pub use potential::{Potential, egnn_cutoff, egnn_free, egnn_knows, egnn_load, egnn_members};
pub use status::{Status, egnn_last_error};

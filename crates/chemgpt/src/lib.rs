#![doc = include_str!("../README.md")]

mod batch;
mod config;
mod cpu;
pub mod data;
mod error;
mod model;
pub mod tokenizer;
pub mod train;

pub use batch::{Batch, IGNORED};
pub use config::{AttentionKind, ChemGptConfig, PUBLIC_VOCAB};
pub use data::PackedRows;
pub use error::{Error, Result};
pub use model::{Affine, Block, ChemGpt, NamedTensor, Norm};
pub use tokenizer::SymbolTokenizer;
pub use train::{Trained, TrainingConfig, train};

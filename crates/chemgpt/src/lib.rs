#![doc = include_str!("../README.md")]

mod batch;
mod config;
mod cpu;
pub mod data;
pub mod embed;
mod error;
pub mod generate;
pub mod hub;
pub mod memory;
mod model;
pub mod property;
mod rows;
pub mod score;
pub mod tokenizer;
pub mod train;

pub use batch::{Batch, IGNORED};
pub use config::{AttentionKind, ChemGptConfig, PUBLIC_VOCAB};
pub use data::PackedRows;
pub use error::{Error, Result};
pub use hub::Pretrained;
pub use model::{Affine, Block, ChemGpt, NamedTensor, Norm, Precision};
pub use rows::{Sequences, StreamedRows, TokenRows};
pub use tokenizer::{SymbolTokenizer, Tokenizer};
pub use train::{Trained, TrainingConfig, train};

#![doc = include_str!("../README.md")]

pub mod consistency;
pub mod dedup;
pub mod embedded;
mod error;
pub mod fetch;
pub mod generator;
pub mod molecules;
#[cfg(doctest)]
mod page;
pub mod parquet;
mod rejects;
mod source;
pub mod split;
pub mod structures;
pub mod tokens;
mod write;

pub use error::{Error, Result};
pub use rejects::{Reject, write_rejects};
pub use source::DEFAULT_UNPACKED_LIMIT;

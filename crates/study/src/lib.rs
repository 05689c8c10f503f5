#![doc = include_str!("../README.md")]

pub mod config;
mod error;
pub mod event;
pub mod families;
pub mod family;
pub mod fits;
pub mod folder;
pub mod inputs;
pub mod pipeline;
pub mod plan;
pub mod record;
pub mod report;
pub mod results;
pub mod runner;
pub mod search;
pub mod spec;

pub use config::Study;
pub use error::{Cause, Error, Result};

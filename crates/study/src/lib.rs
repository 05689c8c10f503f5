#![doc = include_str!("../README.md")]

pub mod config;
mod error;
pub mod event;
pub mod family;
pub mod folder;
pub mod record;
pub mod runner;
pub mod spec;

pub use config::Study;
pub use error::{Cause, Error, Result};

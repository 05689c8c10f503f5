//! Optimiser steps that Burn lacks or does differently from the codes that this workspace is compared with.
//!
//! - [`AdamW`]: decoupled decay, epsilon `1e-8`, decay groups by rank, global-norm clipping in the same pass; float32
//!   moments whatever the parameters' type.
//! - [`global_norm`], [`accumulate`]: over all gradients of a module together (Burn clips each tensor by itself).
//! - [`Schedule`]: warm-up, then constant, linear, or cosine. [`Plateau`]: reduce when a metric stops falling.
//! - [`Ema`]: an exponential moving average of the parameters.
//!
//! Parameters are counted in the order in which the module visits them, so that state written by one process can be
//! read by another: Burn's parameter ids are drawn anew in each process.

mod accumulate;
mod adamw;
mod buffer;
mod ema;
mod norm;
mod plateau;
mod schedule;
mod state;

pub use accumulate::accumulate;
pub use adamw::{AdamW, AdamWConfig, DecayGroup};
pub use ema::Ema;
pub use norm::{clip_global_norm, global_norm};
pub use plateau::{Plateau, PlateauConfig};
pub use schedule::{Decay, Schedule};
pub use state::{Moments, StateError};

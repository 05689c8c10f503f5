//! Public behaviour of the crate, against recorded truths and by its own rules.

mod golden;
mod truth;

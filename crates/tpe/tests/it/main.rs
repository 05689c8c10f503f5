//! Public behaviour of the crate, against recorded truths and by its own rules.

mod driver;
mod golden;
mod replays;
mod truth;

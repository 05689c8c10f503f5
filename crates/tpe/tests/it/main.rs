//! Public behaviour of the crate, against recorded truths and by its own rules.

mod driver;
mod golden;
mod logs;
mod planning;
mod properties;
mod replays;
mod truth;

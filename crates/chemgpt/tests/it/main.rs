//! Public behaviour of `chemgpt`, checked against reference states made with `transformers` where they are present.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "reference numbers are stored as float64 and compared as the float32 or the counts that they are"
)]

mod generation;
mod golden;
mod hub;
mod parity;
mod property;
mod resume;
mod scaffolds;
mod training;
mod variants;
mod vectors;

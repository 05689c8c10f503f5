//! Public behaviour of `chemgpt`, checked against reference states made with `transformers` where they are present.

mod golden;
mod parity;
mod training;

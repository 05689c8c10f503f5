//! New sequences: sampling, greedy, and beam search, with a cache of keys and values.

mod beam;
mod engine;
mod filter;
mod molecules;
mod sample;

pub use beam::{BeamOptions, beam_search};
pub use filter::{repetition_penalty, temperature, top_k, top_p};
pub use molecules::{Generated, Prompt, PromptError, generate_molecules};
pub use sample::{Sampled, SamplingOptions, generate};

//! New sequences: sampling, greedy, and beam search, with a cache of keys and values.

mod beam;
mod decorate;
mod engine;
mod filter;
mod molecules;
mod sample;
mod scaffold;

pub use beam::{BeamOptions, beam_search};
pub use decorate::{Decorated, decorate};
pub use filter::{repetition_penalty, temperature, top_k, top_p};
pub use molecules::{Generated, Prompt, PromptError, generate_molecules};
pub use sample::{Sampled, SamplingOptions, generate};
pub use scaffold::Scaffold;

//! Token shards: a molecule file turned once into numbers that training can read from anywhere in it.
//!
//! [`prepare`] reads molecules, has them tokenized on all cores and writes shards with a manifest; an interrupted
//! preparation goes on where it stopped. [`TokenShards`] maps the shards into memory, gives any molecule by its number
//! and implements Burn's `Dataset`.

mod batch;
mod manifest;
mod prepare;
mod selfies;
mod shard;
mod shards;

pub use manifest::{Manifest, ShardEntry, Source};
pub(crate) use manifest::{hash_file, hexadecimal};
pub use prepare::{PrepareOptions, Progress, prepare};
pub use selfies::SelfiesTokenizer;
pub use shards::TokenShards;

/// Turns SMILES into token ids; what [`prepare`] needs to know about a tokenizer.
pub trait Tokenizer: Sync {
    /// What a thread keeps between molecules: buffers, encoders.
    type Worker: Send;

    /// A fresh worker.
    fn worker(&self) -> Self::Worker;

    /// Appends the ids of one molecule.
    ///
    /// # Errors
    /// Why the molecule has no tokens; it becomes a reject and what was appended is taken back.
    fn encode(
        &self,
        worker: &mut Self::Worker,
        smiles: &str,
        ids: &mut Vec<u16>,
    ) -> Result<(), String>;

    /// Size of the vocabulary.
    fn vocabulary(&self) -> usize;

    /// A text that changes when the ids would: shards of different tokenizers must not be mixed.
    fn fingerprint(&self) -> String;
}

//! Many strings at once, on all cores.
//!
//! Every thread has its own encoder or decoder and nothing is shared, so the
//! speed grows with the cores. The results keep the order of the input.

use rayon::prelude::*;

use crate::alphabet::{Alphabet, LabelError};
use crate::decode::{DecodeOptions, Decoder};
use crate::encode::{EncodeOptions, Encoder};
use crate::error::{DecodeError, EncodeError};

/// Translates SMILES to SELFIES.
///
/// ```
/// let results = selfies::batch::encode(&["CO", "c1ccccc1", "C("], &Default::default());
/// assert_eq!(results[0].as_deref(), Ok("[C][O]"));
/// assert!(results[2].is_err());
/// ```
#[must_use]
pub fn encode<S: AsRef<str> + Sync>(
    smiles: &[S],
    options: &EncodeOptions,
) -> Vec<Result<String, EncodeError>> {
    smiles
        .par_iter()
        .map_init(
            || Encoder::new(options.clone()),
            |encoder, smiles| encoder.encode(smiles.as_ref()).map(str::to_owned),
        )
        .collect()
}

/// Translates SELFIES to SMILES.
#[must_use]
pub fn decode<S: AsRef<str> + Sync>(
    selfies: &[S],
    options: &DecodeOptions,
) -> Vec<Result<String, DecodeError>> {
    selfies
        .par_iter()
        .map_init(
            || Decoder::new(options.clone()),
            |decoder, selfies| decoder.decode(selfies.as_ref()).map(str::to_owned),
        )
        .collect()
}

/// Labels of SELFIES, each padded with `[nop]` to `length` symbols.
#[must_use]
pub fn labels<S: AsRef<str> + Sync>(
    selfies: &[S],
    alphabet: &Alphabet,
    length: usize,
) -> Vec<Result<Vec<u32>, LabelError>> {
    selfies
        .par_iter()
        .map(|selfies| {
            let mut labels = Vec::new();
            alphabet.labels(selfies.as_ref(), length, &mut labels)?;
            Ok(labels)
        })
        .collect()
}

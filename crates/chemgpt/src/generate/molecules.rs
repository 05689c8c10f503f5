//! Prompts and results as molecules.

use selfies::{DecodeOptions, Decoder, EncodeOptions, Encoder, Syntax};

use super::sample::{SamplingOptions, generate};
use crate::error::Result;
use crate::hub::Pretrained;

/// How a molecule begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// Nothing but the start token.
    Empty,
    /// A SMILES in this very spelling, continued after its last symbol; a [`Scaffold`](super::Scaffold) grows at any atom.
    Smiles(String),
    /// SELFIES symbols in the syntax of the model's vocabulary or in SELFIES 2.
    Selfies(String),
}

/// Why a prompt cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PromptError {
    /// The SMILES cannot be written as SELFIES.
    #[error("`{smiles}`: {reason}")]
    Smiles {
        /// The text.
        smiles: String,
        /// Why.
        reason: String,
    },
    /// A bracket is not closed.
    #[error("`{selfies}`: {reason}")]
    Selfies {
        /// The text.
        selfies: String,
        /// Why.
        reason: String,
    },
    /// Symbols that the model has never seen.
    #[error("the model's vocabulary lacks {}", symbols.join(", "))]
    Unknown {
        /// The symbols.
        symbols: Vec<String>,
    },
}

/// One new molecule.
#[derive(Clone, Debug, PartialEq)]
pub struct Generated {
    /// SMILES, or `None` when the symbols decode to nothing.
    pub smiles: Option<String>,
    /// The symbols, prompt included.
    pub selfies: String,
    /// Σ ln p of the drawn tokens, nats.
    pub log_likelihood: f64,
    /// Number of drawn tokens.
    pub tokens: usize,
    /// Whether the molecule was ended by the model rather than by the limit.
    pub ended: bool,
}

impl Pretrained {
    /// The symbols of a SMILES in the syntax of the model's vocabulary: SELFIES 1.0.4 for the public models.
    ///
    /// # Errors
    /// [`PromptError::Smiles`].
    pub fn selfies_of(&self, smiles: &str) -> Result<String, PromptError> {
        let options = EncodeOptions {
            syntax: self.syntax(),
            ..EncodeOptions::default()
        };
        Encoder::new(options)
            .encode(smiles)
            .map(str::to_owned)
            .map_err(|error| PromptError::Smiles {
                smiles: smiles.to_owned(),
                reason: error.to_string(),
            })
    }

    /// The token ids of a prompt, start token first.
    ///
    /// # Errors
    /// [`PromptError`].
    pub fn prompt_ids(&self, prompt: &Prompt) -> Result<Vec<u32>, PromptError> {
        let selfies = match prompt {
            Prompt::Empty => String::new(),
            Prompt::Smiles(smiles) => self.selfies_of(smiles)?,
            Prompt::Selfies(selfies) => self.translated(selfies)?,
        };
        self.ids_of(&selfies)
    }

    /// The token ids of symbols in the syntax of the vocabulary, start token first.
    pub(super) fn ids_of(&self, selfies: &str) -> Result<Vec<u32>, PromptError> {
        let unknown =
            self.tokenizer
                .unknown_symbols(selfies)
                .map_err(|error| PromptError::Selfies {
                    selfies: selfies.to_owned(),
                    reason: error.to_string(),
                })?;
        if !unknown.is_empty() {
            return Err(PromptError::Unknown {
                symbols: unknown.into_iter().map(str::to_owned).collect(),
            });
        }
        let mut ids = vec![self.special().start];
        ids.extend(self.tokenizer.encode_without_special(selfies));
        Ok(ids)
    }

    /// SELFIES 2 symbols become the SELFIES 1 symbols of the same meaning where the vocabulary has those.
    fn translated(&self, selfies: &str) -> Result<String, PromptError> {
        if self.syntax() != Syntax::V1 {
            return Ok(selfies.to_owned());
        }
        match selfies::v1::old_string(selfies) {
            Ok(Some(old)) => Ok(old),
            Ok(None) => Ok(selfies.to_owned()),
            Err(error) => Err(PromptError::Selfies {
                selfies: selfies.to_owned(),
                reason: error.to_string(),
            }),
        }
    }

    fn syntax(&self) -> Syntax {
        if self.tokenizer.speaks_selfies_1() {
            Syntax::V1
        } else {
            Syntax::default()
        }
    }

    /// The SMILES of some symbols of the model's vocabulary, or `None` when they decode to nothing.
    #[must_use]
    pub fn smiles_of(&self, selfies: &str) -> Option<String> {
        let options = match self.syntax() {
            Syntax::V1 => DecodeOptions::v1(),
            Syntax::V2 => DecodeOptions::default(),
        };
        let mut decoder = Decoder::new(options);
        let smiles = decoder.decode(selfies).ok()?;
        (!smiles.is_empty()).then(|| smiles.to_owned())
    }
}

/// Continues `prompt` `count` times and decodes the results; special tokens are never drawn.
///
/// # Errors
/// As [`generate`].
pub fn generate_molecules(
    pretrained: &Pretrained,
    prompt_ids: &[u32],
    count: usize,
    options: &SamplingOptions,
) -> Result<Vec<Generated>> {
    continue_prompts(pretrained, &vec![prompt_ids; count], options)
}

/// Continues each prompt once.
pub(super) fn continue_prompts(
    pretrained: &Pretrained,
    prompts: &[&[u32]],
    options: &SamplingOptions,
) -> Result<Vec<Generated>> {
    let special = pretrained.special();
    let mut options = options.clone();
    options.end = Some(special.end);
    options
        .forbidden
        .extend([special.unknown, special.pad, special.start]);
    options.forbidden.extend(pretrained.tokenizer.id("[MASK]"));
    // Rows of a vocabulary padded beyond the tokenizer's entries have no text.
    let vocab = pretrained.model.config().vocab;
    let surplus = (0..vocab).skip(pretrained.tokenizer.vocab());
    options
        .forbidden
        .extend(surplus.filter_map(|id| u32::try_from(id).ok()));
    let owned: Vec<Vec<u32>> = prompts.iter().map(|prompt| prompt.to_vec()).collect();
    let sampled = generate(&pretrained.model, &owned, &options)?;
    Ok(sampled
        .into_iter()
        .zip(prompts)
        .map(|(sampled, prompt)| {
            let ids: Vec<u32> = prompt.iter().chain(&sampled.ids).copied().collect();
            let selfies = pretrained.tokenizer.decode(&ids);
            Generated {
                smiles: pretrained.smiles_of(&selfies),
                selfies,
                log_likelihood: sampled.log_likelihood,
                tokens: sampled.ids.len(),
                ended: sampled.ended,
            }
        })
        .collect())
}

//! How likely a model finds molecules.

use serde::{Deserialize, Serialize};

use crate::batch::Batch;
use crate::error::Result;
use crate::generate::PromptError;
use crate::hub::Pretrained;
use crate::model::ChemGpt;

/// The score of one molecule.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// −Σ ln p of all tokens after the first, end token included, nats.
    pub nll: f64,
    /// Number of these tokens.
    pub tokens: usize,
}

impl Score {
    /// e^(nll / tokens): the number of tokens that the model in effect chooses among.
    #[must_use]
    pub fn perplexity(&self) -> f64 {
        (self.nll / self.tokens.max(1) as f64).exp()
    }
}

/// Scores token sequences, `batch` at a time; sequences of similar length share a batch.
///
/// # Errors
/// A token or a position that the model does not have.
pub fn score_sequences(
    model: &ChemGpt,
    sequences: &[Vec<u32>],
    batch: usize,
) -> Result<Vec<Score>> {
    let model = model.without_graph();
    let mut order: Vec<usize> = (0..sequences.len()).collect();
    order.sort_by_key(|&index| sequences[index].len());
    let mut scores = vec![
        Score {
            nll: 0.0,
            tokens: 0
        };
        sequences.len()
    ];
    for group in order.chunks(batch.max(1)) {
        let rows: Vec<&[u32]> = group
            .iter()
            .map(|&index| sequences[index].as_slice())
            .collect();
        let padded = Batch::pad_right(&rows, 0);
        let all = model.log_probabilities(&padded)?;
        for (row, &index) in all.chunks_exact(padded.length).zip(group) {
            let tokens = sequences[index].len().saturating_sub(1);
            let sum: f64 = row[..tokens].iter().map(|&value| f64::from(value)).sum();
            scores[index] = Score { nll: -sum, tokens };
        }
    }
    Ok(scores)
}

/// What a look at known molecules says about a checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SelfCheck {
    /// Mean −ln p a token, nats.
    pub nats_per_token: f64,
    /// ln V: what guessing at random would cost.
    pub random_guess: f64,
    /// Whether the model does clearly better than guessing.
    pub sound: bool,
}

impl SelfCheck {
    /// Of molecules that together cost `nll` nats for `tokens` tokens under a model of `vocab` tokens.
    #[must_use]
    pub fn new(nll: f64, tokens: usize, vocab: usize) -> Self {
        let nats_per_token = nll / tokens.max(1) as f64;
        let random_guess = (vocab as f64).ln();
        Self {
            nats_per_token,
            random_guess,
            sound: nats_per_token < 0.5 * random_guess,
        }
    }
}

/// Scores known molecules and tells whether the checkpoint is sound: a trained model needs well under half of the
/// ln V nats a token of random guessing, a damaged one needs about as much or more.
///
/// # Errors
/// A molecule that cannot be encoded, or one that is too long for the model.
pub fn self_check(pretrained: &Pretrained, smiles: &[&str]) -> Result<SelfCheck, ScoreError> {
    let sequences = smiles
        .iter()
        .map(|smiles| pretrained.sequence_of(smiles))
        .collect::<Result<Vec<_>, _>>()?;
    let scores = score_sequences(&pretrained.model, &sequences, 32)?;
    let nll: f64 = scores.iter().map(|score| score.nll).sum();
    let tokens: usize = scores.iter().map(|score| score.tokens).sum();
    let vocab = pretrained.model.config().vocab;
    Ok(SelfCheck::new(nll, tokens, vocab))
}

/// Why molecules could not be scored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScoreError {
    /// A molecule that the model cannot read.
    #[error(transparent)]
    Prompt(#[from] PromptError),
    /// The model refused a batch.
    #[error(transparent)]
    Model(#[from] crate::error::Error),
}

impl Pretrained {
    /// All token ids of a SMILES: start token, symbols, end token. Symbols that the vocabulary lacks (stereo, for the
    /// public models) are an error, not an unknown token.
    ///
    /// # Errors
    /// [`PromptError`].
    pub fn sequence_of(&self, smiles: &str) -> Result<Vec<u32>, PromptError> {
        let mut ids = self.prompt_ids(&crate::generate::Prompt::Smiles(smiles.to_owned()))?;
        ids.push(self.special().end);
        Ok(ids)
    }
}

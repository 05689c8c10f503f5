//! Beam search.

use serde::{Deserialize, Serialize};

use super::engine::Engine;
use super::sample::log_sum_exp;
use crate::error::{Error, Result};
use crate::model::ChemGpt;

/// How to search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BeamOptions {
    /// Sequences that are kept at each step.
    pub beams: usize,
    /// Tokens that are added at most.
    pub max_new_tokens: usize,
    /// A finished sequence's score is Σ ln p divided by its number of new tokens to this power.
    pub length_penalty: f64,
    /// The token that ends a sequence.
    pub end: Option<u32>,
}

impl Default for BeamOptions {
    fn default() -> Self {
        Self {
            beams: 4,
            max_new_tokens: 256,
            length_penalty: 1.0,
            end: Some(crate::tokenizer::END),
        }
    }
}

struct Beam {
    ids: Vec<u32>,
    score: f64,
}

/// The best continuations of a prompt with their scores, best first: the new tokens only.
///
/// The search ends when as many sequences have ended as there are beams (`early_stopping=True` in `transformers`), or at
/// the highest number of tokens, where running sequences count as ended.
///
/// # Errors
/// [`Error::Empty`] for an empty prompt, [`Error::TokenRange`], [`Error::TooLong`], and [`Error::Config`] for zero beams.
///
/// # Panics
/// Never: a beam that goes on has grown by a token.
pub fn beam_search(
    model: &ChemGpt,
    prompt: &[u32],
    options: &BeamOptions,
) -> Result<Vec<(Vec<u32>, f64)>> {
    let vocab = model.config().vocab;
    if options.beams == 0 {
        return Err(Error::Config {
            field: "beams",
            value: "0".into(),
            allowed: "at least 1",
        });
    }
    if prompt.is_empty() {
        return Err(Error::Empty { what: "the prompt" });
    }
    crate::batch::Batch::new(prompt.to_vec(), prompt.len()).validate(model.config())?;
    let beams = options.beams;
    let mut engine = Engine::new(model, beams, prompt.len() + options.max_new_tokens)?;
    let slots: Vec<usize> = (0..beams).collect();
    let mut logits = Vec::new();
    for (position, &token) in prompt.iter().enumerate() {
        logits = engine.step(&slots, position, &vec![token; beams]);
    }
    // All beams are equal before the first step, so only the first one may grow.
    let mut running: Vec<Beam> = (0..beams)
        .map(|beam| Beam {
            ids: Vec::new(),
            score: if beam == 0 { 0.0 } else { -1e9 },
        })
        .collect();
    let mut finished: Vec<(Vec<u32>, f64)> = Vec::new();
    for added in 1..=options.max_new_tokens {
        let mut candidates: Vec<(f64, usize, u32)> = Vec::with_capacity(beams * vocab);
        for (beam, row) in logits.chunks_exact(vocab).enumerate() {
            let normaliser = log_sum_exp(row);
            candidates.extend((0..).zip(row).map(|(token, &logit)| {
                (
                    running[beam].score + f64::from(logit) - normaliser,
                    beam,
                    token,
                )
            }));
        }
        candidates.sort_by(|a, b| b.0.total_cmp(&a.0));
        candidates.truncate(2 * beams);
        let mut next: Vec<(Beam, usize)> = Vec::with_capacity(beams);
        for (rank, &(score, beam, token)) in candidates.iter().enumerate() {
            let mut ids = running[beam].ids.clone();
            ids.push(token);
            if options.end == Some(token) || added == options.max_new_tokens {
                if rank < beams && finished.len() < 2 * beams {
                    finished.push((ids, score / (added as f64).powf(options.length_penalty)));
                }
            } else if next.len() < beams {
                next.push((Beam { ids, score }, beam));
            }
        }
        let full = finished.len() >= beams;
        if full || next.is_empty() || added == options.max_new_tokens {
            break;
        }
        let parents: Vec<usize> = next.iter().map(|&(_, parent)| parent).collect();
        engine.reorder(&parents);
        running = next.into_iter().map(|(beam, _)| beam).collect();
        let tokens: Vec<u32> = running
            .iter()
            .map(|beam| *beam.ids.last().expect("a running beam has grown"))
            .collect();
        let slots: Vec<usize> = (0..running.len()).collect();
        logits = engine.step(&slots, prompt.len() + added - 1, &tokens);
    }
    finished.sort_by(|a, b| b.1.total_cmp(&a.1));
    finished.truncate(beams);
    Ok(finished)
}

//! Sampling and greedy decoding.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::engine::Engine;
use super::filter::{repetition_penalty, temperature, top_k, top_p};
use crate::error::{Error, Result};
use crate::model::ChemGpt;

/// How to draw tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SamplingOptions {
    /// Tokens that are drawn at most, the end token included.
    pub max_new_tokens: usize,
    /// 0 takes the likeliest token always (greedy).
    pub temperature: f32,
    /// Draw from the k likeliest tokens.
    pub top_k: Option<usize>,
    /// Draw from the smallest set of likeliest tokens of at least this probability.
    pub top_p: Option<f32>,
    /// Penalty on tokens that have been seen; 1 is none.
    pub repetition_penalty: f32,
    /// Tokens that are never drawn (padding, unknown, start).
    pub forbidden: Vec<u32>,
    /// The token that ends a sequence.
    pub end: Option<u32>,
    /// Sequences that are worked on at a time.
    pub batch: usize,
    /// Seed. Sequence i draws from its own stream, so the batch size changes nothing.
    pub seed: u64,
}

impl Default for SamplingOptions {
    fn default() -> Self {
        Self {
            max_new_tokens: 256,
            temperature: 1.0,
            top_k: None,
            top_p: None,
            repetition_penalty: 1.0,
            forbidden: Vec::new(),
            end: Some(crate::tokenizer::END),
            batch: 64,
            seed: 0,
        }
    }
}

impl SamplingOptions {
    /// The likeliest token always.
    #[must_use]
    pub fn greedy(max_new_tokens: usize) -> Self {
        Self {
            max_new_tokens,
            temperature: 0.0,
            ..Self::default()
        }
    }

    fn validate(&self) -> Result<()> {
        let bad = |field, value: String, allowed| {
            Err(Error::Config {
                field,
                value,
                allowed,
            })
        };
        if !(self.temperature.is_finite() && self.temperature >= 0.0) {
            return bad("temperature", self.temperature.to_string(), "0 or more");
        }
        if self.top_k == Some(0) {
            return bad("top_k", "0".into(), "at least 1");
        }
        if self.top_p.is_some_and(|p| !(p > 0.0 && p <= 1.0)) {
            return bad("top_p", format!("{:?}", self.top_p), "above 0, at most 1");
        }
        if !(self.repetition_penalty.is_finite() && self.repetition_penalty > 0.0) {
            return bad(
                "repetition_penalty",
                self.repetition_penalty.to_string(),
                "above 0",
            );
        }
        if self.batch == 0 {
            return bad("batch", "0".into(), "at least 1");
        }
        Ok(())
    }
}

/// One new sequence.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampled {
    /// The drawn tokens, the end token included where it was drawn.
    pub ids: Vec<u32>,
    /// Whether the end token was drawn.
    pub ended: bool,
    /// Σ ln p of the drawn tokens under the model itself, before any filter, nats.
    pub log_likelihood: f64,
}

/// Continues each prompt.
///
/// # Errors
/// [`Error::Config`] for options out of range, [`Error::Empty`] for an empty prompt, [`Error::TokenRange`] and
/// [`Error::TooLong`] for prompts that do not fit the model.
pub fn generate(
    model: &ChemGpt,
    prompts: &[Vec<u32>],
    options: &SamplingOptions,
) -> Result<Vec<Sampled>> {
    options.validate()?;
    let vocab = model.config().vocab;
    for (row, prompt) in prompts.iter().enumerate() {
        if prompt.is_empty() {
            return Err(Error::Empty { what: "a prompt" });
        }
        if let Some(place) = prompt.iter().position(|&id| id as usize >= vocab) {
            return Err(Error::TokenRange {
                id: prompt[place],
                row,
                place,
                vocab,
            });
        }
    }
    let mut results = Vec::with_capacity(prompts.len());
    let mut first = 0_u64;
    for wave in prompts.chunks(options.batch) {
        results.extend(run_wave(model, wave, first, options)?);
        first += wave.len() as u64;
    }
    Ok(results)
}

struct Row<'a> {
    prompt: &'a [u32],
    ids: Vec<u32>,
    log_likelihood: f64,
    done: bool,
    rng: ChaCha8Rng,
}

/// All rows stand at the same position: a row whose prompt is longer is still reading when another already draws.
fn run_wave(
    model: &ChemGpt,
    prompts: &[Vec<u32>],
    first: u64,
    options: &SamplingOptions,
) -> Result<Vec<Sampled>> {
    let vocab = model.config().vocab;
    let positions = model.config().positions;
    let longest = prompts.iter().map(Vec::len).max().unwrap_or(0);
    if longest > positions {
        return Err(Error::TooLong {
            length: longest,
            positions,
        });
    }
    let capacity = (longest + options.max_new_tokens).min(positions);
    let mut engine = Engine::new(model, prompts.len(), capacity)?;
    let mut rows: Vec<Row<'_>> = (first..)
        .zip(prompts)
        .map(|(stream, prompt)| {
            let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
            rng.set_stream(stream);
            Row {
                prompt,
                ids: Vec::new(),
                log_likelihood: 0.0,
                done: options.max_new_tokens == 0,
                rng,
            }
        })
        .collect();
    for position in 0..capacity {
        let slots: Vec<usize> = (0..rows.len()).filter(|&slot| !rows[slot].done).collect();
        if slots.is_empty() {
            break;
        }
        let tokens: Vec<u32> = slots
            .iter()
            .map(|&slot| {
                let row = &rows[slot];
                match row.prompt.get(position) {
                    Some(&token) => token,
                    None => row.ids[position - row.prompt.len()],
                }
            })
            .collect();
        let mut logits = engine.step(&slots, position, &tokens);
        for (&slot, logits) in slots.iter().zip(logits.chunks_exact_mut(vocab)) {
            let row = &mut rows[slot];
            if position + 1 < row.prompt.len() {
                continue;
            }
            row.draw(logits, options);
        }
    }
    Ok(rows
        .into_iter()
        .map(|row| Sampled {
            ended: options.end.is_some() && row.ids.last().copied() == options.end,
            ids: row.ids,
            log_likelihood: row.log_likelihood,
        })
        .collect())
}

impl Row<'_> {
    fn draw(&mut self, logits: &mut [f32], options: &SamplingOptions) {
        let normaliser = log_sum_exp(logits);
        let unfiltered = logits.to_vec();
        for &id in &options.forbidden {
            if let Some(logit) = logits.get_mut(id as usize) {
                *logit = f32::NEG_INFINITY;
            }
        }
        if (options.repetition_penalty - 1.0).abs() > 0.0 {
            let history = [self.prompt, &self.ids].concat();
            repetition_penalty(logits, &history, options.repetition_penalty);
        }
        let token = if options.temperature > 0.0 {
            temperature(logits, options.temperature);
            if let Some(k) = options.top_k {
                top_k(logits, k);
            }
            if let Some(p) = options.top_p {
                top_p(logits, p);
            }
            draw(logits, &mut self.rng)
        } else {
            largest(logits)
        };
        self.log_likelihood += f64::from(unfiltered[token as usize]) - normaliser;
        self.ids.push(token);
        self.done = options.end == Some(token) || self.ids.len() == options.max_new_tokens;
    }
}

pub(super) fn log_sum_exp(logits: &[f32]) -> f64 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|&x| f64::from(x - largest).exp()).sum();
    f64::from(largest) + sum.ln()
}

/// The first of the largest.
pub(super) fn largest(logits: &[f32]) -> u32 {
    let mut best = (0, f32::NEG_INFINITY);
    for (index, &logit) in (0..).zip(logits) {
        if logit > best.1 {
            best = (index, logit);
        }
    }
    best.0
}

fn draw(logits: &[f32], rng: &mut ChaCha8Rng) -> u32 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weights: Vec<f64> = logits
        .iter()
        .map(|&x| f64::from(x - largest).exp())
        .collect();
    let sum: f64 = weights.iter().sum();
    let uniform = (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
    let mut left = uniform * sum;
    let mut last = 0;
    for (index, &weight) in (0..).zip(&weights) {
        if weight > 0.0 {
            last = index;
            left -= weight;
            if left < 0.0 {
                break;
            }
        }
    }
    last
}

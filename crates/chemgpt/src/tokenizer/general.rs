//! The tokenizers that GPT-Neo models over SELFIES come with: whole symbols, or the public models' `WordPiece`.

use std::collections::{BTreeSet, HashMap};

use super::symbol::{SPECIAL_TOKENS, SymbolTokenizer};
use crate::error::{Error, Result};

/// How a piece of text between split points becomes tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Model {
    /// A piece is one token or unknown.
    WordLevel,
    /// A piece is cut greedily into the longest tokens; all but the first carry a prefix.
    WordPiece {
        /// Prefix of continuing tokens.
        prefix: String,
        /// Longer pieces (in characters) are unknown.
        longest: usize,
    },
}

/// Ids that have a meaning of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpecialIds {
    /// Symbols outside the vocabulary.
    pub unknown: u32,
    /// Padding.
    pub pad: u32,
    /// Start of a molecule.
    pub start: u32,
    /// End of a molecule.
    pub end: u32,
}

/// A tokenizer read from, or written as, a `tokenizer.json`.
///
/// Text is split at the special tokens, then at bracket symbols; each piece goes through the [`Model`]; `[CLS]` and
/// `[SEP]` are put around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokenizer {
    tokens: Vec<String>,
    ids: HashMap<String, u32>,
    model: Model,
    /// Special tokens that are recognised inside a text.
    added: Vec<(String, u32)>,
    special: SpecialIds,
}

impl Tokenizer {
    /// A tokenizer of `tokens` by id. `added` are recognised inside a text.
    ///
    /// # Errors
    /// [`Error::Config`] when a token is repeated or `[UNK]`, `[PAD]`, `[CLS]`, or `[SEP]` is missing.
    pub fn new(tokens: Vec<String>, model: Model, added: Vec<String>) -> Result<Self> {
        let mut ids = HashMap::with_capacity(tokens.len());
        for (id, token) in (0..).zip(&tokens) {
            if ids.insert(token.clone(), id).is_some() {
                return Err(Error::Config {
                    field: "a token of the vocabulary",
                    value: token.clone(),
                    allowed: "each token once",
                });
            }
        }
        let find = |name: &str| {
            ids.get(name).copied().ok_or_else(|| Error::Config {
                field: "the vocabulary",
                value: format!("without {name}"),
                allowed: "a vocabulary with [UNK], [PAD], [CLS], and [SEP]",
            })
        };
        let special = SpecialIds {
            unknown: find("[UNK]")?,
            pad: find("[PAD]")?,
            start: find("[CLS]")?,
            end: find("[SEP]")?,
        };
        let added = added
            .into_iter()
            .filter_map(|token| ids.get(&token).map(|&id| (token, id)))
            .collect();
        Ok(Self {
            tokens,
            ids,
            model,
            added,
            special,
        })
    }

    /// Number of tokens.
    #[must_use]
    pub fn vocab(&self) -> usize {
        self.tokens.len()
    }

    /// All tokens by id.
    #[must_use]
    pub fn tokens(&self) -> &[String] {
        &self.tokens
    }

    /// Ids with a meaning of their own.
    #[must_use]
    pub fn special(&self) -> SpecialIds {
        self.special
    }

    /// How pieces become tokens.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Tokens recognised inside a text.
    pub fn added(&self) -> impl Iterator<Item = (&str, u32)> {
        self.added.iter().map(|(token, id)| (token.as_str(), *id))
    }

    /// The id of a token.
    #[must_use]
    pub fn id(&self, token: &str) -> Option<u32> {
        self.ids.get(token).copied()
    }

    /// Start token, the text, end token.
    #[must_use]
    pub fn encode(&self, text: &str) -> Vec<u32> {
        let mut ids = vec![self.special.start];
        self.encode_into(text, &mut ids);
        ids.push(self.special.end);
        ids
    }

    /// The text alone, as a prompt's continuation or a part of a pair needs it.
    #[must_use]
    pub fn encode_without_special(&self, text: &str) -> Vec<u32> {
        let mut ids = Vec::new();
        self.encode_into(text, &mut ids);
        ids
    }

    /// Whether the vocabulary has SELFIES 1 symbols (`[Branch1_2]`), as the public models' does, rather than those of
    /// SELFIES 2 (`[=Branch1]`).
    #[must_use]
    pub fn speaks_selfies_1(&self) -> bool {
        self.id("[Branch1_2]").is_some() && self.id("[=Branch1]").is_none()
    }

    /// The symbols of a SELFIES that the vocabulary lacks as whole tokens. `WordPiece` would cut them up or call them
    /// unknown; either way the model has never seen them.
    ///
    /// # Errors
    /// [`Error::Selfies`] when a bracket is not closed.
    pub fn unknown_symbols<'a>(&self, selfies: &'a str) -> Result<BTreeSet<&'a str>> {
        let mut unknown = BTreeSet::new();
        for symbol in selfies::split(selfies) {
            let symbol = symbol.map_err(|error| Error::Selfies {
                index: 0,
                reason: error.to_string(),
            })?;
            if self.id(symbol).is_none() {
                unknown.insert(symbol);
            }
        }
        Ok(unknown)
    }

    /// The text of some ids, pieces joined without spaces, special tokens left out.
    #[must_use]
    pub fn decode(&self, ids: &[u32]) -> String {
        let mut text = String::new();
        for &id in ids {
            let Some(token) = self.tokens.get(id as usize) else {
                continue;
            };
            if self.added.iter().any(|&(_, special)| special == id) {
                continue;
            }
            let piece = match &self.model {
                Model::WordPiece { prefix, .. } => {
                    token.strip_prefix(prefix.as_str()).unwrap_or(token)
                }
                Model::WordLevel => token,
            };
            text.push_str(piece);
        }
        text
    }

    fn encode_into(&self, mut text: &str, ids: &mut Vec<u32>) {
        while !text.is_empty() {
            let next = self
                .added
                .iter()
                .filter_map(|(token, id)| Some((text.find(token.as_str())?, token.len(), *id)))
                .min_by_key(|&(at, length, _)| (at, usize::MAX - length));
            let Some((at, length, id)) = next else {
                self.encode_plain(text, ids);
                return;
            };
            self.encode_plain(&text[..at], ids);
            ids.push(id);
            text = &text[at + length..];
        }
    }

    fn encode_plain(&self, text: &str, ids: &mut Vec<u32>) {
        for piece in pieces(text) {
            match &self.model {
                Model::WordLevel => ids.push(self.id(piece).unwrap_or(self.special.unknown)),
                Model::WordPiece { prefix, longest } => {
                    self.word_piece(piece, prefix, *longest, ids);
                }
            }
        }
    }

    /// Greedy longest match; one unknown token when a part has no match.
    fn word_piece(&self, piece: &str, prefix: &str, longest: usize, ids: &mut Vec<u32>) {
        if piece.chars().count() > longest {
            ids.push(self.special.unknown);
            return;
        }
        let before = ids.len();
        let mut start = 0;
        let mut candidate = String::new();
        while start < piece.len() {
            let ends = piece[start..]
                .char_indices()
                .map(|(at, c)| start + at + c.len_utf8());
            let ends: Vec<usize> = ends.collect();
            let found = ends.into_iter().rev().find_map(|end| {
                candidate.clear();
                if start > 0 {
                    candidate.push_str(prefix);
                }
                candidate.push_str(&piece[start..end]);
                self.id(&candidate).map(|id| (id, end))
            });
            let Some((id, end)) = found else {
                ids.truncate(before);
                ids.push(self.special.unknown);
                return;
            };
            ids.push(id);
            start = end;
        }
    }
}

/// The parts of a text: bracket expressions `\[(.*?)\]` (which do not span lines) and what lies between them.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let length = match next_bracket(rest) {
            Some((0, end)) => end,
            Some((start, _)) => start,
            None => rest.len(),
        };
        let (piece, tail) = rest.split_at(length);
        rest = tail;
        Some(piece)
    })
}

/// Where the first bracket expression begins and ends.
fn next_bracket(text: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    while let Some(open) = text[from..].find('[').map(|at| from + at) {
        let inside = &text[open..];
        match inside.find([']', '\n']) {
            Some(close) if inside.as_bytes()[close] == b']' => {
                return Some((open, open + close + 1));
            }
            Some(_) => from = open + 1,
            None => return None,
        }
    }
    None
}

impl From<SymbolTokenizer> for Tokenizer {
    fn from(symbols: SymbolTokenizer) -> Self {
        let added = SPECIAL_TOKENS.iter().map(ToString::to_string).collect();
        Self::new(symbols.into(), Model::WordLevel, added)
            .expect("a symbol vocabulary has the special tokens and no repeats")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_bracket_expressions_and_the_rest() {
        let split = |text| pieces(text).collect::<Vec<_>>();
        assert_eq!(split("[C] [N]x"), ["[C]", " ", "[N]", "x"]);
        assert_eq!(split("[C][[N]"), ["[C]", "[[N]"]);
        assert_eq!(split("[C\n][N]["), ["[C\n]", "[N]", "["]);
        assert!(split("").is_empty());
    }
}

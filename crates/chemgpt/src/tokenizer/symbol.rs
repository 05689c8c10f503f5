//! A vocabulary of whole SELFIES symbols, built from data.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The special tokens, with the ids that the public ChemGPT tokenizer gives them.
pub const SPECIAL_TOKENS: [&str; 5] = ["[UNK]", "[PAD]", "[CLS]", "[SEP]", "[MASK]"];
/// Id of the token for symbols outside the vocabulary.
pub const UNKNOWN: u32 = 0;
/// Id of the padding token.
pub const PAD: u32 = 1;
/// Id of the token that starts a molecule.
pub const START: u32 = 2;
/// Id of the token that ends a molecule.
pub const END: u32 = 3;

/// One token a SELFIES symbol, after five special tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct SymbolTokenizer {
    tokens: Vec<String>,
    ids: HashMap<String, u32>,
}

impl SymbolTokenizer {
    /// The symbols of some SELFIES strings, the commonest first; equally common ones in the order of their bytes.
    ///
    /// # Errors
    /// [`Error::Selfies`] naming the entry, and [`Error::Empty`] when there is no symbol at all.
    pub fn from_corpus<S: AsRef<str>>(corpus: impl IntoIterator<Item = S>) -> Result<Self> {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for (index, selfies) in corpus.into_iter().enumerate() {
            for symbol in selfies::split(selfies.as_ref()) {
                let symbol = symbol.map_err(|error| Error::Selfies {
                    index,
                    reason: error.to_string(),
                })?;
                match counts.get_mut(symbol) {
                    Some(count) => *count += 1,
                    None => {
                        counts.insert(symbol.to_owned(), 1);
                    }
                }
            }
        }
        let mut symbols: Vec<(String, u64)> = counts.into_iter().collect();
        // The sort is stable, so equally common symbols keep the order of the map.
        symbols.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        if symbols.is_empty() {
            return Err(Error::Empty { what: "the corpus" });
        }
        Self::from_symbols(symbols.into_iter().map(|(symbol, _)| symbol))
    }

    /// A vocabulary of the special tokens and `symbols`, in their order, without repeats.
    ///
    /// # Errors
    /// [`Error::Config`] when a symbol is repeated or is a special token.
    pub fn from_symbols(symbols: impl IntoIterator<Item = String>) -> Result<Self> {
        let special = SPECIAL_TOKENS.iter().map(ToString::to_string);
        Self::try_from(special.chain(symbols).collect::<Vec<_>>())
    }

    /// Number of tokens, special ones included.
    #[must_use]
    pub fn vocab(&self) -> usize {
        self.tokens.len()
    }

    /// All tokens by id.
    #[must_use]
    pub fn tokens(&self) -> &[String] {
        &self.tokens
    }

    /// The id of a token.
    #[must_use]
    pub fn id(&self, token: &str) -> Option<u32> {
        self.ids.get(token).copied()
    }

    /// `[CLS]`, the symbols, `[SEP]`. Symbols outside the vocabulary become `[UNK]`; see
    /// [`unknown_symbols`](Self::unknown_symbols).
    ///
    /// # Errors
    /// [`Error::Selfies`] when a bracket is not closed.
    pub fn encode(&self, selfies: &str) -> Result<Vec<u32>> {
        let mut ids = vec![START];
        for symbol in split(selfies)? {
            ids.push(self.id(symbol).unwrap_or(UNKNOWN));
        }
        ids.push(END);
        Ok(ids)
    }

    /// The symbols of a text that the vocabulary lacks.
    ///
    /// # Errors
    /// [`Error::Selfies`] when a bracket is not closed.
    pub fn unknown_symbols<'a>(&self, selfies: &'a str) -> Result<BTreeSet<&'a str>> {
        let mut symbols: BTreeSet<&str> = split(selfies)?.into_iter().collect();
        symbols.retain(|symbol| self.id(symbol).is_none());
        Ok(symbols)
    }

    /// The SELFIES of some ids; special tokens are left out, ids outside the vocabulary too.
    #[must_use]
    pub fn decode(&self, ids: &[u32]) -> String {
        ids.iter()
            .filter_map(|&id| {
                self.tokens
                    .get(id as usize)
                    .filter(|_| id as usize >= SPECIAL_TOKENS.len())
            })
            .map(String::as_str)
            .collect()
    }
}

fn split(selfies: &str) -> Result<Vec<&str>> {
    selfies::split(selfies)
        .collect::<Result<_, _>>()
        .map_err(|error| Error::Selfies {
            index: 0,
            reason: error.to_string(),
        })
}

impl TryFrom<Vec<String>> for SymbolTokenizer {
    type Error = Error;

    fn try_from(tokens: Vec<String>) -> Result<Self> {
        for (place, expected) in SPECIAL_TOKENS.iter().enumerate() {
            if tokens.get(place).map(String::as_str) != Some(expected) {
                return Err(Error::Config {
                    field: "the vocabulary's start",
                    value: format!("{:?}", tokens.get(place)),
                    allowed: "[UNK], [PAD], [CLS], [SEP], [MASK]",
                });
            }
        }
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
        Ok(Self { tokens, ids })
    }
}

impl From<SymbolTokenizer> for Vec<String> {
    fn from(tokenizer: SymbolTokenizer) -> Self {
        tokenizer.tokens
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_symbols_come_first_and_round_trip() {
        let corpus = ["[C][C][O]", "[N][C][=O]", "[C][O]"];
        let tokenizer = SymbolTokenizer::from_corpus(corpus).unwrap();
        assert_eq!(tokenizer.tokens()[5..], ["[C]", "[O]", "[=O]", "[N]"]);
        for text in corpus {
            let ids = tokenizer.encode(text).unwrap();
            assert_eq!((ids[0], *ids.last().unwrap()), (START, END));
            assert_eq!(tokenizer.decode(&ids), text);
        }
        let unknown = tokenizer.unknown_symbols("[C][F][Cl][F]").unwrap();
        assert_eq!(unknown.into_iter().collect::<Vec<_>>(), ["[Cl]", "[F]"]);
        let json = serde_json::to_string(&tokenizer).unwrap();
        assert_eq!(
            serde_json::from_str::<SymbolTokenizer>(&json).unwrap(),
            tokenizer
        );
    }

    #[test]
    fn an_open_bracket_is_an_error() {
        let error = SymbolTokenizer::from_corpus(["[C]", "[C][N"]).unwrap_err();
        assert!(error.to_string().starts_with("entry 1"), "{error}");
    }
}

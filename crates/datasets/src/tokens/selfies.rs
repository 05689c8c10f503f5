//! SELFIES symbols as tokens.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use selfies::{Encoder, split};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

use super::Tokenizer;
use super::manifest::hexadecimal;

/// A tokenizer with one id for each SELFIES symbol, in the order of a list of tokens.
///
/// The list may hold other tokens, such as the special ones of a language model; those are named in
/// [`SelfiesTokenizer::with_frame`].
#[derive(Debug, Clone)]
pub struct SelfiesTokenizer {
    tokens: Vec<String>,
    ids: HashMap<Box<str>, u16, BuildHasherDefault<Fnv>>,
    start: Option<u16>,
    end: Option<u16>,
    unknown: Option<u16>,
}

impl SelfiesTokenizer {
    /// A tokenizer whose ids are the positions in the list.
    ///
    /// # Errors
    /// [`Error::Vocabulary`] for more than 65,536 tokens or a token that is listed twice.
    pub fn new(tokens: Vec<String>) -> Result<Self> {
        let mut ids = HashMap::default();
        for (k, token) in tokens.iter().enumerate() {
            let id = u16::try_from(k).map_err(|_| Error::Vocabulary {
                reason: format!("it has {} tokens, expected at most 65536", tokens.len()),
            })?;
            if ids.insert(token.as_str().into(), id).is_some() {
                return Err(Error::Vocabulary {
                    reason: format!("token {token:?} is listed twice"),
                });
            }
        }
        Ok(Self {
            tokens,
            ids,
            start: None,
            end: None,
            unknown: None,
        })
    }

    /// A tokenizer with the symbols of a sample of SMILES, the most frequent first, after the given special tokens.
    /// SMILES that cannot be encoded are passed over.
    ///
    /// # Errors
    /// [`Error::Vocabulary`].
    pub fn from_smiles<S: AsRef<str>>(
        special: &[&str],
        sample: impl IntoIterator<Item = S>,
    ) -> Result<Self> {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        let mut encoder = Encoder::default();
        for smiles in sample {
            let Ok(text) = encoder.encode(smiles.as_ref()) else {
                continue;
            };
            for symbol in split(text).flatten() {
                if let Some(count) = counts.get_mut(symbol) {
                    *count += 1;
                } else {
                    counts.insert(symbol.to_owned(), 1);
                }
            }
        }
        let mut symbols: Vec<(String, u64)> = counts.into_iter().collect();
        symbols.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let special = special.iter().map(ToString::to_string);
        Self::new(special.chain(symbols.into_iter().map(|(s, _)| s)).collect())
    }

    /// Puts a token before and after each molecule, and one in the place of symbols that are not in the list; without
    /// the last, a molecule with such a symbol is rejected.
    ///
    /// # Errors
    /// [`Error::Vocabulary`] when a name is not in the list.
    pub fn with_frame(
        mut self,
        start: Option<&str>,
        end: Option<&str>,
        unknown: Option<&str>,
    ) -> Result<Self> {
        let find = |name: Option<&str>| {
            name.map(|name| {
                self.ids
                    .get(name)
                    .copied()
                    .ok_or_else(|| Error::Vocabulary {
                        reason: format!("it has no token {name:?}"),
                    })
            })
            .transpose()
        };
        (self.start, self.end, self.unknown) = (find(start)?, find(end)?, find(unknown)?);
        Ok(self)
    }

    /// The tokens in the order of their ids.
    #[must_use]
    pub fn tokens(&self) -> &[String] {
        &self.tokens
    }
}

impl Tokenizer for SelfiesTokenizer {
    type Worker = Encoder;

    fn worker(&self) -> Encoder {
        Encoder::default()
    }

    fn encode(&self, worker: &mut Encoder, smiles: &str, ids: &mut Vec<u16>) -> Result<(), String> {
        let text = worker.encode(smiles).map_err(|e| e.to_string())?;
        ids.extend(self.start);
        for symbol in split(text) {
            let symbol = symbol.map_err(|e| e.to_string())?;
            let id = self.ids.get(symbol).copied().or(self.unknown);
            ids.push(id.ok_or_else(|| format!("symbol {symbol} is not in the vocabulary"))?);
        }
        ids.extend(self.end);
        Ok(())
    }

    fn vocabulary(&self) -> usize {
        self.tokens.len()
    }

    fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for token in &self.tokens {
            hash.update(token.as_bytes());
            hash.update(b"\n");
        }
        hash.update(format!(
            "{:?} {:?} {:?}",
            self.start, self.end, self.unknown
        ));
        format!("selfies {}", hexadecimal(&hash.finalize()))
    }
}

/// FNV-1a (<http://www.isthe.com/chongo/tech/comp/fnv/>): symbols are a few bytes long, where the default hasher costs
/// more than the encoder.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.0 = (self.0 ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

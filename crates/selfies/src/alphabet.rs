//! Symbols as numbers: label, one-hot and flat one-hot encodings.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::smiles::index;
use crate::split::{SplitError, alphabet_of};
use crate::symbol::{Key, KeyMap, Window};

/// The padding symbol.
const NOP: &str = "[nop]";

/// A list of symbols, each with its place as label.
///
/// ```
/// use selfies::Alphabet;
/// let alphabet = Alphabet::new(["[nop]", "[C]", "[F]"])?;
/// let mut labels = Vec::new();
/// alphabet.labels("[C][F]", 4, &mut labels)?;
/// assert_eq!(labels, [1, 2, 0, 0]);
/// assert_eq!(alphabet.text(&labels)?, "[C][F][nop][nop]");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Alphabet {
    symbols: Vec<String>,
    short: KeyMap,
    /// Symbols of more than sixteen bytes, and texts that are no symbol.
    long: HashMap<String, u32>,
    dot: Option<u32>,
    nop: Option<u32>,
}

/// What is wrong with a list of symbols.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AlphabetError {
    /// A symbol occurs twice.
    #[error("symbol '{symbol}' occurs twice, as {first} and as {second}")]
    Twice {
        /// The symbol.
        symbol: String,
        /// Its first label.
        first: u32,
        /// Its second label.
        second: u32,
    },
}

/// A string or a list of labels that an alphabet cannot express.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LabelError {
    /// The alphabet lacks a symbol.
    #[error("symbol '{symbol}' at byte {position} is not in the alphabet")]
    Symbol {
        /// The symbol.
        symbol: String,
        /// Byte at which it begins.
        position: usize,
    },
    /// The alphabet lacks the dot.
    #[error(
        "The SELFIES string contains two unconnected molecules (given by the '.' character), \
         but vocab_stoi does not contain the '.' key. Please add it to the vocabulary or \
         separate the molecules."
    )]
    Dot {
        /// Byte of the dot.
        position: usize,
    },
    /// The string cannot be split.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// The alphabet has no such label.
    #[error("label {label} is not below {symbols}, the number of symbols")]
    Label {
        /// The label.
        label: u32,
        /// Size of the alphabet.
        symbols: u32,
    },
    /// A one-hot row has no 1.
    #[error("row {row} of the one-hot encoding has no 1")]
    EmptyRow {
        /// The row.
        row: usize,
    },
    /// A flat one-hot encoding is no whole number of rows.
    #[error("size of vector in one_hot_batch not divisible by the length of the vocabulary.")]
    Size {
        /// Length of the encoding.
        length: usize,
        /// Size of the alphabet.
        symbols: u32,
    },
}

impl Alphabet {
    /// An alphabet of these symbols in this order.
    ///
    /// # Errors
    /// If a symbol occurs twice.
    pub fn new<S: Into<String>>(
        symbols: impl IntoIterator<Item = S>,
    ) -> Result<Self, AlphabetError> {
        let mut alphabet = Self::empty();
        for symbol in symbols {
            let symbol = symbol.into();
            if let Some(first) = alphabet.label(&symbol) {
                return Err(AlphabetError::Twice {
                    symbol,
                    first,
                    second: index(alphabet.len()),
                });
            }
            alphabet.insert(symbol);
        }
        Ok(alphabet)
    }

    fn empty() -> Self {
        Self {
            symbols: Vec::new(),
            short: KeyMap::new(),
            long: HashMap::new(),
            dot: None,
            nop: None,
        }
    }

    /// The symbols of some strings in alphabetical order, after `[nop]` and the
    /// dot.
    ///
    /// # Errors
    /// If a string has a `[` that is not closed.
    pub fn from_strings<'a>(
        strings: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, SplitError> {
        let symbols = alphabet_of(strings)?;
        let symbols = symbols.into_iter().filter(|&symbol| symbol != NOP);
        let mut alphabet = Self::empty();
        for symbol in [NOP, "."].into_iter().chain(symbols) {
            alphabet.insert(symbol.to_owned());
        }
        Ok(alphabet)
    }

    /// Adds a symbol that is not there.
    fn insert(&mut self, symbol: String) {
        let label = index(self.symbols.len());
        match symbol.as_str() {
            "." => self.dot = Some(label),
            NOP => self.nop = Some(label),
            _ => {}
        }
        match short_key(&symbol) {
            Some(key) => self.short.insert(key, label),
            None => {
                self.long.insert(symbol.clone(), label);
            }
        }
        self.symbols.push(symbol);
    }

    /// Number of symbols.
    #[must_use]
    pub fn len(&self) -> usize {
        self.symbols.len()
    }

    /// Whether it has no symbol.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.symbols.is_empty()
    }

    /// The symbols by label.
    #[must_use]
    pub fn symbols(&self) -> &[String] {
        &self.symbols
    }

    /// The symbols by label, one after the other.
    pub fn iter(&self) -> std::slice::Iter<'_, String> {
        self.symbols.iter()
    }

    /// The label of a symbol.
    #[must_use]
    pub fn label(&self, symbol: &str) -> Option<u32> {
        match short_key(symbol) {
            Some(key) => self.short.find(key),
            None => self.long.get(symbol).copied(),
        }
    }

    /// The symbol of a label.
    #[must_use]
    pub fn symbol(&self, label: u32) -> Option<&str> {
        self.symbols.get(label as usize).map(String::as_str)
    }

    /// Appends the labels of a string, padded with `[nop]` to `length` symbols if
    /// it has less.
    ///
    /// # Errors
    /// If the alphabet lacks a symbol (or `[nop]`, if needed), or a `[` is not
    /// closed. Labels up to there have been appended.
    pub fn labels(
        &self,
        selfies: &str,
        length: usize,
        out: &mut Vec<u32>,
    ) -> Result<(), LabelError> {
        let missing = match length {
            0 => 0,
            _ => length.saturating_sub(crate::split::length(selfies)),
        };
        match self.push_labels(selfies, out) {
            // The reference pads the text, so the padding is taken for the end of
            // the symbol that is not closed.
            Err(LabelError::Split(SplitError { position })) if missing > 0 => {
                return Err(LabelError::Symbol {
                    symbol: format!("{}{NOP}", &selfies[position..]),
                    position,
                });
            }
            other => other?,
        }
        if missing > 0 {
            let nop = self.nop.ok_or_else(|| LabelError::Symbol {
                symbol: NOP.to_owned(),
                position: selfies.len(),
            })?;
            out.resize(out.len() + missing, nop);
        }
        Ok(())
    }

    fn push_labels(&self, selfies: &str, out: &mut Vec<u32>) -> Result<(), LabelError> {
        let bytes = selfies.as_bytes();
        let mut at = if bytes.first() == Some(&b'[') {
            0
        } else {
            selfies.find('[').unwrap_or(bytes.len())
        };
        while at < bytes.len() {
            let start = at;
            let short = Window::load(bytes, at).symbol();
            let label = if short.length > 0 {
                at += short.length;
                self.short.find(short.key)
            } else {
                let Some(symbol) = split_long(selfies, at) else {
                    return Err(SplitError { position: at }.into());
                };
                at += symbol.len();
                self.long.get(symbol).copied()
            };
            let Some(label) = label else {
                return Err(LabelError::Symbol {
                    symbol: selfies[start..at].to_owned(),
                    position: start,
                });
            };
            out.push(label);
            if bytes.get(at) == Some(&b'.') {
                out.push(self.dot.ok_or(LabelError::Dot { position: at })?);
                at += 1;
            }
        }
        Ok(())
    }

    /// Appends the one-hot encoding of a string, row after row: `length` rows or
    /// one per symbol, whichever is more, of one column per symbol.
    ///
    /// # Errors
    /// As [`labels`](Self::labels); nothing is appended then.
    pub fn one_hot(
        &self,
        selfies: &str,
        length: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), LabelError> {
        let mut labels = Vec::new();
        self.labels(selfies, length, &mut labels)?;
        let start = out.len();
        out.resize(start + labels.len() * self.len(), 0);
        for (row, label) in labels.into_iter().enumerate() {
            out[start + row * self.len() + label as usize] = 1;
        }
        Ok(())
    }

    /// The string that labels spell.
    ///
    /// # Errors
    /// If a label is too large.
    pub fn text(&self, labels: &[u32]) -> Result<String, LabelError> {
        let mut text = String::with_capacity(labels.len() * 6);
        for &label in labels {
            text.push_str(self.symbol(label).ok_or(LabelError::Label {
                label,
                symbols: index(self.len()),
            })?);
        }
        Ok(text)
    }

    /// The string that a flat one-hot encoding spells; of several 1 in a row the
    /// first counts.
    ///
    /// # Errors
    /// If the length is no multiple of the alphabet's size, or a row has no 1.
    pub fn text_from_one_hot(&self, flat: &[u8]) -> Result<String, LabelError> {
        if self.is_empty() || !flat.len().is_multiple_of(self.len()) {
            return Err(LabelError::Size {
                length: flat.len(),
                symbols: index(self.len()),
            });
        }
        let mut text = String::new();
        for (row, columns) in flat.chunks(self.len()).enumerate() {
            let hot = columns.iter().position(|&value| value == 1);
            text.push_str(&self.symbols[hot.ok_or(LabelError::EmptyRow { row })?]);
        }
        Ok(text)
    }
}

/// The symbol at `at`, however long.
fn split_long(selfies: &str, at: usize) -> Option<&str> {
    let rest = &selfies.as_bytes()[at + 1..];
    let length = rest.iter().position(|&byte| byte == b']')?;
    selfies.get(at..at + length + 2)
}

/// The key under which a symbol is found, if the quick way finds it.
fn short_key(symbol: &str) -> Option<Key> {
    let short = Window::load(symbol.as_bytes(), 0).symbol();
    (short.length > 0 && short.length == symbol.len()).then_some(short.key)
}

impl PartialEq for Alphabet {
    /// Alphabets are equal when every label means the same symbol; the other fields follow from the list.
    fn eq(&self, other: &Self) -> bool {
        self.symbols == other.symbols
    }
}

impl Eq for Alphabet {}

impl<'a> IntoIterator for &'a Alphabet {
    type Item = &'a String;
    type IntoIter = std::slice::Iter<'a, String>;

    /// The symbols by label.
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl TryFrom<Vec<String>> for Alphabet {
    type Error = AlphabetError;

    fn try_from(symbols: Vec<String>) -> Result<Self, AlphabetError> {
        Self::new(symbols)
    }
}

impl From<Alphabet> for Vec<String> {
    fn from(alphabet: Alphabet) -> Self {
        alphabet.symbols
    }
}

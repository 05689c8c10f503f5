//! The symbols of one fragment, looked up before the derivation begins.
//!
//! Looking up and deriving are two loops on purpose: the first hardly ever
//! guesses a branch wrong, so the processor looks several symbols up at once,
//! while the second depends on what the last symbol did.

use crate::error::DecodeError;
use crate::symbol::{Entry, Extensions, SymbolTable, Window};
use crate::v1::modern_symbol;

use super::DecodeOptions;

/// A symbol of the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    /// Its number in the table.
    pub(super) entry: u32,
    /// Byte at which it begins.
    pub(super) start: u32,
}

impl Token {
    /// Its text.
    pub(super) fn text(self, selfies: &str) -> &str {
        let rest = &selfies[self.start as usize..];
        let length = rest.bytes().skip(1).position(|byte| byte == b']');
        &rest[..length.map_or(rest.len(), |length| length + 2)]
    }
}

/// The symbols of a fragment, without `[nop]`.
#[derive(Clone, Debug, Default)]
pub(super) struct Tokens {
    list: Vec<Token>,
    /// Byte of a bracket that is not closed, after the last symbol.
    hanging: Option<usize>,
}

impl Tokens {
    /// The symbol of this number; none after the last.
    #[inline]
    pub(super) fn get(&self, number: usize) -> Result<Option<Token>, DecodeError> {
        match self.list.get(number) {
            Some(&token) => Ok(Some(token)),
            None => match self.hanging {
                None => Ok(None),
                Some(position) => Err(DecodeError::OpenBracket { position }),
            },
        }
    }

    /// Reads the fragment between two bytes; text before its first bracket is
    /// skipped.
    pub(super) fn read(
        &mut self,
        text: &str,
        start: usize,
        end: usize,
        table: &mut SymbolTable,
        options: &DecodeOptions,
    ) {
        self.list.clear();
        self.hanging = None;
        let bytes = text.as_bytes();
        let mut at = if bytes.get(start) == Some(&b'[') {
            start
        } else {
            text[start..end].find('[').map_or(end, |at| start + at)
        };
        while at < end {
            let symbol = Window::load(bytes, at).symbol();
            let begin = at;
            at += symbol.length;
            let entry = if symbol.length == 0 || at > end {
                at = begin;
                let Some(entry) = long_symbol(text, &mut at, end, table, options) else {
                    self.hanging = Some(begin);
                    return;
                };
                entry
            } else if let Some(entry) = table.find(symbol.key) {
                entry
            } else {
                let entry = prepare(&text[begin..at], options);
                table.add(Some(symbol.key), entry)
            };
            if entry != SymbolTable::NOP {
                #[expect(clippy::cast_possible_truncation, reason = "texts are below 4 GiB")]
                self.list.push(Token {
                    entry,
                    start: begin as u32,
                });
            }
        }
    }
}

/// A symbol of more than sixteen bytes; none if it does not end.
#[cold]
fn long_symbol(
    text: &str,
    at: &mut usize,
    end: usize,
    table: &mut SymbolTable,
    options: &DecodeOptions,
) -> Option<u32> {
    let start = *at;
    let rest = text.as_bytes().get(start + 1..end)?;
    let length = rest.iter().position(|&byte| byte == b']')?;
    *at = start + length + 2;
    let entry = prepare(&text[start..*at], options);
    Some(table.add(None, entry))
}

#[cold]
fn prepare(symbol: &str, options: &DecodeOptions) -> Entry {
    let extensions = Extensions {
        wildcards: options.wildcards,
        long_numbers: options.long_numbers,
    };
    // A padding symbol is recognised before symbols are modernised.
    if symbol == "[nop]" || !options.modernize {
        return Entry::new(symbol, &options.constraints, extensions);
    }
    Entry::new(&modern_symbol(symbol), &options.constraints, extensions)
}

//! Walks over the symbols of one fragment.

use crate::error::DecodeError;
use crate::symbol::{Entry, Kind, SymbolTable, Window};
use crate::v1::modern_symbol;

use super::DecodeOptions;

/// What the cursor needs to look symbols up.
#[derive(Debug)]
pub(super) struct Lookup<'a> {
    pub(super) table: &'a mut SymbolTable,
    pub(super) options: &'a DecodeOptions,
}

/// A position among the symbols of a fragment (the text between two dots).
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    /// The whole text.
    text: &'a str,
    at: usize,
    end: usize,
}

/// A symbol met by the cursor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Met {
    /// Number in the table.
    pub(super) entry: u32,
    /// Bytes.
    pub(super) start: usize,
    pub(super) end: usize,
}

impl<'a> Cursor<'a> {
    /// Begins a fragment; text before its first bracket is skipped.
    pub(super) fn new(text: &'a str, start: usize, end: usize) -> Self {
        let at = if text.as_bytes().get(start) == Some(&b'[') {
            start
        } else {
            text[start..end].find('[').map_or(end, |at| start + at)
        };
        Self { text, at, end }
    }

    /// The next symbol that is not `[nop]`.
    #[inline]
    pub(super) fn next(&mut self, lookup: &mut Lookup<'_>) -> Result<Option<Met>, DecodeError> {
        while self.at < self.end {
            let start = self.at;
            let window = Window::load(self.text.as_bytes(), start);
            let entry = match window.symbol_length() {
                Some(length) if start + length <= self.end => {
                    self.at = start + length;
                    let key = window.key(length);
                    match lookup.table.find(key) {
                        Some(entry) => entry,
                        None => {
                            let entry = prepare(&self.text[start..self.at], lookup.options);
                            lookup.table.add(Some(key), entry)
                        }
                    }
                }
                _ => self.long_symbol(start, lookup)?,
            };
            if lookup.table.entry(entry).kind != Kind::Nop {
                return Ok(Some(Met {
                    entry,
                    start,
                    end: self.at,
                }));
            }
        }
        Ok(None)
    }

    /// A symbol of more than sixteen bytes, or none.
    #[cold]
    fn long_symbol(&mut self, start: usize, lookup: &mut Lookup<'_>) -> Result<u32, DecodeError> {
        let rest = &self.text.as_bytes()[start + 1..self.end];
        let Some(length) = rest.iter().position(|&byte| byte == b']') else {
            return Err(DecodeError::OpenBracket { position: start });
        };
        self.at = start + length + 2;
        let entry = prepare(&self.text[start..self.at], lookup.options);
        Ok(lookup.table.add(None, entry))
    }
}

#[cold]
fn prepare(symbol: &str, options: &DecodeOptions) -> Entry {
    if symbol == "[nop]" || !options.modernize {
        return Entry::new(symbol, &options.constraints, options.wildcards);
    }
    let modern = modern_symbol(symbol);
    // A padding symbol is recognised before symbols are modernised.
    Entry::new(&modern, &options.constraints, options.wildcards)
}

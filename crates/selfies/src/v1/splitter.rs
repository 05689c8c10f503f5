//! The symbols of a fragment, one after the other.

use crate::error::DecodeError;

/// Splits symbols off a fragment when they are needed: what follows the end of
/// the main chain is never looked at.
pub(super) struct Splitter<'a> {
    selfies: &'a str,
    at: usize,
    end: usize,
}

impl<'a> Splitter<'a> {
    pub(super) fn new(selfies: &'a str, start: usize, end: usize) -> Self {
        let at = selfies[start..end].find('[').map_or(end, |at| start + at);
        Self { selfies, at, end }
    }

    /// Whether there is a symbol of this number.
    pub(super) fn has(
        &mut self,
        symbols: &mut Vec<(usize, usize)>,
        number: usize,
    ) -> Result<bool, DecodeError> {
        while symbols.len() <= number {
            if self.at >= self.end {
                return Ok(false);
            }
            let start = self.at;
            let rest = &self.selfies[start..self.end];
            match rest.find(']') {
                Some(length) if rest.starts_with('[') => self.at = start + length + 1,
                _ => return Err(DecodeError::OpenBracket { position: start }),
            }
            if &self.selfies[start..self.at] != "[nop]" {
                symbols.push((start, self.at));
            }
        }
        Ok(true)
    }
}

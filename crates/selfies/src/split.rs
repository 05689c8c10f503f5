//! Splitting SELFIES into symbols.

use std::collections::BTreeSet;

/// The text has a `[` that is not closed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed SELFIES string, hanging '[' bracket")]
pub struct SplitError {
    /// Byte at which the symbol begins.
    pub position: usize,
}

/// The symbols of a SELFIES string, dots included, one by one.
///
/// As in the reference, text before the first bracket is skipped and other stray
/// text belongs to the symbol after it.
///
/// ```
/// let symbols: Result<Vec<_>, _> = selfies::split("[C][=C].[F]").collect();
/// assert_eq!(symbols.unwrap(), ["[C]", "[=C]", ".", "[F]"]);
/// ```
#[must_use]
pub fn split(selfies: &str) -> Split<'_> {
    Split {
        text: selfies,
        at: selfies.find('[').unwrap_or(selfies.len()),
        dot_allowed: false,
    }
}

/// Iterator over symbols; see [`split`]. It ends after an error.
#[derive(Clone, Debug)]
pub struct Split<'a> {
    text: &'a str,
    at: usize,
    /// Whether a dot here is a symbol: right after a symbol it is.
    dot_allowed: bool,
}

impl<'a> Iterator for Split<'a> {
    type Item = Result<&'a str, SplitError>;

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let first = *bytes.get(start)?;
        if first == b'.' && self.dot_allowed {
            self.dot_allowed = false;
            self.at += 1;
            return Some(Ok(&self.text[start..self.at]));
        }
        let Some(length) = bytes[start + 1..].iter().position(|&byte| byte == b']') else {
            self.at = bytes.len();
            return Some(Err(SplitError { position: start }));
        };
        self.at = start + length + 2;
        self.dot_allowed = true;
        Some(Ok(&self.text[start..self.at]))
    }
}

impl std::iter::FusedIterator for Split<'_> {}

/// Number of symbols, dots included: the count of `[` and `.` in the text.
///
/// ```
/// assert_eq!(selfies::length("[C][=C].[F]"), 4);
/// ```
#[must_use]
pub fn length(selfies: &str) -> usize {
    selfies
        .bytes()
        .filter(|byte| matches!(byte, b'[' | b'.'))
        .count()
}

/// All symbols of some SELFIES strings, without the dot.
///
/// # Errors
/// If a string has a `[` that is not closed.
pub fn alphabet_of<'a>(
    strings: impl IntoIterator<Item = &'a str>,
) -> Result<BTreeSet<&'a str>, SplitError> {
    let mut alphabet = BTreeSet::new();
    for string in strings {
        for symbol in split(string) {
            alphabet.insert(symbol?);
        }
    }
    alphabet.remove(".");
    Ok(alphabet)
}

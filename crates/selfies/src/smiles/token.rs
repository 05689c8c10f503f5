//! The tokens of SMILES: what a byte may begin, ring numbers, and a pass that
//! only splits.

use super::dialect::Dialect;
use super::digits;
use super::error::{SmilesError, SmilesFault};
use crate::element::Element;

/// What a byte may begin.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Neither of the below.
    Other,
    /// One letter of the organic subset; its number and whether it is small.
    Organic(Element, bool),
    /// `B` or `C`, which may go on as `Br` or `Cl`.
    MaybeLong(Element),
    /// A letter that is no atom.
    Letter,
    Bond,
    Digit,
    Percent,
    Bracket,
    Open,
    Close,
    Dot,
}

pub(super) static CLASSES: [Class; 256] = {
    let mut table = [Class::Other; 256];
    let mut byte = 0;
    while byte < 128 {
        #[expect(clippy::cast_possible_truncation, reason = "below 128")]
        let character = byte as u8;
        table[byte] = match character {
            b'B' => Class::MaybeLong(Element::B),
            b'C' => Class::MaybeLong(Element::C),
            b'N' => Class::Organic(Element::N, false),
            b'O' => Class::Organic(Element::O, false),
            b'F' => Class::Organic(Element::F, false),
            b'P' => Class::Organic(Element::P, false),
            b'S' => Class::Organic(Element::S, false),
            b'I' => Class::Organic(Element::I, false),
            b'b' => Class::Organic(Element::B, true),
            b'c' => Class::Organic(Element::C, true),
            b'n' => Class::Organic(Element::N, true),
            b'o' => Class::Organic(Element::O, true),
            b'p' => Class::Organic(Element::P, true),
            b's' => Class::Organic(Element::S, true),
            b'A'..=b'Z' | b'a'..=b'z' => Class::Letter,
            b'-' | b'=' | b'#' | b':' | b'/' | b'\\' => Class::Bond,
            b'0'..=b'9' => Class::Digit,
            b'%' => Class::Percent,
            b'[' => Class::Bracket,
            b'(' => Class::Open,
            b')' => Class::Close,
            b'.' => Class::Dot,
            _ => Class::Other,
        };
        byte += 1;
    }
    table
};

/// A ring number: where it is kept while open, and where its text ends.
#[derive(Clone, Copy)]
pub(super) struct RingNumber {
    pub(super) slot: Result<usize, u64>,
    pub(super) end: usize,
}

/// Reads the ring number that begins at `at` with a digit or `%`.
#[inline(always)]
#[expect(
    clippy::inline_always,
    reason = "its result is else copied twice in memory, see `Molecule::push_child`"
)]
pub(super) fn ring_number(
    dialect: Dialect,
    smiles: &str,
    at: usize,
) -> Result<RingNumber, SmilesError> {
    let bytes = smiles.as_bytes();
    if bytes[at] != b'%' {
        return Ok(RingNumber {
            slot: Ok(usize::from(bytes[at] - b'0')),
            end: at + 1,
        });
    }
    if let Some(&[tens @ b'0'..=b'9', ones @ b'0'..=b'9']) = bytes.get(at + 1..at + 3) {
        let number = usize::from(tens - b'0') * 10 + usize::from(ones - b'0');
        let same = dialect.long_ring_numbers && number < 10;
        return Ok(RingNumber {
            slot: Ok(if same { number } else { number + 10 }),
            end: at + 3,
        });
    }
    if dialect.long_ring_numbers
        && let Some(number) = smiles[at + 1..].strip_prefix('(')
        && let Some((number, _)) = number.split_once(')')
        && (1..=9).contains(&number.len())
        && let Ok(value) = number.parse::<u32>()
    {
        let slot = match value {
            0..10 => Ok(value as usize),
            10..100 => Ok(value as usize + 10),
            // Above every character, so that it meets no odd one-digit ring.
            _ => Err(u64::from(value) | 1 << 63),
        };
        return Ok(RingNumber {
            slot,
            end: at + 3 + number.len(),
        });
    }
    let mut rest = smiles[at + 1..].chars();
    let pair = [rest.next(), rest.next()];
    let end = smiles.len() - rest.as_str().len();
    match pair {
        [Some(first), Some(second)] if first.is_numeric() && second.is_numeric() => {
            Ok(RingNumber {
                slot: Err(u64::from(first) << 32 | u64::from(second)),
                end,
            })
        }
        _ => fail(
            at,
            SmilesFault::RingNumber {
                number: smiles[at + 1..end].to_owned(),
            },
        ),
    }
}

/// Only splits into tokens, from a token boundary on.
pub(super) fn check(dialect: Dialect, smiles: &str, mut at: usize) -> Result<(), SmilesError> {
    let bytes = smiles.as_bytes();
    while at < bytes.len() {
        if bytes[at] == b'.' {
            at += 1;
            continue;
        }
        let bond = CLASSES[usize::from(bytes[at])] == Class::Bond;
        at += usize::from(bond);
        let Some(&byte) = bytes.get(at) else {
            return fail(at - 1, SmilesFault::HangingBond);
        };
        match CLASSES[usize::from(byte)] {
            Class::MaybeLong(_) => {
                at += 1 + usize::from(matches!(bytes[at..], [b'C', b'l', ..] | [b'B', b'r', ..]));
            }
            Class::Bracket => match smiles[at..].find(']') {
                Some(length) => at += length + 1,
                None => return fail(at, SmilesFault::OpenBracket),
            },
            Class::Open | Class::Close if bond => {
                return fail(at - 1, SmilesFault::BondBeforeParenthesis);
            }
            Class::Organic(..) | Class::Letter | Class::Open | Class::Close => at += 1,
            Class::Digit | Class::Percent => at = ring_number(dialect, smiles, at)?.end,
            Class::Bond | Class::Dot | Class::Other => {
                let character = next_char(smiles, at);
                let wildcard = character == '*' && dialect.wildcards;
                if !(wildcard || digits::is_digit(character) || character.is_alphabetic()) {
                    return fail(at, SmilesFault::Symbol { symbol: character });
                }
                at += character.len_utf8();
            }
        }
    }
    Ok(())
}

pub(super) fn next_char(smiles: &str, at: usize) -> char {
    smiles[at..].chars().next().unwrap_or('\0')
}

#[cold]
pub(super) fn fail<T>(position: usize, reason: SmilesFault) -> Result<T, SmilesError> {
    Err(SmilesError { position, reason })
}

//! Atoms in square brackets.
//!
//! ```text
//! bracket  = "[" isotope? element chiral? hydrogens? charge? class? "]"
//! isotope  = digit+
//! element  = letter small-letter?
//! chiral   = "@" | "@@"
//! hydrogens= "H" digit?
//! charge   = "+"+ | "-"+ | ("+" | "-") digit+
//! class    = ":" digit+
//! ```

use super::atom::{Atom, Chirality};
use super::digits;
use crate::element::Element;

/// Reads a bracket atom; the text includes both brackets.
pub(crate) fn parse(text: &str, extended: bool) -> Option<Atom> {
    if text.is_ascii() {
        return parse_ascii(text.as_bytes(), extended);
    }
    // Digits of other scripts count as digits; anything else is no atom.
    let plain: Option<String> = text
        .chars()
        .map(|c| {
            if c.is_ascii() {
                Some(c)
            } else {
                digits::decimal(c).map(|value| char::from(b'0' + value))
            }
        })
        .collect();
    parse_ascii(plain?.as_bytes(), extended)
}

fn parse_ascii(text: &[u8], extended: bool) -> Option<Atom> {
    let mut at = 1;
    let isotope = number(text, &mut at)?;

    let first = *text.get(at)?;
    at += 1;
    let (element, aromatic) = if first == b'*' && extended {
        (Element::WILDCARD, false)
    } else if first.is_ascii_alphabetic() {
        let second = match text.get(at) {
            Some(&small @ b'a'..=b'z') => {
                at += 1;
                small
            }
            _ => 0,
        };
        let element = Element::from_letters(first.to_ascii_uppercase(), second)?;
        if !extended && !element.in_reference() {
            return None;
        }
        let aromatic = first.is_ascii_lowercase() && !element.aromatic_valences().is_empty();
        (element, aromatic)
    } else {
        return None;
    };

    let mut chirality = Chirality::None;
    if text.get(at) == Some(&b'@') {
        at += 1;
        chirality = Chirality::CounterClockwise;
        if text.get(at) == Some(&b'@') {
            at += 1;
            chirality = Chirality::Clockwise;
        }
    }

    let mut hydrogens = 0;
    if text.get(at) == Some(&b'H') {
        at += 1;
        hydrogens = 1;
        if let Some(digit @ b'0'..=b'9') = text.get(at) {
            at += 1;
            hydrogens = digit - b'0';
        }
    }

    let mut charge = 0;
    if let Some(&sign @ (b'+' | b'-')) = text.get(at) {
        at += 1;
        charge = if let Some(size) = number(text, &mut at)? {
            i32::try_from(size).ok()?
        } else {
            let mut size = 1;
            while text.get(at) == Some(&sign) {
                at += 1;
                size += 1;
            }
            size
        };
        if sign == b'-' {
            charge = -charge;
        }
    }

    if text.get(at) == Some(&b':') {
        at += 1;
        let digits = text[at..].iter().take_while(|c| c.is_ascii_digit()).count();
        if digits == 0 {
            return None;
        }
        at += digits;
    }

    (text[at..] == *b"]").then_some(Atom {
        element,
        aromatic,
        chirality,
        hydrogens: Some(hydrogens),
        charge,
        isotope,
    })
}

/// Digits, if there are any: `None` when they exceed 32 bits or the largest
/// value, which marks "none" elsewhere.
#[expect(
    clippy::option_option,
    reason = "no digits and too many digits are different answers"
)]
fn number(text: &[u8], at: &mut usize) -> Option<Option<u32>> {
    let mut value = None;
    while let Some(digit @ b'0'..=b'9') = text.get(*at) {
        let digit = u32::from(digit - b'0');
        value = Some(value.unwrap_or(0u32).checked_mul(10)?.checked_add(digit)?);
        *at += 1;
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_in_order() {
        let atom = parse("[13C@@H2-1:7]", false).unwrap();
        assert_eq!(atom.element, Element::C);
        assert_eq!(atom.isotope, Some(13));
        assert_eq!(atom.chirality, Chirality::Clockwise);
        assert_eq!(atom.hydrogens, Some(2));
        assert_eq!(atom.charge, -1);
        assert_eq!(parse("[Cu++]", false).unwrap().charge, 2);
        assert!(parse("[se]", false).unwrap().aromatic);
        assert!(!parse("[fe]", false).unwrap().aromatic);
        assert_eq!(parse("[\u{661}C]", false).unwrap().isotope, Some(1));
    }

    #[test]
    fn other_texts_are_no_atoms() {
        for text in [
            "[]",
            "[C",
            "[C@@@]",
            "[CH10]",
            "[C+-]",
            "[C++2]",
            "[C:]",
            "[Xx]",
            "[é]",
            "[*]",
            "[Og]",
            "[99999999999C]",
            "[C+99999999999]",
            "[C:x]",
            "[1]",
            "[H2O]",
        ] {
            assert_eq!(parse(text, false), None, "{text}");
        }
        assert_eq!(parse("[*]", true).unwrap().element, Element::WILDCARD);
        assert_eq!(parse("[Og]", true).unwrap().element.number(), 118);
    }
}

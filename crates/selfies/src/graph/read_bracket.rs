//! The atoms of SMILES, bare and in brackets.

use crate::element::Element;

use super::{Atom, Chirality};

/// ```text
/// organic  ::= 'B' | 'C' | 'N' | 'O' | 'P' | 'S' | 'F' | 'Cl' | 'Br' | 'I' | '*'
/// aromatic ::= 'b' | 'c' | 'n' | 'o' | 'p' | 's'
/// ```
/// The atom and how many bytes it takes.
pub(super) fn organic_atom(text: &[u8]) -> Option<(Atom, usize)> {
    let (element, aromatic, length) = match text {
        [b'C', b'l', ..] => (Element::CL, false, 2),
        [b'B', b'r', ..] => (Element::BR, false, 2),
        [b'C', ..] => (Element::C, false, 1),
        [b'c', ..] => (Element::C, true, 1),
        [b'N', ..] => (Element::N, false, 1),
        [b'n', ..] => (Element::N, true, 1),
        [b'O', ..] => (Element::O, false, 1),
        [b'o', ..] => (Element::O, true, 1),
        [b'S', ..] => (Element::S, false, 1),
        [b's', ..] => (Element::S, true, 1),
        [b'F', ..] => (Element::F, false, 1),
        [b'I', ..] => (Element::I, false, 1),
        [b'P', ..] => (Element::P, false, 1),
        [b'p', ..] => (Element::P, true, 1),
        [b'B', ..] => (Element::B, false, 1),
        [b'b', ..] => (Element::B, true, 1),
        [b'*', ..] => (Element::WILDCARD, false, 1),
        _ => return None,
    };
    let mut atom = Atom::new(element, 0);
    atom.aromatic = aromatic;
    Some((atom, length))
}

/// ```text
/// bracket ::= '[' isotope? symbol chiral? hcount? charge? class? ']'
/// isotope ::= DIGIT+
/// chiral  ::= '@' | '@@' | '@TH1' | '@TH2'
/// hcount  ::= 'H' DIGIT?
/// charge  ::= ( '+' | '-' ) DIGIT* | '++' … | '--' …
/// class   ::= ':' DIGIT+
/// ```
/// The atom between the brackets and its chirality in written order, `None` when the text is no atom.
pub(super) fn bracket_atom(text: &[u8]) -> Option<(Atom, Option<Chirality>)> {
    let mut rest = text;
    let isotope = match number(&mut rest) {
        Some(isotope) => u16::try_from(isotope).ok()?,
        None => 0,
    };
    let (element, aromatic, length) = symbol(rest)?;
    rest = &rest[length..];
    let chirality = chirality(&mut rest);
    let hydrogens = match rest {
        [b'H', after @ ..] => {
            rest = after;
            number(&mut rest).unwrap_or(1)
        }
        _ => 0,
    };
    let charge = charge(&mut rest)?;
    let class = match rest {
        [b':', after @ ..] => {
            rest = after;
            u16::try_from(number(&mut rest)?).ok()?
        }
        _ => 0,
    };
    if !rest.is_empty() {
        return None;
    }
    let atom = Atom {
        element,
        isotope,
        charge,
        hydrogens: u8::try_from(hydrogens).ok()?,
        hydrogens_stated: true,
        aromatic,
        chirality: None,
        class,
    };
    Some((atom, chirality))
}

/// Digits at the front, taken off; `None` without digits or past 99,999.
fn number(rest: &mut &[u8]) -> Option<u32> {
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || digits > 5 {
        return None;
    }
    let value = rest[..digits]
        .iter()
        .fold(0, |n, byte| n * 10 + u32::from(byte - b'0'));
    *rest = &rest[digits..];
    Some(value)
}

fn symbol(text: &[u8]) -> Option<(Element, bool, usize)> {
    let one = |element, aromatic, length| Some((element, aromatic, length));
    match text {
        [b's', b'e', ..] => return one(Element::SE, true, 2),
        [b'a', b's', ..] => return one(Element::AS, true, 2),
        [b't', b'e', ..] => return one(Element::TE, true, 2),
        [b's', b'i', ..] => return one(Element::SI, true, 2),
        [b'*', ..] => return one(Element::WILDCARD, false, 1),
        [b'b' | b'c' | b'n' | b'o' | b'p' | b's', ..] => {
            return organic_atom(text).map(|(a, n)| (a.element, true, n));
        }
        _ => {}
    }
    for length in [2, 1] {
        let found = text
            .get(..length)
            .and_then(|s| std::str::from_utf8(s).ok())
            .and_then(Element::from_symbol);
        if let Some(element) = found {
            return Some((element, false, length));
        }
    }
    None
}

fn chirality(rest: &mut &[u8]) -> Option<Chirality> {
    let (found, length) = match rest {
        [b'@', b'T', b'H', b'1', ..] => (Chirality::CounterClockwise, 4),
        [b'@', b'T', b'H', b'2', ..] => (Chirality::Clockwise, 4),
        [b'@', b'@', ..] => (Chirality::Clockwise, 2),
        [b'@', ..] => (Chirality::CounterClockwise, 1),
        _ => return None,
    };
    *rest = &rest[length..];
    Some(found)
}

fn charge(rest: &mut &[u8]) -> Option<i8> {
    let sign = match rest.first() {
        Some(b'+') => b'+',
        Some(b'-') => b'-',
        _ => return Some(0),
    };
    let repeated = rest.iter().take_while(|&&byte| byte == sign).count();
    *rest = &rest[repeated..];
    let size = match number(rest) {
        Some(_) if repeated > 1 => return None,
        Some(size) => i8::try_from(size).ok()?,
        None => i8::try_from(repeated).ok()?,
    };
    Some(if sign == b'+' { size } else { -size })
}

//! Symbols of SELFIES 1 in SELFIES 2 and back.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::smiles::{Atom, BondOrder, Direction};
use crate::split::{SplitError, split};
use crate::symbol::{Symbol, atom_text};

/// The SELFIES 2 spelling of a SELFIES 1 symbol; any other symbol is returned as
/// it is. Equals `modernize_symbol` of the Python package.
///
/// ```
/// assert_eq!(selfies::v1::modern_symbol("[Branch1_2]"), "[=Branch1]");
/// assert_eq!(selfies::v1::modern_symbol("[C@@Hexpl]"), "[C@@H1]");
/// ```
#[must_use]
pub fn modern_symbol(symbol: &str) -> Cow<'_, str> {
    if let Some(modern) = modern_structure(symbol) {
        return Cow::Owned(modern);
    }
    modern_atom(symbol).map_or(Cow::Borrowed(symbol), Cow::Owned)
}

fn modern_structure(symbol: &str) -> Option<String> {
    let inner = symbol.strip_prefix('[')?.strip_suffix(']')?;
    if let Some(numbers) = inner.strip_prefix("Branch") {
        let [size @ b'1'..=b'3', b'_', order @ b'1'..=b'3'] = *numbers.as_bytes() else {
            return None;
        };
        let bond = ["", "=", "#"][usize::from(order - b'1')];
        return Some(format!("[{bond}Branch{}]", char::from(size)));
    }
    let inner = inner.strip_prefix("Expl")?;
    let (bond, size) = inner.split_at_checked(1)?;
    let size = size.strip_prefix("Ring")?;
    let bond = match bond {
        "=" => "=",
        "#" => "#",
        "/" => "//",
        "\\" => "\\\\",
        _ => return None,
    };
    matches!(size, "1" | "2" | "3").then(|| format!("[{bond}Ring{size}]"))
}

fn modern_atom(symbol: &str) -> Option<String> {
    let inner = symbol.strip_suffix("expl]")?.strip_prefix('[')?;
    let bonded = inner.starts_with(['=', '#', '/', '\\']);
    let (bond, atom) = inner.split_at(usize::from(bonded));
    let atom = crate::smiles::bracket_atom(&format!("[{atom}]"))?;
    (!atom.aromatic).then(|| format!("[{bond}{}]", atom_text(&atom)))
}

/// The SELFIES 1 spelling of a SELFIES 2 symbol; none where SELFIES 1 has none,
/// which is only so for ring bonds with two different direction marks.
///
/// ```
/// assert_eq!(selfies::v1::old_symbol("[=Branch1]").as_deref(), Some("[Branch1_2]"));
/// assert_eq!(selfies::v1::old_symbol("[C@@H1]").as_deref(), Some("[C@@Hexpl]"));
/// ```
#[must_use]
pub fn old_symbol(symbol: &str) -> Option<Cow<'_, str>> {
    let prefix = |order: BondOrder| match order {
        BondOrder::Double => "=",
        BondOrder::Triple => "#",
        BondOrder::Single | BondOrder::Aromatic => "",
    };
    let mark = |direction: Direction| match direction {
        Direction::None => "",
        Direction::Up => "/",
        Direction::Down => "\\",
    };
    Some(match symbol.parse() {
        Ok(Symbol::Branch { order, size }) => {
            let order = order.halves() / 2;
            Cow::Owned(format!("[Branch{size}_{order}]"))
        }
        Ok(Symbol::Ring {
            order,
            directions: [left, right],
            size,
        }) => {
            if left != right {
                return None;
            }
            match (prefix(order), mark(left)) {
                ("", "") => Cow::Borrowed(symbol),
                (bond, mark) => Cow::Owned(format!("[Expl{bond}{mark}Ring{size}]")),
            }
        }
        Ok(Symbol::Atom {
            order,
            direction,
            atom,
        }) if !atom.is_plain() => Cow::Owned(format!(
            "[{}{}{}expl]",
            prefix(order),
            mark(direction),
            smiles_text(&atom)
        )),
        Ok(Symbol::Atom { .. } | Symbol::Epsilon | Symbol::Nop) | Err(_) => Cow::Borrowed(symbol),
    })
}

/// An atom as people write it in SMILES: `H` and a sign without the number 1.
fn smiles_text(atom: &Atom) -> String {
    // Writing to a string cannot fail.
    let mut text = String::new();
    if let Some(isotope) = atom.isotope {
        text += &isotope.to_string();
    }
    text += atom.element.symbol();
    text += atom.chirality.text();
    match atom.hydrogens {
        None | Some(0) => {}
        Some(1) => text.push('H'),
        Some(count) => {
            let _ = write!(text, "H{count}");
        }
    }
    match atom.charge {
        0 => {}
        1 => text.push('+'),
        -1 => text.push('-'),
        charge => {
            let _ = write!(text, "{charge:+}");
        }
    }
    text
}

/// A SELFIES 1 string in the spelling of SELFIES 2. The rules differ too, so it
/// may stand for another molecule than under [`Syntax::V1`](crate::Syntax::V1).
///
/// # Errors
/// If a `[` is not closed.
pub fn modern_string(selfies: &str) -> Result<String, SplitError> {
    split(selfies)
        .map(|symbol| symbol.map(modern_symbol))
        .collect()
}

/// A SELFIES 2 string in the spelling of SELFIES 1; none if a symbol has none.
///
/// # Errors
/// If a `[` is not closed.
pub fn old_string(selfies: &str) -> Result<Option<String>, SplitError> {
    split(selfies)
        .map(|symbol| symbol.map(old_symbol))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_turn_into_one_another() {
        for (old, modern) in [
            ("[Branch1_1]", "[Branch1]"),
            ("[Branch3_3]", "[#Branch3]"),
            ("[Ring2]", "[Ring2]"),
            ("[Expl=Ring1]", "[=Ring1]"),
            ("[Expl\\Ring3]", "[\\\\Ring3]"),
            ("[NH+expl]", "[NH1+1]"),
            ("[/C@Hexpl]", "[/C@H1]"),
            ("[=Feexpl]", "[=Fe]"),
            ("[13C-2expl]", "[13C-2]"),
            ("[Cexpl]", "[CH0]"),
            ("[C]", "[C]"),
            ("[nop]", "[nop]"),
        ] {
            assert_eq!(modern_symbol(old), modern);
            assert_eq!(old_symbol(modern).as_deref(), Some(old));
        }
        assert_eq!(old_symbol("[-/Ring1]"), None);
        for kept in [
            "[Branch4_1]",
            "[Branch1_4]",
            "[Expl-Ring1]",
            "[nHexpl]",
            "[Xxexpl]",
            "[]",
        ] {
            assert_eq!(modern_symbol(kept), kept);
        }
    }
}

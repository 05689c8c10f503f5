//! Symbols of SELFIES 1 in SELFIES 2 and back.

use std::borrow::Cow;

use crate::symbol::atom_text;

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

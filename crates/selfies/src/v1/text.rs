//! How SELFIES 1 looks at the text of an atom: it finds the element, hydrogens
//! and charge and does not mind what else is there.

use crate::smiles::is_digit;

/// Element, hydrogens and charge of an atom written as SMILES.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AtomText<'a> {
    pub(super) element: &'a str,
    pub(super) hydrogens: u32,
    pub(super) charge: i64,
}

/// Byte range of the element; none where the Python package crashes.
pub(super) fn element_range(atom: &str) -> Option<(usize, usize)> {
    let Some(inner) = atom.strip_prefix('[') else {
        return (!atom.is_empty()).then_some((0, atom.len()));
    };
    let rest = inner.trim_start_matches(is_digit);
    let start = atom.len() - rest.len();
    let mut letters = rest.chars();
    let first = letters.next()?;
    let second = letters.next()?;
    let two = second.is_alphabetic() && second != 'H';
    let length = first.len_utf8() + if two { second.len_utf8() } else { 0 };
    Some((start, start + length))
}

/// Reads an atom; none where the Python package crashes.
pub(super) fn read(atom: &str) -> Option<AtomText<'_>> {
    let (start, end) = element_range(atom)?;
    let element = &atom[start..end];
    if !atom.starts_with('[') {
        return Some(AtomText {
            element,
            hydrogens: 0,
            charge: 0,
        });
    }
    let mut rest = &atom[end..];
    for _ in 0..2 {
        rest = rest.strip_prefix('@').unwrap_or(rest);
    }
    let mut hydrogens = 0;
    if let Some(after) = rest.strip_prefix('H') {
        rest = after;
        hydrogens = 1;
        if let Some(digit) = rest.chars().next().filter(|&c| is_digit(c)) {
            hydrogens = u32::from(crate::smiles::decimal(digit)?);
            rest = &rest[digit.len_utf8()..];
        }
    }
    let step = |sign: char| if sign == '+' { 1 } else { -1 };
    let mut charge = 0;
    if let Some(sign @ ('+' | '-')) = rest.chars().next() {
        charge = step(sign);
        rest = &rest[1..];
        match rest.chars().next() {
            Some('+' | '-') => {
                charge += rest
                    .chars()
                    .take_while(|c| matches!(c, '+' | '-'))
                    .map(step)
                    .sum::<i64>();
            }
            Some(digit) if is_digit(digit) => {
                let mut size = 0i64;
                for digit in rest.chars().take_while(|&c| is_digit(c)) {
                    let value = i64::from(crate::smiles::decimal(digit)?);
                    size = size.saturating_mul(10).saturating_add(value);
                }
                charge *= size;
            }
            _ => {}
        }
    }
    // Each look ahead above needs one more character, which the closing bracket
    // is; without one the Python package crashes.
    atom.ends_with(']').then_some(AtomText {
        element,
        hydrogens,
        charge,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn atoms_are_read_leniently() {
        let read = |atom| read(atom).map(|a| (a.element, a.hydrogens, a.charge));
        assert_eq!(read("Cl"), Some(("Cl", 0, 0)));
        assert_eq!(read("[13C@@H]"), Some(("C", 1, 0)));
        assert_eq!(read("[nH+]"), Some(("n", 1, 1)));
        assert_eq!(read("[Cu++]"), Some(("Cu", 0, 2)));
        assert_eq!(read("[Cu+2]"), Some(("Cu", 0, 2)));
        assert_eq!(read("[O-3]"), Some(("O", 0, -3)));
        assert_eq!(read("[]"), None);
        assert_eq!(read(""), None);
    }
}

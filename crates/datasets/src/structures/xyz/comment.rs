//! The comment line of extended XYZ: `key=value` pairs, values quoted where they hold spaces
//! (<https://github.com/libAtoms/extxyz>).

/// The pairs of a comment line in order; a key without a value counts as true (`T`).
///
/// # Errors
/// A reason when a quote or bracket is not closed.
pub(super) fn parse(line: &str) -> Result<Vec<(&str, &str)>, String> {
    let mut pairs = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let end = rest
            .find(|c: char| c == '=' || c.is_whitespace())
            .unwrap_or(rest.len());
        let key = &rest[..end];
        let Some(after) = rest[end..].strip_prefix('=') else {
            if !key.is_empty() {
                pairs.push((key, "T"));
            }
            rest = rest[end..].trim_start();
            continue;
        };
        let (value, next) =
            value(after).ok_or_else(|| format!("the value of {key} is not closed"))?;
        pairs.push((key.trim_matches('"'), value));
        rest = next.trim_start();
    }
    Ok(pairs)
}

/// A value and what follows it.
fn value(text: &str) -> Option<(&str, &str)> {
    let close = match text.chars().next() {
        Some(quote @ ('"' | '\'')) => quote,
        Some('{') => '}',
        Some('[') => return nested(text),
        _ => {
            let end = text.find(char::is_whitespace).unwrap_or(text.len());
            return Some((&text[..end], &text[end..]));
        }
    };
    let mut escaped = false;
    for (k, c) in text.char_indices().skip(1) {
        if c == close && !escaped {
            return Some((&text[1..k], &text[k + c.len_utf8()..]));
        }
        escaped = c == '\\' && !escaped;
    }
    None
}

/// A value in brackets that may nest; the brackets are kept for the number parser to ignore.
fn nested(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    for (k, byte) in text.bytes().enumerate() {
        match byte {
            b'[' => depth += 1,
            b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some((&text[..=k], &text[k + 1..]));
                }
            }
            _ => {}
        }
    }
    None
}

/// Numbers of a value such as `"1 0 0"`, `1,0,0` or `[[1, 0], [0, 1]]`.
pub(super) fn numbers(value: &str) -> Option<Vec<f64>> {
    value
        .split([' ', ',', '\t', '[', ']', '{', '}'])
        .filter(|t| !t.is_empty())
        .map(|t| t.parse().ok())
        .collect()
}

/// A 3 × 3 matrix in the order in which it is written; a stress may also be six numbers in Voigt order.
pub(super) fn matrix(value: &str) -> Option<[[f64; 3]; 3]> {
    let v = numbers(value)?;
    match v[..] {
        [a, b, c, d, e, f, g, h, i] => Some([[a, b, c], [d, e, f], [g, h, i]]),
        [xx, yy, zz, yz, xz, xy] => Some([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]),
        _ => None,
    }
}

/// Three truth values such as `"T T F"` or `[true, true, false]`.
pub(super) fn flags(value: &str) -> Option<[bool; 3]> {
    let flags: Option<Vec<bool>> = value
        .split([' ', ',', '\t', '[', ']'])
        .filter(|t| !t.is_empty())
        .map(|t| match t.to_ascii_lowercase().as_str() {
            "t" | "true" | "1" => Some(true),
            "f" | "false" | "0" => Some(false),
            _ => None,
        })
        .collect();
    match flags?[..] {
        [a, b, c] => Some([a, b, c]),
        [all] => Some([all; 3]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_of_values_are_read() {
        let line = r#"Lattice="1 0 0 0 2 0 0 0 3" pbc="T F T" energy=-1.5e2 note='a b' dihedrals="_JSON [1, 2]" flag cell=[[1, 0], [0, 1]] x={1 2}"#;
        let pairs = parse(line).unwrap();
        assert_eq!(
            pairs,
            [
                ("Lattice", "1 0 0 0 2 0 0 0 3"),
                ("pbc", "T F T"),
                ("energy", "-1.5e2"),
                ("note", "a b"),
                ("dihedrals", "_JSON [1, 2]"),
                ("flag", "T"),
                ("cell", "[[1, 0], [0, 1]]"),
                ("x", "1 2"),
            ]
        );
        assert_eq!(
            matrix(pairs[0].1),
            Some([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 3.0]])
        );
        assert_eq!(flags(pairs[1].1), Some([true, false, true]));
        assert_eq!(numbers(pairs[6].1).unwrap(), [1.0, 0.0, 0.0, 1.0]);
        assert_eq!(
            matrix("1 2 3 4 5 6"),
            Some([[1.0, 6.0, 5.0], [6.0, 2.0, 4.0], [5.0, 4.0, 3.0]])
        );
    }

    #[test]
    fn what_is_open_must_close() {
        for line in ["a=\"1", "a=[1, [2]", "b={1"] {
            assert!(parse(line).is_err(), "{line}");
        }
        assert_eq!(matrix("1 2 3"), None);
        assert_eq!(flags("T maybe F"), None);
    }
}

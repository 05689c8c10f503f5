//! A check of characters and brackets, cheap enough for every line of a file of any size.

/// Says why a text cannot be a SMILES string, from its characters, brackets and parentheses alone.
///
/// It accepts every string that the grammar of `OpenSMILES` (<http://opensmiles.org/opensmiles.html>) accepts, and some
/// that no chemistry does: valences and ring closures are not looked at.
///
/// # Errors
/// The reason, with the byte position from 1.
pub fn check_smiles(text: &str) -> Result<(), String> {
    let bytes = text.as_bytes();
    if bytes.is_empty() {
        return Err("the SMILES is empty".into());
    }
    let mut depth = 0_u32;
    let mut k = 0;
    while k < bytes.len() {
        let rest = &bytes[k..];
        k += match bytes[k] {
            b'[' => {
                let inner = rest.iter().position(|b| *b == b']');
                match inner {
                    Some(end) if end > 1 && !rest[1..end].contains(&b'[') => {
                        if let Some(bad) = rest[1..end].iter().position(|b| !is_in_bracket(*b)) {
                            return Err(unexpected(text, k + 1 + bad));
                        }
                        end + 1
                    }
                    Some(1) => {
                        return Err(format!("the brackets at byte {} are empty", k + 1));
                    }
                    _ => return Err(format!("the bracket at byte {} is not closed", k + 1)),
                }
            }
            b'(' => {
                depth += 1;
                1
            }
            b')' => {
                depth = depth
                    .checked_sub(1)
                    .ok_or_else(|| format!("the parenthesis at byte {} closes nothing", k + 1))?;
                1
            }
            b'C'
            | b'B'
            | b'N'
            | b'O'
            | b'P'
            | b'S'
            | b'F'
            | b'I'
            | b'b'
            | b'c'
            | b'n'
            | b'o'
            | b'p'
            | b's'
            | b'*'
            | b'0'..=b'9'
            | b'%'
            | b'-'
            | b'='
            | b'#'
            | b'$'
            | b':'
            | b'/'
            | b'\\'
            | b'.'
            | b'~' => 1,
            // The two-letter symbols of the organic subset; `C` and `B` were taken above.
            b'l' if k > 0 && bytes[k - 1] == b'C' => 1,
            b'r' if k > 0 && bytes[k - 1] == b'B' => 1,
            _ => return Err(unexpected(text, k)),
        };
    }
    if depth > 0 {
        return Err(format!("{depth} parentheses are not closed"));
    }
    Ok(())
}

fn is_in_bracket(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'@' | b'+' | b'-' | b':' | b'*')
}

fn unexpected(text: &str, at: usize) -> String {
    let character = text[text.floor_char_boundary(at)..].chars().next();
    format!(
        "{:?} at byte {} is not part of a SMILES",
        character.unwrap_or('?'),
        at + 1
    )
}

#[cfg(test)]
mod tests {
    use super::check_smiles;
    use proptest::prelude::*;

    #[test]
    fn real_smiles_pass() {
        for smiles in [
            "C",
            "[Na+].[Cl-]",
            "CC(=O)Oc1ccccc1C(=O)O",
            "F/C=C\\F",
            "N[C@@H](C)C(=O)O",
            "C1CC%10CC1CC%10",
            "[13CH4]",
            "[*]",
            "Clc1ccc(Br)cc1",
            "[nH]1cccc1",
            "O=[U+2]=O",
        ] {
            assert_eq!(check_smiles(smiles), Ok(()), "{smiles}");
        }
    }

    #[test]
    fn faults_are_named_with_their_place() {
        for (text, part) in [
            ("", "empty"),
            ("C(C", "1 parentheses are not closed"),
            ("CC)", "parenthesis at byte 3"),
            ("C[NH3+", "bracket at byte 2"),
            ("C[]", "brackets at byte 2"),
            ("hello", "'h' at byte 1"),
            ("Cä", "'ä' at byte 2"),
            ("C[ä]", "'ä' at byte 3"),
            ("CHEMBL25", "'H' at byte 2"),
        ] {
            let reason = check_smiles(text).unwrap_err();
            assert!(reason.contains(part), "{text}: {reason}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_fatal(text in ".{0,60}") {
            let _ = check_smiles(&text);
        }
    }
}

//! Splitting one line of a delimited table into its fields (RFC 4180, without line ends inside quotes).

/// The field of a line with the given index, without its quotes; `scratch` holds it when quotes had to be undone.
///
/// # Errors
/// A reason when the line has too few fields or a quote is not closed.
pub(super) fn field<'a>(
    line: &'a str,
    delimiter: u8,
    index: usize,
    scratch: &'a mut String,
) -> Result<&'a str, String> {
    let mut rest = line;
    for found in 0.. {
        let (value, next) = first_field(rest, delimiter)?;
        if found == index {
            return Ok(match value {
                Field::Quoted(text) if text.contains("\"\"") => {
                    scratch.clear();
                    scratch.push_str(&text.replace("\"\"", "\""));
                    scratch
                }
                Field::Plain(text) | Field::Quoted(text) => text,
            });
        }
        match next {
            Some(next) => rest = next,
            None => {
                return Err(format!(
                    "the line has {} fields, expected at least {}",
                    found + 1,
                    index + 1
                ));
            }
        }
    }
    unreachable!("the loop ends with the line")
}

/// All fields of a line.
pub(super) fn fields(line: &str, delimiter: u8) -> Result<Vec<String>, String> {
    let mut out = Vec::new();
    let mut rest = Some(line);
    while let Some(text) = rest {
        let (value, next) = first_field(text, delimiter)?;
        out.push(match value {
            Field::Plain(text) => text.to_owned(),
            Field::Quoted(text) => text.replace("\"\"", "\""),
        });
        rest = next;
    }
    Ok(out)
}

enum Field<'a> {
    Plain(&'a str),
    Quoted(&'a str),
}

/// The first field and, where there is a delimiter, what follows it.
fn first_field(text: &str, delimiter: u8) -> Result<(Field<'_>, Option<&str>), String> {
    let bytes = text.as_bytes();
    if bytes.first() != Some(&b'"') {
        let end = bytes.iter().position(|b| *b == delimiter);
        return Ok(match end {
            Some(end) => (Field::Plain(&text[..end]), Some(&text[end + 1..])),
            None => (Field::Plain(text), None),
        });
    }
    let mut k = 1;
    while k < bytes.len() {
        if bytes[k] != b'"' {
            k += 1;
        } else if bytes.get(k + 1) == Some(&b'"') {
            k += 2;
        } else {
            let value = Field::Quoted(&text[1..k]);
            return match bytes.get(k + 1) {
                None => Ok((value, None)),
                Some(b) if *b == delimiter => Ok((value, Some(&text[k + 2..]))),
                Some(_) => Err(format!("text follows the closing quote at byte {}", k + 1)),
            };
        }
    }
    Err("a quoted field is not closed on this line".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_commas_are_undone() {
        let line = "\"4-methoxy-N,N-dimethyl\",\"say \"\"hi\"\"\",C,";
        assert_eq!(
            fields(line, b',').unwrap(),
            ["4-methoxy-N,N-dimethyl", "say \"hi\"", "C", ""]
        );
        let mut scratch = String::new();
        assert_eq!(field(line, b',', 2, &mut scratch).unwrap(), "C");
        assert_eq!(field(line, b',', 1, &mut scratch).unwrap(), "say \"hi\"");
        assert!(
            field(line, b',', 4, &mut scratch)
                .unwrap_err()
                .contains("4 fields")
        );
        assert!(field("\"open", b',', 0, &mut scratch).is_err());
        assert!(field("\"a\"b,c", b',', 0, &mut scratch).is_err());
    }

    #[test]
    fn a_delimiter_inside_a_character_is_no_delimiter() {
        assert_eq!(fields("é\tü", b'\t').unwrap(), ["é", "ü"]);
    }
}

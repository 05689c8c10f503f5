//! `NumPy`'s array format, versions 1 to 3
//! (<https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>).

/// An array of numbers or texts, in C order whatever the file has.
#[derive(Debug, Clone)]
pub(crate) struct Array {
    pub(crate) shape: Vec<usize>,
    pub(crate) data: Data,
}

#[derive(Debug, Clone)]
pub(crate) enum Data {
    Float(Vec<f64>),
    Integer(Vec<i64>),
    Text(Vec<String>),
}

impl Array {
    /// The numbers as floats.
    pub(crate) fn floats(&self) -> Result<Vec<f64>, String> {
        match &self.data {
            Data::Float(v) => Ok(v.clone()),
            Data::Integer(v) => Ok(v.iter().map(|x| *x as f64).collect()),
            Data::Text(_) => Err("expected numbers, got text".into()),
        }
    }

    /// The numbers as integers; floats must be whole.
    pub(crate) fn integers(&self) -> Result<Vec<i64>, String> {
        match &self.data {
            Data::Integer(v) => Ok(v.clone()),
            Data::Float(v) => v
                .iter()
                .map(|x| {
                    #[expect(
                        clippy::cast_possible_truncation,
                        reason = "the range is checked first"
                    )]
                    (x.fract() == 0.0 && x.abs() < 1e15)
                        .then_some(*x as i64)
                        .ok_or_else(|| format!("expected whole numbers, got {x}"))
                })
                .collect(),
            Data::Text(_) => Err("expected numbers, got text".into()),
        }
    }

    /// The first text.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.data {
            Data::Text(v) => v.first().map(String::as_str),
            _ => None,
        }
    }
}

/// Decodes the bytes of an `.npy` file.
pub(crate) fn parse(bytes: &[u8]) -> Result<Array, String> {
    let rest = bytes
        .strip_prefix(b"\x93NUMPY")
        .ok_or("it does not begin with \\x93NUMPY")?;
    let version = *rest.first().ok_or("it ends in the header")?;
    let rest = rest.get(2..).ok_or("it ends in the header")?;
    let (length, rest) = match version {
        1 => {
            let (n, rest) = rest
                .split_first_chunk::<2>()
                .ok_or("it ends in the header")?;
            (usize::from(u16::from_le_bytes(*n)), rest)
        }
        2 | 3 => {
            let (n, rest) = rest
                .split_first_chunk::<4>()
                .ok_or("it ends in the header")?;
            let n = u32::from_le_bytes(*n);
            (usize::try_from(n).map_err(|e| e.to_string())?, rest)
        }
        _ => return Err(format!("its format version is {version}, expected 1 to 3")),
    };
    let header = rest.get(..length).ok_or("it ends in the header")?;
    let header = std::str::from_utf8(header).map_err(|_| "its header is not text")?;
    let data = &rest[length..];

    let kind = quoted(header, "descr").ok_or_else(|| {
        format!(
            "its header names no simple type: {:?}",
            crate::rejects::shorten(header)
        )
    })?;
    let fortran = after(header, "fortran_order")
        .ok_or("its header has no fortran_order")?
        .starts_with("True");
    let shape = shape(header).ok_or("its header has no shape")?;
    let count = shape
        .iter()
        .try_fold(1_usize, |n, d| n.checked_mul(*d))
        .ok_or("its shape overflows")?;
    let mut array = Array {
        data: decode(kind, data, count)?,
        shape,
    };
    if fortran && array.shape.len() > 1 {
        array.data = match array.data {
            Data::Float(v) => Data::Float(to_c_order(&v, &array.shape)),
            Data::Integer(v) => Data::Integer(to_c_order(&v, &array.shape)),
            Data::Text(v) => Data::Text(to_c_order(&v, &array.shape)),
        };
    }
    Ok(array)
}

fn decode(kind: &str, data: &[u8], count: usize) -> Result<Data, String> {
    let (order, code) = kind.split_at_checked(1).ok_or("its type is empty")?;
    let big = match order {
        "<" | "|" | "=" => false,
        ">" => true,
        _ => return Err(format!("its type is {kind:?}, which is not supported")),
    };
    let size: usize = code
        .get(1..)
        .and_then(|n| n.parse().ok())
        .ok_or_else(|| format!("its type is {kind:?}, which is not supported"))?;
    let bytes_each = if code.starts_with('U') {
        size.saturating_mul(4)
    } else {
        size
    };
    let total = bytes_each.checked_mul(count).ok_or("its size overflows")?;
    let data = data
        .get(..total)
        .ok_or_else(|| format!("it holds {} bytes of data, expected {total}", data.len()))?;
    if bytes_each == 0 {
        return match code.chars().next() {
            Some('S' | 'U') => Ok(Data::Text(vec![String::new(); count.min(data.len() + 1)])),
            _ => Err(format!("its type is {kind:?}, which is not supported")),
        };
    }
    let items = data.chunks_exact(bytes_each);
    macro_rules! numbers {
        ($type:ty, $variant:ident, $as:ty) => {
            Data::$variant(
                items
                    .map(|item| {
                        let item = item.try_into().expect("chunks have this size");
                        let value = if big {
                            <$type>::from_be_bytes(item)
                        } else {
                            <$type>::from_le_bytes(item)
                        };
                        <$as>::from(value)
                    })
                    .collect(),
            )
        };
    }
    Ok(match code {
        "f8" => numbers!(f64, Float, f64),
        "f4" => numbers!(f32, Float, f64),
        "i1" => numbers!(i8, Integer, i64),
        "i2" => numbers!(i16, Integer, i64),
        "i4" => numbers!(i32, Integer, i64),
        "i8" => numbers!(i64, Integer, i64),
        "u1" | "b1" => numbers!(u8, Integer, i64),
        "u2" => numbers!(u16, Integer, i64),
        "u4" => numbers!(u32, Integer, i64),
        "u8" => Data::Integer(
            items
                .map(|item| {
                    let item = item.try_into().expect("chunks have this size");
                    let value = if big {
                        u64::from_be_bytes(item)
                    } else {
                        u64::from_le_bytes(item)
                    };
                    i64::try_from(value).map_err(|_| format!("{value} is too large"))
                })
                .collect::<Result<_, _>>()?,
        ),
        _ if code.starts_with('S') => Data::Text(
            items
                .map(|item| {
                    String::from_utf8_lossy(item)
                        .trim_end_matches('\0')
                        .to_owned()
                })
                .collect(),
        ),
        _ if code.starts_with('U') => Data::Text(
            items
                .map(|item| {
                    item.chunks_exact(4)
                        .map(|c| {
                            let c = c.try_into().expect("chunks have four bytes");
                            let c = if big {
                                u32::from_be_bytes(c)
                            } else {
                                u32::from_le_bytes(c)
                            };
                            char::from_u32(c).unwrap_or(char::REPLACEMENT_CHARACTER)
                        })
                        .collect::<String>()
                        .trim_end_matches('\0')
                        .to_owned()
                })
                .collect(),
        ),
        _ => return Err(format!("its type is {kind:?}, which is not supported")),
    })
}

/// The text after `'key':` in the header, which is a Python dictionary literal.
fn after<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    let at = header.find(&format!("'{key}'"))?;
    let rest = header[at + key.len() + 2..].trim_start();
    Some(rest.strip_prefix(':')?.trim_start())
}

fn quoted<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    let rest = after(header, key)?.strip_prefix('\'')?;
    rest.split('\'').next()
}

fn shape(header: &str) -> Option<Vec<usize>> {
    let rest = after(header, "shape")?.strip_prefix('(')?;
    let inner = rest.split(')').next()?;
    inner
        .split(',')
        .map(str::trim)
        .filter(|t| !t.is_empty())
        .map(|t| t.parse().ok())
        .collect()
}

/// Reorders column-major data to row-major.
fn to_c_order<T: Clone>(data: &[T], shape: &[usize]) -> Vec<T> {
    let mut strides = vec![1; shape.len()];
    for k in 1..shape.len() {
        strides[k] = strides[k - 1] * shape[k - 1];
    }
    let mut index = vec![0; shape.len()];
    let mut out = Vec::with_capacity(data.len());
    for _ in 0..data.len() {
        let at: usize = index.iter().zip(&strides).map(|(i, s)| i * s).sum();
        out.push(data[at].clone());
        for k in (0..shape.len()).rev() {
            index[k] += 1;
            if index[k] < shape[k] {
                break;
            }
            index[k] = 0;
        }
    }
    out
}

/// Encodes an array of floats or integers as version 1.
pub(crate) fn encode(kind: &str, shape: &[usize], data: &[u8]) -> Vec<u8> {
    let dims: Vec<String> = shape.iter().map(|d| format!("{d},")).collect();
    let mut header = format!(
        "{{'descr': '{kind}', 'fortran_order': False, 'shape': ({}), }}",
        dims.join(" ")
    );
    // The data must begin at a multiple of 64 bytes, with a line end before it.
    let unpadded = 10 + header.len() + 1;
    header.push_str(&" ".repeat(unpadded.next_multiple_of(64) - unpadded));
    header.push('\n');
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    let length = u16::try_from(header.len()).expect("headers of few dimensions are short");
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(header.as_bytes());
    out.extend_from_slice(data);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_encoded_is_read_back() {
        let numbers = [1.5_f64, -2.0, 3.25, 4.0, 5.0, 6.0];
        let bytes: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        let array = parse(&encode("<f8", &[2, 3], &bytes)).unwrap();
        assert_eq!(array.shape, [2, 3]);
        assert_eq!(array.floats().unwrap(), numbers);
    }

    #[test]
    fn column_major_and_big_endian_data_is_reordered() {
        let bytes: Vec<u8> = [1_i16, 4, 2, 5, 3, 6]
            .iter()
            .flat_map(|x| x.to_be_bytes())
            .collect();
        let mut file = encode(">i2", &[2, 3], &bytes);
        let at = file.windows(5).position(|w| w == b"False").unwrap();
        file.splice(at..at + 5, *b"True ");
        assert_eq!(
            parse(&file).unwrap().integers().unwrap(),
            [1, 2, 3, 4, 5, 6]
        );
    }

    #[test]
    fn damage_is_named() {
        let whole = encode("<f8", &[2], &[0; 16]);
        for (bytes, part) in [
            (&whole[..4], "does not begin"),
            (&whole[..20], "header"),
            (&whole[..whole.len() - 1], "15 bytes of data, expected 16"),
        ] {
            let error = parse(bytes).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
        assert!(
            parse(&encode("|O8", &[2], &[0; 16]))
                .unwrap_err()
                .contains("not supported")
        );
        let huge = encode("<f8", &[usize::MAX, 2], &[]);
        assert!(parse(&huge).unwrap_err().contains("overflows"));
    }

    proptest! {
        #[test]
        fn no_bytes_are_fatal(tail in prop::collection::vec(any::<u8>(), 0..200), cut in 0_usize..100) {
            let mut bytes = encode("<f8", &[3], &tail);
            bytes.truncate(cut.max(6));
            let _ = parse(&bytes);
            let mut noise = b"\x93NUMPY\x01\x00".to_vec();
            noise.extend(tail);
            let _ = parse(&noise);
        }
    }
}

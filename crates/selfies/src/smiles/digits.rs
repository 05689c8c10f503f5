//! Digits beyond ASCII, which the reference takes for ring numbers and isotopes.
//!
//! Tables from the Unicode Character Database 14.0 (general category Nd, and
//! numeric type Digit).

/// First characters of the 65 runs of ten decimal digits outside ASCII.
const ZEROS: [u32; 65] = [
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6,
    0xe50, 0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50,
    0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
    0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650,
    0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x16a60, 0x16ac0, 0x16b50,
    0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
];

/// Superscripts, circled digits and the like: digits, but not decimal ones.
const OTHERS: [(u32, u32); 20] = [
    (0xb2, 0xb3),
    (0xb9, 0xb9),
    (0x1369, 0x1371),
    (0x19da, 0x19da),
    (0x2070, 0x2070),
    (0x2074, 0x2079),
    (0x2080, 0x2089),
    (0x2460, 0x2468),
    (0x2474, 0x247c),
    (0x2488, 0x2490),
    (0x24ea, 0x24ea),
    (0x24f5, 0x24fd),
    (0x24ff, 0x24ff),
    (0x2776, 0x277e),
    (0x2780, 0x2788),
    (0x278a, 0x2792),
    (0x10a40, 0x10a43),
    (0x10e60, 0x10e68),
    (0x11052, 0x1105a),
    (0x1f100, 0x1f10a),
];

/// The value of a decimal digit of any script.
pub(crate) fn decimal(character: char) -> Option<u8> {
    if character.is_ascii() {
        return character.is_ascii_digit().then(|| character as u8 - b'0');
    }
    let code = u32::from(character);
    let run = ZEROS.partition_point(|&zero| zero <= code).checked_sub(1)?;
    u8::try_from(code - ZEROS[run])
        .ok()
        .filter(|&value| value < 10)
}

/// Whether the character may stand for a one-digit ring number.
pub(crate) fn is_digit(character: char) -> bool {
    let code = u32::from(character);
    decimal(character).is_some() || OTHERS.iter().any(|&(a, z)| (a..=z).contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_many_scripts_are_known() {
        assert_eq!(decimal('7'), Some(7));
        assert_eq!(decimal('\u{661}'), Some(1));
        assert_eq!(decimal('\u{1fbf9}'), Some(9));
        assert_eq!(decimal('\u{66a}'), None);
        assert_eq!(decimal('x'), None);
        assert!(is_digit('\u{b2}') && decimal('\u{b2}').is_none());
        assert!(!is_digit('\u{bd}'));
    }
}

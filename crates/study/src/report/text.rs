//! Numbers and text as the report writes them.

use crate::fits::Exponent;

/// A number with `digits` significant digits, without an exponent where that is readable.
pub(super) fn significant(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return if value > 0.0 {
            "∞".to_owned()
        } else {
            "–".to_owned()
        };
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the order of magnitude of a double"
    )]
    let order = value.abs().log10().floor() as i32;
    if (-4..7).contains(&order) {
        let decimals = usize::try_from(i32::try_from(digits).unwrap_or(3) - 1 - order).unwrap_or(0);
        return format!("{value:.decimals$}");
    }
    let text = format!("{value:.*e}", digits.saturating_sub(1));
    match text.split_once('e') {
        Some((mantissa, exponent)) => format!("{mantissa}×10<sup>{exponent}</sup>"),
        None => text,
    }
}

/// A count with narrow spaces between groups of three digits.
pub(super) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// A time span.
pub(super) fn duration(seconds: f64) -> String {
    if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else if seconds < 3600.0 {
        format!("{:.1} min", seconds / 60.0)
    } else {
        format!("{:.1} h", seconds / 3600.0)
    }
}

/// An exponent with its interval.
pub(super) fn exponent(exponent: &Exponent) -> String {
    let end = |end: Option<f64>| end.map_or_else(|| "open".to_owned(), |end| format!("{end:.3}"));
    format!(
        "{:.3} ({} to {})",
        exponent.value,
        end(exponent.lower),
        end(exponent.upper)
    )
}

/// Text with the characters that HTML reserves replaced.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// The name of a family as a place on the page.
pub(super) fn anchor(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    format!("family-{plain}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_significant_digits() {
        assert_eq!(significant(1.23456, 3), "1.23");
        assert_eq!(significant(0.001_234, 2), "0.0012");
        assert_eq!(significant(123_456.0, 3), "123456");
        assert_eq!(significant(1.5e12, 2), "1.5×10<sup>12</sup>");
        assert_eq!(significant(f64::INFINITY, 3), "∞");
        assert_eq!(count(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(count(12), "12");
        assert_eq!(duration(90.0), "1.5 min");
    }

    #[test]
    fn text_cannot_break_out_of_the_page() {
        assert_eq!(
            escape("<a href=\"x\">&"),
            "&lt;a href=&quot;x&quot;&gt;&amp;"
        );
    }
}

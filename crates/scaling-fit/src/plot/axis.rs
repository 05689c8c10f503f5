//! Axes: scales, ranges, ticks and their labels.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "tick numbers and decimals are small and checked for their range"
)]

/// How values become positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Logarithmic; values that are not positive are not drawn.
    Log,
    /// Linear.
    Linear,
}

/// An axis: its title, scale and, if wanted, its range.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// Title; `10^{6}` and `N_{opt}` set scripts.
    pub title: String,
    /// Scale.
    pub scale: Scale,
    /// Range; `None` means what the data need.
    pub range: Option<(f64, f64)>,
}

impl Axis {
    /// A logarithmic axis.
    #[must_use]
    pub fn log(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            scale: Scale::Log,
            range: None,
        }
    }

    /// A linear axis.
    #[must_use]
    pub fn linear(title: &str) -> Self {
        Self {
            scale: Scale::Linear,
            ..Self::log(title)
        }
    }

    /// The same axis with a fixed range.
    #[must_use]
    pub fn range(mut self, low: f64, high: f64) -> Self {
        self.range = Some((low, high));
        self
    }

    /// Position of a value on the scale, before it is stretched onto the page.
    pub(crate) fn forward(&self, value: f64) -> Option<f64> {
        let position = match self.scale {
            Scale::Log if value > 0.0 => value.log10(),
            Scale::Log => return None,
            Scale::Linear => value,
        };
        position.is_finite().then_some(position)
    }
}

/// A mark on an axis.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    /// Position on the scale.
    pub(crate) at: f64,
    /// Label; minor ticks have none.
    pub(crate) label: Option<String>,
    /// Length relative to a labelled tick.
    pub(crate) length: f64,
}

/// Ticks between two positions on a scale, with about `room` labels at most.
pub(crate) fn ticks(scale: Scale, low: f64, high: f64, room: usize) -> Vec<Tick> {
    match scale {
        Scale::Linear => linear_ticks(low, high, room)
            .into_iter()
            .map(|(at, label)| Tick {
                at,
                label: Some(label),
                length: 1.0,
            })
            .collect(),
        Scale::Log => log_ticks(low, high, room),
    }
}

/// Ticks at 1, 2 or 5 times a power of ten, with as many decimals as the step needs.
fn linear_ticks(low: f64, high: f64, room: usize) -> Vec<(f64, String)> {
    let raw = (high - low) / room.max(2) as f64;
    if !(raw > 0.0 && raw.is_finite()) {
        return Vec::new();
    }
    let power = 10_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|m| m * power)
        .find(|step| *step >= raw * 0.999_999)
        .unwrap_or(10.0 * power);
    let decimals = (-step.log10().floor()).clamp(0.0, 12.0) as usize;
    let first = (low / step - 1e-9).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (first..=last)
        .map(|index| {
            let value = index as f64 * step;
            let label = if value.abs() >= 1e5 || (value != 0.0 && step < 1e-5) {
                scientific(value)
            } else {
                minus(&format!("{value:.decimals$}"))
            };
            (value, label)
        })
        .collect()
}

/// Ticks of a logarithmic axis: every decade is marked, its multiples from 2 to 9 are minor marks, and
/// 2 and 5 are labelled where less than about two decades are in view.
fn log_ticks(low: f64, high: f64, room: usize) -> Vec<Tick> {
    let span = high - low;
    // In less than a sixth of a decade even 1, 2 and 5 are too rare: take round numbers of the linear scale.
    if span < 0.35 {
        return linear_ticks(10_f64.powf(low), 10_f64.powf(high), room.min(6))
            .into_iter()
            .filter_map(|(value, label)| {
                (value > 0.0).then(|| Tick {
                    at: value.log10(),
                    label: Some(label),
                    length: 1.0,
                })
            })
            .collect();
    }
    let (first, last) = (low.floor() as i32, high.ceil() as i32);
    let every = ((f64::from(last - first) / room.max(2) as f64).ceil() as i32).max(1);
    let with_two_and_five = span <= 2.3;
    let mut out = Vec::new();
    for decade in first..=last {
        for multiple in 1..=9_u8 {
            let at = f64::from(decade) + f64::from(multiple).log10();
            if at < low - 1e-9 || at > high + 1e-9 {
                continue;
            }
            let labelled = match multiple {
                1 => decade.rem_euclid(every) == 0,
                2 | 5 => with_two_and_five,
                3 => span < 0.8,
                _ => false,
            };
            // Over many decades the minor marks would only make a grey bar.
            if multiple > 1 && !labelled && span > 9.0 {
                continue;
            }
            out.push(Tick {
                at,
                label: labelled.then(|| log_label(decade, multiple, with_two_and_five)),
                length: if labelled || multiple == 1 {
                    1.0
                } else if multiple == 2 || multiple == 5 {
                    0.75
                } else {
                    0.5
                },
            });
        }
    }
    out
}

fn log_label(decade: i32, multiple: u8, plain: bool) -> String {
    if plain && (-3..=4).contains(&decade) {
        let decimals = (-decade).max(0) as usize;
        return format!("{:.decimals$}", f64::from(multiple) * 10_f64.powi(decade));
    }
    let power = format!("10^{{{}}}", minus(&decade.to_string()));
    if multiple == 1 {
        power
    } else {
        format!("{multiple}\u{d7}{power}")
    }
}

/// A number for people: plain where short, else with a power of ten.
pub(crate) fn scientific(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let size = value.abs();
    if (1e-3..1e4).contains(&size) {
        let digits = (3.0 - size.log10().floor()).clamp(0.0, 6.0) as usize;
        let text = format!("{value:.digits$}");
        let text = if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text
        };
        return minus(&text);
    }
    let exponent = size.log10().floor();
    let mantissa = value / 10_f64.powf(exponent);
    let rounded = format!("{mantissa:.2}");
    let short = rounded.trim_end_matches('0').trim_end_matches('.');
    let power = minus(&format!("{exponent}"));
    if short == "1" {
        format!("10^{{{power}}}")
    } else {
        minus(&format!("{short}\u{d7}10^{{{power}}}"))
    }
}

/// A true minus sign instead of a hyphen.
fn minus(text: &str) -> String {
    text.replace('-', "\u{2212}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: Scale, low: f64, high: f64) -> Vec<String> {
        ticks(scale, low, high, 7)
            .into_iter()
            .filter_map(|tick| tick.label)
            .collect()
    }

    #[test]
    fn decades_are_powers_of_ten_and_short_ranges_show_two_and_five() {
        assert_eq!(labels(Scale::Log, 5.0, 8.0)[0], "10^{5}");
        assert_eq!(
            labels(Scale::Log, 0.0, 1.0),
            ["1", "2", "5", "10"].map(String::from)
        );
        assert_eq!(
            labels(Scale::Log, 5.8, 7.2),
            ["10^{6}", "2\u{d7}10^{6}", "5\u{d7}10^{6}", "10^{7}"].map(String::from)
        );
    }

    #[test]
    fn a_very_short_log_range_has_round_numbers() {
        assert_eq!(
            labels(Scale::Log, 2.0_f64.log10(), 2.3_f64.log10()).first(),
            Some(&"2.00".to_owned())
        );
    }

    #[test]
    fn linear_ticks_are_round_and_use_a_true_minus() {
        assert_eq!(
            labels(Scale::Linear, -0.2, 0.2),
            ["\u{2212}0.2", "\u{2212}0.1", "0.0", "0.1", "0.2"].map(String::from)
        );
    }
}

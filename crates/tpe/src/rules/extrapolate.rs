//! The decision by extrapolation: a power law through the losses so far.

use crate::calibration::{Line, Prediction};

/// The line ln(loss) = ln a − b ln(epoch) through the later half of the losses (at least four of
/// them): the early epochs hold the warm-up, which does not follow the law.
fn line(losses: &[f64]) -> Option<Line> {
    let from = (losses.len() / 2).min(losses.len().saturating_sub(4));
    let late = &losses[from..];
    if late.len() < 4 || late.iter().any(|l| !(l.is_finite() && *l > 0.0)) {
        return None;
    }
    let x: Vec<f64> = (0..late.len())
        .map(|i| ((from + i + 1) as f64).ln())
        .collect();
    let y: Vec<f64> = late.iter().map(|l| l.ln()).collect();
    Line::fit(&x, &y).ok()
}

/// The loss at epoch `at` that the power law predicts, with the interval of probability `level`;
/// `None` with fewer than four epochs or where a loss is not positive.
#[must_use]
pub fn power_law_forecast(losses: &[f64], at: usize, level: f64) -> Option<Prediction> {
    let logs = line(losses)?.predict((at.max(1) as f64).ln(), level);
    Some(Prediction {
        value: logs.value.exp(),
        lower: logs.lower.map(f64::exp),
        upper: logs.upper.map(f64::exp),
    })
}

/// Probability that the run ends below `best` after `epochs`, by Student's t about the line.
pub(crate) fn probability_of_beating(losses: &[f64], epochs: usize, best: f64) -> Option<f64> {
    if best <= 0.0 {
        return None;
    }
    line(losses)?.probability_below((epochs as f64).ln(), best.ln())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exact_power_law_is_continued_exactly() {
        let losses: Vec<f64> = (1..=10).map(|t| 3.0 * f64::from(t).powf(-0.4)).collect();
        let forecast = power_law_forecast(&losses, 50, 0.9).expect("ten epochs");
        let exact = 3.0 * 50.0_f64.powf(-0.4);
        approx::assert_relative_eq!(forecast.value, exact, max_relative = 1e-10);
        let p = |best| probability_of_beating(&losses, 50, best).expect("a line");
        assert!(p(exact * 1.01) > 0.99 && p(exact * 0.99) < 0.01);
        assert!(power_law_forecast(&losses[..3], 50, 0.9).is_none());
        assert!(power_law_forecast(&[1.0, -1.0, 1.0, 1.0], 50, 0.9).is_none());
    }
}

//! Learning rates over the steps of a run.

use serde::{Deserialize, Serialize};

/// What the rate does after the warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decay {
    /// Stays at the peak.
    #[default]
    Constant,
    /// Falls on a straight line to the floor at the last step.
    Linear,
    /// Falls on half a cosine to the floor at the last step.
    Cosine,
}

/// Linear warm-up from zero, then a [`Decay`].
///
/// With `floor = 0` the rates are those of `transformers.get_constant_schedule_with_warmup`,
/// `get_linear_schedule_with_warmup`, and `get_cosine_schedule_with_warmup`: step 0 of a warm-up has rate 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// The highest rate.
    pub peak: f64,
    /// Steps from zero to the peak.
    #[serde(default)]
    pub warmup: u64,
    /// Steps of the whole run, warm-up included.
    pub steps: u64,
    /// Shape after the warm-up.
    #[serde(default)]
    pub decay: Decay,
    /// Where the decay ends, as a fraction of the peak.
    #[serde(default)]
    pub floor: f64,
}

impl Schedule {
    /// One rate for the whole run.
    #[must_use]
    pub fn constant(rate: f64) -> Self {
        Self {
            peak: rate,
            warmup: 0,
            steps: 0,
            decay: Decay::Constant,
            floor: 0.0,
        }
    }

    /// The rate of step `step`, counted from 0.
    #[must_use]
    pub fn rate(&self, step: u64) -> f64 {
        if step < self.warmup {
            return self.peak * step as f64 / self.warmup as f64;
        }
        let length = self.steps.saturating_sub(self.warmup).max(1);
        let done = ((step - self.warmup) as f64 / length as f64).min(1.0);
        let share = match self.decay {
            Decay::Constant => 1.0,
            Decay::Linear => 1.0 - done,
            Decay::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * done).cos()),
        };
        self.peak * (self.floor + (1.0 - self.floor) * share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warms_up_from_zero_and_ends_at_the_floor() {
        let schedule = Schedule {
            peak: 2.0,
            warmup: 4,
            steps: 12,
            decay: Decay::Cosine,
            floor: 0.1,
        };
        let rates = [0, 2, 4].map(|step| schedule.rate(step).to_bits());
        assert_eq!(rates, [0.0, 1.0, 2.0].map(f64::to_bits));
        assert!((schedule.rate(8) - 1.1).abs() < 1e-12);
        assert!((schedule.rate(12) - 0.2).abs() < 1e-12);
        assert!((schedule.rate(900) - 0.2).abs() < 1e-12);
    }

    #[test]
    fn linear_decay_is_a_straight_line() {
        let schedule = Schedule {
            peak: 1.0,
            warmup: 0,
            steps: 10,
            decay: Decay::Linear,
            floor: 0.0,
        };
        for step in 0..=10 {
            assert!((schedule.rate(step) - (1.0 - step as f64 / 10.0)).abs() < 1e-12);
        }
    }
}

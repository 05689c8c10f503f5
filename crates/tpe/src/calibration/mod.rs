//! From early scores to final losses: the calibration line and how far it can be trusted.
//!
//! R² on raw losses says little: one diverged run drives it to 1.0 or to 0.04. So the rank
//! coefficients over *all* runs and the recall of the best stand first, the line is fitted in
//! log-log as well, and both lines carry their leave-one-out R².

mod bootstrap;
mod line;
mod noise;

use serde::{Deserialize, Serialize};

pub use bootstrap::Interval;
pub use line::{Line, Prediction};
pub use noise::seed_noise;

use crate::{Error, Result, rank};

/// How to calibrate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CalibrationOptions {
    /// How many of the truly best runs the recall looks for.
    pub best: usize,
    /// Among how many of the best by score it looks; `None` is a tenth of the runs, at least
    /// `best`.
    pub kept: Option<usize>,
    /// Probability content of the intervals.
    pub level: f64,
    /// Bootstrap resamples; 0 for none.
    pub resamples: usize,
    /// Seed of the bootstrap.
    pub seed: u64,
}

impl Default for CalibrationOptions {
    fn default() -> Self {
        Self {
            best: 1,
            kept: None,
            level: 0.95,
            resamples: 1000,
            seed: 0,
        }
    }
}

/// A number that may be undefined, with its bootstrap interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quantity {
    /// The value over all runs; `None` where it is undefined.
    pub value: Option<f64>,
    /// Its interval; `None` without resamples or where too few define it.
    pub interval: Option<Interval>,
}

/// Which of the two lines predicts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// ln(final loss) on ln(score). Its interval cannot reach below zero.
    #[default]
    LogLog,
    /// Final loss on score, the line of the paper.
    Linear,
}

/// How scores relate to final losses over a set of finished runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// All runs.
    pub runs: usize,
    /// Places of the runs without a finite score or final loss. They take part in the ranks as
    /// the worst, and in no line.
    pub diverged: Vec<usize>,
    /// Spearman's ρ over all runs.
    pub spearman: Quantity,
    /// Kendall's τ-b over all runs.
    pub kendall: Quantity,
    /// Share of the `best` runs found among the `kept`.
    pub recall: Quantity,
    /// The counts that `recall` was taken with, `(best, kept)`.
    pub recall_counts: (usize, usize),
    /// Final loss on score.
    pub linear: Line,
    /// R² of `linear` (not a measure of quality by itself).
    pub r2: Quantity,
    /// ln(final loss) on ln(score); `None` where a score or loss is not positive.
    pub log_log: Option<Line>,
    /// R² of `log_log`.
    pub r2_log_log: Quantity,
    /// Probability content of the intervals.
    pub level: f64,
}

impl Calibration {
    /// Relates the scores to the final losses of the same runs, in the same order.
    ///
    /// A score or a final loss that is not finite marks a diverged run.
    ///
    /// # Errors
    /// Lists of different lengths, fewer than two runs with finite numbers, equal scores in all
    /// of them, or a level outside of 0 to 1.
    pub fn fit(scores: &[f64], finals: &[f64], options: &CalibrationOptions) -> Result<Self> {
        if !(options.level > 0.0 && options.level < 1.0) {
            return Err(Error::OutOfRange {
                name: "the level of the intervals",
                allowed: "between 0 and 1",
                value: options.level,
            });
        }
        if scores.len() != finals.len() {
            return Err(Error::Lengths {
                first: "scores",
                second: "final losses",
                first_len: scores.len(),
                second_len: finals.len(),
            });
        }
        let worst = |x: &f64| if x.is_finite() { *x } else { f64::INFINITY };
        let scores: Vec<f64> = scores.iter().map(worst).collect();
        let finals: Vec<f64> = finals.iter().map(worst).collect();
        let runs = scores.len();
        let diverged: Vec<usize> = (0..runs)
            .filter(|&i| scores[i].is_infinite() || finals[i].is_infinite())
            .collect();
        let finite = || {
            let pairs = scores.iter().zip(&finals);
            pairs.filter(|(s, l)| s.is_finite() && l.is_finite())
        };
        let x: Vec<f64> = finite().map(|(s, _)| *s).collect();
        let y: Vec<f64> = finite().map(|(_, l)| *l).collect();
        let linear = Line::fit(&x, &y)?;
        let log_log = log_log(&x, &y);

        let best = options.best.clamp(1, runs);
        let kept = options.kept.unwrap_or(runs.div_ceil(10)).clamp(1, runs);
        let kept = if options.kept.is_none() {
            kept.max(best)
        } else {
            kept
        };
        let mut boot = Resampled::default();
        for places in bootstrap::resamples(runs, options.resamples, options.seed) {
            boot.add(&places, &scores, &finals, best, kept);
        }
        let quantity = |value: Option<f64>, values: &[Option<f64>]| Quantity {
            value,
            interval: bootstrap::interval(values, options.level),
        };
        Ok(Self {
            runs,
            diverged,
            spearman: quantity(rank::spearman(&scores, &finals), &boot.spearman),
            kendall: quantity(rank::kendall_tau_b(&scores, &finals), &boot.kendall),
            recall: quantity(rank::recall(&scores, &finals, best, kept), &boot.recall),
            recall_counts: (best, kept),
            r2: quantity(linear.r2, &boot.r2),
            r2_log_log: quantity(log_log.as_ref().and_then(|line| line.r2), &boot.r2_log_log),
            linear,
            log_log,
            level: options.level,
        })
    }

    /// Predicts the final loss of a new run from its score, with the interval in which it lies
    /// with probability `level`.
    ///
    /// `None` where the score is not finite (the run has diverged), or on the log-log scale
    /// where there is no such line or the score is not positive.
    pub fn predict(&self, score: f64, scale: Scale, level: f64) -> Option<Prediction> {
        if !score.is_finite() {
            return None;
        }
        match scale {
            Scale::Linear => Some(self.linear.predict(score, level)),
            Scale::LogLog => {
                let line = self.log_log.as_ref().filter(|_| score > 0.0)?;
                let logs = line.predict(score.ln(), level);
                Some(Prediction {
                    value: logs.value.exp(),
                    lower: logs.lower.map(f64::exp),
                    upper: logs.upper.map(f64::exp),
                })
            }
        }
    }
}

fn log_log(x: &[f64], y: &[f64]) -> Option<Line> {
    if x.iter().chain(y).any(|&v| v <= 0.0) {
        return None;
    }
    let logs = |v: &[f64]| v.iter().map(|v| v.ln()).collect::<Vec<f64>>();
    Line::fit(&logs(x), &logs(y)).ok()
}

/// The quantities over the resamples.
#[derive(Default)]
struct Resampled {
    spearman: Vec<Option<f64>>,
    kendall: Vec<Option<f64>>,
    recall: Vec<Option<f64>>,
    r2: Vec<Option<f64>>,
    r2_log_log: Vec<Option<f64>>,
}

impl Resampled {
    fn add(&mut self, places: &[usize], scores: &[f64], finals: &[f64], best: usize, kept: usize) {
        let x: Vec<f64> = places.iter().map(|&i| scores[i]).collect();
        let y: Vec<f64> = places.iter().map(|&i| finals[i]).collect();
        self.spearman.push(rank::spearman(&x, &y));
        self.kendall.push(rank::kendall_tau_b(&x, &y));
        self.recall.push(rank::recall(&x, &y, best, kept));
        let finite = x
            .iter()
            .zip(&y)
            .filter(|(s, l)| s.is_finite() && l.is_finite());
        let (x, y): (Vec<f64>, Vec<f64>) = finite.map(|(s, l)| (*s, *l)).unzip();
        self.r2
            .push(Line::fit(&x, &y).ok().and_then(|line| line.r2));
        self.r2_log_log
            .push(log_log(&x, &y).and_then(|line| line.r2));
    }
}

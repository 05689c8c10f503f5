//! A straight line by least squares, with what a referee asks of it.

use serde::{Deserialize, Serialize};

use crate::{Error, Result, student};

/// y = intercept + slope · x by ordinary least squares.
///
/// Quantities that the number of points does not allow (R² and errors need three) or that are
/// undefined (R² of a constant y) are `None`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Number of points.
    pub points: usize,
    /// Slope.
    pub slope: f64,
    /// Intercept.
    pub intercept: f64,
    /// 1 − `SS_res` / `SS_tot`.
    pub r2: Option<f64>,
    /// R² corrected for the two fitted numbers.
    pub adjusted_r2: Option<f64>,
    /// Standard error of the slope.
    pub slope_se: Option<f64>,
    /// Standard error of the intercept.
    pub intercept_se: Option<f64>,
    /// Root of the mean squared residual.
    pub rmse: f64,
    /// Root of `SS_res` / (n − 2).
    pub residual_sd: Option<f64>,
    /// Root of the mean squared residual of points that the line was not fitted to (each point
    /// left out in turn).
    pub leave_one_out_rmse: Option<f64>,
    /// 1 − PRESS / `SS_tot`, from the same residuals.
    pub leave_one_out_r2: Option<f64>,
    /// Mean of x.
    pub mean_x: f64,
    /// Σ (x − mean)².
    pub spread_x: f64,
}

/// A predicted value with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// The value on the line.
    pub value: f64,
    /// Lower end of the interval for one new point; `None` with fewer than three points.
    pub lower: Option<f64>,
    /// Upper end.
    pub upper: Option<f64>,
}

impl Line {
    /// Fits the line to finite points.
    ///
    /// # Errors
    /// [`Error::Lengths`], [`Error::TooFewRuns`] below two points, [`Error::ConstantScore`] where
    /// all x are equal.
    pub fn fit(x: &[f64], y: &[f64]) -> Result<Self> {
        if x.len() != y.len() {
            return Err(Error::Lengths {
                first: "scores",
                second: "final losses",
                first_len: x.len(),
                second_len: y.len(),
            });
        }
        let points = x.len();
        if points < 2 {
            return Err(Error::TooFewRuns {
                what: "a line",
                needed: 2,
                got: points,
            });
        }
        let n = points as f64;
        let (mean_x, mean_y) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
        let spread_x: f64 = x.iter().map(|a| (a - mean_x).powi(2)).sum();
        // Rounding leaves a spread of this size even when all values are the same number.
        if spread_x <= (n * mean_x.abs() * f64::EPSILON).powi(2) {
            return Err(Error::ConstantScore {
                runs: points,
                score: mean_x,
            });
        }
        let product: f64 = x
            .iter()
            .zip(y)
            .map(|(a, b)| (a - mean_x) * (b - mean_y))
            .sum();
        let slope = product / spread_x;
        let intercept = mean_y - slope * mean_x;
        let residuals: Vec<f64> = x
            .iter()
            .zip(y)
            .map(|(a, b)| (b - mean_y) - slope * (a - mean_x))
            .collect();
        let left: f64 = residuals.iter().map(|r| r * r).sum();
        let total: f64 = y.iter().map(|b| (b - mean_y).powi(2)).sum();

        let enough = points >= 3;
        let share = |part: f64| (enough && total > 0.0).then(|| 1.0 - part / total);
        let r2 = share(left);
        let residual_sd = enough.then(|| (left / (n - 2.0)).sqrt());
        let press = enough
            .then(|| leave_one_out(x, &residuals, mean_x, spread_x))
            .flatten();
        Ok(Self {
            points,
            slope,
            intercept,
            r2,
            adjusted_r2: r2.map(|r2| 1.0 - (1.0 - r2) * (n - 1.0) / (n - 2.0)),
            slope_se: residual_sd.map(|s| s / spread_x.sqrt()),
            intercept_se: residual_sd.map(|s| s * (1.0 / n + mean_x * mean_x / spread_x).sqrt()),
            rmse: (left / n).sqrt(),
            residual_sd,
            leave_one_out_rmse: press.map(|press| (press / n).sqrt()),
            leave_one_out_r2: press.and_then(share),
            mean_x,
            spread_x,
        })
    }

    /// The value of the line at `x`, with the interval in which one new point lies with
    /// probability `level` if the residuals are normal (Student's t with n − 2 degrees).
    #[must_use]
    pub fn predict(&self, x: f64, level: f64) -> Prediction {
        let value = self.intercept + self.slope * x;
        let half = self.residual_sd.map(|sd| {
            let n = self.points as f64;
            let away = x - self.mean_x;
            let width = sd * (1.0 + 1.0 / n + away * away / self.spread_x).sqrt();
            student::quantile(0.5 + 0.5 * level, n - 2.0) * width
        });
        Prediction {
            value,
            lower: half.map(|h| value - h),
            upper: half.map(|h| value + h),
        }
    }

    /// Probability that one new point at `x` lies below `y`; `None` with fewer than three points.
    pub(crate) fn probability_below(&self, x: f64, y: f64) -> Option<f64> {
        let sd = self.residual_sd?;
        let n = self.points as f64;
        let away = x - self.mean_x;
        let width = sd * (1.0 + 1.0 / n + away * away / self.spread_x).sqrt();
        let value = self.intercept + self.slope * x;
        if width == 0.0 {
            return Some(if value < y { 1.0 } else { 0.0 });
        }
        Some(student::cdf((y - value) / width, n - 2.0))
    }
}

/// Sum of squares of the residuals r / (1 − h), with the leverage h of each point; `None` where
/// one point alone decides the slope, so that nothing is left to fit without it.
fn leave_one_out(x: &[f64], residuals: &[f64], mean_x: f64, spread_x: f64) -> Option<f64> {
    let n = x.len() as f64;
    let mut press = 0.0;
    for (a, r) in x.iter().zip(residuals) {
        let free = 1.0 - 1.0 / n - (a - mean_x).powi(2) / spread_x;
        if free < 1e-12 {
            return None;
        }
        press += (r / free).powi(2);
    }
    Some(press)
}

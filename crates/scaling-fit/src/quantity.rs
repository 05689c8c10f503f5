//! Quantities that follow from the parameters, with intervals of their own.

use crate::fit::Fit;
use crate::interval::{Interval, Method, bootstrap_intervals};
use crate::special::{chi_squared_tail, t_quantile};
use serde::{Deserialize, Serialize};

/// A number derived from a fit, with its uncertainty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quantity {
    /// What it is.
    pub name: String,
    /// Its value at the optimum.
    pub value: f64,
    /// Standard error by the delta method: of ln(value) for positive quantities.
    pub standard_error: Option<f64>,
    /// Standard deviation over the bootstrap refits, in natural units.
    pub bootstrap_error: Option<f64>,
    /// Intervals by the delta method ([`Method::Wald`]) and the bootstrap.
    pub intervals: Vec<Interval>,
}

impl Quantity {
    /// The interval by a method, where it was made.
    #[must_use]
    pub fn interval(&self, method: Method) -> Option<&Interval> {
        self.intervals.iter().find(|i| i.method == method)
    }
}

impl Fit {
    /// A quantity computed from the parameters (natural units, in the law's order), with intervals by the
    /// delta method and, where the fit has bootstrap refits, by their percentiles.
    ///
    /// `positive` quantities get their delta-method interval in the logarithm.
    #[must_use]
    pub fn derive(
        &self,
        name: &str,
        positive: bool,
        level: f64,
        quantity: impl Fn(&[f64]) -> f64,
    ) -> Quantity {
        let values = self.values();
        let value = quantity(&values);
        let scale = |v: f64| if positive { v.ln() } else { v };
        let standard_error = self.delta_error(&|parameters| scale(quantity(parameters)));
        let mut intervals = Vec::new();
        if let Some(error) = standard_error {
            let half = t_quantile(level, self.degrees_of_freedom) * error;
            let back = |v: f64| if positive { v.exp() } else { v };
            let at = scale(value);
            let end = |v: f64| Some(back(v)).filter(|v| v.is_finite());
            intervals.push(Interval {
                of: name.to_owned(),
                method: Method::Wald,
                level,
                lower: end(at - half),
                upper: end(at + half),
            });
        }
        let refits: Vec<f64> = self.samples.iter().map(|s| quantity(s)).collect();
        intervals.extend(bootstrap_intervals(name, value, &refits, level));
        Quantity {
            name: name.to_owned(),
            value,
            standard_error,
            bootstrap_error: deviation(&refits),
            intervals,
        }
    }

    /// Standard error of a function of the parameters from the covariance of their coordinates.
    pub(crate) fn delta_error(&self, function: &dyn Fn(&[f64]) -> f64) -> Option<f64> {
        let covariance = self.covariance.as_ref()?;
        let values = self.values();
        let gradient: Vec<f64> = (0..values.len())
            .map(|index| {
                let parameter = &self.parameters[index];
                let Some(error) = parameter.standard_error else {
                    return 0.0;
                };
                // A small part of the standard error keeps the central difference inside the region that matters.
                let step = (1e-3 * error).max(1e-9 * (1.0 + parameter.coordinate_value.abs()));
                let at = |shift: f64| {
                    let mut moved = values.clone();
                    moved[index] = if parameter.coordinate.starts_with("ln_") {
                        (parameter.coordinate_value + shift).exp()
                    } else {
                        parameter.coordinate_value + shift
                    };
                    function(&moved)
                };
                (at(step) - at(-step)) / (2.0 * step)
            })
            .collect();
        let mut variance = 0.0;
        for (i, row) in covariance.iter().enumerate() {
            for (j, entry) in row.iter().enumerate() {
                variance += gradient[i] * entry * gradient[j];
            }
        }
        Some(variance.sqrt()).filter(|v| v.is_finite())
    }

    /// Correlations of the coordinates over the bootstrap refits, or from normal theory without them.
    #[must_use]
    pub fn correlations(&self) -> Option<Vec<Vec<f64>>> {
        let covariance = self
            .bootstrap_covariance()
            .or_else(|| self.covariance.clone())?;
        Some(
            (0..covariance.len())
                .map(|i| {
                    (0..covariance.len())
                        .map(|j| {
                            let scale = (covariance[i][i] * covariance[j][j]).sqrt();
                            if scale > 0.0 {
                                covariance[i][j] / scale
                            } else {
                                0.0
                            }
                        })
                        .collect()
                })
                .collect(),
        )
    }

    /// Covariance of the coordinates over the bootstrap refits.
    #[must_use]
    pub fn bootstrap_covariance(&self) -> Option<Vec<Vec<f64>>> {
        let n = self.samples.len() as f64;
        if self.samples.len() < 2 {
            return None;
        }
        let count = self.parameters.len();
        let mapped: Vec<Vec<f64>> = self.samples.iter().map(|s| self.coordinates(s)).collect();
        let mean: Vec<f64> = (0..count)
            .map(|i| mapped.iter().map(|s| s[i]).sum::<f64>() / n)
            .collect();
        let mut out = vec![vec![0.0; count]; count];
        for sample in &mapped {
            for i in 0..count {
                for j in 0..count {
                    out[i][j] += (sample[i] - mean[i]) * (sample[j] - mean[j]) / (n - 1.0);
                }
            }
        }
        Some(out)
    }

    fn coordinates(&self, values: &[f64]) -> Vec<f64> {
        self.parameters
            .iter()
            .zip(values)
            .map(|(parameter, value)| {
                if parameter.coordinate.starts_with("ln_") {
                    value.ln()
                } else {
                    *value
                }
            })
            .collect()
    }

    /// Distance of other parameter values (natural units) from this fit: chi-squared in the fitted coordinates with
    /// the covariance of the bootstrap refits, and its tail probability. `None` without a bootstrap.
    #[must_use]
    pub fn distance(&self, values: &[f64]) -> Option<(f64, f64)> {
        let covariance = self.bootstrap_covariance()?;
        let (here, there) = (self.coordinates(&self.values()), self.coordinates(values));
        let free: Vec<usize> = (0..covariance.len())
            .filter(|&i| covariance[i][i] > 0.0)
            .collect();
        let mut matrix = crate::linalg::ZERO_MATRIX;
        let mut difference = crate::linalg::ZERO_VECTOR;
        for (a, &i) in free.iter().enumerate() {
            difference[a] = there[i] - here[i];
            for (b, &j) in free.iter().enumerate() {
                matrix[a][b] = covariance[i][j];
            }
        }
        let solved = crate::linalg::solve_spd(&matrix, &difference, free.len())?;
        let chi: f64 = (0..free.len()).map(|a| difference[a] * solved[a]).sum();
        Some((chi, chi_squared_tail(chi, free.len() as f64)))
    }
}

fn deviation(values: &[f64]) -> Option<f64> {
    let finite: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    if finite.len() < 2 {
        return None;
    }
    let n = finite.len() as f64;
    let mean = finite.iter().sum::<f64>() / n;
    let squares: f64 = finite.iter().map(|v| (v - mean).powi(2)).sum();
    Some((squares / (n - 1.0)).sqrt())
}

//! The result of a fit.

use crate::constraints::Source;
use crate::interval::{Interval, Method, Spread};
use crate::law::Law;
use crate::objective::{Objective, Residual};
use crate::solver::{Descent, Problem, Starts};
use crate::warning::Warning;
use serde::{Deserialize, Serialize};

/// What a parameter was to the fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It was fitted.
    Free,
    /// The caller gave its value.
    Fixed,
    /// It followed another parameter.
    Tied,
    /// It ended at a bound that the caller set.
    AtBound,
    /// It is a floor and ended at zero.
    AtZero,
}

/// One parameter of a fitted law.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its name in the law's formula.
    pub name: String,
    /// Its value in natural units.
    pub value: f64,
    /// Name of the coordinate in which it was fitted: `ln_` and the name for positive parameters.
    pub coordinate: String,
    /// Its value in that coordinate. The logarithm of a floor at zero is stored as the lowest double.
    pub coordinate_value: f64,
    /// Standard error in that coordinate, where normal theory gives one.
    pub standard_error: Option<f64>,
    /// What it was to the fit.
    pub role: Role,
}

/// A fitted law with everything that a reader needs to judge it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    /// The law.
    pub law: Law,
    /// What was minimised.
    pub objective: Objective,
    /// Its value at the optimum.
    pub value: f64,
    /// Parameters in the order of [`Law::parameter_names`].
    pub parameters: Vec<Parameter>,
    /// Intervals of the parameters, by every method that was asked for.
    pub intervals: Vec<Interval>,
    /// Probability that an interval should cover the truth.
    pub level: f64,
    /// Sum of the weights: the number of rows where no weights were given.
    pub rows: f64,
    /// Resampling units.
    pub units: usize,
    /// Rows minus free parameters.
    pub degrees_of_freedom: f64,
    /// Sum of squared residuals of ln L (of L for linear objectives), whatever was minimised.
    pub sum_of_squares: f64,
    /// Standard deviation of those residuals; `None` without degrees of freedom.
    pub sigma: Option<f64>,
    /// Share of their variance explained; `None` where the losses do not vary or no freedom is left.
    pub r_squared: Option<f64>,
    /// Condition number of the Jacobian with unit columns.
    pub condition_number: Option<f64>,
    /// Covariance of the coordinates of all parameters; zero rows for fixed ones.
    pub covariance: Option<Vec<Vec<f64>>>,
    /// Smallest and largest fitted value of each resource.
    pub range: Vec<(f64, f64)>,
    /// Largest product of the two resources fitted, for laws in two.
    pub largest_product: Option<f64>,
    /// How the optimum was found.
    pub starts: Starts,
    /// Rows left out because their values are invalid, counted from 0.
    pub dropped: Vec<usize>,
    /// What a reader must know.
    pub warnings: Vec<Warning>,
    /// Parameters of each bootstrap refit, in natural units.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<Vec<f64>>,
    /// Version of this crate.
    pub version: String,
}

impl Fit {
    pub(crate) fn new(
        law: Law,
        objective: Objective,
        level: f64,
        problem: &Problem<'_>,
        best: &Descent,
        spread: &Spread,
        starts: Starts,
    ) -> Self {
        let space = problem.space;
        let theta = space.theta(&best.phi);
        let slopes = |index: usize| -> Vec<f64> {
            (0..space.free)
                .map(|slot| space.slope(index, slot))
                .collect()
        };
        let count = law.parameter_count();
        let covariance = spread.covariance.map(|c| {
            let mut full = vec![vec![0.0; count]; count];
            for (i, row) in full.iter_mut().enumerate() {
                let left = slopes(i);
                for (j, entry) in row.iter_mut().enumerate() {
                    let right = slopes(j);
                    for a in 0..space.free {
                        for b in 0..space.free {
                            *entry += left[a] * c[a][b] * right[b];
                        }
                    }
                }
            }
            full
        });
        let parameters = law
            .specs()
            .iter()
            .enumerate()
            .map(|(index, spec)| Parameter {
                name: spec.name.to_owned(),
                value: super::natural(law, index, theta[index]),
                coordinate: if spec.positive {
                    format!("ln_{}", spec.name)
                } else {
                    spec.name.to_owned()
                },
                coordinate_value: theta[index].max(f64::MIN),
                standard_error: covariance
                    .as_ref()
                    .map(|c| c[index][index].sqrt())
                    .filter(|se| *se > 0.0),
                role: match space.sources[index] {
                    Source::Fixed(_) => Role::Fixed,
                    Source::Free { index: slot, .. } if space.owner[slot] == index => Role::Free,
                    Source::Free { .. } => Role::Tied,
                },
            })
            .collect();
        let total: f64 = problem.weights.iter().sum();
        Self {
            law,
            objective,
            value: best.value,
            parameters,
            intervals: Vec::new(),
            level,
            rows: total,
            units: 0,
            degrees_of_freedom: spread.degrees.max(0.0),
            sum_of_squares: spread.sse,
            sigma: (spread.degrees > 0.5).then(|| (spread.sse / spread.degrees).sqrt()),
            r_squared: r_squared(problem, spread),
            condition_number: spread.condition,
            covariance,
            range: Vec::new(),
            largest_product: None,
            starts,
            dropped: Vec::new(),
            warnings: Vec::new(),
            samples: Vec::new(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// Value of a parameter in natural units.
    #[must_use]
    pub fn value_of(&self, name: &str) -> Option<f64> {
        self.parameters
            .iter()
            .find(|parameter| parameter.name == name)
            .map(|parameter| parameter.value)
    }

    /// Parameter values in natural units, in the law's order.
    #[must_use]
    pub fn values(&self) -> Vec<f64> {
        self.parameters.iter().map(|p| p.value).collect()
    }

    /// Interval of a parameter by a method, where it was made.
    #[must_use]
    pub fn interval(&self, name: &str, method: Method) -> Option<&Interval> {
        self.intervals
            .iter()
            .find(|interval| interval.of == name && interval.method == method)
    }

    /// Loss at one point.
    #[must_use]
    pub fn loss(&self, resources: &[f64]) -> f64 {
        self.law.loss(&self.values(), resources)
    }

    /// The outcome in one word that does not change between versions: `ok`, or what limits the result most.
    ///
    /// A zero floor and a bound that was reached are `at_bound`, a negative exponent is `negative_exponent`, resources
    /// that move together are `ill_conditioned`; everything else has the code of its warning. Where several apply, what
    /// was refused comes before what is undetermined, and that before what is merely narrow.
    #[must_use]
    pub fn code(&self) -> &'static str {
        const OUTCOMES: [(&str, &str); 10] = [
            ("bootstrap_refused", "bootstrap_refused"),
            ("rows_dropped", "rows_dropped"),
            ("break_not_identified", "break_not_identified"),
            ("no_trend", "no_trend"),
            ("loss_rises_with_resource", "negative_exponent"),
            ("floor_at_zero", "at_bound"),
            ("at_bound", "at_bound"),
            ("collinear_design", "ill_conditioned"),
            ("ill_conditioned", "ill_conditioned"),
            ("narrow_range", "narrow_range"),
        ];
        let outcome = OUTCOMES
            .into_iter()
            .find(|(warning, _)| self.warned(warning))
            .map(|(_, outcome)| outcome);
        let first = || self.warnings.first().map(Warning::code);
        outcome.or_else(first).unwrap_or("ok")
    }

    /// Whether a warning with this code was raised.
    #[must_use]
    pub fn warned(&self, code: &str) -> bool {
        self.warnings.iter().any(|warning| warning.code() == code)
    }
}

fn r_squared(problem: &Problem<'_>, spread: &Spread) -> Option<f64> {
    if spread.degrees <= 0.5 {
        return None;
    }
    let value = |row: &crate::data::Row| match problem.kernel.residual {
        Residual::Linear => row.loss,
        Residual::Log1p => row.loss.ln_1p(),
        Residual::Log | Residual::LogExcess => row.ln_loss,
    };
    let total: f64 = problem.weights.iter().sum();
    let rows = || problem.rows.iter().zip(problem.weights);
    let mean = rows().map(|(row, w)| w * value(row)).sum::<f64>() / total;
    let variation: f64 = rows().map(|(row, w)| w * (value(row) - mean).powi(2)).sum();
    (variation > 1e-30 * total).then(|| 1.0 - spread.sse / variation)
}

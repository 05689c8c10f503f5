//! What a reader must know about a result that was nevertheless returned.

use serde::{Deserialize, Serialize};

/// A remark on a result, with a code that does not change between versions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Warning {
    /// As many unknowns as points: the curve goes through all of them and no spread can be estimated.
    ExactlyDetermined,
    /// The best floor is zero, so the law equals the one without a floor.
    FloorAtZero {
        /// The floor parameter.
        parameter: String,
    },
    /// A parameter ended at a bound that the caller set.
    AtBound {
        /// The parameter.
        parameter: String,
        /// The bound.
        bound: f64,
    },
    /// All losses are equal: the exponent is zero and R² is undefined.
    NoTrend,
    /// Rows with invalid values were left out because the options asked for it.
    RowsDropped {
        /// The rows, counted from 0.
        rows: Vec<usize>,
    },
    /// The loss rises with the resource: the exponent is negative.
    LossRisesWithResource {
        /// The exponent's name.
        parameter: String,
    },
    /// The resource spans less than half a decade.
    NarrowRange {
        /// The resource.
        resource: String,
        /// Decades spanned.
        decades: f64,
    },
    /// Two resources move together, so their terms are confounded and an allocation is not determined.
    CollinearDesign {
        /// Condition number of the scaled Jacobian.
        condition_number: f64,
        /// Squared correlation of the two resources' logarithms.
        squared_correlation: f64,
    },
    /// The scaled Jacobian is nearly singular: some parameters are not determined alone.
    IllConditioned {
        /// Condition number of the scaled Jacobian.
        condition_number: f64,
    },
    /// A break lies outside the data or has fewer than three points on a side.
    BreakNotIdentified {
        /// Number of the break, counted from 1.
        number: usize,
        /// Where the fit puts it.
        location: f64,
    },
    /// A bootstrap was asked for but cannot mean anything with so few points.
    BootstrapRefused {
        /// Resampling units.
        units: usize,
    },
    /// Some bootstrap refits did not converge and were left out.
    BootstrapFailures {
        /// Refits left out.
        failed: usize,
        /// Refits asked for.
        resamples: usize,
    },
    /// Normal-theory and bootstrap intervals differ by more than 1.5 times: the tails are heavy.
    IntervalsDisagree {
        /// The parameter.
        parameter: String,
        /// Width of the bootstrap interval over that of the other.
        ratio: f64,
    },
    /// A compute budget whose minimum the sizes do not bracket was left out.
    BudgetSkipped {
        /// The budget (FLOP).
        compute: f64,
        /// Why.
        reason: String,
    },
    /// The parabola method is biased on grids that are wide or off centre.
    ParabolaBias {
        /// Largest half-width of a grid as a factor.
        half_width: f64,
        /// Largest distance of a grid's centre from the minimum found, as a factor.
        off_centre: f64,
    },
    /// A prediction lies more than ten times beyond the largest resource fitted.
    FarExtrapolation {
        /// Factor beyond the data.
        factor: f64,
    },
    /// A row's schedule ended elsewhere than its tokens.
    ScheduleMismatch {
        /// The rows, counted from 0.
        rows: Vec<usize>,
    },
    /// Fewer than half of the start points reached the best optimum.
    FewStartsAgree {
        /// Share that reached it.
        share: f64,
    },
}

impl Warning {
    /// The stable code of this warning.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::ExactlyDetermined => "exactly_determined",
            Self::FloorAtZero { .. } => "floor_at_zero",
            Self::AtBound { .. } => "at_bound",
            Self::NoTrend => "no_trend",
            Self::RowsDropped { .. } => "rows_dropped",
            Self::LossRisesWithResource { .. } => "loss_rises_with_resource",
            Self::NarrowRange { .. } => "narrow_range",
            Self::CollinearDesign { .. } => "collinear_design",
            Self::IllConditioned { .. } => "ill_conditioned",
            Self::BreakNotIdentified { .. } => "break_not_identified",
            Self::BootstrapRefused { .. } => "bootstrap_refused",
            Self::BootstrapFailures { .. } => "bootstrap_failures",
            Self::IntervalsDisagree { .. } => "intervals_disagree",
            Self::BudgetSkipped { .. } => "budget_skipped",
            Self::ParabolaBias { .. } => "parabola_bias",
            Self::FarExtrapolation { .. } => "far_extrapolation",
            Self::ScheduleMismatch { .. } => "schedule_mismatch",
            Self::FewStartsAgree { .. } => "few_starts_agree",
        }
    }
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::ExactlyDetermined => {
                f.write_str("as many unknowns as points: no spread can be estimated")
            }
            Self::FloorAtZero { parameter } => write!(
                f,
                "the best floor `{parameter}` is zero: the law without a floor fits as well"
            ),
            Self::AtBound { parameter, bound } => {
                write!(f, "`{parameter}` ended at its bound {bound}")
            }
            Self::NoTrend => f.write_str("all losses are equal: no trend, and R² is undefined"),
            Self::RowsDropped { rows } => {
                write!(f, "rows with invalid values were left out: {rows:?}")
            }
            Self::LossRisesWithResource { parameter } => write!(
                f,
                "the loss rises with the resource: `{parameter}` is negative"
            ),
            Self::NarrowRange { resource, decades } => {
                write!(f, "`{resource}` spans only {decades:.2} decades")
            }
            Self::CollinearDesign {
                condition_number,
                squared_correlation,
            } => write!(
                f,
                "the two resources move together (squared correlation {squared_correlation:.4}, condition number {condition_number:.3e}): their terms are confounded and an allocation is not determined"
            ),
            Self::IllConditioned { condition_number } => write!(
                f,
                "condition number {condition_number:.3e}: some parameters are not determined alone"
            ),
            Self::BreakNotIdentified { number, location } => write!(
                f,
                "break {number} (at {location:.4e}) is not identified by the data: do not extrapolate past it"
            ),
            Self::BootstrapRefused { units } => {
                write!(f, "bootstrap refused: {units} resampling units are too few")
            }
            Self::BootstrapFailures { failed, resamples } => write!(
                f,
                "{failed} of {resamples} bootstrap refits did not converge and were left out"
            ),
            Self::IntervalsDisagree { parameter, ratio } => write!(
                f,
                "`{parameter}`: the bootstrap interval is {ratio:.2} times as wide as the profile one: heavy tails, prefer the bootstrap"
            ),
            Self::BudgetSkipped { compute, reason } => {
                write!(f, "budget {compute:.3e} skipped: {reason}")
            }
            Self::ParabolaBias {
                half_width,
                off_centre,
            } => write!(
                f,
                "parabola method: grids reach {half_width:.1} times from their centre and centres lie {off_centre:.2} times off the minimum, which biases the optimum; prefer a joint fit"
            ),
            Self::FarExtrapolation { factor } => write!(
                f,
                "prediction {factor:.3e} times beyond the largest resource fitted"
            ),
            Self::ScheduleMismatch { rows } => write!(
                f,
                "learning-rate schedule ends more than a quarter away from the tokens trained on in rows {rows:?}"
            ),
            Self::FewStartsAgree { share } => write!(
                f,
                "only {:.0} % of the start points reached the best optimum",
                share * 100.0
            ),
        }
    }
}

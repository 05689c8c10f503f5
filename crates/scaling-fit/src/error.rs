//! Why a fit or a plot is refused, with codes that do not change between versions.

/// The result of every fallible function of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a fit is refused. [`Error::code`] is stable and meant for programs.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Fewer distinct points than unknowns.
    #[error(
        "too few points: law `{law}` needs at least {needed} distinct resource values, got {got}"
    )]
    TooFewPoints {
        /// Name of the law.
        law: String,
        /// Distinct points that the law needs.
        needed: usize,
        /// Distinct points that were given (rows of weight zero do not count).
        got: usize,
    },
    /// A resource never changes, so its exponent cannot be seen.
    #[error("no variation in resource `{resource}`: {advice}")]
    NoVariation {
        /// Name of the resource column.
        resource: String,
        /// What to do instead.
        advice: String,
    },
    /// A value is NaN or infinite.
    #[error("row {row}: column `{column}` is {value}, expected a finite number")]
    NonFinite {
        /// Row, counted from 0.
        row: usize,
        /// Column name.
        column: String,
        /// The value.
        value: f64,
    },
    /// A loss is zero or negative where its logarithm is needed.
    #[error(
        "row {row}: loss is {value}, but the objective `{objective}` takes its logarithm; use a linear objective if such losses are meant"
    )]
    NonPositiveLoss {
        /// Row, counted from 0.
        row: usize,
        /// The value.
        value: f64,
        /// Name of the objective.
        objective: String,
    },
    /// A resource is zero or negative.
    #[error("row {row}: resource `{column}` is {value}, expected a positive number")]
    NonPositiveResource {
        /// Row, counted from 0.
        row: usize,
        /// Column name.
        column: String,
        /// The value.
        value: f64,
    },
    /// Two columns differ in length.
    #[error("column `{column}` has {got} rows, expected {expected} as in `loss`")]
    LengthMismatch {
        /// Column name.
        column: String,
        /// Rows of that column.
        got: usize,
        /// Rows of the loss column.
        expected: usize,
    },
    /// A weight is negative or not finite.
    #[error("row {row}: weight is {value}, expected a finite number of at least 0")]
    InvalidWeight {
        /// Row, counted from 0.
        row: usize,
        /// The value.
        value: f64,
    },
    /// The data cannot tell the parameters of this law apart.
    #[error("law `{law}` is not identifiable from these points: {reason}")]
    NotIdentifiable {
        /// Name of the law.
        law: String,
        /// Why.
        reason: String,
    },
    /// The points carry other resources than the law takes.
    #[error("law `{law}` takes the resources {expected:?}, got {got:?}")]
    WrongResources {
        /// Name of the law.
        law: String,
        /// Columns that the law takes.
        expected: Vec<String>,
        /// Columns that the points have.
        got: Vec<String>,
    },
    /// A constraint names a parameter that the law does not have.
    #[error("law `{law}` has no parameter `{name}`; it has {known:?}")]
    UnknownParameter {
        /// Name of the law.
        law: String,
        /// The unknown name.
        name: String,
        /// The law's parameters.
        known: Vec<String>,
    },
    /// A constraint contradicts another one or the law.
    #[error("constraint on `{name}`: {reason}")]
    InvalidConstraint {
        /// The parameter.
        name: String,
        /// Why the constraint cannot hold.
        reason: String,
    },
    /// An option is outside its range.
    #[error("option `{option}` is {value}, expected {expected}")]
    InvalidOption {
        /// Name of the option.
        option: String,
        /// The value.
        value: String,
        /// The allowed range.
        expected: String,
    },
    /// A loss target that no amount of the resource reaches.
    #[error("target loss {target} is at or below the irreducible loss {floor}")]
    TargetBelowFloor {
        /// The target.
        target: f64,
        /// The law's floor.
        floor: f64,
    },
    /// No start point led to a finite optimum.
    #[error("law `{law}`: none of {starts} start points led to a finite optimum")]
    NoConvergence {
        /// Name of the law.
        law: String,
        /// Starts tried.
        starts: usize,
    },
    /// A question that this law has no answer to.
    #[error("law `{law}` has no {quantity}")]
    NotDefined {
        /// Name of the law.
        law: String,
        /// The quantity asked for.
        quantity: String,
    },
    /// A file that cannot be written.
    #[error("cannot write {path}: {reason}")]
    Write {
        /// The file.
        path: String,
        /// What the system says.
        reason: String,
    },
    /// A figure that cannot be drawn.
    #[error("figure `{figure}`: {reason}")]
    Figure {
        /// Title or name of the figure.
        figure: String,
        /// Why.
        reason: String,
    },
}

impl Error {
    /// The stable code of this error, for programs and tests.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooFewPoints { .. } => "too_few_points",
            Self::NoVariation { .. } => "no_variation_in_resource",
            Self::NonFinite { .. } => "non_finite_value",
            Self::NonPositiveLoss { .. } => "non_positive_loss",
            Self::NonPositiveResource { .. } => "non_positive_resource",
            Self::LengthMismatch { .. } => "length_mismatch",
            Self::InvalidWeight { .. } => "invalid_weight",
            Self::NotIdentifiable { .. } => "not_identifiable",
            Self::WrongResources { .. } => "wrong_resources",
            Self::UnknownParameter { .. } => "unknown_parameter",
            Self::InvalidConstraint { .. } => "invalid_constraint",
            Self::InvalidOption { .. } => "invalid_option",
            Self::TargetBelowFloor { .. } => "target_below_floor",
            Self::NoConvergence { .. } => "no_convergence",
            Self::NotDefined { .. } => "not_defined",
            Self::Write { .. } => "write",
            Self::Figure { .. } => "figure",
        }
    }

    /// The row (counted from 0) that the error is about, where there is one.
    #[must_use]
    pub fn row(&self) -> Option<usize> {
        match self {
            Self::NonFinite { row, .. }
            | Self::NonPositiveLoss { row, .. }
            | Self::NonPositiveResource { row, .. }
            | Self::InvalidWeight { row, .. } => Some(*row),
            _ => None,
        }
    }
}

//! Quantiles and tails of the distributions that intervals and tests need.

use statrs::distribution::{ChiSquared, ContinuousCDF, FisherSnedecor, Normal, StudentsT};

/// Two-sided quantile of Student's t: |t| stays below it with probability `level`.
pub(crate) fn t_quantile(level: f64, degrees: f64) -> f64 {
    StudentsT::new(0.0, 1.0, degrees).map_or(f64::NAN, |t| t.inverse_cdf(0.5 + 0.5 * level))
}

/// Quantile of F(1, degrees), which is the square of the two-sided t quantile.
pub(crate) fn f1_quantile(level: f64, degrees: f64) -> f64 {
    t_quantile(level, degrees).powi(2)
}

/// Probability that F(first, second) exceeds a value.
pub(crate) fn f_tail(value: f64, first: f64, second: f64) -> f64 {
    FisherSnedecor::new(first, second).map_or(f64::NAN, |f| f.sf(value))
}

/// Probability that chi-squared exceeds a value.
pub(crate) fn chi_squared_tail(value: f64, degrees: f64) -> f64 {
    ChiSquared::new(degrees).map_or(f64::NAN, |c| c.sf(value))
}

/// Standard normal distribution function.
pub(crate) fn normal_cdf(z: f64) -> f64 {
    Normal::standard().cdf(z)
}

/// Standard normal quantile.
pub(crate) fn normal_quantile(p: f64) -> f64 {
    Normal::standard().inverse_cdf(p)
}

/// The error function.
pub(crate) fn error_function(x: f64) -> f64 {
    statrs::function::erf::erf(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Abramowitz and Stegun 1964, tables 26.10 and 26.9.
    #[test]
    fn quantiles_agree_with_printed_tables() {
        approx::assert_relative_eq!(t_quantile(0.95, 10.0), 2.228_138_85, max_relative = 1e-8);
        approx::assert_relative_eq!(f1_quantile(0.95, 7.0), 5.591_447_85, max_relative = 1e-7);
        approx::assert_relative_eq!(normal_quantile(0.975), 1.959_963_985, max_relative = 1e-9);
        approx::assert_relative_eq!(normal_cdf(1.0), 0.841_344_746, max_relative = 1e-9);
        approx::assert_relative_eq!(f_tail(4.0, 2.0, 10.0), 0.052_922_15, max_relative = 1e-6);
        approx::assert_relative_eq!(chi_squared_tail(11.07, 5.0), 0.05, max_relative = 1e-3);
    }
}

//! Student's t distribution, for intervals of a line.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// Lower tail P(T ≤ t) with `freedom` degrees of freedom.
pub(crate) fn cdf(t: f64, freedom: f64) -> f64 {
    standard(freedom).cdf(t)
}

/// The t below which the share `p` of the distribution lies.
pub(crate) fn quantile(p: f64, freedom: f64) -> f64 {
    standard(freedom).inverse_cdf(p)
}

fn standard(freedom: f64) -> StudentsT {
    StudentsT::new(0.0, 1.0, freedom).expect("a line with an error has at least three points")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_agree_with_an_independent_library() {
        // SciPy 1.17.1, scipy.stats.t.ppf.
        let cases = [
            (0.975, 1.0, 12.706_204_736_174_694),
            (0.975, 2.0, 4.302_652_729_749_462),
            (0.975, 10.0, 2.228_138_851_986_274),
            (0.95, 5.0, 2.015_048_373_333_023),
            (0.9, 30.0, 1.310_415_025_391_395),
            (0.995, 100.0, 2.625_890_521_438_017),
        ];
        for (p, freedom, expected) in cases {
            approx::assert_relative_eq!(quantile(p, freedom), expected, max_relative = 1e-9);
            approx::assert_relative_eq!(quantile(1.0 - p, freedom), -expected, max_relative = 1e-9);
            approx::assert_relative_eq!(cdf(expected, freedom), p, max_relative = 1e-10);
        }
    }
}

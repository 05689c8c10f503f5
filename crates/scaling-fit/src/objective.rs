//! What a fit minimises, by name.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// What a fit minimises. The residual of the `Log…` objectives is r = ln L - ln L̂.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Objective {
    /// Sum of Huber(r): r²/2 up to `delta`, `delta` (|r| - `delta`/2) beyond. The default, with `delta` 1e-3.
    LogHuber {
        /// Where squares turn into absolute values.
        delta: f64,
    },
    /// Sum of r².
    LogSquares,
    /// Sum of |r|.
    LogAbsolute,
    /// Sum of (L - L̂)².
    Squares,
    /// Sum of |L - L̂|.
    Absolute,
    /// Sum of Huber(r), multiplied by `factor` where the law predicts too high a loss (r < 0).
    Asymmetric {
        /// Where squares turn into absolute values.
        delta: f64,
        /// Factor on rows that the law overestimates.
        factor: f64,
    },
    /// Sum of (ln(1 + L) - ln(1 + L̂))², which the published code of the broken law minimises
    /// (Caballero et al. 2022, arXiv:2210.14891).
    Log1pSquares,
    /// Sum of (ln(L - E) - ln(L̂ - E))² for the law with a floor: M2 of Alabdulmohsin et al. 2022
    /// (arXiv:2209.06640). Offered for comparison; it often sticks at a floor of zero.
    LogExcess,
    /// Negative log-likelihood of exp(-Huber(r/s))/(s Z), with the scale s fitted too, as in the
    /// replication of the Chinchilla fit (Besiroglu et al. 2024, arXiv:2404.10102). The fitted s makes
    /// the effective threshold `delta` s tiny, so this is nearly the sum of |r|.
    LogHuberFreeScale {
        /// Threshold of the standardised residual.
        delta: f64,
    },
}

impl Default for Objective {
    fn default() -> Self {
        Self::LogHuber { delta: 1e-3 }
    }
}

impl Objective {
    /// The name that a result carries, such as `log_huber_1e-3`.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::LogHuber { delta } => format!("log_huber_{delta:e}"),
            Self::LogSquares => "log_lsq".into(),
            Self::LogAbsolute => "log_absolute".into(),
            Self::Squares => "lsq".into(),
            Self::Log1pSquares => "log1p_lsq".into(),
            Self::LogExcess => "log_excess_lsq".into(),
            Self::Absolute => "absolute".into(),
            Self::Asymmetric { delta, factor } => {
                format!("log_huber_{delta:e}_over_x{factor}")
            }
            Self::LogHuberFreeScale { delta } => format!("log_huber_{delta:e}_free_scale"),
        }
    }

    /// Whether the residual takes ln L, which needs positive losses.
    #[must_use]
    pub fn is_logarithmic(&self) -> bool {
        !matches!(self, Self::Squares | Self::Absolute | Self::Log1pSquares)
    }

    /// What the residual compares.
    pub(crate) fn residual(&self) -> Residual {
        match self {
            Self::Squares | Self::Absolute => Residual::Linear,
            Self::Log1pSquares => Residual::Log1p,
            Self::LogExcess => Residual::LogExcess,
            _ => Residual::Log,
        }
    }

    /// Whether the objective is a sum of squares, which is reported without the factor one half.
    pub(crate) fn is_squares(&self) -> bool {
        matches!(
            self,
            Self::LogSquares | Self::Squares | Self::Log1pSquares | Self::LogExcess
        )
    }

    pub(crate) fn check(&self) -> Result<()> {
        let invalid = |option: &str, value: f64| Error::InvalidOption {
            option: option.into(),
            value: value.to_string(),
            expected: "a finite number above 0".into(),
        };
        match *self {
            Self::LogHuber { delta }
            | Self::Asymmetric { delta, .. }
            | Self::LogHuberFreeScale { delta }
                if !(delta > 0.0 && delta.is_finite()) =>
            {
                Err(invalid("delta", delta))
            }
            Self::Asymmetric { factor, .. } if !(factor > 0.0 && factor.is_finite()) => {
                Err(invalid("factor", factor))
            }
            _ => Ok(()),
        }
    }
}

/// What a residual compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Residual {
    /// ln L with ln L̂.
    Log,
    /// L with L̂.
    Linear,
    /// ln(1 + L) with ln(1 + L̂).
    Log1p,
    /// ln(L - E) with ln(L̂ - E), for the saturating law.
    LogExcess,
}

/// The function of one residual that the solver sees: Huber with a threshold, squares where the
/// threshold is infinite, and a factor on negative residuals.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kernel {
    pub(crate) delta: f64,
    pub(crate) over: f64,
    pub(crate) residual: Residual,
}

/// Value, first derivative, weight (first derivative over r) and second derivative at one residual.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Influence {
    pub(crate) rho: f64,
    pub(crate) psi: f64,
    pub(crate) omega: f64,
    pub(crate) curvature: f64,
}

impl Kernel {
    pub(crate) fn squares(residual: Residual) -> Self {
        Self {
            delta: f64::INFINITY,
            over: 1.0,
            residual,
        }
    }

    pub(crate) fn huber(delta: f64, over: f64) -> Self {
        Self {
            delta,
            over,
            residual: Residual::Log,
        }
    }

    #[inline]
    pub(crate) fn rho(&self, r: f64) -> f64 {
        let a = r.abs();
        let value = if a <= self.delta {
            0.5 * r * r
        } else {
            self.delta * (a - 0.5 * self.delta)
        };
        if r < 0.0 { self.over * value } else { value }
    }

    #[inline]
    pub(crate) fn influence(&self, r: f64) -> Influence {
        let factor = if r < 0.0 { self.over } else { 1.0 };
        let a = r.abs();
        let (rho, psi, omega, curvature) = if a <= self.delta {
            (0.5 * r * r, r, 1.0, 1.0)
        } else {
            let omega = self.delta / a;
            (self.delta * (a - 0.5 * self.delta), omega * r, omega, 0.0)
        };
        Influence {
            rho: factor * rho,
            psi: factor * psi,
            omega: factor * omega,
            curvature: factor * curvature,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_is_minimised() {
        assert_eq!(Objective::default().name(), "log_huber_1e-3");
        assert_eq!(Objective::LogSquares.name(), "log_lsq");
    }

    #[test]
    fn huber_is_continuous_and_linear_beyond_its_threshold() {
        let kernel = Kernel::huber(0.1, 1.0);
        approx::assert_relative_eq!(kernel.rho(0.1), 0.005, max_relative = 1e-12);
        approx::assert_relative_eq!(kernel.rho(-1.0), 0.1 * 0.95, max_relative = 1e-12);
        approx::assert_relative_eq!(kernel.influence(1.0).psi, 0.1, max_relative = 1e-12);
    }
}

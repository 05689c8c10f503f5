//! The compute-optimal frontier of laws in parameters and tokens, with C = k N D.

use crate::error::{Error, Result};
use crate::fit::Fit;
use crate::law::Law;
use crate::quantity::Quantity;
use serde::{Deserialize, Serialize};

/// FLOP for a parameter and a token: forward and backward pass of a dense model
/// (Kaplan et al. 2020, arXiv:2001.08361, Sec. 2.1).
pub const FLOPS_PER_PARAMETER_AND_TOKEN: f64 = 6.0;

/// The best split of a compute budget.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Optimum {
    /// Budget (FLOP).
    pub compute: f64,
    /// Best number of parameters N*.
    pub parameters: f64,
    /// Best number of tokens D*.
    pub tokens: f64,
    /// D*/N*.
    pub tokens_per_parameter: f64,
    /// Loss there.
    pub loss: f64,
}

/// The best split with intervals of each of its numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FrontierPoint {
    /// Values at the optimum of the fit.
    pub optimum: Optimum,
    /// N*.
    pub parameters: Quantity,
    /// D*.
    pub tokens: Quantity,
    /// D*/N*.
    pub tokens_per_parameter: Quantity,
    /// Loss.
    pub loss: Quantity,
    /// Factor by which the optimum lies beyond the data.
    pub extrapolation_factor: f64,
}

impl Law {
    /// The best split of a budget C = `k` N D for given parameters.
    ///
    /// Closed form for the joint and over-training laws (Hoffmann et al. 2022, Eq. 4); otherwise the loss is
    /// minimised over ln N by golden section.
    ///
    /// # Errors
    /// [`Error::NotDefined`] for laws in one resource, or where the loss has no minimum along the budget.
    pub fn optimum(&self, parameters: &[f64], compute: f64, k: f64) -> Result<Optimum> {
        let product = compute / k;
        let not_defined = |quantity: &str| Error::NotDefined {
            law: self.name(),
            quantity: quantity.to_owned(),
        };
        if !(product > 0.0 && product.is_finite()) {
            return Err(Error::InvalidOption {
                option: "compute".into(),
                value: compute.to_string(),
                expected: "a finite number above 0".into(),
            });
        }
        let n = match self {
            Self::Joint | Self::OverTraining => {
                let [a, b, alpha, beta] = self.two_terms(parameters);
                let allowed = a > 0.0 && b > 0.0 && alpha > 0.0 && beta > 0.0;
                if !allowed {
                    return Err(not_defined(
                        "compute-optimal point: an exponent is not positive",
                    ));
                }
                let g = (alpha * a / (beta * b)).powf((alpha + beta).recip());
                g * product.powf(beta / (alpha + beta))
            }
            Self::Kaplan => {
                let loss =
                    |ln_n: f64| self.ln_loss(parameters, &[ln_n.exp(), product / ln_n.exp()]);
                golden_section(loss, 0.0, product.ln())
                    .map(f64::exp)
                    .ok_or_else(|| not_defined("compute-optimal point inside the budget"))?
            }
            _ => return Err(not_defined("compute-optimal frontier: it has one resource")),
        };
        let d = product / n;
        Ok(Optimum {
            compute,
            parameters: n,
            tokens: d,
            tokens_per_parameter: d / n,
            loss: self.loss(parameters, &[n, d]),
        })
    }

    /// Amplitudes and exponents of the two falling terms: L = E + A N^-alpha + B D^-beta.
    fn two_terms(self, p: &[f64]) -> [f64; 4] {
        if self == Self::Joint {
            return [p[0], p[1], p[3], p[4]];
        }
        let share = 6_f64.powf(-p[2]);
        [p[0] * share, p[1] * share, 2.0 * p[2], 2.0 * p[2]]
    }

    /// Compute at which the frontier reaches a target loss.
    ///
    /// # Errors
    /// [`Error::TargetBelowFloor`] at or below the floor, [`Error::NotDefined`] for laws without a closed form.
    pub fn compute_for_loss(&self, parameters: &[f64], target: f64, k: f64) -> Result<f64> {
        let floor = match self {
            Self::Joint => parameters[2],
            Self::OverTraining => parameters[3],
            _ => {
                return Err(Error::NotDefined {
                    law: self.name(),
                    quantity: "closed form of the compute for a loss".into(),
                });
            }
        };
        if target <= floor || target.is_nan() {
            return Err(Error::TargetBelowFloor { target, floor });
        }
        let [a, b, alpha, beta] = self.two_terms(parameters);
        let g = (alpha * a / (beta * b)).powf((alpha + beta).recip());
        let amplitude = a * g.powf(-alpha) + b * g.powf(beta);
        Ok(k * ((target - floor) / amplitude).powf(-(alpha + beta) / (alpha * beta)))
    }
}

impl Fit {
    /// Exponent a of N* in C, with its intervals: beta/(alpha+beta) for the joint law.
    ///
    /// # Errors
    /// [`Error::NotIdentifiable`] where N and D move together in the data, so that the split is not determined;
    /// [`Error::NotDefined`] for other laws.
    pub fn allocation_exponent(&self, level: f64) -> Result<Quantity> {
        self.allow_allocation()?;
        match self.law {
            Law::Joint => Ok(self.derive("a", false, level, |p| p[4] / (p[3] + p[4]))),
            _ => Err(Error::NotDefined {
                law: self.law.name(),
                quantity: "allocation exponent".into(),
            }),
        }
    }

    /// The best split of a budget C = `k` N D with intervals.
    ///
    /// # Errors
    /// As [`Fit::allocation_exponent`] and [`Law::optimum`].
    pub fn frontier(&self, compute: f64, k: f64, level: f64) -> Result<FrontierPoint> {
        self.allow_allocation()?;
        let law = self.law;
        let optimum = law.optimum(&self.values(), compute, k)?;
        let pick = |name: &str, choose: fn(&Optimum) -> f64| {
            self.derive(name, true, level, |p| {
                law.optimum(p, compute, k).map_or(f64::NAN, |o| choose(&o))
            })
        };
        Ok(FrontierPoint {
            parameters: pick("N*", |o| o.parameters),
            tokens: pick("D*", |o| o.tokens),
            tokens_per_parameter: pick("D*/N*", |o| o.tokens_per_parameter),
            loss: pick("L*", |o| o.loss),
            extrapolation_factor: self.extrapolation_factor(&[optimum.parameters, optimum.tokens]),
            optimum,
        })
    }

    fn allow_allocation(&self) -> Result<()> {
        if self.warned("collinear_design") {
            return Err(Error::NotIdentifiable {
                law: self.law.name(),
                reason: "parameters and tokens move together in the data, so their split is not determined".into(),
            });
        }
        Ok(())
    }
}

/// Minimum of a function with one valley between two ends; `None` where it lies at an end.
fn golden_section(f: impl Fn(f64) -> f64, low: f64, high: f64) -> Option<f64> {
    const SHARE: f64 = 0.618_033_988_749_894_8;
    let (mut a, mut b) = (low, high);
    let (mut c, mut d) = (b - SHARE * (b - a), a + SHARE * (b - a));
    let (mut fc, mut fd) = (f(c), f(d));
    for _step in 0..200 {
        if (b - a).abs() < 1e-10 * (1.0 + a.abs()) {
            break;
        }
        if fc < fd {
            (b, d, fd) = (d, c, fc);
            c = b - SHARE * (b - a);
            fc = f(c);
        } else {
            (a, c, fc) = (c, d, fd);
            d = a + SHARE * (b - a);
            fd = f(d);
        }
    }
    let middle = f64::midpoint(a, b);
    let inside = middle - low > 1e-6 * (high - low) && high - middle > 1e-6 * (high - low);
    (inside && f(middle).is_finite()).then_some(middle)
}

//! A law, rows and a kernel as a function of the free coordinates.

#![expect(
    clippy::needless_range_loop,
    reason = "indices are those of the matrix formulas"
)]

use crate::constraints::Space;
use crate::data::Row;
use crate::law::Law;
use crate::linalg::{Matrix, Vector, ZERO_MATRIX, ZERO_VECTOR};
use crate::objective::{Kernel, Residual};

/// Everything that the objective depends on besides the coordinates.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Problem<'a> {
    pub(crate) law: Law,
    pub(crate) rows: &'a [Row],
    /// One weight per row; a bootstrap resample replaces the rows' own.
    pub(crate) weights: &'a [f64],
    pub(crate) space: &'a Space,
    pub(crate) kernel: Kernel,
}

/// The objective with its derivatives at one point.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Assembled {
    pub(crate) value: f64,
    /// Gradient of the objective.
    pub(crate) gradient: Vector,
    /// Gauss-Newton matrix with the weights of iterated least squares: J' omega J.
    pub(crate) weighted: Matrix,
    /// Gauss-Newton matrix with the true curvature of the kernel: J' rho'' J.
    pub(crate) curved: Matrix,
}

impl Problem<'_> {
    /// Residual of one row.
    #[inline]
    fn residual(&self, theta: &Vector, row: &Row, ln_prediction: f64) -> f64 {
        match self.kernel.residual {
            Residual::Log => row.ln_loss - ln_prediction,
            Residual::Linear => row.loss - ln_prediction.exp(),
            Residual::Log1p => row.loss.ln_1p() - ln_prediction.exp().ln_1p(),
            // NaN where the floor exceeds the loss, which rejects the step.
            Residual::LogExcess => {
                (row.loss - theta[0].exp()).ln() - (theta[1] - theta[2] * row.ln_x[0])
            }
        }
    }

    /// Turns the gradient of ln L̂ into minus the gradient of the residual.
    #[inline]
    fn chain(&self, theta: &Vector, row: &Row, ln_prediction: f64, gradient: &mut Vector) {
        let scale = match self.kernel.residual {
            Residual::Log => return,
            Residual::Linear => ln_prediction.exp(),
            Residual::Log1p => ln_prediction.exp() / (1.0 + ln_prediction.exp()),
            Residual::LogExcess => {
                let floor = theta[0].exp();
                gradient[0] = floor / (row.loss - floor);
                gradient[1] = 1.0;
                gradient[2] = -row.ln_x[0];
                return;
            }
        };
        for entry in gradient.iter_mut() {
            *entry *= scale;
        }
    }

    /// The objective, or infinity as soon as it is known to be above a bound, since no row can lower the sum; infinite
    /// where the law is not defined.
    pub(crate) fn value_below(&self, phi: &Vector, bound: f64) -> f64 {
        let theta = self.space.theta(phi);
        let mut sum = 0.0;
        for (row, &weight) in self.rows.iter().zip(self.weights) {
            if weight > 0.0 {
                let prediction = self.law.evaluate(&theta, row.ln_x);
                sum += weight * self.kernel.rho(self.residual(&theta, row, prediction));
                if sum > bound {
                    return f64::INFINITY;
                }
            }
        }
        if sum.is_nan() { f64::INFINITY } else { sum }
    }

    /// The objective with its derivatives.
    pub(crate) fn assemble(&self, phi: &Vector) -> Assembled {
        self.assemble_below(phi, f64::INFINITY)
    }

    /// The objective with its derivatives, or an infinite objective as soon as it is known to be above a bound.
    pub(crate) fn assemble_below(&self, phi: &Vector, bound: f64) -> Assembled {
        let theta = self.space.theta(phi);
        let n = self.space.free;
        let mut out = Assembled {
            value: 0.0,
            gradient: ZERO_VECTOR,
            weighted: ZERO_MATRIX,
            curved: ZERO_MATRIX,
        };
        let mut gradient = ZERO_VECTOR;
        for (row, &weight) in self.rows.iter().zip(self.weights) {
            if weight <= 0.0 {
                continue;
            }
            let prediction = self
                .law
                .evaluate_with_gradient(&theta, row.ln_x, &mut gradient);
            let influence = self
                .kernel
                .influence(self.residual(&theta, row, prediction));
            self.chain(&theta, row, prediction, &mut gradient);
            let j = self.space.pull_back(&gradient);
            out.value += weight * influence.rho;
            if out.value > bound {
                out.value = f64::INFINITY;
                return out;
            }
            let (psi, omega, curvature) = (
                weight * influence.psi,
                weight * influence.omega,
                weight * influence.curvature,
            );
            for a in 0..n {
                out.gradient[a] -= psi * j[a];
                let (wa, ca) = (omega * j[a], curvature * j[a]);
                for b in 0..=a {
                    out.weighted[a][b] += wa * j[b];
                    out.curved[a][b] += ca * j[b];
                }
            }
        }
        for a in 0..n {
            for b in a + 1..n {
                out.weighted[a][b] = out.weighted[b][a];
                out.curved[a][b] = out.curved[b][a];
            }
        }
        if out.value.is_nan() {
            out.value = f64::INFINITY;
        }
        out
    }

    /// Residuals of all rows, in their order.
    pub(crate) fn residuals(&self, phi: &Vector) -> Vec<f64> {
        let theta = self.space.theta(phi);
        self.rows
            .iter()
            .map(|row| self.residual(&theta, row, self.law.evaluate(&theta, row.ln_x)))
            .collect()
    }

    /// The Gauss-Newton matrix without any robust weight: J' W J.
    pub(crate) fn information(&self, phi: &Vector) -> Matrix {
        let plain = Self {
            kernel: Kernel::squares(self.kernel.residual),
            ..*self
        };
        plain.assemble(phi).weighted
    }
}

//! The logarithm of each law's loss and its gradient in the fitted coordinates.
//!
//! Every sum of powers is taken by log-sum-exp and every gradient follows from the shares of the
//! terms, so resources of 1e-200 and losses of 1e150 are as good as any others.

use super::Law;
use crate::linalg::{Vector, ZERO_VECTOR};

/// ln 6, from C = 6 N D.
pub(super) const LN_6: f64 = 1.791_759_469_228_055;

/// ln(1 + e^z), which tends to z for large z.
fn softplus(z: f64) -> f64 {
    if z > 0.0 {
        z + (-z).exp().ln_1p()
    } else {
        z.exp().ln_1p()
    }
}

fn logistic(z: f64) -> f64 {
    if z > 0.0 {
        (1.0 + (-z).exp()).recip()
    } else {
        let e = z.exp();
        e / (1.0 + e)
    }
}

/// ln of a sum of exponentials and the share of each term.
fn shares<const K: usize>(terms: [f64; K]) -> (f64, [f64; K]) {
    let top = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers = terms.map(|term| {
        // The largest term needs no exponential; this saves one in three for the joint law.
        if term >= top { 1.0 } else { (term - top).exp() }
    });
    let sum: f64 = powers.iter().sum();
    (top + sum.ln(), powers.map(|power| power / sum))
}

impl Law {
    /// ln L at one point, from fitted coordinates.
    pub(crate) fn evaluate(self, theta: &Vector, x: [f64; 2]) -> f64 {
        let mut gradient = ZERO_VECTOR;
        self.evaluate_with_gradient(theta, x, &mut gradient)
    }

    /// ln L at one point and its gradient with respect to the fitted coordinates.
    #[inline]
    pub(crate) fn evaluate_with_gradient(
        self,
        theta: &Vector,
        x: [f64; 2],
        gradient: &mut Vector,
    ) -> f64 {
        let g = gradient;
        let r = x[0];
        match self {
            Self::Power => {
                g[0] = 1.0;
                g[1] = -r;
                theta[0] - theta[1] * r
            }
            Self::Saturating => {
                let (value, s) = shares([theta[0], theta[1] - theta[2] * r]);
                g[0] = s[0];
                g[1] = s[1];
                g[2] = -s[1] * r;
                value
            }
            Self::Shifted { floor } => {
                // ln(1/R + gamma) is itself a log-sum-exp.
                let (inner, s) = shares([-r, theta[2]]);
                let term = theta[0] + theta[1] * inner;
                let (value, share) = if floor {
                    let (value, outer) = shares([term, theta[3]]);
                    g[3] = outer[1];
                    (value, outer[0])
                } else {
                    (term, 1.0)
                };
                g[0] = share;
                g[1] = share * inner;
                g[2] = share * theta[1] * s[1];
                value
            }
            Self::SigmoidLike => sigmoid_like(theta, r, g),
            Self::Joint => {
                let (value, s) = shares([
                    theta[0] - theta[3] * r,
                    theta[1] - theta[4] * x[1],
                    theta[2],
                ]);
                g[0] = s[0];
                g[1] = s[1];
                g[2] = s[2];
                g[3] = -s[0] * r;
                g[4] = -s[1] * x[1];
                value
            }
            Self::Kaplan => {
                let distance = theta[0] - r;
                let u = theta[2] / theta[3] * distance;
                let (sum, s) = shares([u, theta[1] - x[1]]);
                g[0] = s[0] * theta[2];
                g[1] = s[1] * theta[3];
                g[2] = s[0] * distance;
                g[3] = sum - s[0] * u;
                theta[3] * sum
            }
            Self::OverTraining => {
                // a M^eta C^-eta = a (6 N^2)^-eta and b M^-eta C^-eta = b (6 D^2)^-eta.
                let first = -(LN_6 + 2.0 * r);
                let second = -(LN_6 + 2.0 * x[1]);
                let (value, s) = shares([
                    theta[0] + theta[2] * first,
                    theta[1] + theta[2] * second,
                    theta[3],
                ]);
                g[0] = s[0];
                g[1] = s[1];
                g[2] = s[0] * first + s[1] * second;
                g[3] = s[2];
                value
            }
            Self::Broken { breaks, floor } => {
                let o = usize::from(floor);
                let mut term = theta[o] - theta[o + 1] * r;
                for number in 0..usize::from(breaks) {
                    let at = o + 2 + 3 * number;
                    let (c, f) = (theta[at], theta[at + 2].exp());
                    let z = r - theta[at + 1];
                    let (sp, sigma) = (softplus(z / f), logistic(z / f));
                    term -= c * f * sp;
                    g[at] = -f * sp;
                    g[at + 1] = c * sigma;
                    g[at + 2] = -c * (f * sp - z * sigma);
                }
                let end = o + 2 + 3 * usize::from(breaks);
                g[o] = 1.0;
                g[o + 1] = -r;
                if !floor {
                    return term;
                }
                let (value, s) = shares([theta[0], term]);
                for entry in &mut g[o..end] {
                    *entry *= s[1];
                }
                g[0] = s[0];
                value
            }
        }
    }
}

/// Solves (L - `e_inf`) / (`e_0` - L)^alpha = beta R^-c for L.
///
/// With L = `e_inf` + (`e_0` - `e_inf`) s the left side rises with s from 0 to infinity, so Newton's
/// steps on the logit of s inside a bracket always end. The gradient follows from the implicit
/// function theorem.
/// The root t of alpha softplus(t) - softplus(-t) = target; NaN where doubles cannot hold it.
///
/// The left side rises and is bent to one side only, so Newton's method, begun on the asymptote that the target is near,
/// comes to the root from one side; the bracket is for rounding and for a vanishing alpha.
fn share_logit(target: f64, alpha: f64) -> f64 {
    let (mut low, mut high) = (-745.0, 745.0);
    if !(target >= low && target <= alpha * high) {
        return f64::NAN;
    }
    let mut t = if target < 0.0 { target } else { target / alpha };
    for _step in 0..200 {
        // One exponential serves both functions softplus and both slopes.
        let small = (-t.abs()).exp();
        let rest = small.ln_1p();
        let value = alpha * (t.max(0.0) + rest) - ((-t).max(0.0) + rest) - target;
        let (near, far) = (1.0 / (1.0 + small), small / (1.0 + small));
        let slope = if t > 0.0 {
            far + alpha * near
        } else {
            near + alpha * far
        };
        if value > 0.0 {
            high = t;
        } else {
            low = t;
        }
        let newton = t - value / slope;
        if newton > low && newton < high {
            // The error squares with each step, so a short one is the last.
            if (newton - t).abs() <= 1e-8 * (1.0 + t.abs()) {
                return newton;
            }
            t = newton;
        } else {
            let middle = f64::midpoint(low, high);
            if (middle - t).abs() <= 1e-14 * (1.0 + t.abs()) {
                return middle;
            }
            t = middle;
        }
    }
    t
}

fn sigmoid_like(theta: &Vector, r: f64, g: &mut Vector) -> f64 {
    let (e_inf, e_0, alpha) = (theta[0].exp(), theta[1].exp(), theta[2]);
    let gap = e_0 - e_inf;
    if !(gap > 0.0 && alpha >= 0.0) {
        return f64::NAN;
    }
    // ln s - alpha ln(1 - s) = target, with s the logistic function of t
    let target = theta[3] - theta[4] * r - (1.0 - alpha) * gap.ln();
    let t = share_logit(target, alpha);
    if t.is_nan() {
        return f64::NAN;
    }
    let above = gap * logistic(t); // L - e_inf
    let below = gap * logistic(-t); // e_0 - L
    let loss = e_inf + above;
    // F = ln(L - e_inf) - alpha ln(e_0 - L) - ln beta + c ln R = 0
    let slope = above.recip() + alpha / below;
    let scale = (slope * loss).recip();
    g[0] = scale * e_inf / above;
    g[1] = scale * alpha * e_0 / below;
    g[2] = scale * below.ln();
    g[3] = scale;
    g[4] = -scale * r;
    loss.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parameters in natural units at which every law has every term at work.
    fn example(law: Law) -> Vec<f64> {
        match law {
            Law::Power => vec![12.0, 0.17],
            Law::Saturating => vec![1.7, 400.0, 0.34],
            Law::Shifted { floor: false } => vec![30.0, 0.4, 1e-6],
            Law::Shifted { floor: true } => vec![30.0, 0.4, 1e-6, 0.2],
            Law::SigmoidLike => vec![0.3, 1.5, 0.5, 600.0, 0.5],
            Law::Joint => vec![482.0, 2085.43, 1.8172, 0.3478, 0.3658],
            Law::Kaplan => vec![6.4e13, 1.8e13, 0.076, 0.103],
            Law::OverTraining => vec![90.0, 200.0, 0.13, 1.8],
            Law::Broken { breaks, floor } => {
                let all = [0.4, 8.0, 0.05, 0.4, 3e5, 0.3, -0.2, 2e6, 0.5, 0.3, 1e7, 0.2];
                let end = 3 + 3 * usize::from(breaks);
                all[usize::from(!floor)..end].to_vec()
            }
        }
    }

    #[test]
    fn gradients_agree_with_central_differences() {
        for law in Law::all() {
            let mut theta = ZERO_VECTOR;
            for ((slot, spec), value) in theta.iter_mut().zip(law.specs()).zip(example(law)) {
                *slot = if spec.positive { value.ln() } else { value };
            }
            let x = [1.3e6_f64.ln(), 4.0e8_f64.ln()];
            let mut gradient = ZERO_VECTOR;
            let value = law.evaluate_with_gradient(&theta, x, &mut gradient);
            assert!(value.is_finite(), "{law:?}");
            for index in 0..law.parameter_count() {
                let step = 1e-5;
                let at = |shift: f64| {
                    let mut moved = theta;
                    moved[index] += shift;
                    law.evaluate(&moved, x)
                };
                let numeric = (at(step) - at(-step)) / (2.0 * step);
                assert!(
                    (numeric - gradient[index]).abs() <= 1e-7 * (1.0 + numeric.abs()),
                    "{law:?} parameter {index}: {} against {numeric}",
                    gradient[index]
                );
            }
        }
    }

    #[test]
    fn the_sigmoid_like_law_solves_its_own_equation() {
        let p = example(Law::SigmoidLike);
        let r = 2e5_f64;
        let loss = Law::SigmoidLike.loss(&p, &[r]);
        let left = (loss - p[0]) / (p[1] - loss).powf(p[2]);
        approx::assert_relative_eq!(left, p[3] * r.powf(-p[4]), max_relative = 1e-12);
    }

    #[test]
    fn nothing_overflows_at_the_ends_of_the_range_of_doubles() {
        let law = Law::Broken {
            breaks: 1,
            floor: true,
        };
        let loss = law.loss(&[0.4, 2.0, 0.05, 5.6, 612.0, 0.02], &[1e200]);
        approx::assert_relative_eq!(loss, 0.4, max_relative = 1e-12);
        approx::assert_relative_eq!(
            Law::Power.loss(&[1.0, 0.75], &[1e-200]),
            1e150,
            max_relative = 1e-12
        );
    }
}

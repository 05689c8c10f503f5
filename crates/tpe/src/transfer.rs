//! Carrying a learning rate from a narrow model to a wide one (muP), and checking that it may be.
//!
//! # References
//! Yang et al., "Tensor Programs V", arXiv:2203.03466, table 8 (Adam column).

use serde::{Deserialize, Serialize};

use crate::rank::ascending;
use crate::{Error, Result};

/// What a weight does in the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// From a side that does not grow with the width: embeddings, positions, biases, gains of
    /// norms, the first layer on raw features.
    Input,
    /// From width to width.
    Hidden,
    /// From the width to a side that does not grow: the language head, the energy head.
    Output,
}

/// What to multiply when the width goes from `base` to `width`, under Adam or `AdamW`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scaling {
    /// Of the learning rate.
    pub learning_rate: f64,
    /// Of the variance of the initial weights.
    pub init_variance: f64,
    /// Of the layer's output in the forward pass.
    pub multiplier: f64,
}

/// What muP does not carry over. It has to be kept the same in both runs, or be tuned again.
pub const NOT_TRANSFERRED: [&str; 4] = [
    "batch size",
    "training horizon (tokens or steps)",
    "warm-up as a share of the training",
    "decoupled weight decay, unless it is divided by the learning rate's factor",
];

/// The factors of one role. A tied head counts as [`Role::Input`] for its weights, with the
/// multiplier of [`Role::Output`] on the logits; attention must use 1/d instead of 1/√d where the
/// width of a head grows.
///
/// # Errors
/// A width of 0.
pub fn scaling(role: Role, base: usize, width: usize) -> Result<Scaling> {
    if base == 0 || width == 0 {
        return Err(Error::Settings(format!(
            "a width must be at least 1, got {base} and {width}"
        )));
    }
    let shrink = base as f64 / width as f64;
    Ok(match role {
        Role::Input => Scaling {
            learning_rate: 1.0,
            init_variance: 1.0,
            multiplier: 1.0,
        },
        Role::Hidden => Scaling {
            learning_rate: shrink,
            init_variance: shrink,
            multiplier: 1.0,
        },
        Role::Output => Scaling {
            learning_rate: 1.0,
            init_variance: 1.0,
            multiplier: shrink,
        },
    })
}

/// The outcome of a coordinate check of one activation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CoordinateCheck {
    /// Slope of ln(size) on ln(width): 0 if the activation keeps its size.
    pub slope: f64,
    /// Whether the slope is below the tolerance, in either direction.
    pub passed: bool,
}

/// Checks that an activation (root mean square, some steps into training) does not grow or
/// shrink with the width. Pass `(width, size)` for at least two widths.
///
/// A passed check is necessary and not sufficient: follow it with [`confirm`].
///
/// # Errors
/// Fewer than two different widths, or a size that is not positive and finite.
pub fn coordinate_check(sizes: &[(usize, f64)], tolerance: f64) -> Result<CoordinateCheck> {
    for &(width, size) in sizes {
        if width == 0 || !(size > 0.0 && size.is_finite()) {
            return Err(Error::Settings(format!(
                "an activation must have a positive width and size, got {size} at width {width}"
            )));
        }
    }
    let x: Vec<f64> = sizes
        .iter()
        .map(|(width, _)| (*width as f64).ln())
        .collect();
    let y: Vec<f64> = sizes.iter().map(|(_, size)| size.ln()).collect();
    let slope = crate::calibration::Line::fit(&x, &y)?.slope;
    Ok(CoordinateCheck {
        slope,
        passed: slope.abs() <= tolerance,
    })
}

/// The outcome of sweeps of the learning rate at two widths.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Confirmation {
    /// Best learning rate of the narrow model, from a parabola in ln(rate).
    pub narrow: f64,
    /// Best learning rate of the wide model.
    pub wide: f64,
    /// log2(wide / narrow).
    pub shift: f64,
    /// Whether both optima are bracketed and differ by no more than one step of the sweep.
    pub transfers: bool,
    /// Whether both sweeps have their lowest loss inside. An optimum at an end says nothing.
    pub bracketed: bool,
}

/// Compares sweeps of `(learning rate, final loss)` at two widths, in muP's own learning rate.
///
/// # Errors
/// Fewer than three finite losses in a sweep, or a rate that is not positive.
pub fn confirm(narrow: &[(f64, f64)], wide: &[(f64, f64)]) -> Result<Confirmation> {
    let (low, low_inside, low_step) = optimum(narrow)?;
    let (high, high_inside, high_step) = optimum(wide)?;
    let shift = (high - low) / std::f64::consts::LN_2;
    let bracketed = low_inside && high_inside;
    Ok(Confirmation {
        narrow: low.exp(),
        wide: high.exp(),
        shift,
        transfers: bracketed && (high - low).abs() <= low_step.max(high_step) * (1.0 + 1e-9),
        bracketed,
    })
}

/// ln(rate) of the lowest loss, whether it is bracketed, and the step of the sweep there.
fn optimum(sweep: &[(f64, f64)]) -> Result<(f64, bool, f64)> {
    if let Some((rate, _)) = sweep
        .iter()
        .find(|(rate, _)| !(*rate > 0.0 && rate.is_finite()))
    {
        return Err(Error::Settings(format!(
            "a learning rate must be positive, got {rate}"
        )));
    }
    let rates: Vec<f64> = sweep.iter().map(|(rate, _)| rate.ln()).collect();
    let points: Vec<(f64, f64)> = ascending(&rates)
        .into_iter()
        .map(|i| (rates[i], sweep[i].1))
        .filter(|(_, loss)| loss.is_finite())
        .collect();
    if points.len() < 3 {
        return Err(Error::TooFewRuns {
            what: "a sweep of the learning rate",
            needed: 3,
            got: points.len(),
        });
    }
    let losses: Vec<f64> = points.iter().map(|p| p.1).collect();
    let best = ascending(&losses)[0];
    let inside = best > 0 && best + 1 < points.len();
    let centre = best.clamp(1, points.len() - 2);
    let [(x0, y0), (x1, y1), (x2, y2)] = [points[centre - 1], points[centre], points[centre + 1]];
    let step = (x1 - x0).max(x2 - x1);
    if !inside {
        return Ok((points[best].0, false, step));
    }
    // The vertex of the parabola through three points around the lowest one.
    let (a, b) = ((x1 - x0) * (y1 - y2), (x1 - x2) * (y1 - y0));
    let bend = a - b;
    let vertex = if bend == 0.0 {
        x1
    } else {
        x1 - 0.5 * ((x1 - x0) * a - (x1 - x2) * b) / bend
    };
    Ok((vertex.clamp(x0, x2), true, step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_follow_the_table() {
        let hidden = scaling(Role::Hidden, 128, 512).expect("widths");
        assert_eq!(
            (
                hidden.learning_rate,
                hidden.init_variance,
                hidden.multiplier
            ),
            (0.25, 0.25, 1.0)
        );
        let output = scaling(Role::Output, 128, 512).expect("widths");
        assert_eq!((output.learning_rate, output.multiplier), (1.0, 0.25));
        assert!(scaling(Role::Input, 0, 512).is_err());
    }

    #[test]
    fn an_activation_that_grows_fails_the_check() {
        let flat = [(64, 1.0), (128, 1.05), (256, 0.98)];
        let grown = [(64, 1.0), (128, 1.41), (256, 2.0)];
        assert!(coordinate_check(&flat, 0.1).expect("sizes").passed);
        let check = coordinate_check(&grown, 0.1).expect("sizes");
        assert!(!check.passed);
        approx::assert_relative_eq!(check.slope, 0.5, epsilon = 0.01);
        assert!(coordinate_check(&[(64, f64::NAN)], 0.1).is_err());
    }

    #[test]
    fn a_shifted_optimum_does_not_transfer() {
        let sweep = |best: f64| -> Vec<(f64, f64)> {
            (-4..=4)
                .map(|k| {
                    let log = f64::from(k) * std::f64::consts::LN_2;
                    (1e-3 * log.exp(), 2.0 + (log - best).powi(2))
                })
                .collect()
        };
        let same = confirm(&sweep(0.3), &sweep(0.3)).expect("sweeps");
        assert!(same.transfers);
        approx::assert_relative_eq!(same.narrow, 1e-3 * 0.3_f64.exp(), max_relative = 1e-9);
        let moved = confirm(&sweep(0.0), &sweep(-1.5)).expect("sweeps");
        assert!(!moved.transfers && moved.bracketed);
        approx::assert_relative_eq!(
            moved.shift,
            -1.5 / std::f64::consts::LN_2,
            max_relative = 1e-9
        );
        let edge = confirm(&sweep(0.0), &sweep(9.0)).expect("sweeps");
        assert!(!edge.bracketed && !edge.transfers);
        assert!(confirm(&[(1.0, 2.0)], &sweep(0.0)).is_err());
    }
}

//! Where a power law holds: local exponents, the plateau before it, and the floor or knee after it.

use crate::data::Points;
use crate::error::Result;
use crate::fit::{Fit, fit};
use crate::law::Law;
use crate::objective::Objective;
use crate::options::FitOptions;
use serde::{Deserialize, Serialize};

/// What limits a series of losses.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "regime", rename_all = "snake_case")]
pub enum Regime {
    /// Straight in log-log everywhere.
    PowerLaw,
    /// The loss approaches a floor: another resource or the data themselves limit it ("resolution-limited").
    Saturating {
        /// The floor.
        floor: f64,
        /// Resource at which the local exponent has fallen to half: (a/E)^(1/b).
        crossover: f64,
        /// Resource at which it has fallen to 90 %.
        ninety_percent: f64,
    },
    /// One power law turns into another at a knee.
    Broken {
        /// Where.
        knee: f64,
        /// Exponent before and after.
        exponents: (f64, f64),
    },
    /// The loss stays at the level of guessing until enough data are there.
    PlateauThenPowerLaw {
        /// Level of the plateau.
        level: f64,
        /// Resource at which the law leaves it.
        onset: f64,
    },
}

/// The stretch of resources in which one exponent describes the losses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// What limits the series.
    pub regime: Regime,
    /// First and last resource of the accepted stretch.
    pub range: (f64, f64),
    /// Exponent in that stretch.
    pub exponent: f64,
    /// -d ln L / d ln R between neighbouring resources, at their geometric means.
    pub local: Vec<(f64, f64)>,
    /// The fit that the exponent comes from.
    pub fit: Fit,
}

/// Relative root mean square of ln L below which data count as noise-free; it keeps likelihood ratios of
/// rounding errors from choosing a law.
const ROUNDING: f64 = 1e-9;

/// Finds the power-law stretch of a series in one resource.
///
/// The straight line, the law with a floor, the law with a knee and the plateau before a law compete by `AICc`; of
/// those within 2 of the best, the one with the fewest parameters is taken.
///
/// # Errors
/// As [`fit`]: at least two distinct resources are needed.
pub fn window(points: &Points) -> Result<Window> {
    let mut order: Vec<usize> = (0..points.len()).collect();
    if let Some(column) = points.resources.first() {
        order.sort_by(|&a, &b| column[a].total_cmp(&column[b]).then(a.cmp(&b)));
    }
    let sorted = points.select(&order);
    let options = FitOptions::default()
        .objective(Objective::LogSquares)
        .estimate_only();
    let line = fit(Law::Power, &sorted, &options)?;
    let resource = sorted.resources[0].clone();
    let local = local_exponents(&resource, &sorted.loss);
    let mut shapes = vec![(score(line.sum_of_squares, &sorted, 2), 2, Shape::Line(line))];
    // A richer law that cannot be fitted is no candidate; the line above always is one.
    if let Ok(found) = fit(Law::Saturating, &sorted, &options)
        && !found.warned("floor_at_zero")
    {
        shapes.push((
            score(found.sum_of_squares, &sorted, 3),
            3,
            Shape::Floor(found),
        ));
    }
    let knee = Law::Broken {
        breaks: 1,
        floor: false,
    };
    if let Ok(found) = fit(knee, &sorted, &options)
        && !found.warned("break_not_identified")
    {
        shapes.push((
            score(found.sum_of_squares, &sorted, 5),
            5,
            Shape::Knee(found),
        ));
    }
    if let Some(plateau) = plateau(&sorted, &options) {
        shapes.push((
            score(plateau.squares, &sorted, 4),
            4,
            Shape::Plateau(plateau),
        ));
    }
    let best = shapes
        .iter()
        .map(|shape| shape.0)
        .fold(f64::INFINITY, f64::min);
    shapes.retain(|shape| shape.0 <= best + 2.0);
    shapes.sort_by_key(|shape| shape.1);
    let (_, _, chosen) = shapes.swap_remove(0);
    Ok(describe(chosen, &resource, local))
}

enum Shape {
    Line(Fit),
    Floor(Fit),
    Knee(Fit),
    Plateau(Plateau),
}

struct Plateau {
    level: f64,
    onset: f64,
    squares: f64,
    fit: Fit,
}

fn score(squares: f64, points: &Points, parameters: usize) -> f64 {
    let n = points.len() as f64;
    let k = parameters as f64 + 1.0;
    let room = n - k - 1.0;
    if room <= 0.0 && parameters > 2 {
        return f64::INFINITY;
    }
    let correction = if room > 0.0 {
        2.0 * k * (k + 1.0) / room
    } else {
        0.0
    };
    n * (squares / n + ROUNDING * ROUNDING).ln() + 2.0 * k + correction
}

fn local_exponents(resource: &[f64], loss: &[f64]) -> Vec<(f64, f64)> {
    resource
        .windows(2)
        .zip(loss.windows(2))
        .filter(|(r, _)| r[1] > r[0])
        .map(|(r, l)| {
            let slope = -(l[1] / l[0]).ln() / (r[1] / r[0]).ln();
            ((r[0] * r[1]).sqrt(), slope)
        })
        .collect()
}

/// The best split into a constant head of at least two points and a power law behind it.
fn plateau(points: &Points, options: &FitOptions) -> Option<Plateau> {
    let n = points.len();
    let mut best: Option<Plateau> = None;
    for head in 2..n.saturating_sub(2) {
        let level = points.loss[..head].iter().map(|l| l.ln()).sum::<f64>() / head as f64;
        let rows: Vec<usize> = (head..n).collect();
        let Ok(found) = fit(Law::Power, &points.select(&rows), options) else {
            continue;
        };
        let (a, b) = (found.value_of("a")?, found.value_of("b")?);
        if b <= 0.0 {
            continue;
        }
        let onset = ((a.ln() - level) / b).exp();
        let flat: f64 = points.loss[..head]
            .iter()
            .map(|l| (l.ln() - level).powi(2))
            .sum();
        let squares = flat + found.sum_of_squares;
        // The law must leave the plateau between its last point and the first point behind it, give or take a step.
        let column = &points.resources[0];
        let close = onset >= column[head - 2] && onset <= column[(head + 1).min(n - 1)];
        if close && best.as_ref().is_none_or(|known| squares < known.squares) {
            best = Some(Plateau {
                level: level.exp(),
                onset,
                squares,
                fit: found,
            });
        }
    }
    best
}

fn describe(shape: Shape, resource: &[f64], local: Vec<(f64, f64)>) -> Window {
    let (first, last) = (resource[0], resource[resource.len() - 1]);
    let largest_below = |limit: f64| {
        resource
            .iter()
            .copied()
            .filter(|r| *r <= limit * (1.0 + 1e-9))
            .fold(first, f64::max)
    };
    match shape {
        Shape::Line(fit) => Window {
            regime: Regime::PowerLaw,
            range: (first, last),
            exponent: fit.value_of("b").unwrap_or(f64::NAN),
            local,
            fit,
        },
        Shape::Floor(fit) => {
            let value = |name: &str| fit.value_of(name).unwrap_or(f64::NAN);
            let (floor, a, b) = (value("E"), value("a"), value("b"));
            // The local exponent is b (L - E)/L, so a share s of b is left where a R^-b = s/(1-s) E.
            let at_share = |s: f64| ((a / floor).ln() - (s / (1.0 - s)).ln()) / b;
            let (half, ninety) = (at_share(0.5).exp(), at_share(0.9).exp());
            Window {
                regime: Regime::Saturating {
                    floor,
                    crossover: half,
                    ninety_percent: ninety,
                },
                range: (first, largest_below(half)),
                exponent: b,
                local,
                fit,
            }
        }
        Shape::Knee(fit) => {
            let value = |name: &str| fit.value_of(name).unwrap_or(f64::NAN);
            let (knee, width) = (value("d1"), value("f1"));
            let before = value("c0");
            // Points with log10 R <= log10 d - 2 f lie on the first slope.
            let limit = knee * 10_f64.powf(-2.0 * width);
            Window {
                regime: Regime::Broken {
                    knee,
                    exponents: (before, before + value("c1")),
                },
                range: (first, largest_below(limit)),
                exponent: before,
                local,
                fit,
            }
        }
        Shape::Plateau(plateau) => {
            let start = resource
                .iter()
                .copied()
                .find(|r| *r >= plateau.onset)
                .unwrap_or(last);
            Window {
                regime: Regime::PlateauThenPowerLaw {
                    level: plateau.level,
                    onset: plateau.onset,
                },
                range: (start, last),
                exponent: plateau.fit.value_of("b").unwrap_or(f64::NAN),
                local,
                fit: plateau.fit,
            }
        }
    }
}

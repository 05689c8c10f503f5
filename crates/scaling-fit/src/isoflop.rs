//! The parabola (`IsoFLOP`) method: the best size at each compute budget, and the line through the minima.

use crate::error::{Error, Result};
use crate::linalg::{ZERO_VECTOR, least_squares};
use crate::warning::Warning;
use serde::{Deserialize, Serialize};

/// A run of an `IsoFLOP` study.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct IsoRun {
    /// Compute budget (FLOP); runs of one budget carry the same number.
    pub compute: f64,
    /// Size: parameters, or tokens.
    pub size: f64,
    /// Final loss.
    pub loss: f64,
}

/// How the minimum of a budget is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Minimum {
    /// Vertex of the parabola in log10(size) (Hoffmann et al. 2022, Sec. 3.2).
    #[default]
    Parabola,
    /// The lowest run. Shown for comparison: on coarse grids it is off by a third.
    Lowest,
}

/// One budget with its minimum.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// Budget (FLOP).
    pub compute: f64,
    /// Best size.
    pub size: f64,
    /// Loss there.
    pub loss: f64,
    /// Parabola in log10(size): constant, slope, curvature. Zero curvature for [`Minimum::Lowest`].
    pub parabola: [f64; 3],
    /// Runs of this budget.
    pub runs: usize,
    /// Square root of largest over smallest size.
    pub half_width: f64,
    /// Distance of the grid's centre from the minimum, as a factor of at least 1.
    pub off_centre: f64,
}

/// Result of the parabola method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IsoFlop {
    /// Budgets with a bracketed minimum, smallest first.
    pub budgets: Vec<Budget>,
    /// Budgets left out.
    pub skipped: Vec<f64>,
    /// log10(best size) = `intercept` + `exponent` log10(compute); needs two budgets.
    pub exponent: Option<f64>,
    /// Constant of that line.
    pub intercept: Option<f64>,
    /// Budgets skipped with their reasons, and the bias of the method where it matters.
    pub warnings: Vec<Warning>,
}

impl IsoFlop {
    /// Best size at a budget, on the line.
    #[must_use]
    pub fn size_at(&self, compute: f64) -> Option<f64> {
        Some(10_f64.powf(self.intercept? + self.exponent? * compute.log10()))
    }
}

/// Half-width of a grid beyond which the parabola's third-order error passes one per cent on the Chinchilla
/// surface (a factor of 4 gives 1.3 %, of 2 gives 0.3 %).
const WIDE: f64 = 4.0;

/// Distance of a grid's centre from the minimum that counts as off centre.
const OFF_CENTRE: f64 = 1.6;

/// Finds the best size at each budget and the line through them.
///
/// # Errors
/// [`Error::NonFinite`], [`Error::NonPositiveLoss`] or [`Error::NonPositiveResource`] for bad rows, which are named.
pub fn isoflop(runs: &[IsoRun], minimum: Minimum) -> Result<IsoFlop> {
    check(runs)?;
    let mut computes: Vec<f64> = runs.iter().map(|run| run.compute).collect();
    computes.sort_by(f64::total_cmp);
    computes.dedup();
    let mut out = IsoFlop {
        budgets: Vec::new(),
        skipped: Vec::new(),
        exponent: None,
        intercept: None,
        warnings: Vec::new(),
    };
    for compute in computes {
        let mut members: Vec<&IsoRun> = runs
            .iter()
            .filter(|r| r.compute.to_bits() == compute.to_bits())
            .collect();
        members.sort_by(|a, b| a.size.total_cmp(&b.size).then(a.loss.total_cmp(&b.loss)));
        match budget(compute, &members, minimum) {
            Ok(found) => out.budgets.push(found),
            Err(reason) => {
                out.skipped.push(compute);
                out.warnings.push(Warning::BudgetSkipped {
                    compute,
                    reason: reason.to_owned(),
                });
            }
        }
    }
    if out.budgets.len() >= 2 {
        let line = least_squares(
            2,
            out.budgets.iter().map(|b| {
                let mut x = ZERO_VECTOR;
                (x[0], x[1]) = (1.0, b.compute.log10());
                (x, b.size.log10(), 1.0)
            }),
        );
        if let Some(line) = line {
            (out.intercept, out.exponent) = (Some(line[0]), Some(line[1]));
        }
    }
    let half_width = out.budgets.iter().map(|b| b.half_width).fold(1.0, f64::max);
    let off_centre = out.budgets.iter().map(|b| b.off_centre).fold(1.0, f64::max);
    let biased = half_width > WIDE * (1.0 + 1e-9) || off_centre > OFF_CENTRE;
    if minimum == Minimum::Parabola && biased {
        out.warnings.push(Warning::ParabolaBias {
            half_width,
            off_centre,
        });
    }
    Ok(out)
}

fn check(runs: &[IsoRun]) -> Result<()> {
    for (row, run) in runs.iter().enumerate() {
        for (column, value) in [("compute", run.compute), ("size", run.size)] {
            if !value.is_finite() {
                return Err(Error::NonFinite {
                    row,
                    column: column.into(),
                    value,
                });
            }
            if value <= 0.0 {
                return Err(Error::NonPositiveResource {
                    row,
                    column: column.into(),
                    value,
                });
            }
        }
        if !run.loss.is_finite() {
            return Err(Error::NonFinite {
                row,
                column: "loss".into(),
                value: run.loss,
            });
        }
    }
    Ok(())
}

fn budget(
    compute: f64,
    members: &[&IsoRun],
    minimum: Minimum,
) -> std::result::Result<Budget, &'static str> {
    let (first, last) = (members[0].size, members[members.len() - 1].size);
    let centre = (first * last).sqrt();
    let make = |size: f64, loss: f64, parabola: [f64; 3]| Budget {
        compute,
        size,
        loss,
        parabola,
        runs: members.len(),
        half_width: (last / first).sqrt(),
        off_centre: (size / centre).max(centre / size),
    };
    if minimum == Minimum::Lowest {
        let lowest = members
            .iter()
            .min_by(|a, b| a.loss.total_cmp(&b.loss))
            .ok_or("no run")?;
        return Ok(make(lowest.size, lowest.loss, [lowest.loss, 0.0, 0.0]));
    }
    let mut sizes: Vec<u64> = members.iter().map(|run| run.size.to_bits()).collect();
    sizes.dedup();
    if sizes.len() < 3 {
        return Err("a parabola needs three sizes");
    }
    // Centred so that the normal equations keep their digits.
    let origin = centre.log10();
    let fitted = least_squares(
        3,
        members.iter().map(|run| {
            let t = run.size.log10() - origin;
            let mut x = ZERO_VECTOR;
            (x[0], x[1], x[2]) = (1.0, t, t * t);
            (x, run.loss, 1.0)
        }),
    )
    .ok_or("the sizes do not determine a parabola")?;
    let [c, b, a] = [fitted[0], fitted[1], fitted[2]];
    if a <= 0.0 {
        return Err("the curvature of the parabola is not positive");
    }
    let vertex = -0.5 * b / a;
    let size = 10_f64.powf(origin + vertex);
    if size <= first || size >= last {
        return Err("the minimum is not bracketed by the sizes");
    }
    let shifted = [
        c - b * origin + a * origin * origin,
        b - 2.0 * a * origin,
        a,
    ];
    Ok(make(size, c - 0.25 * b * b / a, shifted))
}

//! The exponent of one resource for each value of the other: the form in which scaling of deep chemical models was
//! first reported (Frey et al. 2023, doi:10.1038/s42256-023-00740-3), "beta = 0.17 +- 0.01 at 300,000 molecules".

use crate::data::Points;
use crate::error::{Error, Result};
use crate::fit::{Fit, fit};
use crate::interval::{Interval, Method};
use crate::law::Law;
use crate::options::FitOptions;
use crate::warning::Warning;
use crate::window::{Regime, window};
use serde::{Deserialize, Serialize};

/// The power law in one resource while the other is held.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SizeExponent {
    /// Value of the resource that is held, such as the size of the data set.
    pub size: f64,
    /// Rows of this size, by their number in the points.
    pub rows: Vec<usize>,
    /// What limits the losses of this size, and from which resource on.
    pub regime: Regime,
    /// First and last resource of the stretch in which one exponent describes the losses.
    pub range: (f64, f64),
    /// The exponent in that stretch: L = a R^-exponent, or with the floor that the regime names.
    pub exponent: f64,
    /// Its standard error by normal theory.
    pub standard_error: Option<f64>,
    /// Its intervals by the methods that the options ask for.
    pub intervals: Vec<Interval>,
    /// What to know before using it.
    pub warnings: Vec<Warning>,
}

impl SizeExponent {
    /// The interval by a method, where it was made.
    #[must_use]
    pub fn interval(&self, method: Method) -> Option<&Interval> {
        self.intervals.iter().find(|i| i.method == method)
    }
}

/// Finds the exponent of the other resource for every distinct value of the resource `held` (0 or 1), in ascending
/// order of that value, with its uncertainty.
///
/// For each size the [`window`](fn@window) decides where a power law holds; the law of that window is then fitted with
/// the objective and the intervals of the options. Sizes with fewer than two distinct resources have no exponent and
/// are left out.
///
/// # Errors
/// [`Error::WrongResources`] where the points do not have two resources or `held` names none of them; the errors of
/// [`fit`] for a size whose rows cannot be fitted.
pub fn exponents_per_size(
    points: &Points,
    held: usize,
    options: &FitOptions,
) -> Result<Vec<SizeExponent>> {
    if points.resources.len() != 2 || held > 1 {
        return Err(Error::WrongResources {
            law: "exponents per size".into(),
            expected: vec!["resource".into(), "size".into()],
            got: (0..points.resources.len())
                .map(|k| format!("column {k}"))
                .collect(),
        });
    }
    let mut sizes = points.resources[held].clone();
    sizes.sort_by(f64::total_cmp);
    sizes.dedup();
    let mut out = Vec::new();
    for size in sizes {
        let rows: Vec<usize> = (0..points.len())
            .filter(|&row| points.resources[held][row].to_bits() == size.to_bits())
            .collect();
        let mut series = points.select(&rows);
        series.resources.remove(held);
        let mut distinct = series.resources[0].clone();
        distinct.sort_by(f64::total_cmp);
        distinct.dedup();
        if distinct.len() > 1 {
            out.push(one_size(size, rows, &series, options)?);
        }
    }
    Ok(out)
}

fn one_size(
    size: f64,
    rows: Vec<usize>,
    series: &Points,
    options: &FitOptions,
) -> Result<SizeExponent> {
    let found = window(series)?;
    let inside = |row: &usize| {
        let resource = series.resources[0][*row];
        resource >= found.range.0 && resource <= found.range.1
    };
    let (law, name, stretch): (Law, &str, Vec<usize>) = match found.regime {
        // A floor bends every point a little, so the whole series tells the exponent above it.
        Regime::Saturating { .. } => (Law::Saturating, "b", (0..series.len()).collect()),
        Regime::PowerLaw | Regime::Broken { .. } | Regime::PlateauThenPowerLaw { .. } => {
            (Law::Power, "b", (0..series.len()).filter(inside).collect())
        }
    };
    let fitted: Fit = fit(law, &series.select(&stretch), options)?;
    let parameter = fitted
        .parameters
        .iter()
        .find(|p| p.name == name)
        .expect("both laws have an exponent b");
    Ok(SizeExponent {
        size,
        rows,
        regime: found.regime,
        range: found.range,
        exponent: parameter.value,
        standard_error: parameter.standard_error,
        intervals: fitted
            .intervals
            .iter()
            .filter(|interval| interval.of == name)
            .cloned()
            .collect(),
        warnings: fitted.warnings.clone(),
    })
}

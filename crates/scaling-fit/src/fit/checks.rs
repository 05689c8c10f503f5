//! Refusals: data from which this law cannot be read.

use crate::constraints::Space;
use crate::data::{Checked, Row};
use crate::error::{Error, Result};
use crate::law::Law;

/// Wide bounds in coordinates that only keep the solver from wandering off to where exponentials end.
pub(crate) fn implied_bounds(law: Law, rows: &[Row]) -> Vec<(f64, f64)> {
    let mut ln_x = (f64::INFINITY, f64::NEG_INFINITY);
    let mut ln_loss = (f64::INFINITY, f64::NEG_INFINITY);
    for row in rows {
        ln_x = (ln_x.0.min(row.ln_x[0]), ln_x.1.max(row.ln_x[0]));
        if row.loss > 0.0 {
            ln_loss = (ln_loss.0.min(row.ln_loss), ln_loss.1.max(row.ln_loss));
        }
    }
    if ln_loss.0 > ln_loss.1 {
        ln_loss = (-1.0, 1.0);
    }
    let everywhere = (f64::NEG_INFINITY, f64::INFINITY);
    law.specs()
        .iter()
        .map(|spec| match (law, spec.name) {
            (Law::Shifted { .. }, "gamma") => (-ln_x.1 - 40.0, -ln_x.0 + 5.0),
            (Law::SigmoidLike, "e_0") => (ln_loss.0, ln_loss.1 + 25.0),
            (Law::SigmoidLike, "alpha") => (0.0, 50.0),
            (Law::SigmoidLike, "e_inf") => (ln_loss.0 - 36.0, ln_loss.1),
            (_, "d1" | "d2" | "d3") => (ln_x.0 - 1000_f64.ln(), ln_x.1 + 1000_f64.ln()),
            (_, "f1" | "f2" | "f3") => (1e-4_f64.ln(), 30_f64.ln()),
            _ if spec.floor => (ln_loss.0 - 36.0, ln_loss.1 + 1.0),
            _ => everywhere,
        })
        .collect()
}

/// Refuses data with too few points, no variation, or no way to tell the parameters apart.
pub(crate) fn identifiable(law: Law, checked: &Checked, space: &Space) -> Result<()> {
    let needed = space.free.max(1);
    let too_few = |got: usize| Error::TooFewPoints {
        law: law.name(),
        needed,
        got,
    };
    if checked.rows.len() < needed {
        return Err(too_few(checked.distinct()));
    }
    for (axis, resource) in law.resources().iter().enumerate() {
        let first = checked.rows[0].ln_x[axis];
        let varies = checked
            .rows
            .iter()
            .any(|row| (row.ln_x[axis] - first).abs() > 1e-12);
        if !varies && exponent_is_free(law, axis, space) {
            return Err(Error::NoVariation {
                resource: (*resource).to_owned(),
                advice: if law.resources().len() == 1 {
                    "all rows have the same value, so no exponent can be seen".into()
                } else {
                    let other = law.resources()[1 - axis];
                    format!(
                        "its term and the floor are inseparable; fit the saturating law in {other} alone"
                    )
                },
            });
        }
    }
    let distinct = checked.distinct();
    if distinct < needed {
        return Err(too_few(distinct));
    }
    let first = checked.rows[0].loss;
    let flat = checked
        .rows
        .iter()
        .all(|row| row.loss.to_bits() == first.to_bits());
    if flat && space.free > 2 {
        return Err(Error::NotIdentifiable {
            law: law.name(),
            reason: "all losses are equal, so a floor and an amplitude cannot be told apart".into(),
        });
    }
    Ok(())
}

fn exponent_is_free(law: Law, axis: usize, space: &Space) -> bool {
    let name = match (law, axis) {
        (Law::Joint, 0) => "alpha",
        (Law::Joint, _) => "beta",
        (Law::Kaplan, 0) => "alpha_N",
        (Law::Kaplan, _) => "alpha_D",
        (Law::OverTraining, _) => "eta",
        (Law::SigmoidLike, _) => "c",
        (Law::Broken { .. }, _) => "c0",
        _ => "b",
    };
    law.index_of(name)
        .is_ok_and(|index| space.owner[..space.free].contains(&index))
}

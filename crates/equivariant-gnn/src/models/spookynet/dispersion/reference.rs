//! The reference systems of D4: polarizabilities of atoms in molecules, and what tells which of these
//! an atom resembles (Caldeweyher et al., J. Chem. Phys. 150, 154122 (2019), doi:10.1063/1.5090222).
//!
//! Axis letters: R = 7 reference systems of an element, W = 23 imaginary frequencies, T elements.

use crate::weights::{Layout, Named, Scope, parse_named};

pub(super) const NAME: &str = "d4_dispersion_energy";

/// Reference systems of an element: R.
pub(super) const SYSTEMS: usize = 7;

/// Coordination numbers by which a reference system is recognised.
pub(super) const COUNTS: usize = 3;

/// Imaginary frequencies of a polarizability: W.
const FREQUENCIES: usize = 23;

/// Rows of the built-in tables: no element, and hydrogen to chlorine.
pub(crate) const BUILT_IN: usize = 18;

/// Height and steepness of the charge scaling (the reference's eq. 4).
pub(super) const HEIGHT: f64 = 3.0;
pub(super) const STEEPNESS: f64 = 2.0;

/// Tables with a row for each element, by the extents of a row.
const BY_ELEMENT: [(&str, &[usize]); 15] = [
    ("refsys", &[SYSTEMS]),
    ("zeff", &[]),
    ("refh", &[SYSTEMS]),
    ("gam", &[]),
    ("ascale", &[SYSTEMS]),
    ("alphaiw", &[SYSTEMS, FREQUENCIES]),
    ("hcount", &[SYSTEMS]),
    ("rcov", &[]),
    ("en", &[]),
    ("ncount_mask", &[SYSTEMS, COUNTS]),
    ("ncount_weight", &[SYSTEMS, COUNTS]),
    ("cn", &[SYSTEMS, COUNTS]),
    ("fixgweights", &[SYSTEMS]),
    ("refq", &[SYSTEMS]),
    ("sqrt_r4r2", &[]),
];

/// Tables of the molecules that reference polarizabilities were computed in, and of the quadrature.
const OTHERS: [(&str, &[usize]); 3] = [
    ("sscale", &[BUILT_IN]),
    ("secaiw", &[BUILT_IN, FREQUENCIES]),
    ("casimir_polder_weights", &[FREQUENCIES]),
];

fn built_in() -> Named {
    parse_named(include_bytes!("../../../../data/d4_reference.safetensors"))
        .expect("the file is part of the crate")
}

/// Declares the tables with `rows` elements. Elements that are not built in come from a checkpoint; until
/// then they are NaN, so that they cannot pass for elements without dispersion.
pub(super) fn declare(layout: &mut Layout, rows: usize) {
    let known = built_in();
    for (name, row) in BY_ELEMENT {
        let mut values = known[name].1.clone();
        let length: usize = row.iter().product();
        values.resize(rows * length, f64::NAN);
        let shape: Vec<usize> = std::iter::once(rows).chain(row.iter().copied()).collect();
        layout.buffer(format!("{NAME}.{name}"), &shape, values);
    }
    for (name, shape) in OTHERS {
        layout.buffer(format!("{NAME}.{name}"), shape, known[name].1.clone());
    }
}

/// The row of an element in one of the tables.
pub(super) fn row<'a>(weights: &'a Scope<'_>, table: &str, z: u8) -> &'a [f64] {
    let (shape, values) = weights.table(&format!("{NAME}.{table}"));
    let length: usize = shape[1..].iter().product();
    &values[usize::from(z) * length..][..length]
}

/// C₆ of each two reference systems of the elements, by the Casimir-Polder integral over their
/// polarizabilities (the reference's eq. 3), `[T·R, T·R]`, in atomic units.
///
/// `charge_scale` multiplies the charges of the reference systems. As in the authors' code the result is
/// not differentiated by it.
pub(super) fn coefficients(weights: &Scope<'_>, elements: &[u8], charge_scale: f64) -> Vec<f64> {
    let polarizabilities: Vec<[f64; FREQUENCIES]> = elements
        .iter()
        .flat_map(|&z| (0..SYSTEMS).map(move |system| (z, system)))
        .map(|(z, system)| polarizability(weights, z, system, charge_scale))
        .collect();
    let (_, quadrature) = weights.table(&format!("{NAME}.casimir_polder_weights"));
    let integral = |a: &[f64; FREQUENCIES], b: &[f64; FREQUENCIES]| {
        let terms = a.iter().zip(b).zip(quadrature).map(|((a, b), w)| a * b * w);
        3.0 / std::f64::consts::PI * terms.sum::<f64>()
    };
    polarizabilities
        .iter()
        .flat_map(|a| polarizabilities.iter().map(move |b| integral(a, b)))
        .collect()
}

/// The polarizability of one atom in a reference system at each frequency: the molecule's, less that of
/// the atoms it was saturated with, at the charge that they have there (the reference's eq. 2).
fn polarizability(
    weights: &Scope<'_>,
    z: u8,
    system: usize,
    charge_scale: f64,
) -> [f64; FREQUENCIES] {
    let own = |table| row(weights, table, z)[system];
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a table of row numbers below 18"
    )]
    let other = own("refsys") as u8;
    let of_other = |table| row(weights, table, other)[0];
    let nuclear = of_other("zeff");
    let charged = nuclear + own("refh") * charge_scale;
    let scaling = if charged > 1e-8 {
        let hardness = of_other("gam") * STEEPNESS;
        (HEIGHT * (1.0 - (hardness * (1.0 - nuclear / charged)).exp())).exp()
    } else {
        HEIGHT.exp()
    };
    let factor = own("hcount") * of_other("sscale") * scaling;
    let scale = own("ascale");
    let molecule = &row(weights, "alphaiw", z)[system * FREQUENCIES..];
    let saturated = row(weights, "secaiw", other);
    std::array::from_fn(|w| (scale * (molecule[w] - factor * saturated[w])).max(0.0))
}

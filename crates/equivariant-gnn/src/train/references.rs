//! Energies of elements by themselves, by least squares.

use std::collections::BTreeMap;

use atoms::Structure;

use super::config::References;
use crate::error::{Error, Result};

/// The reference energy of every element of the training set (eV).
pub(super) fn of(structures: &[Structure], references: &References) -> Result<BTreeMap<u8, f64>> {
    match references {
        References::LeastSquares => Ok(least_squares(structures)),
        References::Zero => Ok(elements(structures).into_iter().map(|z| (z, 0.0)).collect()),
        References::Given { energies } => {
            let mut out = BTreeMap::new();
            for (symbol, energy) in energies {
                let number = atoms::element::number(symbol).ok_or_else(|| Error::Setting {
                    field: "references",
                    value: symbol.clone(),
                    expected: "element symbols",
                })?;
                out.insert(number, *energy);
            }
            for (index, structure) in structures.iter().enumerate() {
                let unknown = structure.species.iter().position(|z| !out.contains_key(z));
                if let Some(atom) = unknown {
                    return Err(Error::UnknownElement {
                        index,
                        atom,
                        symbol: atoms::element::symbol(structure.species[atom]).unwrap_or("?"),
                    });
                }
            }
            Ok(out)
        }
    }
}

fn elements(structures: &[Structure]) -> Vec<u8> {
    let mut all: Vec<u8> = structures.iter().flat_map(|s| s.species.clone()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Minimises Σ (E − Σ n E₀)² over the structures that have an energy.
///
/// Compositions are often too alike to tell the elements apart (one molecule has one composition), so
/// the solution of least norm is wanted: ridge regression, repeated on what is left, tends to it.
fn least_squares(structures: &[Structure]) -> BTreeMap<u8, f64> {
    let elements = elements(structures);
    let n = elements.len();
    let rows: Vec<(Vec<f64>, f64)> = structures
        .iter()
        .filter_map(|structure| {
            let count = |z: &u8| -> f64 {
                structure
                    .species
                    .iter()
                    .map(|s| f64::from(u8::from(s == z)))
                    .sum()
            };
            Some((elements.iter().map(count).collect(), structure.energy?))
        })
        .collect();
    let mut normal = vec![vec![0.0; n]; n];
    for (counts, _) in &rows {
        for a in 0..n {
            for b in 0..n {
                normal[a][b] += counts[a] * counts[b];
            }
        }
    }
    let trace: f64 = (0..n).map(|a| normal[a][a]).sum();
    for (a, row) in normal.iter_mut().enumerate() {
        row[a] += 1e-8 * trace + f64::MIN_POSITIVE;
    }
    let mut energies = vec![0.0; n];
    for _ in 0..5 {
        let mut right = vec![0.0; n];
        for (counts, energy) in &rows {
            let fitted: f64 = counts.iter().zip(&energies).map(|(c, e)| c * e).sum();
            for a in 0..n {
                right[a] += counts[a] * (energy - fitted);
            }
        }
        for (energy, step) in energies.iter_mut().zip(solve(normal.clone(), right)) {
            *energy += step;
        }
    }
    elements.into_iter().zip(energies).collect()
}

/// Gaussian elimination of a symmetric positive definite system.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let n = right.len();
    for pivot in 0..n {
        let top = matrix[pivot].clone();
        for row in pivot + 1..n {
            let factor = matrix[row][pivot] / top[pivot];
            for (x, t) in matrix[row].iter_mut().zip(&top) {
                *x -= factor * t;
            }
            right[row] -= factor * right[pivot];
        }
    }
    for pivot in (0..n).rev() {
        for column in pivot + 1..n {
            right[pivot] -= matrix[pivot][column] * right[column];
        }
        right[pivot] /= matrix[pivot][pivot];
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;

    fn structure(species: Vec<u8>, energy: f64) -> Structure {
        let positions = (0..species.len()).map(|k| [k as f64, 0.0, 0.0]).collect();
        Structure {
            energy: Some(energy),
            ..Structure::new(species, positions).unwrap()
        }
    }

    #[test]
    fn distinct_compositions_give_the_energies_back() {
        let set = [
            structure(vec![1, 1], -27.2),
            structure(vec![8], -2041.9),
            structure(vec![8, 1, 1], -2069.1),
            structure(vec![6, 1, 1, 1, 1], -1083.8),
        ];
        let found = of(&set, &References::LeastSquares).unwrap();
        for (z, e) in [(1, -13.6), (6, -1029.4), (8, -2041.9)] {
            assert!((found[&z] - e).abs() < 1e-6, "{z}: {} for {e}", found[&z]);
        }
    }

    #[test]
    fn one_composition_is_fitted_by_its_mean() {
        let set: Vec<_> = [-100.0, -102.0].map(|e| structure(vec![8, 1, 1], e)).into();
        let found = of(&set, &References::LeastSquares).unwrap();
        assert!((found[&8] + 2.0 * found[&1] + 101.0).abs() < 1e-6);
    }
}

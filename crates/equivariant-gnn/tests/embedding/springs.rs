//! Water held together by springs: a potential whose minimum and vibrations are known.

use atoms::Structure;
use equivariant_gnn::{Evaluation, Result};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Springs between all three atoms (eV/Å²).
pub(crate) const STIFFNESS: f64 = 40.0;

pub(crate) fn water() -> Structure {
    let positions = vec![[0.0; 3], [0.96, 0.0, 0.0], [-0.24, 0.93, 0.0]];
    Structure::new(vec![8, 1, 1], positions).unwrap()
}

/// Σ k/2 (d − d₀)² over all pairs, with d₀ of [`water`].
#[expect(clippy::unnecessary_wraps, reason = "the signature of a force field")]
pub(crate) fn energy_and_forces(structure: &Structure) -> Result<Evaluation> {
    let rest = water();
    let distance = |s: &Structure, i: usize, j: usize| {
        let r: [f64; 3] = std::array::from_fn(|k| s.positions[j][k] - s.positions[i][k]);
        (r, r.iter().map(|x| x * x).sum::<f64>().sqrt())
    };
    let mut energy = -100.0;
    let mut forces = vec![[0.0; 3]; structure.len()];
    for i in 0..structure.len() {
        for j in 0..i {
            let (r, d) = distance(structure, i, j);
            let stretch = d - distance(&rest, i, j).1;
            energy += 0.5 * STIFFNESS * stretch * stretch;
            for k in 0..3 {
                let pull = STIFFNESS * stretch * r[k] / d;
                forces[i][k] += pull;
                forces[j][k] -= pull;
            }
        }
    }
    Ok(Evaluation {
        energy,
        atom_energies: vec![energy / structure.len() as f64; structure.len()],
        forces,
        ..Evaluation::default()
    })
}

/// Labelled water with every coordinate moved by up to `most` (Å).
pub(crate) fn shaken(count: u64, most: f64) -> Vec<Structure> {
    (0..count)
        .map(|seed| {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let mut structure = water();
            for x in structure.positions.as_flattened_mut() {
                *x += most * (2.0 * random.random::<f64>() - 1.0);
            }
            let said = energy_and_forces(&structure).unwrap();
            Structure {
                energy: Some(said.energy),
                forces: Some(said.forces),
                ..structure
            }
        })
        .collect()
}

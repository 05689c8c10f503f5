//! The cost of the search, counted.

use crate::structure::Structure;

use super::bins::sort_into_bins;
use super::search::{Images, candidates};

/// Rows looked at and distances computed for an atom, on average.
fn work(structure: &Structure, cutoff: f64) -> f64 {
    let cell = structure.cell.unwrap_or_default();
    let bins = sort_into_bins(structure, &cell, cutoff).unwrap();
    let images = Images::of(&bins);
    let mut steps = 0;
    for atom in 0..structure.len() {
        candidates(&bins, &images, atom, cutoff, |_, slots| {
            steps += 1 + slots.len();
        });
    }
    steps as f64 / structure.len() as f64
}

/// Atoms 2 Å apart: a cluster, or a chain, of the given extent in atoms.
fn lattice(extent: [u32; 3], at: [f64; 3], turned: bool) -> Vec<[f64; 3]> {
    let mut out = Vec::new();
    for x in 0..extent[0] {
        for y in 0..extent[1] {
            for z in 0..extent[2] {
                let p = [x, y, z].map(|n| 2.0 * f64::from(n));
                // Along the diagonal of the cell, where every axis is long and nearly all bins are empty.
                let p = if turned {
                    [p[0] + p[2], p[0] + p[1], p[0] - p[1]]
                } else {
                    p
                };
                out.push(std::array::from_fn(|k| p[k] + at[k]));
            }
        }
    }
    out
}

#[test]
fn the_work_for_an_atom_does_not_grow_with_the_box_or_the_gaps() {
    let cutoff = 5.0;
    let cube = |edge: f64| {
        [
            [edge, 0.0, 0.0],
            [0.1 * edge, edge, 0.0],
            [0.0, 0.2 * edge, edge],
        ]
    };
    let condensed = {
        let s = Structure::new(vec![1; 8000], lattice([20; 3], [0.0; 3], false)).unwrap();
        work(&s, cutoff)
    };
    let two = |n: u32, apart: f64| {
        let mut positions = lattice([n; 3], [-3.0; 3], false);
        positions.extend(lattice([n; 3], [apart, -apart, 0.5 * apart], false));
        positions
    };
    for (name, positions) in [
        ("a cluster", lattice([20; 3], [-7.0; 3], false)),
        ("two clusters", two(16, 9e5)),
        (
            "a chain along the diagonal",
            lattice([5000, 1, 1], [0.0; 3], true),
        ),
        (
            "a sheet across the cell",
            lattice([70, 70, 1], [0.0; 3], true),
        ),
        ("a sheet", lattice([70, 70, 1], [0.0; 3], false)),
    ] {
        let free = Structure::new(vec![1; positions.len()], positions).unwrap();
        let mut all = vec![work(&free, cutoff)];
        for edge in [1e5, 9e5] {
            for periodic in [[true; 3], [true, false, true], [false, true, false]] {
                let boxed = free.clone().with_cell(cube(edge), periodic).unwrap();
                all.push(work(&boxed, cutoff));
            }
        }
        for found in all {
            assert!(
                found < 1.5 * condensed,
                "{name}: {found} steps an atom, {condensed} where it is one of many"
            );
        }
    }
}

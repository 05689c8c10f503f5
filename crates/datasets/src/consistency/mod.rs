//! Do energies, forces and positions of a set belong together?
//!
//! For two close geometries of one system the energy difference must be the work of the forces,
//! ΔE = −½ (F₁ + F₂) · ΔR to second order. The slope of the left side against the right over many pairs is +1 for
//! consistent units and true forces, −1 where gradients pass for forces, and the ratio of the units where they differ.

mod align;

use std::collections::HashMap;

use atoms::{Structure, inverse};

use align::aligned_difference;

/// Outcome of [`check`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Consistency {
    /// Slope of the energy difference against the work of the forces; 1 when all is well.
    pub slope: f64,
    /// Correlation of the two.
    pub correlation: f64,
    /// Number of pairs of geometries.
    pub pairs: usize,
    /// Median length of ΔR over all atoms of a pair (Å): the shorter, the more the slope can tell.
    pub step: f64,
}

/// Most structures that are compared with one another.
const SAMPLE: usize = 800;
/// Share of the closest pairs that is used, and the fewest.
const CLOSEST: f64 = 0.3;
const FEWEST: usize = 4;
/// Pairs whose atoms moved by more than this (Å, root mean square) are beyond second order.
const FARTHEST: f64 = 0.35;

/// Geometries whose distances differ by less than this (Å, root mean square) are copies, which say nothing.
const COPY: f32 = 1e-5;

/// Compares energies with forces over the closest pairs of geometries with the same atoms (and the same cell).
///
/// Molecules are superposed first; atoms of periodic structures are compared by minimum image. `None` when there are
/// fewer than four pairs, as in sets of unrelated structures. Large sets are sampled evenly.
#[must_use]
pub fn check(structures: &[Structure]) -> Option<Consistency> {
    let labelled: Vec<&Structure> = structures
        .iter()
        .filter(|s| s.energy.is_some() && s.forces.is_some() && s.len() > 1)
        .collect();
    let step = labelled.len().div_ceil(SAMPLE).max(1);
    // Whole runs are kept, because neighbouring frames are the closest in a trajectory.
    let run = 20;
    let sample = labelled
        .chunks(run * step)
        .flat_map(|chunk| &chunk[..chunk.len().min(run)]);
    let mut systems: HashMap<Key, Vec<&Structure>> = HashMap::new();
    for s in sample {
        systems.entry(Key::of(s)).or_default().push(s);
    }
    let mut pairs: Vec<Pair> = systems
        .values()
        .flat_map(|members| closest_pairs(members))
        .collect();
    pairs.sort_by(|a, b| a.step.total_cmp(&b.step).then(a.work.total_cmp(&b.work)));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count"
    )]
    let kept = ((pairs.len() as f64 * CLOSEST) as usize).max(FEWEST);
    pairs.truncate(kept);
    // Conformations that only share their atoms say nothing.
    pairs.retain(|p| p.step > 1e-9 && p.step < FARTHEST * p.size);
    if pairs.len() < FEWEST {
        return None;
    }
    let sum = |f: &dyn Fn(&Pair) -> f64| pairs.iter().map(f).sum::<f64>();
    let (xx, xy, yy) = (
        sum(&|p| p.work * p.work),
        sum(&|p| p.work * p.energy),
        sum(&|p| p.energy * p.energy),
    );
    Some(Consistency {
        slope: xy / xx,
        correlation: xy / (xx * yy).sqrt(),
        pairs: pairs.len(),
        step: pairs[pairs.len() / 2].step,
    })
}

/// Structures can be compared when they have the same atoms in the same cell.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    species: Vec<u8>,
    cell: Option<[u64; 9]>,
    charge: i32,
}

impl Key {
    fn of(s: &Structure) -> Self {
        let bits = |cell: [[f64; 3]; 3]| {
            let mut out = [0; 9];
            for (bits, x) in out.iter_mut().zip(cell.as_flattened()) {
                *bits = x.to_bits();
            }
            out
        };
        Self {
            species: s.species.clone(),
            cell: s.cell.filter(|_| s.is_periodic()).map(bits),
            charge: s.charge,
        }
    }
}

struct Pair {
    /// −½ (F₁ + F₂) · ΔR (eV).
    work: f64,
    /// ΔE (eV).
    energy: f64,
    /// |ΔR| over all atoms (Å).
    step: f64,
    /// Square root of the number of atoms.
    size: f64,
}

/// Each structure with the one most like it that is no copy of it.
fn closest_pairs(members: &[&Structure]) -> Vec<Pair> {
    let shapes: Vec<Vec<f32>> = members.iter().map(|s| shape(s)).collect();
    let mut pairs = Vec::new();
    for (i, a) in members.iter().enumerate() {
        let mut best = (f32::INFINITY, i);
        let copy = COPY * COPY * shapes[i].len() as f32;
        for (j, shape) in shapes.iter().enumerate() {
            if i == j {
                continue;
            }
            let mut d = 0.0;
            // Chunks allow an early end: most shapes are far away.
            for (p, q) in shapes[i].chunks(32).zip(shape.chunks(32)) {
                d += p.iter().zip(q).map(|(x, y)| (x - y) * (x - y)).sum::<f32>();
                if d >= best.0 {
                    break;
                }
            }
            if d < best.0 && d > copy {
                best = (d, j);
            }
        }
        if best.1 != i {
            pairs.extend(compare(a, members[best.1]));
        }
    }
    pairs
}

/// Numbers that do not change under rotation (molecules), or the positions themselves (periodic structures).
fn shape(s: &Structure) -> Vec<f32> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "only used to find candidates"
    )]
    let single = |x: f64| x as f32;
    if s.is_periodic() {
        return s
            .positions
            .as_flattened()
            .iter()
            .map(|x| single(*x))
            .collect();
    }
    let mut out = Vec::with_capacity(s.len() * (s.len() - 1) / 2);
    for (i, p) in s.positions.iter().enumerate() {
        for q in &s.positions[..i] {
            let d: f64 = p.iter().zip(q).map(|(a, b)| (a - b).powi(2)).sum();
            out.push(single(d.sqrt()));
        }
    }
    out
}

fn compare(a: &Structure, b: &Structure) -> Option<Pair> {
    let (fa, fb) = (a.forces.as_ref()?, b.forces.as_ref()?);
    let (difference, fb) = match (&a.cell, a.is_periodic()) {
        (Some(cell), true) => (minimum_image(a, b, cell), fb.clone()),
        _ => aligned_difference(&a.positions, &b.positions, fb),
    };
    let mut work = 0.0;
    let mut squared = 0.0;
    for ((d, p), q) in difference.iter().zip(fa).zip(&fb) {
        for k in 0..3 {
            work -= 0.5 * (p[k] + q[k]) * d[k];
            squared += d[k] * d[k];
        }
    }
    Some(Pair {
        work,
        energy: b.energy? - a.energy?,
        step: squared.sqrt(),
        size: (difference.len() as f64).sqrt(),
    })
}

fn minimum_image(a: &Structure, b: &Structure, cell: &[[f64; 3]; 3]) -> Vec<[f64; 3]> {
    let inv = inverse(cell);
    let mut out: Vec<[f64; 3]> = a
        .positions
        .iter()
        .zip(&b.positions)
        .map(|(p, q)| {
            let d: [f64; 3] = std::array::from_fn(|k| q[k] - p[k]);
            let mut out = d;
            for axis in (0..3).filter(|axis| a.periodic[*axis]) {
                let s: f64 = (0..3).map(|k| d[k] * inv[k][axis]).sum();
                for k in 0..3 {
                    out[k] -= s.round() * cell[axis][k];
                }
            }
            out
        })
        .collect();
    // A common translation costs no energy but would add to the length of the step.
    for k in 0..3 {
        let mean = out.iter().map(|d| d[k]).sum::<f64>() / out.len() as f64;
        for d in &mut out {
            d[k] -= mean;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two atoms on a spring, turned about, with labels scaled as a wrong unit would.
    fn springs(energy_scale: f64, force_scale: f64) -> Vec<Structure> {
        (0..40)
            .map(|k| {
                let t = f64::from(k);
                let stretch = 0.05 * (0.37 * t).sin();
                let length = 1.0 + stretch;
                let (s, c) = (1.3 * t).sin_cos();
                let force = -20.0 * stretch * force_scale;
                Structure {
                    species: vec![1, 1, 1],
                    positions: vec![[0.0; 3], [length * c, length * s, 0.0], [0.0, 0.0, 9.0]],
                    energy: Some(10.0 * stretch * stretch * energy_scale),
                    forces: Some(vec![
                        [-force * c, -force * s, 0.0],
                        [force * c, force * s, 0.0],
                        [0.0; 3],
                    ]),
                    ..Structure::default()
                }
            })
            .collect()
    }

    #[test]
    fn the_slope_tells_forces_from_gradients_and_units() {
        for (energy, force, slope) in [(1.0, 1.0, 1.0), (1.0, -1.0, -1.0), (23.06, 1.0, 23.06)] {
            let found = check(&springs(energy, force)).unwrap();
            assert!((found.slope / slope - 1.0).abs() < 0.02, "{found:?}");
            assert!(found.correlation.abs() > 0.999);
        }
    }

    #[test]
    fn copies_of_a_geometry_do_not_hide_what_the_others_say() {
        let once = springs(1.0, 1.0);
        let many = [&once[..], &once, &once].concat();
        let found = check(&many).unwrap();
        assert!((found.slope - 1.0).abs() < 0.02, "{found:?}");
        let copies = vec![once[0].clone(); 50];
        assert_eq!(check(&copies), None);
    }

    #[test]
    fn unrelated_structures_have_no_slope() {
        assert_eq!(check(&springs(1.0, 1.0)[..1]), None);
        assert_eq!(check(&[]), None);
    }
}

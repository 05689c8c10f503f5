//! The checks, each a claim about a potential.

use super::{
    Answer, Sample, Subject,
    samples::{Random, crystal, molecule, molecules},
};

type Matrix = [[f64; 3]; 3];

/// Energy invariant, forces and stress turned with the structure, under rotation, inversion (if the
/// subject claims it) and translation.
///
/// # Panics
/// If it is not so.
#[track_caller]
pub fn motions(subject: &Subject<'_>) {
    for sample in [molecule(7, 1), crystal(2)] {
        let before = subject.one(&sample);
        let mut motions = vec![("rotation", rotation(3), [0.0; 3])];
        motions.push(("translation", IDENTITY, [11.7, -3.1, 0.4]));
        if subject.inversion {
            let inversion = IDENTITY.map(|row| row.map(|x| -x));
            motions.push(("inversion", inversion, [0.0; 3]));
        }
        for (name, turn, shift) in motions {
            let moved = Sample {
                species: sample.species.clone(),
                positions: sample
                    .positions
                    .iter()
                    .map(|r| add(apply(&turn, *r), shift))
                    .collect(),
                cell: sample.cell.map(|cell| cell.map(|row| apply(&turn, row))),
            };
            let after = subject.one(&moved);
            let expected = Answer {
                energy: before.energy,
                forces: before.forces.iter().map(|f| apply(&turn, *f)).collect(),
                stress: before
                    .stress
                    .map(|stress| product(&product(&turn, &stress), &transposed(&turn))),
            };
            agree(subject, name, &after, &expected);
        }
    }
}

/// Atoms in another order: the same energy, the forces in that order.
///
/// # Panics
/// If it is not so.
#[track_caller]
pub fn permutation(subject: &Subject<'_>) {
    let sample = molecule(8, 4);
    let order = [3, 1, 7, 0, 6, 2, 5, 4];
    let before = subject.one(&sample);
    let after = subject.one(&Sample {
        species: order.iter().map(|&k| sample.species[k]).collect(),
        positions: order.iter().map(|&k| sample.positions[k]).collect(),
        cell: None,
    });
    let expected = Answer {
        forces: order.iter().map(|&k| before.forces[k]).collect(),
        ..before
    };
    agree(subject, "permutation", &after, &expected);
}

/// Forces and stress against central differences of the energy.
///
/// # Panics
/// If they differ at every step of the tolerance.
#[track_caller]
pub fn derivatives(subject: &Subject<'_>) {
    for sample in [molecule(6, 5), crystal(6)] {
        let answer = subject.one(&sample);
        let scale = largest(answer.forces.as_flattened()).max(subject.tolerance.floor);
        for atom in 0..sample.species.len() {
            for axis in 0..3 {
                let difference = |step: f64| {
                    let energy = |by: f64| {
                        let mut moved = sample.clone();
                        moved.positions[atom][axis] += by;
                        subject.one(&moved).energy
                    };
                    -(energy(step) - energy(-step)) / (2.0 * step)
                };
                let force = answer.forces[atom][axis];
                best(subject, "force", force, scale, difference);
            }
        }
        let (Some(stress), Some(cell)) = (answer.stress, sample.cell) else {
            continue;
        };
        let volume = volume(&cell);
        let scale = largest(stress.as_flattened()).max(subject.tolerance.floor / volume);
        for a in 0..3 {
            for b in a..3 {
                let difference = |step: f64| {
                    let energy = |by: f64| {
                        let mut strain = IDENTITY;
                        strain[a][b] += 0.5 * by;
                        strain[b][a] += 0.5 * by;
                        let moved = Sample {
                            species: sample.species.clone(),
                            positions: sample
                                .positions
                                .iter()
                                .map(|r| apply(&strain, *r))
                                .collect(),
                            cell: Some(cell.map(|row| apply(&strain, row))),
                        };
                        subject.one(&moved).energy
                    };
                    (energy(step) - energy(-step)) / (2.0 * step * volume)
                };
                best(subject, "stress", stress[a][b], scale, difference);
            }
        }
    }
}

/// A batch gives what its members give alone, whatever else is in it.
///
/// # Panics
/// If it is not so.
#[track_caller]
pub fn batches(subject: &Subject<'_>) {
    let mut samples = molecules(5, 7);
    samples.push(crystal(8));
    let together = (subject.evaluate)(&samples);
    assert_eq!(together.len(), samples.len(), "one answer per sample");
    for (sample, answer) in samples.iter().zip(&together) {
        agree(
            subject,
            "batch against single",
            answer,
            &subject.one(sample),
        );
    }
    // Another neighbour in the batch, in the same place, changes nothing: no pair and no gradient runs
    // from one structure to another.
    let mut changed = samples.clone();
    changed[1] = molecule(9, 9);
    for (k, answer) in (subject.evaluate)(&changed).iter().enumerate() {
        if k != 1 {
            agree(
                subject,
                "another structure in the batch",
                answer,
                &together[k],
            );
        }
    }
}

/// Parts farther apart than the cutoff add up, and an atom alone has no force.
///
/// # Panics
/// If it is not so.
#[track_caller]
pub fn locality(subject: &Subject<'_>) {
    let (a, b) = (molecule(5, 10), molecule(6, 11));
    let far = 3.0 * subject.cutoff + 10.0;
    let mut both = a.clone();
    both.species.extend(&b.species);
    both.positions
        .extend(b.positions.iter().map(|r| add(*r, [far, 0.0, 0.0])));
    let (ea, eb) = (subject.one(&a), subject.one(&b));
    let expected = Answer {
        energy: ea.energy + eb.energy,
        forces: [ea.forces, eb.forces].concat(),
        stress: None,
    };
    agree(
        subject,
        "two parts far apart",
        &subject.one(&both),
        &expected,
    );
    for species in [1, 8] {
        let alone = Sample {
            species: vec![species],
            positions: vec![[1.0, 2.0, 3.0]],
            cell: None,
        };
        let answer = subject.one(&alone);
        assert!(answer.energy.is_finite(), "the energy of an atom alone");
        assert!(
            answer.forces[0].iter().all(|x| *x == 0.0),
            "an atom alone feels the force {:?}",
            answer.forces[0]
        );
    }
}

/// Energy and forces as an atom leaves the cutoff of another: no step at the cutoff, and the force
/// between the two goes to zero on the way.
///
/// # Panics
/// If it is not so.
#[track_caller]
pub fn smoothness(subject: &Subject<'_>) {
    let tolerance = subject.tolerance;
    for (first, second) in [(1, 1), (6, 8), (8, 1)] {
        let at = |distance: f64| {
            subject.one(&Sample {
                species: vec![first, second],
                positions: vec![[0.0; 3], [distance, 0.0, 0.0]],
                cell: None,
            })
        };
        let beyond = at(subject.cutoff + 1e-6);
        assert!(
            largest(beyond.forces.as_flattened()) == 0.0,
            "a force beyond the cutoff"
        );
        let near = [0.1, 0.01, 0.001].map(|gap| at(subject.cutoff - gap));
        let inside = at(0.5 * subject.cutoff);
        let scale = largest(inside.forces.as_flattened()).max(tolerance.floor);
        let step = (near[2].energy - beyond.energy).abs();
        assert!(
            step < (tolerance.exact + 1e-4) * inside.energy.abs().max(tolerance.floor),
            "{first}-{second}: the energy steps by {step} at the cutoff"
        );
        let forces = near.map(|answer| largest(answer.forces.as_flattened()));
        assert!(
            forces[2] <= 0.2 * forces[1].max(0.5 * forces[0]) + tolerance.exact * scale,
            "{first}-{second}: the forces 0.1, 0.01 and 0.001 Å inside the cutoff are {forces:?}"
        );
    }
}

/// A subject that was saved and loaded says the same, to the last bit.
///
/// # Panics
/// If it does not.
#[track_caller]
pub fn reload(before: &Subject<'_>, after: &Subject<'_>) {
    let mut samples = molecules(3, 12);
    samples.push(crystal(13));
    assert_eq!(
        (before.evaluate)(&samples),
        (after.evaluate)(&samples),
        "the loaded potential says something else"
    );
}

/// Training on eight samples learns them by heart: `train` gets samples with made-up smooth labels, and
/// returns the root mean square error of the forces at its end, which must be below a tenth of the
/// forces' own root mean square.
///
/// The labels are those of a Morse potential between all atoms, which every model here can express.
///
/// # Panics
/// If it is not so.
#[track_caller]
pub fn overfits(train: impl FnOnce(&[Sample], &[Answer]) -> f64) {
    let samples: Vec<Sample> = (0..8).map(|k| molecule(5, 200 + k)).collect();
    let labels: Vec<Answer> = samples.iter().map(morse).collect();
    let numbers: Vec<f64> = labels
        .iter()
        .flat_map(|l| l.forces.as_flattened())
        .copied()
        .collect();
    let own = (numbers.iter().map(|x| x * x).sum::<f64>() / numbers.len() as f64).sqrt();
    let left = train(&samples, &labels);
    assert!(
        left < 0.1 * own,
        "after training the force error is {left} eV/Å of {own} eV/Å"
    );
}

/// D ((1 − e^{−a (r − r₀)})² − 1) between all pairs, with D = 1 eV, a = 1.2/Å and r₀ = 1.3 Å, smoothly
/// cut off at 4 Å.
fn morse(sample: &Sample) -> Answer {
    const REACH: f64 = 4.0;
    let mut energy = 0.0;
    let mut forces = vec![[0.0; 3]; sample.species.len()];
    for i in 0..sample.species.len() {
        for j in 0..i {
            let r: [f64; 3] =
                std::array::from_fn(|k| sample.positions[j][k] - sample.positions[i][k]);
            let d = r.iter().map(|x| x * x).sum::<f64>().sqrt();
            if d >= REACH {
                continue;
            }
            let decay = (-1.2 * (d - 1.3)).exp();
            let (well, well_slope) = ((1.0 - decay).powi(2) - 1.0, 2.4 * decay * (1.0 - decay));
            let x = std::f64::consts::PI * d / REACH;
            let cut = 0.5 * (1.0 + x.cos());
            let cut_slope = -0.5 * x.sin() * std::f64::consts::PI / REACH;
            energy += well * cut;
            let slope = well_slope * cut + well * cut_slope;
            for k in 0..3 {
                forces[i][k] += slope * r[k] / d;
                forces[j][k] -= slope * r[k] / d;
            }
        }
    }
    Answer {
        energy,
        forces,
        stress: None,
    }
}

#[track_caller]
fn best(
    subject: &Subject<'_>,
    what: &str,
    exact: f64,
    scale: f64,
    difference: impl Fn(f64) -> f64,
) {
    let tried = subject.tolerance.steps.map(&difference);
    let error = tried
        .iter()
        .map(|d| (d - exact).abs())
        .fold(f64::INFINITY, f64::min);
    assert!(
        error <= subject.tolerance.difference * scale,
        "{what} {exact}, by differences {tried:?} at steps {:?}",
        subject.tolerance.steps
    );
}

#[track_caller]
fn agree(subject: &Subject<'_>, what: &str, found: &Answer, expected: &Answer) {
    let tolerance = subject.tolerance;
    let check = |field: &str, found: &[f64], expected: &[f64]| {
        assert_eq!(found.len(), expected.len(), "{what}: {field}");
        let scale = largest(expected).max(tolerance.floor);
        for (k, (a, b)) in found.iter().zip(expected).enumerate() {
            assert!(
                (a - b).abs() <= tolerance.exact * scale,
                "{what}: {field} {k} is {a}, expected {b}"
            );
        }
    };
    check("energy", &[found.energy], &[expected.energy]);
    check(
        "force",
        found.forces.as_flattened(),
        expected.forces.as_flattened(),
    );
    if let Some(expected) = &expected.stress {
        let found = found
            .stress
            .as_ref()
            .expect("a stress for a sample with a cell");
        check("stress", found.as_flattened(), expected.as_flattened());
    }
}

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |m, x| m.max(x.abs()))
}

const IDENTITY: Matrix = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

/// A rotation by a random unit quaternion.
fn rotation(seed: u64) -> Matrix {
    let mut random = Random::new(seed);
    let q: [f64; 4] = std::array::from_fn(|_| random.next() - 0.5);
    let norm = q.iter().map(|x| x * x).sum::<f64>().sqrt();
    let [w, x, y, z] = q.map(|c| c / norm);
    [
        [
            1.0 - 2.0 * (y * y + z * z),
            2.0 * (x * y - w * z),
            2.0 * (x * z + w * y),
        ],
        [
            2.0 * (x * y + w * z),
            1.0 - 2.0 * (x * x + z * z),
            2.0 * (y * z - w * x),
        ],
        [
            2.0 * (x * z - w * y),
            2.0 * (y * z + w * x),
            1.0 - 2.0 * (x * x + y * y),
        ],
    ]
}

fn apply(m: &Matrix, r: [f64; 3]) -> [f64; 3] {
    m.map(|row| (0..3).map(|k| row[k] * r[k]).sum())
}

fn add(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|k| a[k] + b[k])
}

fn transposed(m: &Matrix) -> Matrix {
    std::array::from_fn(|a| std::array::from_fn(|b| m[b][a]))
}

fn product(a: &Matrix, b: &Matrix) -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| a[i][k] * b[k][j]).sum()))
}

fn volume(cell: &Matrix) -> f64 {
    let [a, b, c] = cell;
    let cross = [
        b[1] * c[2] - b[2] * c[1],
        b[2] * c[0] - b[0] * c[2],
        b[0] * c[1] - b[1] * c[0],
    ];
    (0..3).map(|k| a[k] * cross[k]).sum::<f64>().abs()
}

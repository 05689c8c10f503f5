//! Relaxation, normal modes and phonons against what is known.

use std::ops::ControlFlow;

use atoms::{Structure, element::mass, units::DALTON_ANGSTROM2_PER_FS2};
use equivariant_gnn::{
    Evaluation, Result,
    relax::{RelaxSettings, largest_force, relax},
    vibrations::{DISPLACEMENT, ForceConstants, Hessian, supercell, zero_point_energy},
};

use super::springs;

/// Speed of light (cm/fs).
const C: f64 = 2.997_924_58e-5;

#[test]
fn fire_finds_the_minimum() {
    let start = &springs::shaken(5, 0.3)[4];
    let settings = RelaxSettings {
        force: 1e-4,
        ..RelaxSettings::default()
    };
    let mut seen = Vec::new();
    let relaxed = relax(
        &mut springs::energy_and_forces,
        start,
        &settings,
        &mut |step, _, said| {
            seen.push((step, said.energy));
            ControlFlow::Continue(())
        },
    )
    .unwrap();
    assert!(
        relaxed.converged && relaxed.steps < 300,
        "{}",
        relaxed.steps
    );
    assert!((relaxed.evaluation.energy + 100.0).abs() < 1e-8);
    assert!(largest_force(&relaxed.evaluation.forces) <= 1e-4);
    assert_eq!(seen.len(), relaxed.steps + 1);

    let few = RelaxSettings {
        steps: 3,
        ..settings
    };
    let mut field = springs::energy_and_forces;
    let cut = relax(&mut field, start, &few, &mut |_, _, _| {
        ControlFlow::Continue(())
    });
    assert!(!cut.unwrap().converged);
    let stopped = relax(&mut field, start, &settings, &mut |_, _, _| {
        ControlFlow::Break(())
    });
    assert_eq!(stopped.unwrap().steps, 0);
}

#[test]
fn two_atoms_on_a_spring_have_their_frequency() {
    let structure = Structure::new(vec![8, 1], vec![[0.1, 0.2, 0.3], [0.1, 1.16, 0.3]]).unwrap();
    let stiffness = 30.0;
    let mut field = |s: &Structure| -> Result<Evaluation> {
        let r: [f64; 3] = std::array::from_fn(|k| s.positions[1][k] - s.positions[0][k]);
        let d = r.iter().map(|x| x * x).sum::<f64>().sqrt();
        let pull = r.map(|x| stiffness * (d - 0.96) * x / d);
        Ok(Evaluation {
            energy: 0.5 * stiffness * (d - 0.96).powi(2),
            forces: vec![pull, pull.map(|x: f64| -x)],
            ..Evaluation::default()
        })
    };
    let hessian = Hessian::of(&mut field, &structure, 1e-4).unwrap();
    assert!(hessian.asymmetry() < 1e-7);
    let modes = hessian.modes();
    let (a, b) = (mass(8).unwrap(), mass(1).unwrap());
    let reduced = a * b / (a + b) * DALTON_ANGSTROM2_PER_FS2;
    let expected = (stiffness / reduced).sqrt() / (std::f64::consts::TAU * C);
    assert!((modes[5].wavenumber / expected - 1.0).abs() < 1e-6);
    // Three translations and two rotations.
    for mode in &modes[..5] {
        assert!(mode.wavenumber.abs() < 3.0, "{}", mode.wavenumber);
    }
    // The atoms move against each other along the bond, the light one further.
    let [o, h] = [modes[5].displacements[0][1], modes[5].displacements[1][1]];
    assert!((o * a + h * b).abs() < 1e-6 && h.abs() > 0.99);
    let energy = zero_point_energy(&modes, 100.0);
    assert!((energy - 0.5 * expected * 1.239_841_984e-4).abs() < 1e-6);
}

#[test]
fn the_sum_rule_makes_translations_cost_nothing() {
    let mut hessian = Hessian::of(
        &mut springs::energy_and_forces,
        &springs::water(),
        DISPLACEMENT,
    )
    .unwrap();
    let before = hessian.modes();
    hessian.impose_sum_rule();
    let modes = hessian.modes();
    let still = modes.iter().filter(|m| m.wavenumber.abs() < 1e-3).count();
    assert!(still >= 3, "{modes:?}");
    // Rotations of a finite displacement are not exact, vibrations hardly notice.
    for k in 6..9 {
        assert!(modes[k].wavenumber > 1000.0);
        assert!((modes[k].wavenumber - before[k].wavenumber).abs() < 1.0);
    }
    for p in 0..9 {
        for q in 0..9 {
            assert!((hessian.entry(p, q) - hessian.entry(q, p)).abs() < 1e-12);
        }
    }
}

/// Atoms on a simple cubic lattice with springs along its edges.
const EDGE: f64 = 2.5;
const CHAIN: f64 = 5.0;

#[expect(clippy::unnecessary_wraps, reason = "the signature of a force field")]
fn lattice_springs(structure: &Structure) -> Result<Evaluation> {
    let list = atoms::neighbour_list(structure, 1.2 * EDGE).unwrap();
    let mut forces = vec![[0.0; 3]; structure.len()];
    let mut energy = 0.0;
    for (e, r) in list.vectors(structure).iter().enumerate() {
        let d = r.iter().map(|x| x * x).sum::<f64>().sqrt();
        energy += 0.25 * CHAIN * (d - EDGE).powi(2);
        for k in 0..3 {
            forces[list.centre[e] as usize][k] += CHAIN * (d - EDGE) * r[k] / d;
        }
    }
    Ok(Evaluation {
        energy,
        forces,
        ..Evaluation::default()
    })
}

#[test]
fn phonons_of_a_lattice_of_springs_follow_the_sine() {
    let cell = [[EDGE, 0.0, 0.0], [0.0, EDGE, 0.0], [0.0, 0.0, EDGE]];
    let structure = Structure::new(vec![18], vec![[0.3, 0.2, 0.1]])
        .and_then(|s| s.with_cell(cell, [true; 3]))
        .unwrap();
    let constants = ForceConstants::of(&mut lattice_springs, &structure, [4, 3, 3], 1e-3).unwrap();
    let inertia = mass(18).unwrap() * DALTON_ANGSTROM2_PER_FS2;
    let top = 2.0 * (CHAIN / inertia).sqrt() / (std::f64::consts::TAU * C);
    // Wave vectors that fit the supercell and some that do not: the springs are short.
    for q in [0.0, 0.1, 0.25, 0.37, 0.5] {
        let found = constants.frequencies([q, 0.0, 0.0]);
        let expected = top * (std::f64::consts::PI * q).sin();
        assert_eq!(found.len(), 3);
        assert!((found[2] - expected).abs() < 1e-3 * top, "{q}: {found:?}");
        assert!(found[0].abs() < 1e-2 * top && found[1].abs() < 1e-2 * top);
    }
    let all = constants.frequencies([0.5; 3]);
    assert!(all.iter().all(|w| (w - top).abs() < 1e-3 * top), "{all:?}");
    assert!((constants.length([0.5, 0.0, 0.0]) - 0.5 / EDGE).abs() < 1e-12);
}

#[test]
fn a_supercell_has_the_energy_of_its_cells() {
    let cell = [[3.0, 0.1, 0.0], [0.0, 2.9, 0.2], [0.3, 0.0, 3.1]];
    let structure = Structure::new(vec![18, 10], vec![[0.1, 0.0, 0.0], [1.4, 1.5, 1.6]])
        .and_then(|s| s.with_cell(cell, [true; 3]))
        .unwrap();
    let one = lattice_springs(&structure).unwrap().energy;
    let large = supercell(&structure, [2, 1, 3]).unwrap();
    assert_eq!(large.species[..4], [18, 10, 18, 10]);
    let many = lattice_springs(&large).unwrap().energy;
    assert!((many - 6.0 * one).abs() < 1e-9 * many);
    assert!(supercell(&structure, [0, 1, 1]).is_err());
    assert!(supercell(&springs::water(), [1; 3]).is_err());
    let bad = Hessian::of(&mut lattice_springs, &structure, 0.0);
    assert!(bad.is_err());
}

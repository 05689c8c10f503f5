//! Molecular dynamics: conservation, temperature, exact resume.

use std::sync::Arc;

use atoms::units::BOLTZMANN;
use equivariant_gnn::{
    Calculator, Error, ForceField,
    md::{
        Drift, DynamicsSettings, Run, RunSettings, Simulation, State, Thermostat,
        thermal_velocities,
    },
};

use super::{springs, trained};

fn start(temperature: f64) -> State {
    let structure = springs::water();
    State {
        step: 0,
        velocities: thermal_velocities(&structure.species, temperature, 11),
        structure,
    }
}

/// The slope of the total energy (meV/atom/ps) and its fluctuation (eV).
fn drift<F: ForceField>(field: F, timestep: f64, steps: usize) -> (f64, f64) {
    let settings = DynamicsSettings {
        timestep,
        ..DynamicsSettings::default()
    };
    let mut simulation = Simulation::new(field, start(300.0), settings).unwrap();
    let mut drift = Drift::default();
    for _ in 0..steps {
        simulation.advance().unwrap();
        drift.add(simulation.time(), simulation.total());
    }
    let atoms = simulation.state().velocities.len();
    (
        drift.per_atom_and_picosecond(atoms).unwrap(),
        drift.fluctuation(),
    )
}

#[test]
fn velocity_verlet_is_of_second_order_and_keeps_the_energy() {
    let (slope, coarse) = drift(springs::energy_and_forces, 0.5, 4000);
    assert!(slope.abs() < 0.05, "{slope} meV/atom/ps");
    let (_, fine) = drift(springs::energy_and_forces, 0.25, 8000);
    let ratio = coarse / fine;
    assert!((3.5..4.5).contains(&ratio), "{ratio}");
}

#[test]
fn a_trained_potential_keeps_the_energy() {
    let calculator = Calculator::new(trained(), Calculator::SKIN).unwrap();
    let (slope, _) = drift(calculator, 0.5, 2000);
    assert!(slope.abs() < 0.1, "{slope} meV/atom/ps");
}

#[test]
fn a_bath_gives_its_temperature() {
    let temperature = 400.0;
    let settings = DynamicsSettings {
        timestep: 0.5,
        thermostat: Thermostat::Langevin {
            temperature,
            friction: 0.05,
        },
        seed: 4,
    };
    let mut simulation = Simulation::new(springs::energy_and_forces, start(0.0), settings).unwrap();
    for _ in 0..2_000 {
        simulation.advance().unwrap();
    }
    let (mut kinetic, mut springs) = (0.0, 0.0);
    let steps = 200_000;
    for _ in 0..steps {
        simulation.advance().unwrap();
        kinetic += simulation.temperature();
        springs += simulation.evaluation().energy + 100.0;
    }
    let found = kinetic / f64::from(steps);
    assert!((found / temperature - 1.0).abs() < 0.05, "{found} K");
    // Three harmonic degrees of freedom; BAOAB is known for its positions.
    let found = springs / f64::from(steps) / (1.5 * BOLTZMANN);
    assert!((found / temperature - 1.0).abs() < 0.05, "{found} K");
}

#[test]
fn a_resumed_run_writes_the_bytes_of_one_that_never_stopped() {
    let potential = Arc::new(super::fresh(1));
    let field = || Calculator::new(Arc::clone(&potential), 0.3).unwrap();
    let settings = RunSettings {
        dynamics: DynamicsSettings {
            thermostat: Thermostat::Langevin {
                temperature: 300.0,
                friction: 0.01,
            },
            ..DynamicsSettings::default()
        },
        frame_every: 3,
        row_every: 2,
        state_every: 10,
    };
    let folder = tempfile::tempdir().unwrap();
    let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
    let mut run = Run::start(&whole, field(), start(300.0), settings).unwrap();
    for _ in 0..40 {
        run.advance().unwrap();
    }
    run.save().unwrap();
    let mut run = Run::start(&parts, field(), start(300.0), settings).unwrap();
    for _ in 0..27 {
        run.advance().unwrap();
    }
    // As after a kill: what was written after the last state is there, half a frame included.
    drop(run);
    let frames = parts.join("trajectory.xyz");
    let mut bytes = std::fs::read(&frames).unwrap();
    bytes.extend_from_slice(b"3\nProperties=spec");
    std::fs::write(&frames, bytes).unwrap();
    let mut run = Run::resume(&parts, field(), settings).unwrap();
    assert_eq!(run.simulation().state().step, 20);
    for _ in 20..40 {
        run.advance().unwrap();
    }
    run.save().unwrap();
    for name in ["trajectory.xyz", "metrics.csv", "state.json"] {
        let read = |folder: &std::path::Path| std::fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!(read(&whole), read(&parts), "{name}");
    }

    let other = RunSettings {
        frame_every: 4,
        ..settings
    };
    let refused = Run::resume(&parts, field(), other).unwrap_err();
    assert!(matches!(refused, Error::OtherRun { .. }), "{refused}");
    let refused = Run::start(&parts, field(), start(300.0), settings).unwrap_err();
    assert!(matches!(refused, Error::OtherRun { .. }), "{refused}");
}

#[test]
fn a_step_that_is_too_long_ends_in_an_error_and_not_in_nonsense() {
    let potential = Arc::new(super::fresh(1));
    let field = Calculator::new(potential, 0.3).unwrap();
    let settings = DynamicsSettings {
        timestep: 1e200,
        ..DynamicsSettings::default()
    };
    let mut simulation = Simulation::new(field, start(300.0), settings).unwrap();
    let error = (0..5)
        .find_map(|_| simulation.advance().err())
        .expect("positions become infinite");
    assert!(matches!(error, Error::Structure { .. }), "{error}");
    for timestep in [0.0, -1.0, f64::NAN] {
        let settings = DynamicsSettings {
            timestep,
            ..settings
        };
        let field = springs::energy_and_forces;
        assert!(Simulation::new(field, start(0.0), settings).is_err());
    }
}

//! Networks of a distance as tables: the same energies, and forces that are their gradient.

use atoms::Structure;
use backend::testing::{
    Subject, Tolerance, batches, crystal, derivatives, molecules, motions, smoothness,
};
use equivariant_gnn::{ModelConfig, Precision};

use crate::{answers, fresh, models, structure};

/// The architectures that have something to tabulate.
fn tabulated() -> impl Iterator<Item = ModelConfig> {
    models().into_iter().filter(|config| {
        !matches!(
            config,
            ModelConfig::Allegro(_) | ModelConfig::SpookyNet(_) | ModelConfig::Zbl(_)
        )
    })
}

#[test]
fn forces_from_tables_are_the_gradient_of_the_energy_that_they_give_however_coarse() {
    for config in tabulated() {
        // As coarse as 60 intervals, the energy is visibly another, and the forces are still its own.
        for (intervals, precision, tolerance) in [
            (60, Precision::F64, Tolerance::F64),
            (1000, Precision::F64, Tolerance::F64),
            (1000, Precision::F32, Tolerance::F32),
        ] {
            let potential = fresh(&config, precision, 5).with_radial_tables(intervals);
            let mut tolerance = tolerance;
            // The third derivatives of a spline jump, which a smaller step passes by.
            if precision == Precision::F64 {
                tolerance.steps = [1e-4, 3e-5, 1e-5];
            }
            let subject = Subject {
                evaluate: &|samples| answers(&potential, samples),
                cutoff: potential.cutoff(),
                tolerance,
                inversion: true,
            };
            motions(&subject);
            derivatives(&subject);
            batches(&subject);
            smoothness(&subject);
        }
    }
}

#[test]
fn a_thousand_intervals_give_the_networks_numbers_to_float32() {
    let mut samples = molecules(6, 3);
    samples.push(crystal(4));
    let structures: Vec<Structure> = samples.iter().map(structure).collect();
    for config in tabulated() {
        let exact = fresh(&config, Precision::F64, 5);
        let expected = exact.evaluate_batch(&structures).unwrap();
        let tables = fresh(&config, Precision::F64, 5).with_radial_tables(1000);
        let found = tables.evaluate_batch(&structures).unwrap();
        let mut differ = false;
        for ((a, b), sample) in found.iter().zip(&expected).zip(&samples) {
            let own: f64 = sample.species.iter().map(|z| exact.references()[z]).sum();
            let scale = (b.energy - own).abs().max(0.1);
            assert!(
                (a.energy - b.energy).abs() < 1e-6 * scale,
                "{}: {} instead of {}",
                config.name(),
                a.energy,
                b.energy
            );
            differ |= a.energy.to_bits() != b.energy.to_bits();
            let largest = b
                .forces
                .as_flattened()
                .iter()
                .fold(0.1_f64, |m, f| m.max(f.abs()));
            for (a, b) in a.forces.as_flattened().iter().zip(b.forces.as_flattened()) {
                assert!(
                    (a - b).abs() < 1e-5 * largest,
                    "{}: {a} instead of {b}",
                    config.name()
                );
            }
        }
        assert!(differ, "{}: the tables were not used", config.name());
    }
}

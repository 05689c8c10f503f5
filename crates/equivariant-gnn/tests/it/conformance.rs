//! Every architecture passes the suite of `backend::testing`, in both precisions.

use std::ops::ControlFlow;

use atoms::Structure;
use backend::run::Progress;
use backend::testing::{
    Subject, Tolerance, batches, derivatives, motions, overfits, permutation, reload, smoothness,
};
use equivariant_gnn::{
    ModelConfig, Potential, Precision, TrainingConfig,
    models::Attention,
    train,
    train::{RateSchedule, References},
};

use super::{answers, fresh, models, structure};

fn tolerance(precision: Precision) -> Tolerance {
    match precision {
        Precision::F32 => Tolerance::F32,
        Precision::F64 => Tolerance::F64,
    }
}

#[test]
fn every_model_conforms_in_float64() {
    conforms(Precision::F64);
}

#[test]
fn every_model_conforms_in_float32() {
    conforms(Precision::F32);
}

fn conforms(precision: Precision) {
    for config in models() {
        let potential = fresh(&config, precision, 5);
        // Attention and charges that are shared out reach through the whole molecule.
        let nonlocal = matches!(
            &config,
            ModelConfig::SpookyNet(config) if config.attention != Attention::Off
        );
        let mut tolerance = tolerance(precision);
        if nonlocal && precision == Precision::F64 {
            // Coordination numbers of dispersion are steep, which takes a smaller step.
            tolerance.steps[0] = 2e-5;
        }
        let subject = Subject {
            evaluate: &|samples| answers(&potential, samples),
            cutoff: potential.cutoff(),
            tolerance,
            inversion: true,
        };
        if nonlocal {
            motions(&subject);
            permutation(&subject);
            derivatives(&subject);
            batches(&subject);
            smoothness(&subject);
        } else {
            subject.conforms();
        }
    }
}

#[test]
fn a_saved_potential_is_the_loaded_one_to_the_last_bit() {
    for config in models() {
        for precision in [Precision::F32, Precision::F64] {
            let before = fresh(&config, precision, 6);
            let folder = tempfile::tempdir().unwrap();
            before.save(folder.path()).unwrap();
            let after = Potential::load(folder.path(), &crate::device_name()).unwrap();
            assert_eq!(after.config(), &config);
            let subject = |evaluate| Subject {
                evaluate,
                cutoff: before.cutoff(),
                tolerance: tolerance(precision),
                inversion: true,
            };
            reload(
                &subject(&|samples| answers(&before, samples)),
                &subject(&|samples| answers(&after, samples)),
            );
        }
    }
}

// Two tests, because they are the longest of the suite and can run at the same time.
#[test]
fn every_model_learns_eight_samples_by_heart_in_float64() {
    learns_by_heart(Precision::F64);
}

#[test]
fn every_model_learns_eight_samples_by_heart_in_float32() {
    learns_by_heart(Precision::F32);
}

fn learns_by_heart(precision: Precision) {
    let device = backend::device(&crate::device_name()).unwrap();
    for config in models() {
        let (steps, rate) = match &config {
            ModelConfig::SchNet(_) | ModelConfig::PaiNN(_) => (500, 1e-2),
            // The labels know no repulsion of nuclei, which outweighs them at short distances.
            ModelConfig::Zbl(_) => continue,
            ModelConfig::SpookyNet(config) if config.repulsion => continue,
            ModelConfig::SpookyNet(_) => (1_000, 5e-3),
            // Weights of unit variance need a larger rate, and tensors a little more time.
            _ => (1_000, 3e-2),
        };
        overfits(|samples, labels| {
            let set: Vec<Structure> = samples
                .iter()
                .zip(labels)
                .map(|(sample, label)| Structure {
                    energy: Some(label.energy),
                    forces: Some(label.forces.clone()),
                    ..structure(sample)
                })
                .collect();
            let settings = TrainingConfig {
                batch: 4,
                steps,
                rate,
                schedule: RateSchedule::Cosine { end: 0.01 },
                references: References::LeastSquares,
                validate_every: 25,
                precision,
                ..TrainingConfig::default()
            };
            // Enough is known once the loss leaves no room for a larger force error than the suite allows.
            let forces = labels.iter().flat_map(|l| l.forces.as_flattened());
            let (sum, count) = forces.fold((0.0, 0.0), |(s, n), x| (s + x * x, n + 1.0));
            let enough = settings.force_weight * 0.09_f64.powi(2) * sum / count;
            let mut observer = |progress: &Progress| match progress.validation {
                Some(loss) if loss < enough => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            };
            let trained = train(&config, &settings, &set, &set, &device, &mut observer).unwrap();
            1e-3 * trained.errors.force_rmse.unwrap()
        });
    }
}

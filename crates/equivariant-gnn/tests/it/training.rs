//! Training as a user runs it: it learns, resumes exactly, stops where it should.

use std::ops::ControlFlow;

use approx::assert_relative_eq;
use atoms::Structure;
use backend::{Devices, run::Progress, testing::molecule};
use equivariant_gnn::{
    Error, ModelConfig, PaiNNConfig, Precision, SchNetConfig, Trained, TrainingConfig, train,
    train::{Penalty, RateSchedule, References, Training},
};

use super::structure;

/// Springs of 1.2 Å between all atoms within 2 Å: labels that need no file.
fn labelled(count: u64) -> Vec<Structure> {
    (0..count)
        .map(|seed| {
            let mut structure = structure(&molecule(5, 900 + seed));
            let mut energy = -10.0 * structure.len() as f64;
            let mut forces = vec![[0.0; 3]; structure.len()];
            let mut virial = [[0.0; 3]; 3];
            for i in 0..structure.len() {
                for j in 0..i {
                    let r: [f64; 3] = std::array::from_fn(|k| {
                        structure.positions[j][k] - structure.positions[i][k]
                    });
                    let d = r.iter().map(|x| x * x).sum::<f64>().sqrt();
                    if d < 2.0 {
                        energy += (d - 1.2).powi(2);
                        for k in 0..3 {
                            let f = 2.0 * (d - 1.2) * r[k] / d;
                            forces[i][k] += f;
                            forces[j][k] -= f;
                            for l in 0..3 {
                                virial[k][l] += f * r[l];
                            }
                        }
                    }
                }
            }
            structure.energy = Some(energy);
            structure.forces = Some(forces);
            let side = 9.0_f64;
            structure.cell = Some([[side, 0.0, 0.0], [0.0, side, 0.0], [0.0, 0.0, side]]);
            structure.periodic = [true; 3];
            structure.stress = Some(virial.map(|row| row.map(|x| x / side.powi(3))));
            structure
        })
        .collect()
}

fn go_on(_: &Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn settings() -> TrainingConfig {
    TrainingConfig {
        batch: 4,
        steps: 12,
        validate_every: 4,
        seed: 3,
        ..TrainingConfig::default()
    }
}

fn weights(trained: &Trained) -> Vec<u64> {
    let values = trained.potential.weights().values();
    values.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn every_penalty_and_schedule_lowers_the_validation_error() {
    let device = backend::device(&crate::device_name()).unwrap();
    let (set, held_out) = (labelled(16), &labelled(20)[16..]);
    let penalties = [Penalty::Mse, Penalty::Mae, Penalty::Huber { delta: 0.1 }];
    let schedules = [
        RateSchedule::Constant,
        RateSchedule::Cosine { end: 0.1 },
        RateSchedule::default(),
    ];
    for (penalty, schedule) in penalties.into_iter().zip(schedules) {
        let settings = TrainingConfig {
            penalty,
            schedule,
            steps: 80,
            validate_every: 10,
            rate: 5e-3,
            ema: Some(0.9),
            per_atom: true,
            weight_decay: 1e-4,
            warmup: 5,
            ..settings()
        };
        let model: ModelConfig = PaiNNConfig::new(16, 2).into();
        let trained = train(&model, &settings, &set, held_out, &device, &mut go_on).unwrap();
        assert_eq!(trained.curve.len(), 80);
        let first = trained.validations[0].errors;
        assert!(
            trained.force_mae.unwrap() < 0.7 * first.force_mae.unwrap(),
            "{penalty:?}: {first:?} became {:?}",
            trained.errors
        );
    }
}

#[test]
fn the_same_seed_gives_the_same_weights_and_another_seed_others() {
    let device = backend::device(&crate::device_name()).unwrap();
    let set = labelled(8);
    let model: ModelConfig = SchNetConfig::new(8, 1).into();
    let run = |seed| {
        let settings = TrainingConfig { seed, ..settings() };
        weights(&train(&model, &settings, &set, &set[..2], &device, &mut go_on).unwrap())
    };
    assert_eq!(run(3), run(3));
    assert_ne!(run(3), run(4));
}

#[test]
fn several_devices_give_the_training_of_one() {
    let device = backend::device(&crate::device_name()).unwrap();
    // The last step of a pass has one structure, fewer than there are devices, and some labels are missing.
    let mut set = labelled(9);
    set[1].energy = None;
    set[4].forces = None;
    set[5].stress = None;
    for penalty in [Penalty::Mse, Penalty::Huber { delta: 0.3 }] {
        let settings = TrainingConfig {
            penalty,
            energy_weight: 0.2,
            stress_weight: 0.1,
            precision: Precision::F64,
            ..settings()
        };
        let model: ModelConfig = PaiNNConfig::new(8, 2).into();
        let training = Training::new(&model, &settings, &device);
        let alone = training.run(&set, &set[..3], &mut go_on).unwrap();
        for count in [2, 3] {
            let devices = Devices::gathered(vec![device.clone(); count]).unwrap();
            let training = Training::new(&model, &settings, devices);
            let together = training.run(&set, &set[..3], &mut go_on).unwrap();
            assert_relative_eq!(together.curve[..], alone.curve[..], max_relative = 1e-9);
            let values = |trained: &Trained| trained.potential.weights().values();
            let (ours, theirs) = (values(&together), values(&alone));
            assert_relative_eq!(ours[..], theirs[..], epsilon = 1e-9);
            let again = training.run(&set, &set[..3], &mut go_on).unwrap();
            assert_eq!(weights(&again), weights(&together));
        }
    }
}

#[test]
fn a_killed_run_ends_with_the_bits_of_one_that_was_not() {
    let device = backend::device(&crate::device_name()).unwrap();
    let set = labelled(10);
    let model: ModelConfig = PaiNNConfig::new(8, 2).into();
    let settings = settings();
    let whole = train(&model, &settings, &set, &set[..3], &device, &mut go_on).unwrap();

    let folder = tempfile::tempdir().unwrap();
    let training = Training::new(&model, &settings, &device).resumable(folder.path());
    let stop = |at: u64| {
        move |progress: &Progress| {
            if progress.step == at {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        }
    };
    let part = training.run(&set, &set[..3], &mut stop(7)).unwrap();
    assert!(part.interrupted);
    // A kill gives no chance to write: the checkpoint of step 7 goes, that of step 4 stays, and the
    // next one was being written.
    let checkpoints = folder.path().join("checkpoints");
    std::fs::remove_dir_all(checkpoints.join("step-0000000007")).unwrap();
    let half = checkpoints.join("step-0000000008.tmp");
    std::fs::create_dir(&half).unwrap();
    std::fs::write(half.join("state.json"), "{\"step\": 8, ").unwrap();

    let mut seen = Vec::new();
    let resumed = training
        .run(&set, &set[..3], &mut |progress| {
            seen.push(progress.step);
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(seen, [5, 6, 7, 8, 9, 10, 11, 12]);
    assert_eq!(resumed.curve, whole.curve);
    assert_eq!(resumed.validations, whole.validations);
    assert_eq!(weights(&resumed), weights(&whole));

    // The folder is not taken for another run's.
    let other = TrainingConfig {
        rate: 2e-3,
        ..settings.clone()
    };
    let error = Training::new(&model, &other, &device)
        .resumable(folder.path())
        .run(&set, &set[..3], &mut go_on)
        .unwrap_err();
    assert!(matches!(error, Error::OtherRun { .. }), "{error}");
    // A longer limit is the same run, prolonged.
    let longer = TrainingConfig {
        steps: 14,
        ..settings
    };
    let prolonged = Training::new(&model, &longer, &device)
        .resumable(folder.path())
        .run(&set, &set[..3], &mut go_on)
        .unwrap();
    assert_eq!(prolonged.curve[..12], whole.curve[..]);
    assert_eq!(prolonged.steps, 14);
}

#[test]
fn training_goes_on_from_a_potential_with_new_references() {
    let device = backend::device(&crate::device_name()).unwrap();
    let set = labelled(8);
    let model: ModelConfig = PaiNNConfig::new(8, 1).into();
    let settings = TrainingConfig {
        steps: 40,
        rate: 5e-3,
        ema: None,
        ..settings()
    };
    let first = train(&model, &settings, &set, &set, &device, &mut go_on).unwrap();
    // The same structures on another zero of energy.
    let shifted: Vec<Structure> = set
        .iter()
        .map(|s| Structure {
            energy: s.energy.map(|e| e + 3.0 * s.len() as f64),
            ..s.clone()
        })
        .collect();
    let one = TrainingConfig {
        steps: 1,
        rate: 1e-9,
        ..settings
    };
    let tuned = Training::new(&model, &one, &device)
        .starting_from(&first.potential)
        .run(&shifted, &shifted, &mut go_on)
        .unwrap();
    let (before, after) = (first.force_mae.unwrap(), tuned.force_mae.unwrap());
    assert!((before - after).abs() < 1e-2 * before, "{before} {after}");
    let (before, after) = (first.energy_mae.unwrap(), tuned.energy_mae.unwrap());
    assert!(
        (before - after).abs() < 1e-2 * before.max(1.0),
        "{before} {after}"
    );
}

#[test]
fn missing_labels_are_left_out_and_stress_is_trained_on() {
    let device = backend::device(&crate::device_name()).unwrap();
    let mut set = labelled(8);
    set[1].energy = None;
    set[2].forces = None;
    for structure in &mut set[..3] {
        structure.periodic = [false; 3];
        structure.stress = None;
    }
    let settings = TrainingConfig {
        stress_weight: 1e4,
        steps: 60,
        ema: None,
        rate: 5e-3,
        references: References::LeastSquares,
        ..settings()
    };
    let model: ModelConfig = PaiNNConfig::new(8, 2).into();
    let trained = train(&model, &settings, &set, &set, &device, &mut go_on).unwrap();
    let (first, last) = (
        trained.validations[0].errors,
        trained.validations.last().unwrap().errors,
    );
    assert!(
        last.stress_mae.unwrap() < 0.7 * first.stress_mae.unwrap(),
        "{first:?} {last:?}"
    );
    assert!(trained.curve.iter().all(|loss| loss.is_finite()));
}

#[test]
fn a_loss_that_is_no_number_names_the_structure() {
    let device = backend::device(&crate::device_name()).unwrap();
    let mut set = labelled(6);
    // Finite, hence a valid label, but its square is not.
    set[4].energy = Some(1e200);
    let settings = TrainingConfig {
        batch: 6,
        references: References::Zero,
        ..settings()
    };
    let model: ModelConfig = SchNetConfig::new(8, 1).into();
    let error = train(&model, &settings, &set, &[], &device, &mut go_on).unwrap_err();
    assert!(
        matches!(
            error,
            Error::NotANumber {
                index: 4,
                step: 1,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn patience_and_the_clock_stop_a_training() {
    let device = backend::device(&crate::device_name()).unwrap();
    let set = labelled(4);
    let model: ModelConfig = SchNetConfig::new(4, 1).into();
    let still = TrainingConfig {
        rate: 1e-30,
        steps: 100,
        validate_every: 1,
        patience: Some(3),
        ..settings()
    };
    let trained = train(&model, &still, &set, &set, &device, &mut go_on).unwrap();
    assert!(trained.steps < 10, "{} steps", trained.steps);
    let short = TrainingConfig {
        seconds: Some(1e-6),
        ..settings()
    };
    let trained = train(&model, &short, &set, &set, &device, &mut go_on).unwrap();
    assert_eq!(trained.steps, 1);
    assert!(trained.force_mae.is_some(), "validated at the end");
}

//! Batches by size, and the best potential while a training goes on.

use std::ops::ControlFlow;

use equivariant_gnn::{
    ModelConfig, PaiNNConfig, Potential, Trained, TrainingConfig,
    train::{RateSchedule, Training},
};

use super::springs;

fn settings() -> TrainingConfig {
    TrainingConfig {
        // Water has three atoms and six pairs: three structures fit.
        batch_atoms: Some(11),
        steps: 14,
        validate_every: 4,
        schedule: RateSchedule::Constant,
        ema: None,
        ..TrainingConfig::default()
    }
}

fn weights(trained: &Trained) -> Vec<u64> {
    let values = trained.potential.weights().values();
    values.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn batches_by_size_resume_exactly_and_the_best_potential_lies_in_its_folder() {
    let device = backend::device("flex").unwrap();
    let model = ModelConfig::from(PaiNNConfig::new(8, 2));
    let config = settings();
    let set = springs::shaken(16, 0.1);
    let (train, valid) = set.split_at(11);
    let mut epochs = Vec::new();
    let whole = Training::new(&model, &config, &device)
        .run(train, valid, &mut |progress| {
            epochs.push(progress.epoch);
            ControlFlow::Continue(())
        })
        .unwrap();
    // Eleven structures in threes are four steps a pass.
    assert!((epochs[3] - 1.0).abs() < 1e-12 && (epochs[13] - 3.5).abs() < 1e-12);

    let folder = tempfile::tempdir().unwrap();
    let training = Training::new(&model, &config, &device).resumable(folder.path());
    let first = training
        .run(train, valid, &mut |progress| {
            if progress.step == 6 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
        .unwrap();
    assert!(first.interrupted);
    let best = folder.path().join("best");
    let early = Potential::load(&best, "flex").unwrap();
    assert_eq!(early.provenance().steps, Some(4));
    let second = training
        .run(train, valid, &mut |_| ControlFlow::Continue(()))
        .unwrap();
    assert_eq!(weights(&whole), weights(&second));
    let best = Potential::load(&best, "flex").unwrap();
    assert_eq!(
        best.evaluate(&set[0]).unwrap(),
        second.potential.evaluate(&set[0]).unwrap()
    );
    assert_eq!(best.provenance().force_mae, second.force_mae);
}

#[test]
fn a_batch_without_room_is_refused_before_anything_is_done() {
    let device = backend::device("flex").unwrap();
    let model = ModelConfig::from(PaiNNConfig::new(8, 2));
    let config = TrainingConfig {
        batch_pairs: Some(0),
        ..settings()
    };
    let set = springs::shaken(2, 0.1);
    let error = Training::new(&model, &config, &device)
        .run(&set, &set, &mut |_| ControlFlow::Continue(()))
        .unwrap_err();
    assert!(error.to_string().contains("batch_pairs"), "{error}");
}

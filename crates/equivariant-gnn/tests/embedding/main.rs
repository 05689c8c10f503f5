//! Potentials inside other programs: ensembles, kept neighbours, dynamics, sockets, relaxation, vibrations.

mod dynamics;
mod ensemble;
mod sockets;
mod springs;
mod training;
mod vibrations;

use std::{collections::BTreeMap, ops::ControlFlow, sync::Arc};

use atoms::Structure;
use backend::testing::molecule;
use equivariant_gnn::{
    Calculator, PaiNNConfig, Potential, Precision, TrainingConfig, train, weights::Weights,
};

/// A small potential with random weights that knows hydrogen, carbon, nitrogen and oxygen.
fn fresh(seed: u64) -> Potential {
    let device = backend::device("flex").unwrap();
    let config = PaiNNConfig::new(16, 2).into();
    let layout = equivariant_gnn::ModelConfig::model(&config).layout();
    let weights = Weights::init(layout, seed, Precision::F32, &device);
    let references = BTreeMap::from([(1, -13.6), (6, -1029.4), (7, -1484.9), (8, -2041.9)]);
    Potential::new(config, weights, 1.3, references).unwrap()
}

/// A potential that has learnt the springs of [`springs::water`] well enough to hold the molecule together.
fn trained() -> Arc<Potential> {
    let device = backend::device("flex").unwrap();
    let config = TrainingConfig {
        batch: 8,
        steps: 250,
        rate: 5e-3,
        validate_every: 50,
        ema: Some(0.9),
        ..TrainingConfig::default()
    };
    let set = springs::shaken(64, 0.15);
    let (train_set, held_out) = set.split_at(56);
    let trained = train(
        &PaiNNConfig::new(16, 2).into(),
        &config,
        train_set,
        held_out,
        &device,
        &mut |_| ControlFlow::Continue(()),
    )
    .unwrap();
    // Forces of the set are several eV/Å.
    assert!(trained.force_mae.unwrap() < 400.0, "{:?}", trained.errors);
    Arc::new(trained.potential)
}

fn calculator(potential: Potential) -> Calculator {
    Calculator::new(Arc::new(potential), Calculator::SKIN).unwrap()
}

/// A molecule of the conformance suite.
fn some_molecule(seed: u64) -> Structure {
    let sample = molecule(6, seed);
    Structure::new(sample.species, sample.positions).unwrap()
}

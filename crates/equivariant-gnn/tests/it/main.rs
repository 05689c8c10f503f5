//! The public behaviour of the potentials.

mod allegro;
mod conformance;
mod faults;
mod golden;
mod kernel;
mod mace;
mod nequip;
mod parts;
mod so3;
mod spookynet;
mod tables;
mod training;
mod zbl;

use std::collections::BTreeMap;

use atoms::Structure;
use backend::testing::{Answer, Sample};
use equivariant_gnn::{
    AllegroConfig, MaceConfig, ModelConfig, NequIPConfig, PaiNNConfig, Potential, Precision,
    SchNetConfig, SpookyNetConfig,
    models::{Attention, Elements},
    weights::Weights,
};

/// The device under test: `CHEMSCALE_TEST_DEVICE`, else the processor.
fn device_name() -> String {
    std::env::var("CHEMSCALE_TEST_DEVICE").unwrap_or_else(|_| "flex".to_owned())
}

/// Every architecture, small.
fn models() -> Vec<ModelConfig> {
    // The molecules of the suite are small.
    let neighbours = 4.0;
    let allegro = |layers, l_max| AllegroConfig {
        neighbours,
        ..AllegroConfig::new(16, 4, layers, l_max)
    };
    let spookynet = SpookyNetConfig {
        functions: 8,
        cutoff: 4.0,
        // The suite would see nothing of a network that is blind to the geometry.
        start_at_zero: false,
        ..SpookyNetConfig::new(16, 1)
    };
    vec![
        SchNetConfig::new(16, 2).into(),
        PaiNNConfig::new(16, 2).into(),
        allegro(2, 2).into(),
        ModelConfig::from(allegro(3, 1)).with_zbl(),
        NequIPConfig {
            neighbours,
            radial_hidden: vec![16],
            ..NequIPConfig::new(8, 3, 1)
        }
        .into(),
        MaceConfig {
            elements: Elements::new(&["H", "C", "N", "O"]),
            l_max: 2,
            radial_hidden: vec![16],
            neighbours,
            ..MaceConfig::new(8, 1)
        }
        .into(),
        SpookyNetConfig {
            attention: Attention::Off,
            electrostatics: false,
            dispersion: false,
            ..spookynet.clone()
        }
        .into(),
        SpookyNetConfig {
            range: Some(5.0),
            repulsion: false,
            ..spookynet
        }
        .into(),
    ]
}

/// A potential with random weights that knows hydrogen, carbon, nitrogen and oxygen.
fn fresh(config: &ModelConfig, precision: Precision, seed: u64) -> Potential {
    let device = backend::device(&device_name()).unwrap();
    let weights = Weights::init(config.model().layout(), seed, precision, &device);
    let references = BTreeMap::from([(1, -13.6), (6, -1029.4), (7, -1484.9), (8, -2041.9)]);
    Potential::new(config.clone(), weights, 1.3, references).unwrap()
}

fn structure(sample: &Sample) -> Structure {
    Structure {
        species: sample.species.clone(),
        positions: sample.positions.clone(),
        cell: sample.cell,
        periodic: [sample.cell.is_some(); 3],
        ..Structure::default()
    }
}

/// What a potential says, less the reference energies, which would hide the digits of the network.
fn answers(potential: &Potential, samples: &[Sample]) -> Vec<Answer> {
    let structures: Vec<Structure> = samples.iter().map(structure).collect();
    let evaluations = potential.evaluate_batch(&structures).unwrap();
    evaluations
        .into_iter()
        .zip(samples)
        .map(|(evaluation, sample)| Answer {
            energy: evaluation.energy
                - sample
                    .species
                    .iter()
                    .map(|z| potential.references()[z])
                    .sum::<f64>(),
            forces: evaluation.forces,
            stress: evaluation.stress,
        })
        .collect()
}

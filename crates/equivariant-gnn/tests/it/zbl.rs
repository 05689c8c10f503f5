//! The repulsion of nuclei as a part of any potential.

use std::collections::BTreeMap;

use atoms::Structure;
use equivariant_gnn::{
    AllegroConfig, ModelConfig, PaiNNConfig, Potential, Precision, SchNetConfig, weights::Weights,
};

fn pair(distance: f64) -> Structure {
    Structure {
        species: vec![6, 8],
        positions: vec![[0.0; 3], [distance, 0.0, 0.0]],
        ..Structure::default()
    }
}

fn energy(config: &ModelConfig, scale: f64, distance: f64) -> f64 {
    let device = backend::device(&crate::device_name()).unwrap();
    let weights = Weights::init(config.model().layout(), 3, Precision::F64, &device);
    let references = BTreeMap::from([(6, 0.0), (8, 0.0)]);
    let potential = Potential::new(config.clone(), weights, scale, references).unwrap();
    potential.evaluate(&pair(distance)).unwrap().energy
}

/// The published form, with no model and no tape.
fn published(distance: f64, cutoff: f64) -> f64 {
    let x = (6.0_f64.powf(0.23) + 8.0_f64.powf(0.23)) * distance / 0.4685;
    let screening = 0.02817 * (-0.20162 * x).exp()
        + 0.28022 * (-0.4029 * x).exp()
        + 0.50986 * (-0.94229 * x).exp()
        + 0.18175 * (-3.1998 * x).exp();
    let y = distance / cutoff;
    let smooth = 1.0 - 28.0 * y.powi(6) + 48.0 * y.powi(7) - 21.0 * y.powi(8);
    14.399_645 * 48.0 / distance * screening * smooth
}

#[test]
fn every_model_gains_the_published_repulsion_in_ev_whatever_its_scale() {
    let models: [ModelConfig; 3] = [
        SchNetConfig::new(8, 1).into(),
        PaiNNConfig::new(8, 1).into(),
        AllegroConfig::small().into(),
    ];
    for model in models {
        for scale in [1.0, 0.03] {
            for distance in [0.1, 0.7, 1.2, 3.0, 4.9] {
                let with = energy(&model.clone().with_zbl(), scale, distance);
                let added = with - energy(&model, scale, distance);
                let expected = published(distance, model.model().cutoff());
                assert!(
                    (added - expected).abs() < 1e-9 * expected.abs().max(1.0),
                    "{} × {scale} at {distance} Å: {added} eV, published {expected} eV",
                    model.name()
                );
            }
        }
    }
}

#[test]
fn the_repulsion_is_kept_when_a_potential_is_saved() {
    let config = ModelConfig::from(PaiNNConfig::new(8, 1)).with_zbl();
    let device = backend::device(&crate::device_name()).unwrap();
    let weights = Weights::init(config.model().layout(), 3, Precision::F64, &device);
    let references = BTreeMap::from([(6, -1.0), (8, -2.0)]);
    let before = Potential::new(config, weights, 0.2, references).unwrap();
    let folder = tempfile::tempdir().unwrap();
    before.save(folder.path()).unwrap();
    let after = Potential::load(folder.path(), &crate::device_name()).unwrap();
    let structure = pair(0.6);
    assert_eq!(
        before.evaluate(&structure).unwrap(),
        after.evaluate(&structure).unwrap()
    );
}

#[test]
fn an_element_the_model_has_no_embedding_for_is_named() {
    let config = ModelConfig::from(AllegroConfig {
        elements: equivariant_gnn::models::Elements::new(&["H", "C"]),
        ..AllegroConfig::small()
    });
    let device = backend::device(&crate::device_name()).unwrap();
    let weights = Weights::init(config.model().layout(), 3, Precision::F32, &device);
    let references = BTreeMap::from([(6, 0.0), (8, 0.0)]);
    let error = Potential::new(config, weights, 1.0, references).unwrap_err();
    assert!(error.to_string().contains("references is O"), "{error}");
}

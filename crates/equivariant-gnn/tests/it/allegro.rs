//! Parity with `nequip-allegro` 0.8.3: energies, forces, strain derivatives and intermediates.

use equivariant_gnn::{
    AllegroConfig, ModelConfig, Precision,
    models::{Elements, Model as _},
};

use crate::golden::check;

/// The sizes that both reference states have.
fn reference() -> AllegroConfig {
    AllegroConfig {
        elements: Elements::new(&["H", "C", "N", "O"]),
        cutoff: 4.5,
        neighbours: 7.0,
        scalars: 16,
        channels: 6,
        embedding: 16,
        embedding_hidden: vec![16],
        latent_hidden: vec![16],
        readout_hidden: vec![8],
        ..AllegroConfig::default()
    }
}

fn with_parity() -> ModelConfig {
    reference().into()
}

/// Three layers of vectors, couplings alike in all channels, and the repulsion of nuclei.
fn with_repulsion() -> ModelConfig {
    let config = AllegroConfig {
        l_max: 1,
        parity: false,
        depth: 3,
        channel_weights: false,
        ..reference()
    };
    ModelConfig::from(config).with_zbl()
}

#[test]
fn allegro_gives_its_authors_numbers_in_float64() {
    check("allegro_l2_parity", &with_parity(), Precision::F64, 1e-10);
}

#[test]
fn allegro_gives_its_authors_numbers_in_float32() {
    check("allegro_l2_parity", &with_parity(), Precision::F32, 1e-4);
}

#[test]
fn allegro_with_repulsion_gives_its_authors_numbers_in_float64() {
    let config = with_repulsion();
    check("allegro_l1_3layer_zbl", &config, Precision::F64, 1e-10);
}

#[test]
fn allegro_with_repulsion_gives_its_authors_numbers_in_float32() {
    let config = with_repulsion();
    check("allegro_l1_3layer_zbl", &config, Precision::F32, 1e-4);
}

#[test]
fn settings_out_of_range_are_named() {
    let bad: [(AllegroConfig, &str); 5] = [
        (
            AllegroConfig {
                l_max: 0,
                ..AllegroConfig::default()
            },
            "l_max is 0",
        ),
        (
            AllegroConfig {
                embedding: 7,
                ..AllegroConfig::default()
            },
            "embedding is 7",
        ),
        (
            AllegroConfig {
                neighbours: 0.0,
                ..AllegroConfig::default()
            },
            "neighbours is 0",
        ),
        (
            AllegroConfig {
                elements: Elements::new(&["H", "Xx"]),
                ..AllegroConfig::default()
            },
            "elements is Xx",
        ),
        (
            AllegroConfig {
                latent_hidden: vec![16, 0],
                ..AllegroConfig::default()
            },
            "latent_hidden is 0",
        ),
    ];
    for (config, message) in bad {
        let error = config.validate().unwrap_err().to_string();
        assert!(error.starts_with(message), "{error}");
    }
    let twice = ModelConfig::from(AllegroConfig::small())
        .with_zbl()
        .with_zbl();
    assert!(twice.model().validate().is_err());
}

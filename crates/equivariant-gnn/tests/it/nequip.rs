//! Parity with `nequip` 0.19.1: energies, forces, strain derivatives and intermediates.

use equivariant_gnn::{
    ModelConfig, NequIPConfig, Precision,
    models::{Elements, Model as _},
};

use crate::golden::check;

/// The sizes that both reference states have.
fn reference() -> NequIPConfig {
    NequIPConfig {
        elements: Elements::new(&["H", "C", "N", "O"]),
        cutoff: 4.5,
        neighbours: 7.0,
        radial_hidden: vec![16],
        ..NequIPConfig::new(8, 3, 1)
    }
}

/// Degree 2 with fewer channels at higher degrees, the harmonics' parities only, and the repulsion of
/// nuclei.
fn with_repulsion() -> ModelConfig {
    let config = NequIPConfig {
        parity: false,
        channels: vec![8, 6, 4],
        radial_hidden: vec![16, 16],
        ..reference()
    };
    ModelConfig::from(config).with_zbl()
}

#[test]
fn nequip_gives_its_authors_numbers_in_float64() {
    let config = reference().into();
    check("nequip_l1_parity", &config, Precision::F64, 1e-10);
}

#[test]
fn nequip_gives_its_authors_numbers_in_float32() {
    let config = reference().into();
    check("nequip_l1_parity", &config, Precision::F32, 1e-4);
}

#[test]
fn nequip_with_repulsion_gives_its_authors_numbers_in_float64() {
    let config = with_repulsion();
    check("nequip_l2_so3_zbl", &config, Precision::F64, 1e-10);
}

#[test]
fn nequip_with_repulsion_gives_its_authors_numbers_in_float32() {
    let config = with_repulsion();
    check("nequip_l2_so3_zbl", &config, Precision::F32, 1e-4);
}

#[test]
fn settings_out_of_range_are_named() {
    let one_degree = NequIPConfig {
        channels: vec![8],
        ..NequIPConfig::default()
    };
    let no_channels = NequIPConfig {
        channels: vec![8, 0],
        ..NequIPConfig::default()
    };
    for (config, message) in [
        (one_degree, "channels is 1 degrees"),
        (no_channels, "channels is 0"),
    ] {
        let error = config.validate().unwrap_err().to_string();
        assert!(error.starts_with(message), "{error}");
    }
}

//! Parity with `mace-torch` 0.3.16: energies, forces, virials and intermediates.

use equivariant_gnn::{
    MaceConfig, ModelConfig, Precision,
    models::{Elements, Model as _},
    so3::{Irrep, SymmetricContraction},
    weights::read_named,
};

use crate::golden::{check, folder};

fn reference() -> ModelConfig {
    MaceConfig {
        elements: Elements::new(&["H", "C", "N", "O"]),
        cutoff: 4.5,
        neighbours: 7.0,
        l_max: 2,
        radial_hidden: vec![16, 16],
        ..MaceConfig::new(8, 1)
    }
    .into()
}

#[test]
fn mace_gives_its_authors_numbers_in_float64() {
    check("mace_l1_c3", &reference(), Precision::F64, 1e-10);
}

#[test]
fn mace_gives_its_authors_numbers_in_float32() {
    check("mace_l1_c3", &reference(), Precision::F32, 1e-4);
}

#[test]
fn the_couplings_of_every_order_are_those_of_the_checkpoint_but_for_a_paths_sign() {
    let Some(folder) = folder() else { return };
    let named = read_named(&folder.join("mace_l1_c3.safetensors")).unwrap();
    for l in 0..=1 {
        let contraction = SymmetricContraction::new(2, Irrep::harmonic(l), 3);
        for order in 1..=3 {
            let name =
                format!("products.0.symmetric_contractions.contractions.{l}.U_matrix_{order}");
            let (shape, values) = &named[&name];
            assert_eq!(*shape, contraction.shape(order), "{name}");
            let ours = contraction.couplings(order);
            let paths = *shape.last().unwrap();
            for path in 0..paths {
                let column = |values: &[f64]| -> Vec<f64> {
                    values.iter().skip(path).step_by(paths).copied().collect()
                };
                let (ours, theirs) = (column(&ours), column(values));
                let apart = |sign: f64| {
                    let pairs = ours.iter().zip(&theirs);
                    pairs.fold(0.0_f64, |m, (a, b)| m.max((a - sign * b).abs()))
                };
                assert!(apart(1.0).min(apart(-1.0)) < 1e-12, "{name}, path {path}");
            }
        }
    }
}

#[test]
fn settings_out_of_range_are_named() {
    let config = MaceConfig {
        correlation: 4,
        ..MaceConfig::default()
    };
    let error = config.validate().unwrap_err().to_string();
    assert!(error.starts_with("correlation is 4"), "{error}");
}

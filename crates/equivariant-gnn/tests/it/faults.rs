//! Bad structures, settings and files: an error that names the place, never a panic.

use std::ops::ControlFlow;

use atoms::Structure;
use equivariant_gnn::{
    Error, ModelConfig, PaiNNConfig, Potential, Precision, SchNetConfig, TrainingConfig, train,
};

use super::{fresh, models};

fn water() -> Structure {
    Structure::new(
        vec![8, 1, 1],
        vec![[0.0; 3], [0.96, 0.0, 0.0], [-0.24, 0.93, 0.0]],
    )
    .unwrap()
}

/// The message with all its causes, as a program prints it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

#[test]
fn a_structure_that_cannot_be_used_is_named_with_its_atom() {
    let potential = fresh(&models()[1], Precision::F32, 1);
    let good = water();
    let mut nan = good.clone();
    nan.positions[1][2] = f64::NAN;
    let mut overlap = good.clone();
    overlap.positions[2] = overlap.positions[1];
    let mut unknown = good.clone();
    unknown.species[1] = 92;
    let mut no_embedding = good.clone();
    no_embedding.species[2] = 105;
    let mut flat = good.clone();
    flat.cell = Some([[1.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 1.0]]);
    flat.periodic = [true; 3];
    for (bad, expected) in [
        (nan, "atom 1"),
        (overlap, "1 and 2"),
        (unknown, "atom 1: the model does not know the element U"),
        (
            no_embedding,
            "atom 2: the model does not know the element Db",
        ),
        (flat, "degenerate"),
        (Structure::default(), "no atoms"),
    ] {
        let set = [good.clone(), good.clone(), bad];
        let text = chain(&potential.evaluate_batch(&set).unwrap_err());
        assert!(
            text.contains("structure 2") && text.contains(expected),
            "`{text}` should name structure 2 and say `{expected}`"
        );
    }
    assert!(potential.evaluate(&good).is_ok());
    assert!(potential.evaluate_batch(&[]).unwrap().is_empty());
}

#[test]
fn a_cell_smaller_than_the_cutoff_is_fine() {
    let potential = fresh(&models()[0], Precision::F64, 1);
    let small = Structure::new(vec![6], vec![[0.1, 0.2, 0.3]])
        .unwrap()
        .with_cell(
            [[2.5, 0.0, 0.0], [0.3, 2.4, 0.0], [0.0, 0.1, 2.6]],
            [true; 3],
        )
        .unwrap();
    let one = potential.evaluate(&small).unwrap();
    let mut double = small.clone();
    double.species.push(6);
    double.positions.push([2.6, 0.2, 0.3]);
    double.cell = Some([[5.0, 0.0, 0.0], [0.3, 2.4, 0.0], [0.0, 0.1, 2.6]]);
    let two = potential.evaluate(&double).unwrap();
    assert!((two.energy - 2.0 * one.energy).abs() < 1e-9);
    let (a, b) = (one.stress.unwrap(), two.stress.unwrap());
    for (a, b) in a.as_flattened().iter().zip(b.as_flattened()) {
        assert!((a - b).abs() < 1e-9, "{a} {b}");
    }
}

#[test]
fn settings_outside_their_range_are_named() {
    let device = backend::device(&crate::device_name()).unwrap();
    let mut set = vec![water(); 2];
    let mut observer = |_: &_| ControlFlow::Continue(());
    let model: ModelConfig = SchNetConfig::new(4, 1).into();
    let error = train(
        &model,
        &TrainingConfig::default(),
        &set,
        &[],
        &device,
        &mut observer,
    );
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("no energy or forces")
    );
    set[0].energy = Some(1.0);
    set[1].energy = Some(1.5);
    let base = TrainingConfig {
        steps: 2,
        ..TrainingConfig::default()
    };
    let cases = [
        (
            TrainingConfig {
                batch: 0,
                ..base.clone()
            },
            "batch is 0",
        ),
        (
            TrainingConfig {
                rate: -1.0,
                ..base.clone()
            },
            "rate is -1",
        ),
        (
            TrainingConfig {
                ema: Some(1.0),
                ..base.clone()
            },
            "ema is 1",
        ),
        (
            TrainingConfig {
                clip: Some(f64::NAN),
                ..base.clone()
            },
            "clip is NaN",
        ),
        (
            TrainingConfig {
                energy_weight: 0.0,
                force_weight: 0.0,
                ..base.clone()
            },
            "one positive weight",
        ),
    ];
    for (config, expected) in cases {
        let text = train(&model, &config, &set, &[], &device, &mut observer)
            .unwrap_err()
            .to_string();
        assert!(text.contains(expected), "{text}");
    }
    let none: ModelConfig = PaiNNConfig::new(0, 1).into();
    let text = train(&none, &base, &set, &[], &device, &mut observer)
        .unwrap_err()
        .to_string();
    assert!(text.contains("width is 0"), "{text}");
    let empty = train(&model, &base, &[], &[], &device, &mut observer).unwrap_err();
    assert!(matches!(empty, Error::Empty { .. }));
    assert!(train(&model, &base, &set, &[], &device, &mut observer).is_ok());
}

#[test]
fn damaged_and_foreign_files_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let load = || chain(&Potential::load(path, &crate::device_name()).unwrap_err());
    assert!(load().contains("model.json"));
    let potential = fresh(&models()[1], Precision::F32, 2);
    potential.save(path).unwrap();
    assert!(Potential::load(path, &crate::device_name()).is_ok());
    assert!(chain(&Potential::load(path, "abacus").unwrap_err()).contains("abacus"));

    let settings = path.join("model.json");
    let text = std::fs::read_to_string(&settings).unwrap();
    let replaced = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        std::fs::write(&settings, text.replacen(from, to, 1)).unwrap();
        load()
    };
    assert!(replaced("\"format\": 1", "\"format\": 7").contains("version 7, expected 1"));
    assert!(replaced("eV, angstrom", "hartree, bohr").contains("hartree, bohr, expected eV"));
    assert!(replaced("\"width\": 16", "\"width\": 8").contains("expected shape"));
    assert!(replaced("\"painn\"", "\"pain\"").contains("unknown variant"));
    assert!(replaced("{", "{{").contains("line 1"));
    std::fs::write(&settings, &text).unwrap();

    let weights = path.join("weights.safetensors");
    let bytes = std::fs::read(&weights).unwrap();
    std::fs::write(&weights, &bytes[..bytes.len() / 2]).unwrap();
    assert!(load().contains("weights.safetensors"));
    std::fs::remove_file(&weights).unwrap();
    assert!(load().contains("weights.safetensors"));
}

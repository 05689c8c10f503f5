//! The stretch in which a power law holds.

use crate::golden::{close, golden, number, numbers};
use scaling_fit::{FitOptions, Law, Method, Points, Regime, exponents_per_size, window};

#[test]
fn regimes_windows_and_exponents_agree_with_the_known_truth() {
    let Some(file) = golden("resolution_windows.json") else {
        return;
    };
    let cases = file["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 7);
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let resource = numbers(&case["resource"]);
        let points = Points::one(&resource, &numbers(&case["loss"]));
        let expect = &case["expect"];
        let found = window(&points).unwrap();
        for (got, expected) in found.local.iter().zip(numbers(&expect["local_slopes"])) {
            assert!(
                (got.1 - expected).abs() <= 1e-9 * expected.abs().max(1e-3),
                "{name}"
            );
        }
        if let Some(exponent) = expect.get("exponent") {
            close(
                name,
                found.exponent,
                number(exponent),
                number(&expect["exponent_tol"]) / 0.2,
            );
        }
        match (expect["regime"].as_str().unwrap(), found.regime) {
            ("power_law", Regime::PowerLaw) => {
                let ends = numbers(&expect["window"]);
                close(name, found.range.0, ends[0], 1e-9);
                close(name, found.range.1, ends[1], 1e-9);
            }
            (
                "saturating",
                Regime::Saturating {
                    floor,
                    crossover,
                    ninety_percent,
                },
            ) => {
                close(name, floor, number(&expect["floor"]), 1e-6);
                for (key, got) in [
                    ("crossover_resource", crossover),
                    ("resource_where_local_exponent_is_50pct", crossover),
                    ("resource_where_local_exponent_is_90pct", ninety_percent),
                ] {
                    if let Some(value) = expect.get(key) {
                        close(&format!("{name} {key}"), got, number(value), 1e-5);
                    }
                }
            }
            ("broken", Regime::Broken { knee, exponents }) => {
                close(
                    name,
                    knee,
                    number(&expect["break_at"]),
                    number(&expect["break_rtol"]),
                );
                let slopes = numbers(&expect["slopes"]);
                close(name, exponents.0, slopes[0], 1e-4);
                close(name, exponents.1, slopes[1], 1e-3);
                let ends = numbers(&expect["window_before"]);
                close(name, found.range.0, ends[0], 1e-9);
                // The stored end is rounded; one step of the grid is a factor of 1.58.
                close(name, found.range.1, ends[1], 0.05);
            }
            ("plateau_then_power_law", Regime::PlateauThenPowerLaw { onset, level }) => {
                close(name, onset, number(&expect["onset"]), 1e-6);
                close(name, level, 2.3, 1e-9);
            }
            (expected, got) => panic!("{name}: expected {expected}, got {got:?}"),
        }
    }
}

#[test]
fn each_data_size_has_its_exponent_with_its_uncertainty() {
    // As in the paper: a series over model sizes for each data set. The first size shows a pure law, the second a floor,
    // the third the level of guessing first, and the last has only one model.
    let models: Vec<f64> = (0..12).map(|k| 1e4 * 2.5_f64.powi(k)).collect();
    let mut columns = [Vec::new(), Vec::new(), Vec::new()];
    let truth: [(f64, f64); 3] = [(1e5, 0.17), (1e6, 0.26), (1e7, 0.30)];
    for (index, (size, exponent)) in truth.into_iter().enumerate() {
        for (k, n) in models.iter().enumerate() {
            let noise = 1e-4 * (2.3 * k as f64 + size.ln()).sin();
            let loss = match index {
                1 => 0.4 + 9.0 * n.powf(-exponent),
                2 => (30.0 * n.powf(-exponent)).min(30.0 * models[3].powf(-exponent)),
                _ => 5.0 * n.powf(-exponent),
            };
            columns[0].push(*n);
            columns[1].push(size);
            columns[2].push(loss * noise.exp());
        }
    }
    columns[0].push(1e6);
    columns[1].push(3e8);
    columns[2].push(0.5);
    let points = Points::two(&columns[0], &columns[1], &columns[2]);
    let found = exponents_per_size(&points, 1, &FitOptions::default().bootstrap(200, 5)).unwrap();
    assert_eq!(found.len(), 3);
    for (series, (size, exponent)) in found.iter().zip(truth) {
        close("size", series.size, size, 1e-15);
        let error = series.standard_error.unwrap();
        assert!(error > 0.0 && error < 0.01, "{size:e}: {error}");
        assert!(
            (series.exponent - exponent).abs() < (4.0 * error).max(3e-4),
            "{size:e}: {} +- {error}",
            series.exponent
        );
        for method in [Method::Wald, Method::Profile, Method::Bootstrap] {
            let interval = series.interval(method).unwrap();
            assert!(interval.lower.unwrap() < series.exponent, "{interval:?}");
            assert!(interval.upper.unwrap() > series.exponent, "{interval:?}");
        }
    }
    assert!(matches!(found[0].regime, Regime::PowerLaw));
    assert!(
        matches!(found[1].regime, Regime::Saturating { floor, .. } if (floor - 0.4).abs() < 0.01)
    );
    assert!(matches!(
        found[2].regime,
        Regime::PlateauThenPowerLaw { .. }
    ));
    assert!(found[2].range.0 >= models[3] * (1.0 - 1e-9));
    assert_eq!(found[1].rows, (12..24).collect::<Vec<_>>());

    let error = exponents_per_size(&Points::one(&models, &models), 0, &FitOptions::default());
    assert_eq!(error.unwrap_err().code(), "wrong_resources");
    // The exponent of a size is that of the plain fit to its rows.
    let alone = scaling_fit::fit(
        Law::Power,
        &Points::one(&columns[0][..12], &columns[2][..12]),
        &FitOptions::default(),
    )
    .unwrap();
    close(
        "alone",
        found[0].exponent,
        alone.value_of("b").unwrap(),
        1e-9,
    );
}

//! The stretch in which a power law holds.

use crate::golden::{close, golden, number, numbers};
use scaling_fit::{Points, Regime, window};

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

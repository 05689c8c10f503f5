//! Predictions beyond the data, the frontier, and the noise floor from replicates.

use crate::golden::{close, golden, number, numbers};
use scaling_fit::{FitOptions, Law, Objective, Points, fit};
use serde_json::Value;

fn squares() -> FitOptions {
    FitOptions::default().objective(Objective::LogSquares)
}

fn file() -> Option<Value> {
    golden("prediction_frontier_replicates.json")
}

#[test]
fn predictions_carry_both_intervals_and_the_factor_beyond_the_data() {
    let Some(file) = file() else { return };
    let case = &file["prediction"][0];
    let points = Points::one(&numbers(&case["resource"]), &numbers(&case["loss"]));
    let found = fit(Law::Saturating, &points, &squares()).unwrap();
    let expect = &case["expect"];
    for (index, at) in numbers(&case["at"]).into_iter().enumerate() {
        let got = found.predict(&[at], 0.95);
        close("mean", got.loss, number(&expect["mean"][index]), 1e-4);
        close(
            "se",
            got.standard_error.unwrap(),
            number(&expect["se_log"][index]),
            1e-4,
        );
        for (key, interval) in [
            ("confidence95", got.confidence),
            ("prediction95", got.prediction),
        ] {
            let (low, high) = interval.unwrap();
            close(key, low, number(&expect[key][index][0]), 1e-4);
            close(key, high, number(&expect[key][index][1]), 1e-4);
        }
        close(
            "factor",
            got.extrapolation_factor,
            number(&expect["extrapolation_factor"][index]),
            1e-9,
        );
        let far = got.warnings.iter().any(|w| w.code() == "far_extrapolation");
        assert_eq!(far, got.extrapolation_factor > 10.0 + 1e-9);
    }
}

fn joint(value: &Value) -> Vec<f64> {
    ["A", "B", "E", "alpha", "beta"]
        .iter()
        .map(|n| number(&value[*n]))
        .collect()
}

#[test]
fn the_frontier_and_the_compute_for_a_loss_have_their_closed_forms() {
    let Some(file) = file() else { return };
    for case in file["frontier"].as_array().unwrap() {
        let got = Law::Joint
            .optimum(
                &joint(&case["params"]),
                number(&case["C"]),
                number(&case["k"]),
            )
            .unwrap();
        let expect = &case["expect"];
        for (key, value) in [
            ("N", got.parameters),
            ("D", got.tokens),
            ("tokens_per_param", got.tokens_per_parameter),
            ("loss", got.loss),
        ] {
            close(key, value, number(&expect[key]), 1e-10);
        }
    }
    for case in file["compute_for_loss"].as_array().unwrap() {
        let got =
            Law::Joint.compute_for_loss(&joint(&case["params"]), number(&case["target_loss"]), 6.0);
        match case["expect"].get("C") {
            Some(compute) => close("C", got.unwrap(), number(compute), 1e-9),
            None => assert_eq!(got.unwrap_err().code(), "target_below_floor"),
        }
    }
}

#[test]
fn a_numeric_frontier_agrees_with_first_principles() {
    let p = [6.4e13, 1.8e13, 0.076, 0.103];
    let best = Law::Kaplan.optimum(&p, 1e20, 6.0).unwrap();
    for factor in [0.99, 1.01] {
        let moved = [best.parameters * factor, best.tokens / factor];
        assert!(Law::Kaplan.loss(&p, &moved) >= best.loss);
    }
    assert_eq!(
        Law::Power
            .optimum(&[1.0, 0.5], 1e20, 6.0)
            .unwrap_err()
            .code(),
        "not_defined"
    );
}

#[test]
fn replicates_give_the_noise_floor_and_a_lack_of_fit_test() {
    let Some(file) = file() else { return };
    let case = &file["replicates"][0];
    let points = Points::one(&numbers(&case["resource"]), &numbers(&case["loss"]));
    let found = fit(Law::Power, &points, &squares()).unwrap();
    let expect = &case["expect"];
    close(
        "a",
        found.value_of("a").unwrap(),
        number(&expect["a"]),
        1e-9,
    );
    close(
        "b",
        found.value_of("b").unwrap(),
        number(&expect["b"]),
        1e-9,
    );
    let test = found.lack_of_fit(&points).unwrap();
    close(
        "sd",
        test.pure_error,
        number(&expect["pure_error_sd"]),
        1e-9,
    );
    close("F", test.f, number(&expect["lack_of_fit_F"]), 1e-8);
    close("p", test.p, number(&expect["lack_of_fit_p"]), 1e-8);
    close(
        "degrees",
        test.pure_degrees,
        number(&expect["pure_error_dof"]),
        1e-12,
    );
}

//! Known-truth cases of every law.

use crate::golden::{close, golden, number, numbers};
use scaling_fit::{FitOptions, Law, Method, Objective, Points, fit};
use serde_json::Value;

/// The law that a golden file means.
pub(crate) fn law(name: &str) -> Law {
    match name {
        "power" => Law::Power,
        "saturating" => Law::Saturating,
        "shifted_m3" => Law::Shifted { floor: false },
        "joint_chinchilla" => Law::Joint,
        "kaplan" => Law::Kaplan,
        "overtraining" => Law::OverTraining,
        "bnsl1" => Law::Broken {
            breaks: 1,
            floor: true,
        },
        "bnsl2" => Law::Broken {
            breaks: 2,
            floor: true,
        },
        "broken1_no_floor" => Law::Broken {
            breaks: 1,
            floor: false,
        },
        other => panic!("unknown law {other}"),
    }
}

fn points(case: &Value) -> Points {
    let resources = &case["resources"];
    let loss = numbers(&case["loss"]);
    if resources.get("R").is_some() {
        return Points::one(&numbers(&resources["R"]), &loss);
    }
    let n = numbers(&resources["N"]);
    let d = match resources.get("D") {
        Some(d) => numbers(d),
        None => numbers(&resources["M"])
            .iter()
            .zip(&n)
            .map(|(m, n)| m * n)
            .collect(),
    };
    Points::two(&n, &d, &loss)
}

fn check_parameters(name: &str, found: &scaling_fit::Fit, expected: &Value, tolerance: f64) {
    for (parameter, value) in expected.as_object().expect("parameters") {
        let got = found.value_of(parameter).expect("a parameter of the law");
        close(
            &format!("{name} {parameter}"),
            got,
            number(value),
            tolerance,
        );
    }
}

#[test]
fn every_law_recovers_its_truth_and_the_reference_optima_and_intervals() {
    let Some(file) = golden("synthetic_laws.json") else {
        return;
    };
    let mut seen = 0;
    for case in file["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let law = law(case["law"].as_str().unwrap());
        let points = points(case);
        let expect = &case["expect"];
        let squares = FitOptions::default().objective(Objective::LogSquares);
        let exact = number(&case["noise_log_sd"]) == 0.0;
        let options = if exact {
            squares.estimate_only()
        } else {
            squares
        };
        let found = fit(law, &points, &options).unwrap_or_else(|e| panic!("{name}: {e}"));
        let tolerance = number(expect.get("rtol").unwrap_or(&expect["rtol_params"]));
        check_parameters(name, &found, &expect["params"], tolerance);
        assert!(
            found.starts.share_at_best >= 0.5,
            "{name}: only {} of the descents reached the optimum",
            found.starts.share_at_best
        );
        if exact {
            assert!(found.value <= number(&expect["sse_log_max"]), "{name}");
        } else {
            noisy(name, &found, expect);
            let robust = fit(law, &points, &FitOptions::default().estimate_only()).unwrap();
            let expect = &case["expect_huber"];
            close(name, robust.value, number(&expect["value"]), 1e-7);
            check_parameters(
                name,
                &robust,
                &expect["params"],
                number(&expect["rtol_params"]),
            );
        }
        seen += 1;
    }
    assert_eq!(seen, 24);
}

fn noisy(name: &str, found: &scaling_fit::Fit, expect: &Value) {
    close(name, found.value, number(&expect["sse_log"]), 1e-9);
    close(
        name,
        found.sigma.unwrap(),
        number(&expect["sigma_log"]),
        1e-7,
    );
    close(
        &format!("{name} condition"),
        found.condition_number.unwrap(),
        number(&expect["condition_number_J"]),
        1e-3,
    );
    for parameter in &found.parameters {
        let coordinate = &parameter.coordinate;
        let label = format!("{name} {coordinate}");
        let positive = coordinate.starts_with("ln_");
        let to_coordinate = |v: f64| if positive { v.ln() } else { v };
        close(
            &label,
            parameter.standard_error.unwrap(),
            number(&expect["se"][coordinate]),
            1e-3,
        );
        for (key, method) in [("wald95", Method::Wald), ("profile95", Method::Profile)] {
            let Some(ends) = expect.get(key) else {
                continue;
            };
            let ends = numbers(&ends[coordinate]);
            let got = found
                .interval(&parameter.name, method)
                .expect("an interval");
            let width = ends[1] - ends[0];
            for (got, expected) in [(got.lower, ends[0]), (got.upper, ends[1])] {
                let got = to_coordinate(got.expect("a bounded end"));
                assert!(
                    (got - expected).abs() <= 1e-3 * width,
                    "{label} {key}: {got} against {expected}"
                );
            }
        }
    }
}

#[test]
fn a_floor_far_below_the_data_has_an_interval_open_towards_zero() {
    let Some(file) = golden("synthetic_laws.json") else {
        return;
    };
    let case = file["cases"]
        .as_array()
        .unwrap()
        .iter()
        .find(|case| case["name"] == "saturating_floor_far")
        .unwrap();
    let options = FitOptions::default().objective(Objective::LogSquares);
    let found = fit(Law::Saturating, &points(case), &options).unwrap();
    let interval = found.interval("E", Method::Profile).unwrap();
    assert_eq!(interval.lower, None, "{interval:?}");
    assert!(interval.upper.is_some());
}

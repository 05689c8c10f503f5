//! Refusals and warnings: awkward inputs with the behaviour to show.

use crate::golden::{close, golden, number, numbers};
use crate::synthetic::law;
use scaling_fit::{FitOptions, Objective, Points, fit};

#[test]
fn awkward_inputs_are_refused_or_warned_about_with_stable_codes() {
    let Some(file) = golden("degenerate.json") else {
        return;
    };
    for case in file["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        if case["law"] == "isoflop" {
            continue; // covered with the parabola method
        }
        let law = law(case["law"].as_str().unwrap());
        let loss = numbers(&case["loss"]);
        let mut points = if case.get("N").is_some() {
            Points::two(&numbers(&case["N"]), &numbers(&case["D"]), &loss)
        } else {
            Points::one(&numbers(&case["resource"]), &loss)
        };
        if let Some(weights) = case.get("weights") {
            points = points.with_weights(&numbers(weights));
        }
        let mut options = FitOptions::default().objective(Objective::LogSquares);
        match case["expect"].get("option").and_then(|o| o.as_str()) {
            Some("skip_invalid") => options.skip_invalid = true,
            Some("bootstrap") => options = options.bootstrap(100, 1),
            _ => {}
        }
        let expect = &case["expect"];
        let outcome = fit(law, &points, &options);
        if expect["kind"] == "error" {
            let error = outcome.expect_err(name);
            assert_eq!(
                error.code(),
                expect["code"].as_str().unwrap(),
                "{name}: {error}"
            );
            if let Some(row) = expect.get("row") {
                assert_eq!(
                    error.row(),
                    row.as_u64().and_then(|row| usize::try_from(row).ok()),
                    "{name}"
                );
            }
            continue;
        }
        let found = outcome.unwrap_or_else(|error| panic!("{name}: {error}"));
        let tolerance = expect.get("rtol").map_or(1e-9, number);
        if let Some(parameters) = expect.get("params") {
            for (parameter, value) in parameters.as_object().unwrap() {
                let (got, value) = (found.value_of(parameter).unwrap(), number(value));
                if value == 0.0 {
                    assert!(got.abs() <= 1e-12, "{name} {parameter}: {got}");
                } else {
                    close(&format!("{name} {parameter}"), got, value, tolerance);
                }
            }
        }
        for warning in expect
            .get("warnings")
            .and_then(|w| w.as_array())
            .into_iter()
            .flatten()
        {
            let code = warning.as_str().unwrap();
            assert!(
                found.warned(code),
                "{name}: {code} missing in {:?}",
                found.warnings
            );
        }
        if expect
            .get("code")
            .is_some_and(|code| code == "bootstrap_refused" || code == "rows_dropped")
        {
            assert!(
                found.warned(expect["code"].as_str().unwrap()),
                "{name}: {:?}",
                found.warnings
            );
        }
        if expect["code"] == "ok" {
            assert!(found.warnings.is_empty(), "{name}: {:?}", found.warnings);
        }
        if let Some(dropped) = expect.get("dropped") {
            let rows: Vec<f64> = found.dropped.iter().map(|&row| row as f64).collect();
            assert_eq!(rows, numbers(dropped), "{name}");
        }
        if expect.get("r2").is_some_and(serde_json::Value::is_null) {
            assert_eq!(found.r_squared, None, "{name}");
        }
        if expect.get("ci").is_some_and(serde_json::Value::is_null) {
            assert!(found.intervals.is_empty(), "{name}: {:?}", found.intervals);
        }
        if let Some(least) = expect.get("min_condition_number") {
            assert!(found.condition_number.unwrap() >= number(least), "{name}");
        }
        let text = serde_json::to_string(&found).unwrap();
        assert!(!text.contains("null,null"), "{name}");
        for value in found.values() {
            assert!(value.is_finite(), "{name}: {:?}", found.parameters);
        }
    }
}

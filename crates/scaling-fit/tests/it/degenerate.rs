//! Refusals and warnings: awkward inputs with the behaviour to show.

use crate::golden::{close, golden, number, numbers};
use crate::synthetic::law;
use scaling_fit::{FitOptions, Objective, Points, fit};
use serde_json::Value;

#[test]
fn awkward_inputs_are_refused_or_warned_about_with_stable_codes() {
    let Some(file) = golden("degenerate.json") else {
        return;
    };
    let mut seen = 0;
    for case in file["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        if case["law"] == "isoflop" {
            continue; // covered with the parabola method
        }
        seen += 1;
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
            refused(name, &outcome.expect_err(name), expect);
        } else {
            let found = outcome.unwrap_or_else(|error| panic!("{name}: {error}"));
            accepted(name, &found, expect);
        }
    }
    assert_eq!(seen, 28);
}

#[track_caller]
fn refused(name: &str, error: &scaling_fit::Error, expect: &Value) {
    assert_eq!(
        error.code(),
        expect["code"].as_str().unwrap(),
        "{name}: {error}"
    );
    if expect.get("which").is_some_and(|which| which == "D") {
        assert!(error.to_string().contains("`D`"), "{name}: {error}");
    }
    if let Some(row) = expect.get("row") {
        assert_eq!(
            error.row(),
            row.as_u64().and_then(|row| usize::try_from(row).ok()),
            "{name}"
        );
    }
}

#[track_caller]
fn accepted(name: &str, found: &scaling_fit::Fit, expect: &Value) {
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
    assert_eq!(
        found.code(),
        expect["code"].as_str().unwrap(),
        "{name}: {:?}",
        found.warnings
    );
    if found.code() == "break_not_identified" {
        let end = found.range[0].1;
        assert!(found.predict(&[end], 0.95).confidence.is_some(), "{name}");
        let beyond = found.predict(&[1.01 * end], 0.95);
        assert_eq!(beyond.warnings[0].code(), "break_not_identified", "{name}");
        assert_eq!(
            (beyond.confidence, beyond.prediction),
            (None, None),
            "{name}"
        );
    }
    if found.warned("collinear_design") {
        let refused = found.allocation_exponent(0.95).expect_err(name);
        assert_eq!(refused.code(), "not_identifiable", "{name}");
    }
    if expect["code"] == "ok" {
        assert!(found.warnings.is_empty(), "{name}: {:?}", found.warnings);
    }
    if let Some(dropped) = expect.get("dropped") {
        let rows: Vec<f64> = found.dropped.iter().map(|&row| row as f64).collect();
        assert_eq!(rows, numbers(dropped), "{name}");
    }
    if expect.get("r2").is_some_and(Value::is_null) {
        assert_eq!(found.r_squared, None, "{name}");
    }
    if expect.get("ci").is_some_and(Value::is_null) {
        assert!(found.intervals.is_empty(), "{name}: {:?}", found.intervals);
    }
    if let Some(least) = expect.get("min_condition_number") {
        assert!(found.condition_number.unwrap() >= number(least), "{name}");
    }
    let text = serde_json::to_string(found).unwrap();
    assert!(!text.contains("null,null"), "{name}");
    for value in found.values() {
        assert!(value.is_finite(), "{name}: {:?}", found.parameters);
    }
}

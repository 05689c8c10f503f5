//! Reading the golden files, which lie beside the checkout and are not part of it.

use serde_json::Value;
use std::path::PathBuf;

/// The parsed golden file, or `None` where the shared folder is absent outside CI.
#[track_caller]
pub(crate) fn golden(name: &str) -> Option<Value> {
    let path = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/golden/scaling"
    ))
    .join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(serde_json::from_str(&text).expect("golden files are JSON")),
        Err(error) => {
            assert!(
                std::env::var_os("CI").is_none(),
                "../shared/golden/scaling/{name} must be here in CI: {error}"
            );
            eprintln!("skipped: ../shared/golden/scaling/{name} is not here");
            None
        }
    }
}

/// A number, also where it is written as a word.
#[track_caller]
pub(crate) fn number(value: &Value) -> f64 {
    match value.as_str() {
        Some("nan") => f64::NAN,
        Some("inf") => f64::INFINITY,
        Some(text) => text.parse().expect("a number"),
        None => value.as_f64().expect("a number"),
    }
}

/// A list of numbers.
#[track_caller]
pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .expect("a list")
        .iter()
        .map(number)
        .collect()
}

/// Asserts that a number is within a relative tolerance.
#[track_caller]
pub(crate) fn close(what: &str, got: f64, expected: f64, tolerance: f64) {
    let distance = (got - expected).abs();
    assert!(
        distance <= tolerance * expected.abs().max(f64::MIN_POSITIVE),
        "{what}: {got} against {expected}, off by {:.3e} relative, allowed {tolerance:e}",
        distance / expected.abs()
    );
}

//! Where recorded truths are read from.

use std::path::PathBuf;

use serde_json::Value;

/// The path of a file in the folder that is shared beside the repository, if it is there.
///
/// In continuous integration the folder is always there, so its absence is a failure.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let full = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")).join(path);
    if full.exists() {
        return Some(full);
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "../shared/{path} is needed in continuous integration"
    );
    eprintln!("skipped: ../shared/{path} is not here");
    None
}

/// A JSON file in the folder of recorded truths.
pub(crate) fn json(name: &str) -> Option<Value> {
    let path = shared(&format!("golden/scaling/{name}"))?;
    let text = std::fs::read_to_string(path).expect("a recorded truth is readable");
    Some(serde_json::from_str(&text).expect("a recorded truth is JSON"))
}

/// A number; `null` and the words for what is not finite become +∞.
pub(crate) fn loss(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::INFINITY)
}

/// A list of numbers.
pub(crate) fn losses(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(loss).collect()
}

/// A whole number.
pub(crate) fn count(value: &Value) -> usize {
    usize::try_from(value.as_u64().expect("a whole number")).expect("it fits")
}

#[track_caller]
pub(crate) fn close(what: &str, got: f64, expected: &Value, rtol: f64) {
    let expected = expected.as_f64().expect("a number");
    let error = (got - expected).abs();
    assert!(
        error <= rtol * expected.abs().max(1e-3),
        "{what}: got {got}, expected {expected}"
    );
}

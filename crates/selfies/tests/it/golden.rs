//! Reads the reference outputs beside the repository.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use flate2::read::GzDecoder;
use serde_json::Value;

/// A file of the golden folder; none, with a line on it, where the folder is absent.
pub(crate) fn path(name: &str) -> Option<PathBuf> {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/golden/selfies"
    );
    let path = PathBuf::from(folder).join(name);
    if path.exists() {
        return Some(path);
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "{} is missing",
        path.display()
    );
    eprintln!("skipped: ../shared/golden/selfies/{name} is not here");
    None
}

/// Calls `check` with each row of a gzipped JSON-lines file.
pub(crate) fn rows(name: &str, mut check: impl FnMut(usize, Value)) {
    let Some(path) = path(name) else { return };
    let file = File::open(&path).unwrap();
    let mut count = 0;
    for line in BufReader::new(GzDecoder::new(file)).lines() {
        count += 1;
        check(count, serde_json::from_str(&line.unwrap()).unwrap());
    }
    assert!(count > 0, "{} is empty", path.display());
}

/// The whole of a JSON file.
pub(crate) fn json(name: &str) -> Option<Value> {
    let file = File::open(path(name)?).unwrap();
    Some(serde_json::from_reader(BufReader::new(file)).unwrap())
}

/// A text field.
#[track_caller]
pub(crate) fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field]
        .as_str()
        .unwrap_or_else(|| panic!("no text '{field}' in {row}"))
}

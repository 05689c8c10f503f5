//! Where the real files are.

use std::path::PathBuf;

/// A file or folder below `shared/data` beside the checkout, or nothing (with a line that says so) where it is absent.
/// In continuous integration it must be there.
pub(crate) fn data(name: &str) -> Option<PathBuf> {
    let path =
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(name);
    if path.exists() {
        return Some(path);
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "../shared/data/{name} is not here"
    );
    eprintln!("skipped: ../shared/data/{name} is not here");
    None
}

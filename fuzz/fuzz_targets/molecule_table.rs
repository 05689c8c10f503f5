//! No molecule table makes the reader panic.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("x.csv");
    std::fs::write(&path, data).expect("the folder can be written");
    let _ = datasets::molecules::read(&path, &datasets::molecules::ReadOptions::default());
});

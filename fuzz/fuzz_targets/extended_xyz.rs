//! No extended XYZ text makes the reader panic.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("x.xyz");
    std::fs::write(&path, data).expect("the folder can be written");
    let _ = datasets::structures::read(&path, &datasets::structures::ReadOptions::default());
});

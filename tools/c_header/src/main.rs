//! Writes `crates/equivariant-gnn-c/include/equivariant_gnn.h`; its test compares the file with what it would write.
//!
//! ```text
//! cargo run --manifest-path tools/c_header/Cargo.toml
//! cargo test --manifest-path tools/c_header/Cargo.toml
//! ```

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

fn crate_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/equivariant-gnn-c")
}

fn header_path() -> PathBuf {
    crate_folder().join("include/equivariant_gnn.h")
}

/// The header as cbindgen makes it of the crate's sources.
fn header() -> Result<String, cbindgen::Error> {
    let folder = crate_folder();
    let config = cbindgen::Config::from_file(folder.join("cbindgen.toml"))
        .expect("cbindgen.toml lies beside the crate's manifest");
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in ["status", "potential", "evaluate"] {
        builder = builder.with_src(folder.join("src").join(source).with_extension("rs"));
    }
    let mut bytes = Vec::new();
    builder.generate()?.write(&mut bytes);
    Ok(String::from_utf8(bytes).expect("cbindgen writes text"))
}

fn main() -> ExitCode {
    let written = header()
        .map_err(|error| error.to_string())
        .and_then(|text| std::fs::write(header_path(), text).map_err(|error| error.to_string()));
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", header_path().display());
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_header_is_what_cbindgen_makes_of_the_sources() {
        let written = std::fs::read_to_string(super::header_path()).unwrap();
        let made = super::header().unwrap();
        assert!(
            written == made,
            "run: cargo run --manifest-path tools/c_header/Cargo.toml"
        );
    }
}

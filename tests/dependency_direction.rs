//! The house keeps its floors: who may use whom, read from `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Folder under `crates/` → the crates of this workspace that it may use.
/// The same table, with its reasons, is in ARCHITECTURE.md.
const ALLOWED: &[(&str, &[&str])] = &[
    ("chemscale-backend", &[]),
    ("chemscale-atoms", &[]),
    ("selfies", &[]),
    ("chemscale-datasets", &["chemscale-atoms", "selfies"]),
    ("chemgpt", &["chemscale-backend", "selfies"]),
    ("equivariant-gnn", &["chemscale-atoms", "chemscale-backend"]),
    (
        "equivariant-gnn-c",
        &["chemscale-atoms", "chemscale-backend", "equivariant-gnn"],
    ),
    ("chemscale-tpe", &[]),
    ("scaling-fit", &[]),
    (
        "chemscale-study",
        &[
            "chemgpt",
            "chemscale-atoms",
            "chemscale-backend",
            "chemscale-datasets",
            "chemscale-tpe",
            "equivariant-gnn",
            "scaling-fit",
            "selfies",
        ],
    ),
];

/// Crates that must never see a tensor.
const TENSOR_FREE: &[&str] = &["chemscale-atoms", "selfies", "chemscale-tpe", "scaling-fit"];

/// What `cargo metadata` says of the members of this workspace.
fn metadata() -> serde_json::Value {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs: it is running this test");
    assert!(output.status.success(), "cargo metadata failed");
    serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON")
}

/// Normal and build dependencies of each workspace member, by package name.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("a list of packages");
    packages
        .iter()
        .map(|package| {
            let name = package["name"].as_str().expect("a name").to_owned();
            let uses = package["dependencies"]
                .as_array()
                .expect("a list of dependencies")
                .iter()
                .filter(|dependency| dependency["kind"] != "dev")
                .map(|dependency| dependency["name"].as_str().expect("a name").to_owned())
                .collect();
            (name, uses)
        })
        .collect()
}

#[test]
fn every_crate_uses_only_the_crates_that_the_design_allows() {
    let members = dependencies();
    let allowed: BTreeMap<&str, BTreeSet<&str>> = ALLOWED
        .iter()
        .map(|(name, uses)| (*name, uses.iter().copied().collect()))
        .collect();
    for (name, uses) in &members {
        if name == "chemscale" {
            continue; // the root package owns examples and tests and may use all
        }
        let may_use = allowed
            .get(name.as_str())
            .unwrap_or_else(|| panic!("{name} is not in the table of this test"));
        for used in uses.iter().filter(|used| members.contains_key(*used)) {
            assert!(
                may_use.contains(used.as_str()),
                "{name} must not use {used}"
            );
        }
    }
    for name in allowed.keys() {
        assert!(
            members.contains_key(*name),
            "{name} is missing from the workspace"
        );
    }
}

#[test]
fn crates_that_see_only_numbers_and_strings_never_see_a_tensor() {
    let members = dependencies();
    for name in TENSOR_FREE {
        let burn: Vec<_> = members[*name]
            .iter()
            .filter(|used| used.starts_with("burn"))
            .collect();
        assert!(burn.is_empty(), "{name} must not use {burn:?}");
    }
    let datasets = &members["chemscale-datasets"];
    assert!(
        !datasets.contains("burn"),
        "datasets may name Burn's `Dataset` trait, never a tensor"
    );
}

#[test]
fn device_features_are_the_backend_s_and_all_others_only_pass_them_on() {
    let metadata = metadata();
    for package in metadata["packages"].as_array().expect("a list of packages") {
        let name = package["name"].as_str().expect("a name");
        if name == "chemscale-backend" {
            continue;
        }
        let features = package["features"]
            .as_object()
            .expect("a table of features");
        for device in ["flex", "cuda", "tch"] {
            if let Some(turned_on) = features.get(device) {
                assert_eq!(
                    turned_on,
                    &serde_json::json!([format!("backend/{device}")]),
                    "{name}: the feature {device} may only pass on the backend's"
                );
            }
        }
    }
}

#[test]
fn a_crate_with_models_works_on_the_processor_as_it_comes() {
    let metadata = metadata();
    for package in metadata["packages"].as_array().expect("a list of packages") {
        let uses_backend = package["dependencies"]
            .as_array()
            .expect("a list of dependencies")
            .iter()
            .any(|used| used["name"] == "chemscale-backend" && used["kind"] != "dev");
        if uses_backend {
            assert_eq!(
                package["features"]["default"],
                serde_json::json!(["flex"]),
                "{} would come without any device",
                package["name"]
            );
        }
    }
}

//! Formats of which no real set is at hand, as their own libraries write them, and damage to each of them.

#![expect(
    clippy::float_cmp,
    reason = "a reader gives back the very numbers of the file"
)]

use std::fs;
use std::path::{Path, PathBuf};

use datasets::structures::{ReadOptions, StructureSet, read};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

fn whole(name: &str) -> StructureSet {
    read(fixture(name), &ReadOptions::default()).unwrap()
}

#[test]
fn rows_of_an_ase_database_are_read_with_cell_and_stress() {
    let set = whole("ase_rows.json");
    assert!(set.units.to_string().contains("ASE"), "{}", set.units);
    let [water, silicon] = &set.structures[..] else {
        panic!("{} structures", set.structures.len());
    };
    assert_eq!(water.species, [8, 1, 1]);
    assert_eq!(water.positions[1], [0.0, 0.76, -0.5]);
    assert_eq!((water.cell, water.periodic), (None, [false; 3]));
    assert_eq!(water.energy, Some(-14.2));
    assert_eq!(water.forces.as_ref().unwrap()[2], [0.0, -0.1, -0.15]);
    assert_eq!(water.group.as_deref(), Some("water"));
    assert_eq!(silicon.periodic, [true; 3]);
    assert_eq!(
        silicon.cell,
        Some([[0.0, 2.7, 2.7], [2.7, 0.0, 2.7], [2.7, 2.7, 0.0]])
    );
    assert_eq!(
        silicon.stress,
        Some([[0.1, 0.03, 0.02], [0.03, 0.2, 0.01], [0.02, 0.01, 0.3]])
    );
}

#[test]
fn rows_with_plain_lists_are_read_and_wrong_ones_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.json");
    let row = |numbers: &str| {
        format!(
            r#"{{"1": {{"numbers": [1, 1], "positions": [[0,0,0],[0,0,0.74]], "energy": -31.7}},
                "2": {{"numbers": {numbers}, "positions": [[0,0,0],[0,0,0.74]], "energy": -31.7}}, "ids": [1, 2]}}"#
        )
    };
    for (numbers, part) in [
        (
            r#"{"__ndarray__": [[3], "int64", [1, 1]]}"#,
            "numbers: __ndarray__ has 2 numbers",
        ),
        (
            r#"{"__ndarray__": [[2, 0], "int64", []]}"#,
            "numbers: __ndarray__ has the shape",
        ),
        (r#"{"__ndarray__": "x"}"#, "numbers: __ndarray__"),
        ("[1, 900]", "900"),
        ("[1]", "1 species"),
    ] {
        fs::write(&path, row(numbers)).unwrap();
        let set = read(&path, &ReadOptions::default()).unwrap();
        assert_eq!(set.structures.len(), 1, "{numbers}");
        assert_eq!(set.rejects[0].line, 2);
        let reason = &set.rejects[0].reason;
        assert!(
            reason.contains(part) || numbers == "[1]",
            "{numbers}: {reason}"
        );
    }
}

#[test]
fn the_layout_of_qm7x_is_read_as_ev_and_forces() {
    let set = whole("qm7x.hdf5");
    assert!(set.units.to_string().contains("QM7-X"), "{}", set.units);
    assert_eq!(set.structures.len(), 6);
    let methane = &set.structures[0];
    assert_eq!(methane.species, [6, 1, 1, 1, 1]);
    // Geometries come in the order of their names, so the first is the first displaced one.
    let moved = |k: f64| k * 0.9 + 0.01;
    assert_eq!(methane.positions[1], [moved(3.0), moved(4.0), moved(5.0)]);
    let energies: Vec<f64> = set.structures.iter().map(|s| s.energy.unwrap()).collect();
    assert!(energies.contains(&-1101.0) && energies.contains(&-1102.0));
    let molecules: Vec<&str> = set
        .structures
        .iter()
        .map(|s| s.group.as_deref().unwrap())
        .collect();
    assert_eq!(molecules, ["1", "1", "1", "7", "7", "7"]);
    for structure in &set.structures {
        let k = -1100.0 - structure.energy.unwrap();
        assert_eq!(structure.forces.as_ref().unwrap()[0], [0.5 - k; 3]);
    }
}

#[test]
fn damaged_hdf5_and_json_are_errors_that_name_the_file() {
    let folder = tempfile::tempdir().unwrap();
    for (name, step) in [("qm7x.hdf5", 97), ("ase_rows.json", 41)] {
        let bytes = fs::read(fixture(name)).unwrap();
        let path = folder.path().join(name);
        let mut failed = 0;
        let mut attempt = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            if let Err(error) = read(&path, &ReadOptions::default()) {
                assert!(error.to_string().contains(name), "{error}");
                failed += 1;
            }
        };
        for length in (0..bytes.len()).step_by(step) {
            attempt(&bytes[..length]);
        }
        for at in (0..bytes.len()).step_by(step) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0xff;
            attempt(&damaged);
        }
        assert!(failed > 3, "{name}: only {failed} errors");
    }
}

#[test]
fn hdf5_with_missing_keys_says_which() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = fs::read(fixture("qm7x.hdf5")).unwrap();
    let renamed = |from: &str, to: &str| {
        let mut bytes = bytes.clone();
        let mut at = 0;
        while let Some(found) = bytes[at..]
            .windows(from.len())
            .position(|w| w == from.as_bytes())
        {
            bytes[at + found..at + found + to.len()].copy_from_slice(to.as_bytes());
            at += found + from.len();
        }
        let path = folder.path().join("renamed.hdf5");
        fs::write(&path, bytes).unwrap();
        read(
            &path,
            &ReadOptions {
                require_labels: true,
                ..ReadOptions::default()
            },
        )
        .unwrap_err()
        .to_string()
    };
    for (from, to, part) in [
        ("atXYZ", "atXYA", "coordinates or conformations"),
        ("atNUM", "atNUA", "atomic_numbers"),
        ("ePBE0+MBD", "ePBE0+MBA", "no energy"),
        ("totFOR", "totFOA", "no forces"),
    ] {
        let error = renamed(from, to);
        assert!(
            error.contains(part) && error.contains("renamed.hdf5"),
            "{from}: {error}"
        );
    }
}

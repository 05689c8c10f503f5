//! Bad input: a sentence that names the place, what is left out is listed, and nothing is damaged.

use std::fs;
use std::path::{Path, PathBuf};

use study::config::{MoleculeSource, StructureSource};
use study::folder::StudyFolder;
use study::{Study, families};

use crate::real::study;

fn with_molecules(folder: &Path, name: &str, text: &str, column: Option<&str>) -> (Study, PathBuf) {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    let mut study = study();
    study.families.truncate(1);
    study.molecules.as_mut().unwrap().source = MoleculeSource::File {
        path: path.clone(),
        column: column.map(str::to_owned),
    };
    (study, path)
}

fn with_structures(folder: &Path, text: &str) -> Study {
    let path = folder.join("frames.xyz");
    fs::write(&path, text).unwrap();
    let mut study = study();
    study.families.remove(0);
    study.structures.as_mut().unwrap().source = StructureSource::File { path };
    study
}

/// The error as a user sees it, causes included.
#[track_caller]
fn refused(study: &Study, out: &Path) -> String {
    let folder = StudyFolder::open(out).unwrap();
    let error = families::open(study, &folder)
        .map(|_| ())
        .expect_err("the input is bad");
    let mut said = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        said.push_str(": ");
        said.push_str(&cause.to_string());
        source = cause.source();
    }
    assert_eq!(fs::read_dir(out.join("records")).unwrap().count(), 0);
    said
}

fn frame(energy: &str, forces: bool, distance: f64) -> String {
    let properties = if forces {
        "species:S:1:pos:R:3:forces:R:3"
    } else {
        "species:S:1:pos:R:3"
    };
    let force = if forces { " 0 0 0.1" } else { "" };
    format!("2\nProperties={properties} energy={energy}\nH 0 0 0{force}\nO 0 0 {distance}{force}\n")
}

#[test]
fn unreadable_smiles_are_counted_listed_and_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let good: String = (1..40).map(|n| format!("{}O\n", "C".repeat(n))).collect();
    let (study, _) = with_molecules(
        folder.path(),
        "mixed.smi",
        &format!("C(C\n{good}c1ccc\nCCO\n"),
        None,
    );
    let out = StudyFolder::open(&folder.path().join("out")).unwrap();
    let (families, inputs) = families::open(&study, &out).unwrap();
    assert_eq!(families.len(), 1);
    assert_eq!(
        (inputs[0].usable, inputs[0].rejected, inputs[0].duplicates),
        (39, 2, 1)
    );
    let listed = fs::read_to_string(out.path(inputs[0].rejects_file.as_ref().unwrap())).unwrap();
    let lines: Vec<&str> = listed.lines().collect();
    assert_eq!(lines.len(), 3, "{listed}");
    assert!(
        lines[1].starts_with("1\t") && lines[1].ends_with("C(C"),
        "{listed}"
    );
    assert!(
        lines[2].starts_with("41\t") && lines[2].ends_with("c1ccc"),
        "{listed}"
    );
}

#[test]
fn bad_molecule_files_are_refused_with_the_place() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let (study, _) = with_molecules(folder.path(), "empty.smi", "", None);
    let said = refused(&study, &out);
    assert!(
        said.contains("empty.smi") && said.contains("no records"),
        "{said}"
    );

    let (study, _) = with_molecules(folder.path(), "bad.smi", "C(C\nC)C\n", None);
    let said = refused(&study, &out);
    assert!(
        said.contains("bad.smi") && said.contains("line 1"),
        "{said}"
    );

    let (study, _) = with_molecules(
        folder.path(),
        "table.csv",
        "name,smiles\nethanol,CCO\n",
        Some("smile_string"),
    );
    let said = refused(&study, &out);
    assert!(
        said.contains("table.csv") && said.contains("smile_string") && said.contains("\"smiles\""),
        "{said}"
    );

    let (study, path) = with_molecules(folder.path(), "few.smi", "CCO\nCCN\nCCC\n", None);
    let said = refused(&study, &out);
    assert!(
        said.contains("3 usable") && said.contains("needs 20"),
        "{said}"
    );

    fs::remove_file(path).unwrap();
    let said = refused(&study, &out);
    assert!(
        said.contains("few.smi") && said.contains("cannot read"),
        "{said}"
    );
}

#[test]
fn structures_that_cannot_be_trained_on_are_listed_and_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let good: String = (0..80)
        .map(|n| frame("-10.5", true, 0.9 + 0.002 * f64::from(n)))
        .collect();
    let bad = [
        frame("nan", true, 1.0),
        frame("-10.5", true, 0.0),
        frame("-10.5", false, 1.0),
    ]
    .concat();
    let study = with_structures(folder.path(), &format!("{good}{bad}"));
    let out = StudyFolder::open(&folder.path().join("out")).unwrap();
    let (families, inputs) = families::open(&study, &out).unwrap();
    assert_eq!(families.len(), 2);
    assert_eq!((inputs[0].usable, inputs[0].rejected), (80, 3));
    let listed = fs::read_to_string(out.path(inputs[0].rejects_file.as_ref().unwrap())).unwrap();
    assert_eq!(listed.lines().count(), 4, "{listed}");
}

#[test]
fn bad_structure_files_are_refused_with_the_place() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let without_forces = frame("-10.5", false, 1.0).repeat(3);
    let said = refused(&with_structures(folder.path(), &without_forces), &out);
    assert!(
        said.contains("frames.xyz") && said.contains("force"),
        "{said}"
    );

    let said = refused(&with_structures(folder.path(), ""), &out);
    assert!(
        said.contains("frames.xyz") && said.contains("no records"),
        "{said}"
    );
}

#[test]
fn an_element_that_only_validation_has_is_named_before_any_run() {
    let folder = tempfile::tempdir().unwrap();
    let symbols = [
        "H", "C", "N", "O", "F", "S", "P", "Cl", "Br", "I", "Si", "B",
    ];
    let frames: String = symbols
        .iter()
        .map(|symbol| {
            format!(
                "2\nProperties=species:S:1:pos:R:3:forces:R:3 energy=-10\n{symbol} 0 0 0 0 0 1\n{symbol} 0 0 1.5 0 0 -1\n"
            )
        })
        .collect();
    let mut study = with_structures(folder.path(), &frames);
    for family in &mut study.families {
        family.grid.data_sizes = vec![4, 8];
    }
    let said = refused(&study, &folder.path().join("out"));
    assert!(
        said.contains("validation structure") && said.contains("has the element"),
        "{said}"
    );
}

#[test]
fn an_unknown_device_is_named_with_the_ones_that_are_known() {
    let folder = tempfile::tempdir().unwrap();
    let mut study = study();
    study.device = "abacus".into();
    let said = refused(&study, &folder.path().join("out"));
    assert!(said.contains("`abacus`") && said.contains("flex"), "{said}");
}

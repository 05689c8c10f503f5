//! A program in C that links the library gets the numbers of a direct call, and an error code for every fault.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use atoms::Structure;
use equivariant_gnn::{PaiNNConfig, Potential, Precision, weights::Weights};

/// A potential for water with random weights.
fn potential(seed: u64) -> Potential {
    let device = backend::device("flex").unwrap();
    let config = PaiNNConfig::new(16, 2).into();
    let layout = equivariant_gnn::ModelConfig::model(&config).layout();
    let weights = Weights::init(layout, seed, Precision::F32, &device);
    let references = BTreeMap::from([(1, -13.6), (8, -2041.9)]);
    Potential::new(config, weights, 1.3, references).unwrap()
}

fn water() -> Structure {
    let positions = vec![[0.0; 3], [0.96, 0.0, 0.0], [-0.24, 0.93, 0.0]];
    Structure::new(vec![8, 1, 1], positions).unwrap()
}

/// The folder with the libraries that cargo built for this test.
fn libraries() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folders = test.ancestors().skip(1).take(2);
    let name = "libequivariant_gnn_c.a";
    let mut found = folders.filter(|folder| folder.join(name).exists());
    found.next().expect("cargo built the library").to_owned()
}

/// Whether there is a C compiler; a line is said where there is none, which CI does not allow.
fn compiler() -> bool {
    if Command::new("cc").arg("--version").output().is_ok() {
        return true;
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "CI must have a C compiler called cc"
    );
    eprintln!("skipped: there is no C compiler called cc");
    false
}

/// Compiles the program with some arguments of the linker, runs it on the two folders, and reads its numbers.
#[track_caller]
fn run(out: &Path, link: &[&str], one: &Path, both: &Path) -> Vec<f64> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let compiled = Command::new("cc")
        .args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-I"])
        .arg(here.join("include"))
        .arg(here.join("tests/program.c"))
        .arg("-o")
        .arg(out)
        .args(link)
        .args(["-lpthread", "-ldl", "-lm"])
        .output()
        .unwrap();
    assert!(
        compiled.status.success(),
        "{}",
        String::from_utf8_lossy(&compiled.stderr)
    );
    let ran = Command::new(out).args([one, both]).output().unwrap();
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let text = String::from_utf8(ran.stdout).unwrap();
    text.lines().map(|line| line.parse().unwrap()).collect()
}

#[test]
fn a_c_program_gets_the_numbers_of_a_direct_call() {
    if !compiler() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (one, both) = (folder.path().join("one"), folder.path().join("both"));
    potential(1).save(&one).unwrap();
    let ensemble = Potential::ensemble([potential(1), potential(2)]).unwrap();
    ensemble.save(&both).unwrap();

    let alone = potential(1).evaluate(&water()).unwrap();
    let cell = [[6.0, 0.0, 0.0], [0.5, 6.5, 0.0], [0.0, 0.0, 7.0]];
    let said = ensemble
        .evaluate(&water().with_cell(cell, [true; 3]).unwrap())
        .unwrap();
    let spread = said.uncertainty.unwrap();
    let expected = [
        &[alone.energy],
        alone.forces.as_flattened(),
        &alone.atom_energies,
        &[said.energy],
        said.stress.unwrap().as_flattened(),
        &[spread.energy],
        spread.forces.as_flattened(),
    ]
    .concat();
    assert!(spread.energy > 0.0);

    let libraries = libraries();
    let at = libraries.display().to_string();
    let search = [format!("-L{at}"), format!("-Wl,-rpath,{at}")];
    let shared = [&search[0], &search[1], "-lequivariant_gnn_c"].map(AsRef::<str>::as_ref);
    let archive = libraries.join("libequivariant_gnn_c.a");
    let archive = [archive.to_str().unwrap()];
    for (name, link) in [("shared", &shared[..]), ("archive", &archive[..])] {
        let numbers = run(&folder.path().join(name), link, &one, &both);
        assert_eq!(numbers, expected, "{name}");
    }
}

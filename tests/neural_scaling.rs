//! The example `neural_scaling` as its user meets it: bad input ends with a sentence and a code, and a
//! study that Ctrl-C has stopped goes on where it was.
#![expect(clippy::print_stdout, reason = "a skipped test says why")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The example's binary, which `cargo test` builds beside this test.
fn example() -> Option<PathBuf> {
    let test = std::env::current_exe().expect("a running test has a path");
    let name = format!("neural_scaling{}", std::env::consts::EXE_SUFFIX);
    let path = test.parent()?.parent()?.join("examples").join(name);
    if path.exists() {
        return Some(path);
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "{} is not there",
        path.display()
    );
    println!(
        "skipped: {} is not built; `cargo test` builds it, `cargo test --test` does not",
        path.display()
    );
    None
}

fn run(out: &Path, arguments: &[&str]) -> Option<Output> {
    let output = Command::new(example()?)
        .args(["--smoke", "--out"])
        .arg(out)
        .args(arguments)
        .output()
        .expect("the example starts");
    Some(output)
}

/// Runs with bad input: one line on the standard error that says all of `parts`, code 1, no record.
#[track_caller]
fn refused(arguments: &[&str], parts: &[&str]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("study");
    let Some(output) = run(&out, arguments) else {
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.starts_with("error: ") && !said.contains("panicked"),
        "{said}"
    );
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
    let records = std::fs::read_dir(out.join("records")).map_or(0, Iterator::count);
    assert_eq!(records, 0, "nothing was recorded");
}

fn file(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("a temporary file");
    path.to_string_lossy().into_owned()
}

#[test]
fn bad_input_ends_with_a_sentence_that_names_the_place() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let f = folder.path();
    refused(&["--device", "abacus"], &["unknown device `abacus`"]);
    refused(
        &["--molecules", &file(f, "empty.smi", "")],
        &["empty.smi", "no records"],
    );
    refused(
        &["--molecules", "nowhere.smi"],
        &["nowhere.smi", "cannot read"],
    );
    refused(
        &["--molecules", &file(f, "bad.smi", "C(C\n")],
        &["bad.smi", "line 1"],
    );
    refused(
        &[
            "--molecules",
            &file(f, "t.csv", "name,smiles\na,CCO\n"),
            "--column",
            "formula",
        ],
        &["t.csv", "formula", "smiles"],
    );
    refused(
        &["--structures", &file(f, "s.pdb", "ATOM\n")],
        &["s.pdb", ".xyz"],
    );
    let unlabelled = "1\nProperties=species:S:1:pos:R:3 energy=-1\nH 0 0 0\n";
    refused(
        &["--structures", &file(f, "u.xyz", unlabelled)],
        &["u.xyz", "force"],
    );
    let nan = "1\nProperties=species:S:1:pos:R:3:forces:R:3 energy=nan\nH 0 0 0 0 0 0\n";
    refused(
        &["--structures", &file(f, "n.xyz", nan)],
        &["n.xyz", "energy"],
    );
    let clash =
        "2\nProperties=species:S:1:pos:R:3:forces:R:3 energy=-1\nH 0 0 0 0 0 0\nH 0 0 0 0 0 0\n";
    refused(&["--structures", &file(f, "c.xyz", clash)], &["c.xyz"]);
    refused(&["--threads", "0"], &["--threads is 0"]);
}

#[test]
fn there_is_nothing_to_resume_in_an_empty_folder() {
    let Some(example) = example() else {
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = Command::new(example)
        .args(["--resume", "--out"])
        .arg(folder.path())
        .output()
        .expect("the example starts");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no study to resume"));
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_between_two_steps_and_the_study_goes_on_from_there() {
    use std::time::{Duration, Instant};
    let Some(example) = example() else {
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("study");
    let records = || std::fs::read_dir(out.join("records")).map_or(0, Iterator::count);
    let mut child = Command::new(&example)
        .args(["--smoke", "--out"])
        .arg(&out)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the example starts");
    let started = Instant::now();
    while records() < 3 {
        assert!(
            started.elapsed() < Duration::from_secs(300),
            "the study does nothing"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(killed.expect("kill is there").success());
    let status = child.wait().expect("the child ends");
    assert_eq!(status.code(), Some(130));
    let mut said = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().expect("piped"), &mut said)
        .expect("text");
    assert!(
        said.contains("interrupted: ") && said.contains("runs are recorded"),
        "{said}"
    );
    let before = records();

    let output = Command::new(&example)
        .args(["--resume", "--out"])
        .arg(&out)
        .output()
        .expect("the example starts");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(printed.contains("on record"), "{printed}");
    assert!(printed.trim_end().ends_with("report.html"), "{printed}");
    assert!(records() > before && out.join("report.html").exists());
}

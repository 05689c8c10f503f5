//! The example `tpe_rank` as its user meets it: files in, tables, JSON and figures out.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The example's program, which `cargo test` builds next to the tests.
fn program() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own path");
    let folder = test
        .parent()
        .and_then(Path::parent)
        .expect("the target folder");
    folder
        .join("examples")
        .join(format!("tpe_rank{}", std::env::consts::EXE_SUFFIX))
}

fn run(curves: &Path, more: &[&str]) -> Output {
    Command::new(program())
        .arg("--curves")
        .arg(curves)
        .args(more)
        .output()
        .expect(
            "plain `cargo test` builds the examples; else `cargo build --example tpe_rank` first",
        )
}

/// Twelve power laws with different exponents; the steeper one wins. One more run diverges.
fn curves(folder: &Path) -> PathBuf {
    let mut text = String::from("run,epoch,train_loss\n");
    for run in 1..=12 {
        for epoch in 1..=20 {
            let loss = 3.0 * f64::from(epoch).powf(-0.05 * f64::from(run));
            let _ = writeln!(text, "r{run},{epoch},{loss}");
        }
    }
    text.push_str("bad,1,5.0\nbad,2,nan\n");
    let path = folder.join("curves.csv");
    std::fs::write(&path, text).expect("a file");
    path
}

#[test]
fn a_ranking_comes_out_as_json() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = curves(folder.path());
    let output = run(
        &path,
        &[
            "--epochs",
            "5",
            "--json",
            "--searches",
            "20",
            "--resamples",
            "50",
        ],
    );
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON alone");
    assert_eq!(found["runs"][0]["run"], "r12");
    assert_eq!(found["runs"][12]["run"], "bad");
    assert_eq!(found["runs"][12]["score"], serde_json::Value::Null);
    assert_eq!(found["diverged"][0]["epoch"], 2);
    assert_eq!(found["calibration"]["spearman"]["value"], 1.0);
    assert!(
        found["replays"]
            .as_array()
            .is_some_and(|rules| rules.len() > 8)
    );
}

#[test]
fn tables_end_with_the_best_run_and_figures_have_their_data() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = curves(folder.path());
    let plots = folder.path().join("figures");
    let to = plots.to_str().expect("a plain path");
    let output = run(&path, &["--epochs", "5", "--searches", "5", "--plots", to]);
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(
        output.status.success() && text.ends_with("best by score: r12\n"),
        "{text}"
    );
    assert!(text.contains("diverged: bad at epoch 2"), "{text}");
    for name in [
        "learning_curves",
        "predicted_against_true",
        "cost_against_regret",
    ] {
        for extension in ["svg", "png", "csv"] {
            let file = plots.join(format!("{name}.{extension}"));
            assert!(
                std::fs::metadata(&file).is_ok_and(|m| m.len() > 100),
                "{}",
                file.display()
            );
        }
    }
}

#[test]
fn stated_final_losses_decide_which_runs_are_finished() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("first_epochs.csv");
    let text = "run,epoch,train_loss,final_loss\na,1,3,1\na,2,2,1\nb,1,4,1.5\nb,2,3,1.5\n\
                c,1,5,2\nc,2,4,2\nd,1,6,\nd,2,5,\n";
    std::fs::write(&path, text).expect("a file");
    let output = run(&path, &["--epochs", "2", "--json"]);
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let last = &found["runs"][3];
    assert_eq!(
        (&last["run"], &last["finished"]),
        (&"d".into(), &false.into())
    );
    assert!(
        last["predicted"]["value"]
            .as_f64()
            .is_some_and(|loss| loss > 2.0)
    );
    assert_eq!(found["calibration"]["runs"], 3);
}

#[test]
fn bad_input_is_named_with_its_line_and_a_failing_exit_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bad.csv");
    for (text, words) in [
        (
            "run,epoch,train_loss\na,1,3\na,2,z\n",
            "bad.csv, line 3: column train_loss",
        ),
        ("run,epoch,loss\na,1,3\n", "no column named \"train_loss\""),
        (
            "run,epoch,train_loss\na,1,3\n",
            "epochs up to 7 were asked for",
        ),
        ("", "bad.csv"),
    ] {
        std::fs::write(&path, text).expect("a file");
        let output = run(&path, &["--epochs", "7"]);
        let message = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(
            message.contains(words) && output.stdout.is_empty(),
            "{message}"
        );
    }
}

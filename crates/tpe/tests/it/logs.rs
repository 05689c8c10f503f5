//! Loss logs and power logs: what is read, and what is refused with its line.

use std::path::PathBuf;

use tpe::energy::{integrate, read_power_log};
use tpe::log::{LogKind, read_runs};

use crate::golden::shared;

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn write(&self, text: &str) -> PathBuf {
        let path = self.0.path().join("log.csv");
        std::fs::write(&path, text).expect("a file");
        path
    }
}

#[test]
fn steps_are_averaged_over_each_epoch_and_runs_keep_their_order() {
    let files = Files::new();
    let path = files.write(
        "run, epoch, step, train_loss, val_loss, final_loss\n\
         b,0,0,4.0,,\nb,0,1,2.0,,\nb,0,1,,9.5,\nb,1,2,1.0,,0.5\n\
         a,0,0,inf,,\na,1,1,1.0,,\n",
    );
    let runs = read_runs(&path, LogKind::Training).expect("two runs");
    let names: Vec<&str> = runs.iter().map(|run| run.curve.run.as_str()).collect();
    assert_eq!(names, ["b", "a"]);
    assert_eq!(runs[0].curve.losses, [3.0, 1.0]);
    assert_eq!(runs[0].validation, [Some(9.5), None]);
    assert_eq!(runs[0].final_loss_after(2), Some(0.5));
    assert_eq!(runs[1].final_loss_after(2), Some(f64::INFINITY));
}

#[test]
fn an_evaluation_at_step_0_is_left_out_and_counted() {
    let files = Files::new();
    let path = files.write("run,step,train_loss,val_loss\nx,0,9,9\nx,100,3,4\nx,200,2,3\n");
    let runs = read_runs(&path, LogKind::Evaluations).expect("a run");
    assert_eq!(runs[0].curve.losses, [3.0, 2.0]);
    assert_eq!(
        (runs[0].left_out, runs[0].final_loss_after(2)),
        (1, Some(3.0))
    );
}

#[test]
fn the_published_example_log_is_read_as_it_is() {
    let Some(path) = shared("data/scaling/litmatter_example_metrics.csv") else {
        return;
    };
    let runs = read_runs(&path, LogKind::Training).expect("the log");
    assert_eq!((runs.len(), runs[0].curve.epochs()), (1, 30));
    let scores = tpe::estimate::litmatter(&runs[0].curve, 10, 1, 0.999).expect("scores");
    approx::assert_relative_eq!(scores.tse, 129.827_631_269_182_5, max_relative = 1e-12);
    approx::assert_relative_eq!(scores.tsee, 5.670_970_326_378_232, max_relative = 1e-12);
    approx::assert_relative_eq!(scores.tseema, 134.537_289_705_991_16, max_relative = 1e-12);
    let last = runs[0].validation[29].expect("a validation loss");
    assert!((last - 3.7336).abs() < 1e-4, "{last}");
}

#[test]
fn bad_rows_are_named_by_file_and_line() {
    let files = Files::new();
    for (text, words) in [
        (
            "run,epoch,train_loss\na,1,x\n",
            "line 2: column train_loss: expected a loss, got \"x\"",
        ),
        (
            "run,epoch,train_loss\na,1,1.0\na,one,1.0\n",
            "line 3: column epoch",
        ),
        (
            "run,epoch,train_loss\na,1,1.0\na,2\n",
            "line 3: expected 3 cells, got 2",
        ),
        (
            "run,epoch,train_loss\n,1,1.0\n",
            "line 2: the name of the run is empty",
        ),
        (
            "run,epoch,loss\na,1,1.0\n",
            "no column named \"train_loss\"",
        ),
        ("run,epoch,train_loss\n", "no row of data"),
        (
            "run,epoch,train_loss\na,1,1.0\na,3,1.0\n",
            "run a has no epoch 2",
        ),
        ("run,epoch,train_loss\na,5,1.0\n", "run a has no epoch 1"),
        (
            "run,epoch,train_loss\na,1,\n",
            "epoch 1 has no recorded loss",
        ),
        (
            "run,epoch,train_loss,final_loss\na,1,1,2\na,2,1,3\n",
            "line 3: the run has two different final losses",
        ),
    ] {
        let error = read_runs(&files.write(text), LogKind::Training).expect_err(text);
        assert!(error.to_string().contains(words), "{error}");
    }
    let absent = files.0.path().join("absent.csv");
    let error = read_runs(&absent, LogKind::Training).expect_err("no file");
    assert!(error.to_string().contains("absent.csv"), "{error}");
}

#[test]
fn a_power_log_of_nvidia_smi_is_integrated() {
    let files = Files::new();
    let path = files.write(
        "timestamp, index, power.draw [W]\n\
         2022/05/01 12:00:00.000, 0, 100.00 W\n2022/05/01 12:00:00.000, 1, 50.00 W\n\
         2022/05/01 12:00:10.000, 0, 200.00 W\n2022/05/01 12:00:10.000, 1, 50.00 W\n",
    );
    let energy = integrate(&read_power_log(&path).expect("readings")).expect("energy");
    approx::assert_relative_eq!(energy.joules, 2000.0, max_relative = 1e-9);
    approx::assert_relative_eq!(energy.by_gpu[&0], 1500.0, max_relative = 1e-9);
    approx::assert_relative_eq!(energy.seconds, 10.0, max_relative = 1e-9);
    assert_eq!(energy.per_epoch(4), Some(energy.joules / 4.0));
    assert_eq!(energy.per_step(1000), Some(energy.joules / 1000.0));
    assert_eq!((energy.per_epoch(0), energy.per_step(0)), (None, None));

    for (text, words) in [
        (
            "timestamp, power.draw [W]\nnoon, 5 W\n",
            "line 2: expected a time",
        ),
        (
            "timestamp, power.draw [W]\n1.0, [N/A]\n",
            "line 2: expected a power",
        ),
        (
            "timestamp, power.draw [W]\n1.0, -5 W\n",
            "line 2: expected a power",
        ),
        (
            "timestamp, watts\n1.0, 5\n",
            "no column named \"power.draw\"",
        ),
        (
            "timestamp, index, power.draw [W]\n1.0, x, 5 W\n",
            "line 2: column index",
        ),
    ] {
        let error = read_power_log(&files.write(text)).expect_err(text);
        assert!(error.to_string().contains(words), "{error}");
    }
}

//! Runs in a folder go on where they were ended, however they were ended.

use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use backend::run::{Observer, Progress};
use chemgpt::train::{Saving, train_in_folder};
use chemgpt::{
    ChemGptConfig, Error, PackedRows, Sequences, StreamedRows, TokenRows, Trained, TrainingConfig,
};

use crate::parity::device;
use crate::training::pattern;

/// The run of these tests in `folder`, which the observer may leave after a step.
fn run(
    folder: &Path,
    training: &TrainingConfig,
    data: [&dyn TokenRows; 2],
    observer: &mut Observer<'_>,
) -> chemgpt::Result<Trained> {
    let model = ChemGptConfig::new(12, 16, 2, 2).with_positions(8);
    let saving = Saving { every: 3, keep: 2 };
    train_in_folder(folder, &model, training, saving, data, &device(), observer)
}

/// Stops after a step without writing anything more, as a kill would.
fn until(step: u64) -> impl FnMut(&Progress) -> ControlFlow<()> {
    move |progress| {
        if progress.step == step {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

fn training(steps: u64) -> TrainingConfig {
    TrainingConfig::new(steps)
        .with_rate(1e-2)
        .with_batch(5)
        .with_evaluate_every(4)
        .with_average(Some(0.9))
}

fn metrics(folder: &Path) -> [String; 2] {
    ["metrics.csv", "metrics.jsonl"].map(|name| std::fs::read_to_string(folder.join(name)).unwrap())
}

#[test]
fn a_run_killed_at_any_step_goes_on_bit_for_bit() {
    let (rows, held_out) = (pattern(24, 0), pattern(6, 1));
    let data: [&dyn TokenRows; 2] = [&rows, &held_out];
    let whole = tempfile::tempdir().unwrap();
    let reference = run(whole.path(), &training(12), data, &mut until(u64::MAX)).unwrap();
    for kill in [1, 4, 6, 11] {
        let folder = tempfile::tempdir().unwrap();
        run(folder.path(), &training(12), data, &mut until(kill)).unwrap();
        let resumed = run(folder.path(), &training(12), data, &mut until(u64::MAX)).unwrap();
        assert_eq!(
            metrics(folder.path()),
            metrics(whole.path()),
            "killed after step {kill}"
        );
        assert_eq!(resumed.validation.to_bits(), reference.validation.to_bits());
        assert_eq!(
            resumed.model.named_tensors(),
            reference.model.named_tensors()
        );
    }
    let checkpoints = std::fs::read_dir(whole.path().join("checkpoints")).unwrap();
    let names: Vec<String> = checkpoints
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(
        names.iter().any(|name| name == "step-0000000012"),
        "{names:?}"
    );
    let other = training(12).with_rate(2e-2);
    let error = run(whole.path(), &other, data, &mut until(u64::MAX)).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("training.rate is 0.01 there, 0.02 here"),
        "{error}"
    );
}

/// Names the folder in which [`the_run_of_a_child_process`] trains.
const CHILD: &str = "CHEMGPT_TEST_CHILD_RUN";

/// A run long enough to be killed in its middle, with a checkpoint every third step.
fn long() -> TrainingConfig {
    training(120).with_evaluate_every(30)
}

/// Nothing, unless [`a_killed_process_goes_on_bit_for_bit`] has started it.
#[test]
fn the_run_of_a_child_process() {
    let Some(folder) = std::env::var_os(CHILD) else {
        return;
    };
    let (rows, held_out) = (pattern(24, 0), pattern(6, 1));
    run(
        Path::new(&folder),
        &long(),
        [&rows, &held_out],
        &mut until(u64::MAX),
    )
    .unwrap();
}

#[test]
fn a_killed_process_goes_on_bit_for_bit() {
    let (rows, held_out) = (pattern(24, 0), pattern(6, 1));
    let data: [&dyn TokenRows; 2] = [&rows, &held_out];
    let whole = tempfile::tempdir().unwrap();
    let reference = run(whole.path(), &long(), data, &mut until(u64::MAX)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = folder.path().join("checkpoints");
    let mut kills = 0;
    // Each child is killed (SIGKILL where there is one) some time after another checkpoint has appeared.
    for round in 0..6_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "resume::the_run_of_a_child_process"])
            .env(CHILD, folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let before = latest(&checkpoints);
        while latest(&checkpoints) == before && child.try_wait().unwrap().is_none() {
            thread::sleep(Duration::from_millis(1));
        }
        thread::sleep(Duration::from_millis(round * 3));
        kills += u32::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(kills > 0, "every child was faster than its killer");
    let resumed = run(folder.path(), &long(), data, &mut until(u64::MAX)).unwrap();
    assert_eq!(metrics(folder.path()), metrics(whole.path()));
    assert_eq!(
        resumed.model.named_tensors(),
        reference.model.named_tensors()
    );
}

/// The name of the newest whole checkpoint.
fn latest(checkpoints: &Path) -> Option<String> {
    let names = std::fs::read_dir(checkpoints).ok()?;
    names
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with("step-"))
        .max()
}

#[test]
fn a_diverging_run_in_a_folder_names_the_last_good_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let rows = pattern(24, 0);
    run(folder.path(), &training(12), [&rows, &rows], &mut until(4)).unwrap();
    let checkpoint = folder.path().join("checkpoints/step-0000000003");
    let weights = checkpoint.join("model.safetensors");
    let mut tensors = chemgpt::hub::read_tensors(&weights).unwrap();
    tensors[0].values.fill(f32::NAN);
    std::fs::write(&weights, chemgpt::hub::safetensors_bytes(&tensors).unwrap()).unwrap();
    let error = run(folder.path(), &training(12), [&rows, &rows], &mut until(4)).unwrap_err();
    assert!(
        matches!(&error, Error::Diverged { step: 4, batch: 3, checkpoint: Some(path), .. } if *path == checkpoint),
        "{error}"
    );
}

/// Sequences that a file might hold.
struct Elsewhere(Vec<Vec<u32>>);

impl Sequences for Elsewhere {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn append(&self, index: usize, ids: &mut Vec<u32>) -> std::io::Result<()> {
        ids.extend(&self.0[index]);
        Ok(())
    }
}

#[test]
fn a_streamed_run_goes_on_bit_for_bit_also_from_rows_in_memory() {
    let sequences: Vec<Vec<u32>> = (0..40_u32)
        .map(|row| {
            (0..5 + row % 7)
                .map(|place| 2 + (place + row) % 9)
                .collect()
        })
        .collect();
    let packed = PackedRows::pack(&sequences, 8).unwrap();
    let streamed = StreamedRows::new(Elsewhere(sequences), 8, None).unwrap();
    let whole = tempfile::tempdir().unwrap();
    let all = [&packed as &dyn TokenRows, &packed];
    let reference = run(whole.path(), &training(12), all, &mut until(u64::MAX)).unwrap();
    for begun in [&packed as &dyn TokenRows, &streamed] {
        let folder = tempfile::tempdir().unwrap();
        run(folder.path(), &training(12), [begun, begun], &mut until(5)).unwrap();
        let data: [&dyn TokenRows; 2] = [&streamed, &streamed];
        let resumed = run(folder.path(), &training(12), data, &mut until(u64::MAX)).unwrap();
        assert_eq!(metrics(folder.path()), metrics(whole.path()));
        assert_eq!(
            resumed.model.named_tensors(),
            reference.model.named_tensors()
        );
    }
}

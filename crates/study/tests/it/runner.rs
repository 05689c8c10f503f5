//! Runs are done once, whole, and the same however the work was interrupted.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use study::Error;
use study::event::Event;
use study::folder::StudyFolder;
use study::record::{Record, Status};
use study::runner::{Execution, execute};
use study::spec::{RunSpec, Size};

use crate::synthetic::Synthetic;

fn specs() -> Vec<RunSpec> {
    let mut specs = Vec::new();
    for width in [8, 16, 32] {
        for data_size in [100, 200, 400] {
            specs.push(RunSpec {
                family: "synthetic".into(),
                settings: BTreeMap::from([("law".into(), "joint".into())]),
                data_hash: "closed-form".into(),
                size: Size::new(2, width),
                data_size,
                learning_rate: 1e-2,
                batch: 10,
                seed: 1,
                steps: (data_size as u64 / 10).clamp(10, 40),
                cut: None,
                device: "flex".into(),
                threads: 1,
            });
        }
    }
    specs
}

fn run_all(
    out: &Path,
    pause: Duration,
    workers: usize,
    stop: &AtomicBool,
) -> study::Result<Vec<Record>> {
    let folder = StudyFolder::open(out)?;
    let execution = Execution {
        workers,
        stop,
        versions: BTreeMap::from([("study".into(), "test".into())]),
    };
    execute(
        &folder,
        &Synthetic::boxed(pause),
        "grid",
        &specs(),
        &execution,
        &|_| {},
    )
}

/// File name → bytes of every record.
fn record_bytes(out: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(out.join("records"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read(path).unwrap())
        })
        .collect()
}

#[test]
fn records_are_the_same_for_any_number_of_workers() {
    let (one, three) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let stop = AtomicBool::new(false);
    let in_order = run_all(one.path(), Duration::ZERO, 1, &stop).unwrap();
    run_all(three.path(), Duration::ZERO, 3, &stop).unwrap();
    assert_eq!(record_bytes(one.path()), record_bytes(three.path()));
    let asked: Vec<RunSpec> = in_order.into_iter().map(|record| record.spec).collect();
    assert_eq!(
        asked,
        specs(),
        "records come back in the order of the specifications"
    );
}

#[test]
fn a_second_sitting_does_only_what_is_missing() {
    let out = tempfile::tempdir().unwrap();
    let stop = AtomicBool::new(false);
    run_all(out.path(), Duration::ZERO, 2, &stop).unwrap();
    let before = record_bytes(out.path());
    let gone = before.keys().next().unwrap();
    fs::remove_file(out.path().join("records").join(gone)).unwrap();

    let started = AtomicUsize::new(0);
    let folder = StudyFolder::open(out.path()).unwrap();
    let execution = Execution {
        workers: 2,
        stop: &stop,
        versions: BTreeMap::from([("study".into(), "test".into())]),
    };
    execute(
        &folder,
        &Synthetic::boxed(Duration::ZERO),
        "grid",
        &specs(),
        &execution,
        &|event| {
            if matches!(event, Event::RunStarted { .. }) {
                started.fetch_add(1, Ordering::Relaxed);
            }
        },
    )
    .unwrap();
    assert_eq!(started.load(Ordering::Relaxed), 1);
    assert_eq!(record_bytes(out.path()), before);
}

#[test]
fn a_damaged_record_is_named_set_aside_and_done_again() {
    let out = tempfile::tempdir().unwrap();
    let stop = AtomicBool::new(false);
    run_all(out.path(), Duration::ZERO, 2, &stop).unwrap();
    let before = record_bytes(out.path());
    let victim = before.keys().nth(3).unwrap().clone();
    let path = out.path().join("records").join(&victim);
    let bytes = &before[&victim];
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();

    let notes = Mutex::new(Vec::new());
    let folder = StudyFolder::open(out.path()).unwrap();
    let execution = Execution {
        workers: 1,
        stop: &stop,
        versions: BTreeMap::from([("study".into(), "test".into())]),
    };
    execute(
        &folder,
        &Synthetic::boxed(Duration::ZERO),
        "grid",
        &specs(),
        &execution,
        &|event| {
            if let Event::Note(note) = event {
                notes.lock().unwrap().push(note);
            }
        },
    )
    .unwrap();
    let notes = notes.into_inner().unwrap();
    assert!(notes.len() == 1 && notes[0].contains(&victim), "{notes:?}");
    assert_eq!(record_bytes(out.path()), before);
}

#[test]
fn an_interrupt_between_two_steps_leaves_whole_records_only() {
    let out = tempfile::tempdir().unwrap();
    let whole = tempfile::tempdir().unwrap();
    run_all(whole.path(), Duration::ZERO, 1, &AtomicBool::new(false)).unwrap();

    let stop = AtomicBool::new(false);
    let error = std::thread::scope(|scope| {
        scope.spawn(|| {
            while record_bytes_if_any(out.path()) < 2 {
                std::thread::sleep(Duration::from_millis(2));
            }
            stop.store(true, Ordering::Relaxed);
        });
        run_all(out.path(), Duration::from_millis(3), 2, &stop).unwrap_err()
    });
    assert!(
        matches!(error, Error::Interrupted { finished, .. } if finished >= 2),
        "{error}"
    );
    let part = record_bytes(out.path());
    assert!(
        part.len() < specs().len(),
        "the study was stopped before its end"
    );

    run_all(out.path(), Duration::ZERO, 2, &AtomicBool::new(false)).unwrap();
    assert_eq!(record_bytes(out.path()), record_bytes(whole.path()));
}

#[test]
fn a_diverged_run_is_recorded_as_such() {
    let out = tempfile::tempdir().unwrap();
    let folder = StudyFolder::open(out.path()).unwrap();
    let spec = RunSpec {
        learning_rate: 2.0,
        ..specs().remove(0)
    };
    let stop = AtomicBool::new(false);
    let execution = Execution {
        workers: 1,
        stop: &stop,
        versions: BTreeMap::new(),
    };
    let records = execute(
        &folder,
        &Synthetic::boxed(Duration::ZERO),
        "grid",
        &[spec],
        &execution,
        &|_| {},
    )
    .unwrap();
    assert_eq!(records[0].status, Status::Diverged { step: 2 });
    assert!(records[0].score().is_infinite());
    assert_eq!(records[0].curve.len(), 2);
}

/// Not a test of its own: the process that the test below kills. It does nothing unless asked.
#[test]
fn child_that_runs_a_study_until_it_is_killed() {
    if let Ok(out) = std::env::var("STUDY_CHILD_OUT") {
        let pause = std::env::var("STUDY_CHILD_PAUSE_MS").map_or(0, |text| text.parse().unwrap());
        let result = run_all(
            Path::new(&out),
            Duration::from_millis(pause),
            2,
            &AtomicBool::new(false),
        );
        if let Err(error) = result {
            eprintln!("child: {error}");
            std::process::exit(3);
        }
    }
}

fn child(out: &Path, pause_ms: u64) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([
            "--exact",
            "runner::child_that_runs_a_study_until_it_is_killed",
            "--nocapture",
        ])
        .env("STUDY_CHILD_OUT", out)
        .env("STUDY_CHILD_PAUSE_MS", pause_ms.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn record_bytes_if_any(out: &Path) -> usize {
    fs::read_dir(out.join("records")).map_or(0, |entries| {
        entries
            .filter(|entry| {
                entry.as_ref().is_ok_and(|entry| {
                    entry
                        .path()
                        .extension()
                        .is_some_and(|extension| extension == "json")
                })
            })
            .count()
    })
}

#[test]
fn a_study_killed_again_and_again_ends_with_the_same_records_bit_for_bit() {
    let (whole, killed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    run_all(whole.path(), Duration::ZERO, 2, &AtomicBool::new(false)).unwrap();

    let mut kills = 0;
    for goal in [1, 3, 5] {
        let mut child = child(killed.path(), 4).spawn().unwrap();
        let started = Instant::now();
        while record_bytes_if_any(killed.path()) < goal {
            assert!(
                started.elapsed() < Duration::from_secs(60),
                "the child does nothing"
            );
            assert!(
                child.try_wait().unwrap().is_none(),
                "the child ended before it could be killed"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
        child.kill().unwrap(); // SIGKILL: no destructor, no handler
        child.wait().unwrap();
        kills += 1;
        for (name, bytes) in record_bytes(killed.path()) {
            Record::from_bytes(&bytes).unwrap_or_else(|reason| panic!("{name}: {reason}"));
        }
    }
    assert_eq!(kills, 3);
    assert!(
        record_bytes(killed.path()).len() < specs().len(),
        "something is left to do"
    );
    assert!(
        child(killed.path(), 0).status().unwrap().success(),
        "the lock died with its holder"
    );
    assert_eq!(record_bytes(killed.path()), record_bytes(whole.path()));
}

/// The shell's file-size limit stands in for a full disk: the write fails half-way in the same way.
#[cfg(unix)]
#[test]
fn a_full_disk_ends_the_study_with_a_sentence_and_without_a_damaged_record() {
    let out = tempfile::tempdir().unwrap();
    let exe = std::env::current_exe().unwrap();
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$0\" --exact runner::child_that_runs_a_study_until_it_is_killed --nocapture"])
        .arg(exe)
        .env("STUDY_CHILD_OUT", out.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(
        said.contains("cannot write") && said.contains("make room"),
        "{said}"
    );
    for (name, bytes) in record_bytes(out.path()) {
        Record::from_bytes(&bytes).unwrap_or_else(|reason| panic!("{name}: {reason}"));
    }
    let leftovers = fs::read_dir(out.path().join("records"))
        .unwrap()
        .filter(|entry| {
            entry
                .as_ref()
                .unwrap()
                .path()
                .extension()
                .is_some_and(|e| e == "tmp")
        })
        .count();
    assert_eq!(leftovers, 0, "what was written aside is removed");
    run_all(out.path(), Duration::ZERO, 2, &AtomicBool::new(false)).unwrap();
}

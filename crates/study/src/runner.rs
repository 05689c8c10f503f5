//! Does the runs that are not on record yet, several at a time.
//!
//! Each run computes in a thread pool of its own, so its numbers depend on its own thread count and
//! not on how many runs share the machine: the number of workers may change between two sittings.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::error::{Error, Result};
use crate::event::{Event, Observer};
use crate::family::{Family, Outcome};
use crate::folder::StudyFolder;
use crate::record::{Record, Status, Timing};
use crate::spec::RunSpec;

/// How runs are executed; no part of this changes a record.
#[derive(Debug)]
pub struct Execution<'a> {
    /// Runs at a time.
    pub workers: usize,
    /// Set from outside to stop between two steps.
    pub stop: &'a AtomicBool,
    /// Crate or library → version, copied into each record.
    pub versions: BTreeMap<String, String>,
}

/// Does what is missing of `specs` and returns the records of all of them, in their order.
///
/// # Errors
/// [`Error::Interrupted`] if `stop` was set; the first failure of a run or of a file otherwise.
/// Runs that had finished stay on record either way.
pub fn execute(
    folder: &StudyFolder,
    families: &[Box<dyn Family>],
    phase: &str,
    specs: &[RunSpec],
    execution: &Execution<'_>,
    observer: Observer<'_>,
) -> Result<Vec<Record>> {
    let (on_record, damaged) = folder.records()?;
    for error in damaged {
        observer(Event::Note(format!(
            "{error}; set aside, its run is done again"
        )));
    }
    let mut missing: Vec<(&RunSpec, &dyn Family)> = Vec::new();
    for spec in specs {
        let id = spec.id();
        let known = on_record.contains_key(&id) || missing.iter().any(|(other, _)| *other == spec);
        if !known {
            missing.push((spec, family_of(families, spec)?));
        }
    }
    // The longest first, so that the last run to finish is a short one. The order of equals is kept.
    missing.sort_by(|a, b| b.1.cost(b.0).total_cmp(&a.1.cost(a.0)));
    let mut all: Vec<&RunSpec> = Vec::new();
    for spec in specs {
        if !all.contains(&spec) {
            all.push(spec);
        }
    }
    let whole = all
        .iter()
        .map(|spec| family_of(families, spec).map(|family| family.cost(spec)))
        .sum::<Result<f64>>()?;
    let cost = missing.iter().map(|(spec, family)| family.cost(spec)).sum();
    observer(Event::PhaseStarted {
        phase: phase.to_owned(),
        runs: all.len(),
        on_record: all.len() - missing.len(),
        cost,
        cost_on_record: whole - cost,
    });

    let fresh = work(folder, &missing, execution, observer)?;
    if execution.stop.load(Ordering::Relaxed) {
        return Err(Error::Interrupted {
            finished: on_record.len() + fresh.len(),
            path: folder.root().to_owned(),
        });
    }
    observer(Event::PhaseFinished {
        phase: phase.to_owned(),
    });
    Ok(specs
        .iter()
        .map(|spec| {
            let id = spec.id();
            fresh
                .get(&id)
                .or_else(|| on_record.get(&id))
                .expect("every run without an error is on record")
                .clone()
        })
        .collect())
}

fn family_of<'a>(families: &'a [Box<dyn Family>], spec: &RunSpec) -> Result<&'a dyn Family> {
    families
        .iter()
        .find(|family| family.name() == spec.family)
        .map(AsRef::as_ref)
        .ok_or_else(|| Error::Setting {
            field: "family".into(),
            value: spec.family.clone(),
            expected: "a family of this study".into(),
        })
}

/// Shares the runs out to the workers. The first failure stops them all between two steps.
fn work(
    folder: &StudyFolder,
    missing: &[(&RunSpec, &dyn Family)],
    execution: &Execution<'_>,
    observer: Observer<'_>,
) -> Result<BTreeMap<String, Record>> {
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let done = Mutex::new(BTreeMap::new());
    let failure = Mutex::new(None);
    let workers = execution.workers.clamp(1, missing.len().max(1));
    std::thread::scope(|scope| {
        for worker in 0..workers {
            let (next, failed, done, failure) = (&next, &failed, &done, &failure);
            scope.spawn(move || {
                let halt =
                    || failed.load(Ordering::Relaxed) || execution.stop.load(Ordering::Relaxed);
                while !halt() {
                    let Some((spec, family)) = missing.get(next.fetch_add(1, Ordering::Relaxed))
                    else {
                        break;
                    };
                    match one(
                        folder, spec, *family, worker, workers, execution, observer, &halt,
                    ) {
                        Ok(Some(record)) => {
                            lock(done).insert(record.id.clone(), record);
                        }
                        Ok(None) => break,
                        Err(error) => {
                            failed.store(true, Ordering::Relaxed);
                            lock(failure).get_or_insert(error);
                        }
                    }
                }
            });
        }
    });
    match lock(&failure).take() {
        Some(error) => Err(error),
        None => Ok(std::mem::take(&mut *lock(&done))),
    }
}

/// Does one run and commits it. `None` if it was told to halt on the way.
#[expect(
    clippy::too_many_arguments,
    reason = "one call site; a struct would only rename them"
)]
fn one(
    folder: &StudyFolder,
    spec: &RunSpec,
    family: &dyn Family,
    worker: usize,
    workers: usize,
    execution: &Execution<'_>,
    observer: Observer<'_>,
    halt: &(dyn Fn() -> bool + Sync),
) -> Result<Option<Record>> {
    observer(Event::RunStarted {
        worker,
        spec: Box::new(spec.clone()),
    });
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(spec.threads)
        .build()
        .map_err(|source| Error::Threads {
            threads: spec.threads,
            source: source.into(),
        })?;
    let started_unix_s = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let started = Instant::now();
    let steps = spec.cut.unwrap_or(spec.steps);
    let cost_of_step = family.cost(spec) / steps.max(1) as f64;
    let mut halted = false;
    let outcome = pool.install(|| {
        let mut reported = 0;
        family.run(spec, &mut |tick| {
            observer(Event::RunProgress {
                worker,
                step: tick.step,
                steps,
                loss: tick.loss,
                cost: cost_of_step * tick.step.saturating_sub(reported) as f64,
            });
            reported = tick.step;
            if halt() {
                halted = true;
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })
    });
    if halted {
        return Ok(None);
    }
    let outcome = outcome.map_err(|source| Error::Run {
        id: spec.id(),
        label: spec.label(),
        source,
    })?;
    let record = record_of(spec, family, outcome, execution.versions.clone());
    let timing = Timing {
        wall_s: started.elapsed().as_secs_f64(),
        started_unix_s,
        workers,
    };
    folder.commit(&record, &timing)?;
    observer(Event::RunFinished {
        worker,
        spec: Box::new(spec.clone()),
        score: record.score(),
        wall_s: timing.wall_s,
    });
    Ok(Some(record))
}

fn record_of(
    spec: &RunSpec,
    family: &dyn Family,
    outcome: Outcome,
    versions: BTreeMap<String, String>,
) -> Record {
    let steps = match outcome.status {
        Status::Finished => spec.steps,
        Status::Cut { step } | Status::Diverged { step } => step,
    };
    Record {
        id: spec.id(),
        spec: spec.clone(),
        versions,
        parameters: family.parameters(spec.size),
        exposure: family.exposure(spec, steps),
        status: outcome.status,
        curve: outcome.curve,
        metric: family.metrics()[0].name.to_owned(),
        validation: outcome.validation,
        validation_curve: outcome.validation_curve,
    }
}

/// A poisoned lock means that a worker panicked; the data behind it is whole, and the scope
/// carries the panic on.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

//! A tiny study of the real models, on the device `flex`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use study::config::{
    Budget, FamilyPlan, Grid, LanguageModel, Model, MoleculeSource, Molecules, Potential,
    STUDY_SCHEMA, Search, StructureSource, Structures,
};
use study::folder::StudyFolder;
use study::record::Record;
use study::results::Results;
use study::runner::Execution;
use study::spec::Size;
use study::{Study, families, pipeline, report};

fn grid(width: usize, data_sizes: &[usize], batch: usize) -> Grid {
    Grid {
        sizes: vec![Size::new(1, width)],
        data_sizes: data_sizes.to_vec(),
        learning_rates: vec![1e-3, 3e-3],
        batches: vec![batch],
        seeds: vec![1],
        budget: Budget {
            epochs: 1.0,
            min_items: 20,
        },
        search: Some(Search {
            sizes: vec![Size::new(1, width)],
            data_size: data_sizes[0],
            seed: 1,
            cut: 0.4,
            keep: 1,
            controls: 1,
        }),
        replicates: None,
    }
}

pub(crate) fn study() -> Study {
    let potential = Potential {
        cutoff: 3.0,
        radial: 4,
        warmup: 0.1,
        energy_weight: 1.0,
        force_weight: 1.0,
        clip: 10.0,
    };
    Study {
        schema: STUDY_SCHEMA,
        name: "tiny".into(),
        device: "flex".into(),
        threads_per_run: 1,
        molecules: Some(Molecules {
            source: MoleculeSource::Generated { seed: 3 },
            validation: 8,
            split_seed: 1,
        }),
        structures: Some(Structures {
            source: StructureSource::Embedded,
            validation: 4,
            split_seed: 1,
        }),
        families: vec![
            FamilyPlan {
                name: "ChemGPT".into(),
                model: Model::Chemgpt(LanguageModel {
                    context: 16,
                    heads: 2,
                    warmup: 0.1,
                    weight_decay: 0.01,
                    clip: 1.0,
                }),
                grid: grid(8, &[6, 12], 4),
            },
            FamilyPlan {
                name: "PaiNN".into(),
                model: Model::Painn(potential.clone()),
                // Enough for every element of the embedded set to be among the training structures.
                grid: grid(4, &[4, 60], 4),
            },
            FamilyPlan {
                name: "SchNet".into(),
                model: Model::Schnet(potential),
                grid: grid(4, &[4, 60], 4),
            },
        ],
    }
}

fn run(out: &Path, workers: usize) -> study::Result<Results> {
    let study = study();
    let folder = StudyFolder::open(out)?;
    let (families, inputs) = families::open(&study, &folder)?;
    let stop = AtomicBool::new(false);
    let execution = Execution {
        workers,
        stop: &stop,
        versions: pipeline::versions(),
    };
    let results = pipeline::run(&study, &families, inputs, &folder, &execution, &|_| {})?;
    report::write(&results, &folder, &|_| {})?;
    Ok(results)
}

fn record_bytes(out: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(out.join("records")).map_or_else(
        |_| BTreeMap::new(),
        |entries| {
            entries
                .map(|entry| entry.unwrap().path())
                .filter(|path| {
                    path.extension()
                        .is_some_and(|extension| extension == "json")
                })
                .map(|path| {
                    (
                        path.file_name().unwrap().to_string_lossy().into_owned(),
                        fs::read(path).unwrap(),
                    )
                })
                .collect()
        },
    )
}

/// Not a test of its own: the process that the test below kills. It does nothing unless asked.
#[test]
fn child_that_runs_the_real_models_until_it_is_killed() {
    if let Ok(out) = std::env::var("STUDY_REAL_CHILD_OUT") {
        run(Path::new(&out), 1).unwrap();
    }
}

fn child(out: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([
            "--exact",
            "real::child_that_runs_the_real_models_until_it_is_killed",
        ])
        .env("STUDY_REAL_CHILD_OUT", out)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

#[test]
fn real_models_killed_and_resumed_give_the_same_records_bit_for_bit() {
    let (whole, killed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    // Two workers here and one there: records do not depend on what else the machine does.
    let results = run(whole.path(), 2).unwrap();

    let mut child_process = child(killed.path()).spawn().unwrap();
    let started = Instant::now();
    while record_bytes(killed.path()).len() < 4 {
        assert!(
            started.elapsed() < Duration::from_secs(300),
            "the child does nothing"
        );
        assert!(
            child_process.try_wait().unwrap().is_none(),
            "the child ended before it could be killed"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
    child_process.kill().unwrap();
    child_process.wait().unwrap();
    let part = record_bytes(killed.path());
    assert!(
        part.len() < results.records().count(),
        "something is left to do"
    );
    assert!(child(killed.path()).status().unwrap().success());
    let (whole, killed) = (record_bytes(whole.path()), record_bytes(killed.path()));
    assert_eq!(
        whole.keys().collect::<Vec<_>>(),
        killed.keys().collect::<Vec<_>>()
    );
    for (name, bytes) in &whole {
        assert!(bytes == &killed[name], "{name} differs");
    }
    a_cut_run_is_the_beginning_of_the_full_one(&results);
    every_record_says_what_was_computed(&results);
}

fn a_cut_run_is_the_beginning_of_the_full_one(results: &Results) {
    let mut compared = 0;
    for family in &results.families {
        for early in &family.early {
            let id = early.spec.in_full().id();
            let Some(full) = family.searched.iter().find(|full| full.id == id) else {
                continue;
            };
            assert!(early.curve.len() < full.curve.len());
            assert_eq!(
                early.curve,
                full.curve[..early.curve.len()],
                "{}",
                early.spec.label()
            );
            compared += 1;
        }
    }
    assert_eq!(
        compared, 6,
        "two settings for each of three families went on"
    );
}

fn every_record_says_what_was_computed(results: &Results) {
    for record in results.records() {
        let Record {
            parameters,
            exposure,
            curve,
            validation,
            ..
        } = record;
        assert!(parameters.non_embedding > 0 && parameters.total > parameters.non_embedding);
        assert!(exposure.flops > 0.0 && exposure.epochs > 0.0 && exposure.unique_units > 0);
        assert_eq!(
            curve.len() as u64,
            record.spec.cut.unwrap_or(record.spec.steps)
        );
        assert!(curve.iter().all(|(_, loss)| loss.is_finite()));
        assert!(validation[&record.metric] > 0.0);
        assert!(results.wall_s[&record.id] > 0.0);
    }
}

//! A head for a property, beside the baseline.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use chemgpt::property::{Task, train_property};
use clap::Args;
use selfies::fingerprint::Fingerprint;

use crate::Common;
use crate::readable::Reading;
use crate::records::{Part, split};
use crate::ridge::{PENALTIES, Ridge};

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    /// CSV table with a header.
    #[arg(long)]
    table: PathBuf,
    /// Column of the SMILES.
    #[arg(long, default_value = "smiles")]
    smiles: String,
    /// Column of the numbers.
    #[arg(long)]
    target: String,
    /// The numbers are labels, 0 and 1.
    #[arg(long)]
    classify: bool,
    /// Drop the marks of configurations (@, /, \) before the molecules are read: by the model, and for the fingerprints
    /// and the scaffolds.
    #[arg(long)]
    without_stereo: bool,
    /// Trainings, each with the next seed; their mean and deviation are told.
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// CSV file of smiles, value, prediction of the test set (the mean over the seeds).
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Evaluations of a training on the validation molecules.
const EVALUATIONS: u64 = 20;

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let common = &arguments.common;
    let pretrained = common.model.load()?;
    let columns = [arguments.smiles.as_str(), arguments.target.as_str()];
    let mut reading = Reading::new(&pretrained, arguments.without_stereo);
    let parts = split(&mut reading, &arguments.table, columns)?;
    let (train, validation, test) = (&parts.train, &parts.validation, &parts.test);
    let (task, name) = if arguments.classify {
        (Task::Classification, "ROC AUC")
    } else {
        (Task::Regression, "RMSE")
    };
    let labels = [train, validation, test].map(|part| &part.values);
    if arguments.classify && labels.iter().any(|part| !has_both_labels(part)) {
        bail!("each part of the split needs molecules with label 0 and with label 1, and no other");
    }
    let mut scores = Vec::new();
    let mut predicted = vec![0.0; test.values.len()];
    for seed in common.seed..common.seed + arguments.seeds.max(1) {
        let training = common
            .training()
            .with_seed(seed)
            .with_evaluate_every((common.steps / EVALUATIONS).max(1));
        let model = train_property(
            &pretrained.model,
            task,
            &training,
            train.labelled(),
            Some(validation.labelled()),
            &mut common.observer(),
        )?;
        let found = model.predict(&test.ids, 64)?;
        scores.push(score(task, &found, &test.values));
        for (mean, value) in predicted.iter_mut().zip(&found) {
            *mean += value / arguments.seeds.max(1) as f64;
        }
    }
    if let Some(path) = &arguments.out {
        write(path, test, &predicted)?;
    }
    let ridge = baseline(task, train, validation, test);
    let mean = train.values.iter().sum::<f64>() / train.values.len() as f64;
    let constant = score(task, &vec![mean; test.values.len()], &test.values);
    let (ours, deviation) = mean_and_deviation(&scores);
    let sizes = [train, validation, test].map(|part| part.values.len());
    if common.json {
        let summary = serde_json::json!({
            "measure": name, "train": sizes[0], "validation": sizes[1], "test": sizes[2],
            "left_out": reading.left_out, "readable_without_stereo": reading.readable_without_stereo,
            "read_without_stereo": reading.flattened, "model": scores, "model_mean": ours, "model_deviation": deviation,
            "fingerprint_ridge": ridge, "constant": constant,
        });
        println!("{summary}");
    } else {
        let [train, validation, test] = sizes;
        println!(
            "{train} molecules to train on, of other scaffolds {validation} to validate on and {test} to test, {reading}"
        );
        println!(
            "{name} {ours:.3} ± {deviation:.3} ({} seeds), fingerprint ridge {ridge:.3}, always the mean {constant:.3}",
            scores.len()
        );
    }
    Ok(())
}

/// Ridge regression with the penalty that does best on the validation molecules.
fn baseline(task: Task, train: &Part, validation: &Part, test: &Part) -> f64 {
    let fingerprints: Vec<&Fingerprint> = train.fingerprints.iter().collect();
    let on = |ridge: &Ridge, part: &Part| {
        let found: Vec<f64> = part.fingerprints.iter().map(|f| ridge.predict(f)).collect();
        score(task, &found, &part.values)
    };
    let fitted = PENALTIES.map(|penalty| Ridge::fit(&fingerprints, &train.values, penalty));
    let better = |ridge: &&Ridge| {
        let score = on(ridge, validation);
        match task {
            Task::Regression => -score,
            Task::Classification => score,
        }
    };
    let best = fitted
        .iter()
        .max_by(|a, b| better(a).total_cmp(&better(b)))
        .expect("there are penalties to try");
    on(best, test)
}

fn score(task: Task, found: &[f64], wanted: &[f64]) -> f64 {
    match task {
        Task::Regression => {
            let squares = found.iter().zip(wanted).map(|(a, b)| (a - b).powi(2));
            (squares.sum::<f64>() / wanted.len() as f64).sqrt()
        }
        Task::Classification => area(found, wanted),
    }
}

/// The area under the ROC curve: how often a molecule with label 1 is above one with label 0; equals count half.
fn area(found: &[f64], wanted: &[f64]) -> f64 {
    let of = |label: f64| {
        let pairs = found.iter().zip(wanted);
        pairs.filter(move |(_, wanted)| (**wanted - label).abs() < 0.5)
    };
    let mut wins = 0.0;
    for (yes, _) in of(1.0) {
        for (no, _) in of(0.0) {
            wins += match yes.total_cmp(no) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Less => 0.0,
            };
        }
    }
    wins / (of(1.0).count() * of(0.0).count()) as f64
}

fn has_both_labels(values: &[f64]) -> bool {
    let has = |label: f64| values.iter().any(|value| (value - label).abs() == 0.0);
    let all = values
        .iter()
        .all(|&value| (value * (value - 1.0)).abs() == 0.0);
    all && has(0.0) && has(1.0)
}

fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0).max(1.0)).sqrt())
}

fn write(path: &Path, test: &Part, predicted: &[f64]) -> Result<()> {
    let mut lines = String::from("smiles,value,prediction\n");
    for ((smiles, value), prediction) in test.smiles.iter().zip(&test.values).zip(predicted) {
        writeln!(lines, "{smiles},{value},{prediction}")?;
    }
    backend::run::write_atomic(path, lines.as_bytes())?;
    Ok(())
}

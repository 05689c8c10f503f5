//! Fine-tunes a model folder: on more molecules, or with a head that foretells a property.
//!
//! ```text
//! cargo run --release --example chemgpt_finetune -- molecules --model run/model --molecules mine.smi --out tuned
//! cargo run --release --example chemgpt_finetune -- property --model run/model --table esol.csv \
//!     --target "measured log solubility in mols per litre"
//! ```
//!
//! `property` splits by scaffold (the rarest scaffolds are the test set) and ends with the root-mean-square error of the
//! model beside that of ridge regression on fingerprints; a thousand molecules take about a minute on one core.
#![expect(clippy::print_stdout, reason = "the result is the output")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use backend::run::Progress;
use chemgpt::property::{Task, train_property};
use chemgpt::train::fine_tune;
use chemgpt::{PackedRows, Pretrained, TrainingConfig};
use clap::{Parser, Subcommand};
use datasets::molecules::{self, ReadOptions};
use selfies::fingerprint::{Fingerprint, morgan};
use selfies::graph::MolGraph;

/// Fine-tunes a model.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Continue training on a file of molecules.
    Molecules {
        #[command(flatten)]
        common: Common,
        /// File of SMILES.
        #[arg(long)]
        molecules: PathBuf,
        /// Tokens a row.
        #[arg(long, default_value_t = 128)]
        length: usize,
        /// Folder of the tuned model.
        #[arg(long)]
        out: PathBuf,
    },
    /// Train a regression head together with the network.
    Property {
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
        /// CSV file of smiles, value, prediction of the test set.
        #[arg(long)]
        out: Option<PathBuf>,
    },
}

#[derive(Parser)]
struct Common {
    /// Model folder to start from.
    #[arg(long)]
    model: PathBuf,
    /// Optimiser steps.
    #[arg(long, default_value_t = 300)]
    steps: u64,
    /// Highest learning rate.
    #[arg(long, default_value_t = 3e-4)]
    rate: f64,
    /// Rows or molecules a step.
    #[arg(long, default_value_t = 16)]
    batch: usize,
    /// Seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Device: flex, cuda, cuda:1, tch.
    #[arg(long, default_value = "flex")]
    device: String,
    /// Print one JSON object at the end.
    #[arg(long)]
    json: bool,
}

impl Common {
    fn load(&self) -> Result<Pretrained> {
        let device = backend::device(&self.device)?;
        Pretrained::load(&self.model, &device)
            .with_context(|| format!("the model folder {}", self.model.display()))
    }

    fn training(&self) -> TrainingConfig {
        TrainingConfig::new(self.steps)
            .with_rate(self.rate)
            .with_warmup(self.steps / 10)
            .with_batch(self.batch)
            .with_seed(self.seed)
    }
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Molecules {
            common,
            molecules,
            length,
            out,
        } => tune(&common, &molecules, length, &out),
        Command::Property {
            common,
            table,
            smiles,
            target,
            out,
        } => property(&common, &table, [&smiles, &target], out.as_deref()),
    }
}

fn quiet(json: bool) -> impl FnMut(&Progress) -> ControlFlow<()> {
    move |progress| {
        if !json && progress.step.is_multiple_of(50) {
            println!("step {} loss {:.4}", progress.step, progress.train_loss);
        }
        ControlFlow::Continue(())
    }
}

fn tune(common: &Common, path: &Path, length: usize, out: &Path) -> Result<()> {
    let pretrained = common.load()?;
    let set = molecules::read(path, &ReadOptions::default())?;
    let sequences: Vec<Vec<u32>> = set
        .smiles
        .iter()
        .filter_map(|smiles| pretrained.sequence_of(smiles).ok())
        .collect();
    let held_out = (sequences.len() / 10).max(1);
    if sequences.len() <= held_out {
        bail!(
            "{} has too few molecules that the model can read",
            path.display()
        );
    }
    let rows = PackedRows::pack(&sequences[held_out..], length)?;
    let validation = PackedRows::pack(&sequences[..held_out], length)
        .context("too few molecules to hold some out; give more, or a smaller --length")?;
    let before = chemgpt::train::validation_loss(&pretrained.model, &validation, common.batch)?;
    let run = fine_tune(
        &pretrained.model,
        &common.training(),
        &rows,
        &validation,
        &mut quiet(common.json),
    )?;
    Pretrained {
        model: run.model,
        tokenizer: pretrained.tokenizer,
    }
    .save(out)?;
    if common.json {
        let summary =
            serde_json::json!({ "folder": out, "before": before, "after": run.validation });
        println!("{summary}");
    } else {
        println!(
            "validation loss {before:.4} before, {:.4} after; model in {}",
            run.validation,
            out.display()
        );
    }
    Ok(())
}

struct Record {
    smiles: String,
    ids: Vec<u32>,
    value: f64,
    fingerprint: Fingerprint,
    scaffold: String,
}

fn property(common: &Common, table: &Path, columns: [&str; 2], out: Option<&Path>) -> Result<()> {
    let pretrained = common.load()?;
    let positions = pretrained.model.config().positions;
    let rows = read_columns(table, columns)?;
    let total = rows.len();
    let mut records = Vec::new();
    for (smiles, value) in rows {
        let (Ok(ids), Ok(graph)) = (
            pretrained.sequence_of(&smiles),
            MolGraph::from_smiles(&smiles),
        ) else {
            continue;
        };
        let mut graph = graph;
        if ids.len() > positions || graph.sanitise().is_err() {
            continue;
        }
        records.push(Record {
            ids,
            value,
            fingerprint: morgan(&graph, 2, 2048),
            scaffold: graph
                .murcko_scaffold()
                .canonical_smiles()
                .unwrap_or_default(),
            smiles,
        });
    }
    if records.len() < 20 {
        bail!(
            "only {} of {total} rows of {} can be used",
            records.len(),
            table.display()
        );
    }
    let left_out = total - records.len();
    let (train, test) = scaffold_split(records);
    let sequences: Vec<Vec<u32>> = train.iter().map(|record| record.ids.clone()).collect();
    let values: Vec<f64> = train.iter().map(|record| record.value).collect();
    let model = train_property(
        &pretrained.model,
        Task::Regression,
        &common.training(),
        &sequences,
        &values,
        &mut quiet(common.json),
    )?;
    let sequences: Vec<Vec<u32>> = test.iter().map(|record| record.ids.clone()).collect();
    let predicted = model.predict(&sequences, 64)?;
    let wanted: Vec<f64> = test.iter().map(|record| record.value).collect();
    let ours = rmse(&predicted, &wanted);
    let ridge = rmse(&ridge_regression(&train, &test), &wanted);
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let constant = rmse(&vec![mean; wanted.len()], &wanted);
    if let Some(path) = out {
        let mut lines = String::from("smiles,value,prediction\n");
        for (record, prediction) in test.iter().zip(&predicted) {
            writeln!(lines, "{},{},{prediction}", record.smiles, record.value)?;
        }
        backend::run::write_atomic(path, lines.as_bytes())?;
    }
    if common.json {
        let summary = serde_json::json!({
            "train": train.len(), "test": test.len(), "left_out": left_out,
            "rmse": ours, "rmse_fingerprint_ridge": ridge, "rmse_mean": constant,
        });
        println!("{summary}");
    } else {
        println!(
            "{} molecules to train on, {} of other scaffolds to test, {left_out} left out",
            train.len(),
            test.len()
        );
        println!("RMSE {ours:.3}, fingerprint ridge {ridge:.3}, always the mean {constant:.3}");
    }
    Ok(())
}

/// The commonest scaffolds fill the training set up to 80 %; the rest is the test set.
fn scaffold_split(records: Vec<Record>) -> (Vec<Record>, Vec<Record>) {
    let limit = records.len() * 4 / 5;
    let mut groups: BTreeMap<String, Vec<Record>> = BTreeMap::new();
    for record in records {
        groups
            .entry(record.scaffold.clone())
            .or_default()
            .push(record);
    }
    let mut groups: Vec<Vec<Record>> = groups.into_values().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
    let (mut train, mut test) = (Vec::new(), Vec::new());
    for group in groups {
        if train.len() + group.len() <= limit {
            train.extend(group);
        } else {
            test.extend(group);
        }
    }
    (train, test)
}

fn rmse(found: &[f64], wanted: &[f64]) -> f64 {
    let sum: f64 = found.iter().zip(wanted).map(|(a, b)| (a - b).powi(2)).sum();
    (sum / wanted.len().max(1) as f64).sqrt()
}

/// Ridge regression on fingerprint bits with penalty 10, in its dual form: (K + λ) a = y − ȳ.
fn ridge_regression(train: &[Record], test: &[Record]) -> Vec<f64> {
    let n = train.len();
    let mean = train.iter().map(|record| record.value).sum::<f64>() / n as f64;
    let ones: Vec<Vec<usize>> = train
        .iter()
        .map(|record| record.fingerprint.ones().collect())
        .collect();
    let kernel = |fingerprint: &Fingerprint, ones: &[usize]| -> f64 {
        ones.iter()
            .filter(|&&bit| fingerprint.contains(bit))
            .count() as f64
    };
    let mut factor = vec![vec![0.0; n]; n];
    for i in 0..n {
        for j in 0..=i {
            let mut sum = kernel(&train[i].fingerprint, &ones[j]) + if i == j { 10.0 } else { 0.0 };
            let products = factor[i][..j].iter().zip(&factor[j][..j]);
            sum -= products.map(|(a, b)| a * b).sum::<f64>();
            factor[i][j] = if i == j {
                sum.sqrt()
            } else {
                sum / factor[j][j]
            };
        }
    }
    let mut weights: Vec<f64> = train.iter().map(|record| record.value - mean).collect();
    for i in 0..n {
        let sum: f64 = (0..i).map(|k| factor[i][k] * weights[k]).sum();
        weights[i] = (weights[i] - sum) / factor[i][i];
    }
    for i in (0..n).rev() {
        let sum: f64 = (i + 1..n).map(|k| factor[k][i] * weights[k]).sum();
        weights[i] = (weights[i] - sum) / factor[i][i];
    }
    test.iter()
        .map(|record| {
            let terms = ones.iter().zip(&weights);
            mean + terms
                .map(|(ones, weight)| weight * kernel(&record.fingerprint, ones))
                .sum::<f64>()
        })
        .collect()
}

/// A text column and a number column of a CSV table with a header; rows without a number are an error with their line.
fn read_columns(path: &Path, columns: [&str; 2]) -> Result<Vec<(String, f64)>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let mut lines = text.lines().zip(1..);
    let names = cells(lines.next().map_or("", |(line, _)| line));
    let place = |name: &str| {
        names
            .iter()
            .position(|found| found.trim() == name)
            .with_context(|| {
                format!(
                    "{} has no column `{name}`, only {}",
                    path.display(),
                    names.join(", ")
                )
            })
    };
    let [smiles, target] = [place(columns[0])?, place(columns[1])?];
    let mut rows = Vec::new();
    for (line, number) in lines {
        if line.trim().is_empty() {
            continue;
        }
        let row = cells(line);
        let (Some(smiles), Some(value)) = (row.get(smiles), row.get(target)) else {
            bail!(
                "{}, line {number}: expected {} cells, got {}",
                path.display(),
                names.len(),
                row.len()
            );
        };
        let value: f64 = value.trim().parse().with_context(|| {
            format!("{}, line {number}: `{value}` is no number", path.display())
        })?;
        rows.push((smiles.trim().to_owned(), value));
    }
    Ok(rows)
}

/// The cells of a line; a quoted cell may hold commas.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            c => cells.last_mut().expect("there is always a cell").push(c),
        }
    }
    cells
}

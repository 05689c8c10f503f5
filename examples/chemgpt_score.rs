//! Scores the molecules of a file: −ln p and perplexity of each.
//!
//! ```text
//! cargo run --release --example chemgpt_score -- --model run/model --molecules molecules.smi --out scores.csv
//! ```
//!
//! The last line gives the mean, nats a token, and says whether the checkpoint does better than guessing. Molecules that
//! the model cannot read (stereo that its vocabulary lacks, broken SMILES) are listed in `scores.csv.rejects`.
#![expect(clippy::print_stdout, reason = "the summary is the output")]

use std::fmt::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use chemgpt::Pretrained;
use chemgpt::score::score_sequences;
use clap::Parser;
use datasets::molecules::{self, ReadOptions};

/// Scores molecules.
#[derive(Parser)]
struct Arguments {
    /// Model folder.
    #[arg(long)]
    model: PathBuf,
    /// File of SMILES: .smi, .txt, .csv, .tsv, also .gz.
    #[arg(long)]
    molecules: PathBuf,
    /// Column of the SMILES in a table.
    #[arg(long)]
    column: Option<String>,
    /// Read at most this many molecules.
    #[arg(long)]
    limit: Option<usize>,
    /// Molecules that are worked on at a time.
    #[arg(long, default_value_t = 64)]
    batch: usize,
    /// Device: flex, cuda, cuda:1, tch.
    #[arg(long, default_value = "flex")]
    device: String,
    /// CSV file of smiles, nll (nats), tokens, perplexity.
    #[arg(long)]
    out: PathBuf,
    /// Print the summary as one JSON object.
    #[arg(long)]
    json: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let device = backend::device(&arguments.device)?;
    let pretrained = Pretrained::load(&arguments.model, &device)
        .with_context(|| format!("the model folder {}", arguments.model.display()))?;
    let options = ReadOptions {
        column: arguments.column.clone(),
        limit: arguments.limit,
        ..ReadOptions::default()
    };
    let set = molecules::read(&arguments.molecules, &options)?;
    let mut rejects = String::new();
    for reject in &set.rejects {
        writeln!(rejects, "{}\t{}", reject.text, reject.reason)?;
    }
    let positions = pretrained.model.config().positions;
    let (mut readable, mut sequences) = (Vec::new(), Vec::new());
    for smiles in &set.smiles {
        match pretrained.sequence_of(smiles) {
            Ok(ids) if ids.len() <= positions => {
                readable.push(smiles);
                sequences.push(ids);
            }
            Ok(ids) => writeln!(
                rejects,
                "{smiles}\t{} tokens, the model has {positions} positions",
                ids.len()
            )?,
            Err(error) => {
                // A report of several lines becomes one, so that each line of the file is one molecule.
                let reason = error
                    .to_string()
                    .split_whitespace()
                    .collect::<Vec<_>>()
                    .join(" ");
                writeln!(rejects, "{smiles}\t{reason}")?;
            }
        }
    }
    if sequences.is_empty() {
        bail!(
            "the model can read no molecule of {}",
            arguments.molecules.display()
        );
    }
    let scores = score_sequences(&pretrained.model, &sequences, arguments.batch)?;
    let mut text = String::from("smiles,nll,tokens,perplexity\n");
    for (smiles, score) in readable.iter().zip(&scores) {
        writeln!(
            text,
            "{smiles},{:.6},{},{:.6}",
            score.nll,
            score.tokens,
            score.perplexity()
        )?;
    }
    backend::run::write_atomic(&arguments.out, text.as_bytes())?;
    let left_out = rejects.lines().count();
    if left_out > 0 {
        let mut path = arguments.out.clone().into_os_string();
        path.push(".rejects");
        backend::run::write_atomic(PathBuf::from(path), rejects.as_bytes())?;
    }
    let nll: f64 = scores.iter().map(|score| score.nll).sum();
    let tokens: usize = scores.iter().map(|score| score.tokens).sum();
    let mean = nll / tokens as f64;
    let guess = (pretrained.model.config().vocab as f64).ln();
    if arguments.json {
        let summary = serde_json::json!({
            "molecules": scores.len(),
            "left_out": left_out,
            "nats_per_token": mean,
            "perplexity": mean.exp(),
            "random_guess": guess,
            "sound": mean < 0.5 * guess,
        });
        println!("{summary}");
    } else {
        let verdict = if mean < 0.5 * guess {
            "the checkpoint looks sound"
        } else {
            "the checkpoint hardly beats guessing"
        };
        println!("{} molecules scored, {left_out} left out", scores.len());
        println!(
            "{mean:.4} nats a token (perplexity {:.2}; guessing {guess:.4}): {verdict}",
            mean.exp()
        );
    }
    Ok(())
}

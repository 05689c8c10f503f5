//! Scores the molecules of a file: −ln p and perplexity of each.
//!
//! ```text
//! cargo run --release --example chemgpt_score -- --model run/model --molecules molecules.smi --out scores.csv
//! ```
//!
//! The last line gives the mean, nats a token, and says whether the checkpoint does better than guessing. Molecules that
//! the model cannot read (stereo that its vocabulary lacks, broken SMILES) are listed in `scores.csv.rejects`;
//! `--without-stereo` drops the marks of configurations first. Memory does not grow with the file.
#![expect(clippy::print_stdout, reason = "the summary is the output")]

#[path = "chemgpt_shared/aside.rs"]
mod aside;
#[path = "chemgpt_shared/model.rs"]
mod model;
#[path = "chemgpt_shared/molecules.rs"]
mod molecules;
#[path = "chemgpt_shared/readable.rs"]
mod readable;

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Result, bail};
use chemgpt::score::{SelfCheck, score_sequences};
use clap::Parser;

use aside::Aside;
use model::ModelArguments;
use molecules::MoleculeArguments;
use readable::{Reading, next_chunk};

/// Scores molecules.
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    molecules: MoleculeArguments,
    /// Molecules that are worked on at a time.
    #[arg(long, default_value_t = 64)]
    batch: usize,
    /// CSV file of smiles, nll (nats), tokens, perplexity.
    #[arg(long)]
    out: PathBuf,
    /// Print the summary as one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Default)]
struct Totals {
    molecules: usize,
    nll: f64,
    tokens: usize,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let pretrained = arguments.model.load()?;
    let mut molecules = arguments.molecules.open()?;
    let mut out = Aside::create(&arguments.out)?;
    let mut rejects = Aside::beside(&arguments.out, ".rejects")?;
    writeln!(out, "smiles,nll,tokens,perplexity")?;
    let mut totals = Totals::default();
    let mut reading = Reading::new(&pretrained, arguments.molecules.without_stereo);
    while let Some(chunk) = next_chunk(&mut reading, &mut molecules)? {
        for reject in &chunk.rejects {
            writeln!(rejects, "{reject}")?;
        }
        let (names, sequences) = chunk.into_molecules();
        let scores = score_sequences(&pretrained.model, &sequences, arguments.batch)?;
        for ((_, smiles), score) in names.iter().zip(&scores) {
            let (nll, tokens) = (score.nll, score.tokens);
            writeln!(out, "{smiles},{nll:.6},{tokens},{:.6}", score.perplexity())?;
            totals.nll += nll;
            totals.tokens += tokens;
        }
        totals.molecules += scores.len();
    }
    if totals.molecules == 0 {
        bail!(
            "the model can read no molecule of {}",
            arguments.molecules.molecules.display()
        );
    }
    out.finish()?;
    if reading.left_out > 0 {
        rejects.finish()?;
    }
    let vocab = pretrained.model.config().vocab;
    report(&totals, &reading, vocab, arguments.json);
    Ok(())
}

fn report(totals: &Totals, reading: &Reading, vocab: usize, json: bool) {
    let check = SelfCheck::new(totals.nll, totals.tokens, vocab);
    let (mean, guess) = (check.nats_per_token, check.random_guess);
    if json {
        let summary = serde_json::json!({
            "molecules": totals.molecules,
            "left_out": reading.left_out,
            "readable_without_stereo": reading.readable_without_stereo,
            "read_without_stereo": reading.flattened,
            "nats_per_token": mean,
            "perplexity": mean.exp(),
            "random_guess": guess,
            "sound": check.sound,
        });
        println!("{summary}");
        return;
    }
    let verdict = if check.sound {
        "the checkpoint looks sound"
    } else {
        "the checkpoint hardly beats guessing"
    };
    println!("{} molecules scored, {reading}", totals.molecules);
    println!(
        "{mean:.4} nats a token (perplexity {:.2}; guessing {guess:.4}): {verdict}",
        mean.exp()
    );
}

//! Fine-tunes a model folder: on more molecules, or with a head that foretells a property.
//!
//! ```text
//! cargo run --release --example chemgpt_finetune -- molecules --model run/model --molecules mine.smi --out tuned
//! cargo run --release --example chemgpt_finetune -- property --model run/model --table esol.csv \
//!     --target "measured log solubility in mols per litre" --seeds 3
//! ```
//!
//! `property` splits by scaffold (common ones to train on, rarer ones to validate on and to test) and ends with the
//! root-mean-square error of the model on the test set beside that of ridge regression on fingerprints; with `--classify`
//! (labels 0 and 1) with the area under the ROC curve of both. Molecules with configurations that the vocabulary of the
//! model lacks are left out and counted, unless `--without-stereo` drops the marks first.
#![expect(clippy::print_stdout, reason = "the result is the output")]

#[path = "../chemgpt_shared/model.rs"]
mod model;
#[path = "../chemgpt_shared/molecules.rs"]
mod molecules;
mod property;
#[path = "../chemgpt_shared/readable.rs"]
mod readable;
mod records;
mod ridge;
#[path = "../chemgpt_shared/table.rs"]
mod table;
mod tune;

use std::ops::ControlFlow;

use anyhow::Result;
use backend::run::Progress;
use chemgpt::TrainingConfig;
use clap::{Args, Parser, Subcommand};

use model::ModelArguments;

/// Fine-tunes a model.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Continue training on a file of molecules.
    Molecules(tune::Arguments),
    /// Train a head for a property together with the network.
    Property(property::Arguments),
}

#[derive(Args)]
struct Common {
    #[command(flatten)]
    model: ModelArguments,
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
    /// Print one JSON object at the end.
    #[arg(long)]
    json: bool,
}

impl Common {
    fn training(&self) -> TrainingConfig {
        TrainingConfig::new(self.steps)
            .with_rate(self.rate)
            .with_warmup(self.steps / 10)
            .with_batch(self.batch)
            .with_seed(self.seed)
    }

    /// Shows the loss now and then.
    fn observer(&self) -> impl FnMut(&Progress) -> ControlFlow<()> + use<> {
        let json = self.json;
        move |progress| {
            if !json && (progress.step.is_multiple_of(50) || progress.validation.is_some()) {
                let validation = progress
                    .validation
                    .map_or(String::new(), |loss| format!(" validation {loss:.4}"));
                println!(
                    "step {} loss {:.4}{validation}",
                    progress.step, progress.train_loss
                );
            }
            ControlFlow::Continue(())
        }
    }
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Molecules(arguments) => tune::run(&arguments),
        Command::Property(arguments) => property::run(&arguments),
    }
}

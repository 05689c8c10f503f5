//! Continuing training on other molecules.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use chemgpt::train::{fine_tune, validation_loss};
use chemgpt::{PackedRows, Pretrained};
use clap::Args;

use crate::Common;
use crate::molecules::MoleculeArguments;
use crate::readable::{Reading, next_chunk};

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    molecules: MoleculeArguments,
    /// Tokens a row.
    #[arg(long, default_value_t = 128)]
    length: usize,
    /// Folder of the tuned model.
    #[arg(long)]
    out: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let common = &arguments.common;
    let pretrained = common.model.load()?;
    let mut molecules = arguments.molecules.open()?;
    let mut reading = Reading::new(&pretrained, arguments.molecules.without_stereo);
    let mut sequences = Vec::new();
    while let Some(chunk) = next_chunk(&mut reading, &mut molecules)? {
        sequences.extend(chunk.into_molecules().1);
    }
    let held_out = (sequences.len() / 10).max(1);
    if sequences.len() <= held_out {
        bail!(
            "{} has too few molecules that the model can read: {reading}",
            arguments.molecules.molecules.display()
        );
    }
    let rows = PackedRows::pack(&sequences[held_out..], arguments.length)?;
    let validation = PackedRows::pack(&sequences[..held_out], arguments.length)
        .context("too few molecules to hold some out; give more, or a smaller --length")?;
    let before = validation_loss(&pretrained.model, &validation, common.batch)?;
    let run = fine_tune(
        &pretrained.model,
        &common.training(),
        &rows,
        &validation,
        &mut common.observer(),
    )?;
    Pretrained {
        model: run.model,
        tokenizer: pretrained.tokenizer.clone(),
    }
    .save(&arguments.out)?;
    if common.json {
        let summary = serde_json::json!({
            "folder": arguments.out, "before": before, "after": run.validation,
            "left_out": reading.left_out,
            "readable_without_stereo": reading.readable_without_stereo,
            "read_without_stereo": reading.flattened,
        });
        println!("{summary}");
    } else {
        println!(
            "validation loss {before:.4} before, {:.4} after, molecules: {reading}; model in {}",
            run.validation,
            arguments.out.display()
        );
    }
    Ok(())
}

//! Trains ChemGPT on a file of molecules and writes a folder that `transformers` loads.
//!
//! ```text
//! cargo run --release --example chemgpt_train -- --molecules molecules.smi --out run --width 64 --layers 4 --steps 500
//! cargo run --release --example chemgpt_train -- --shards shards --out run
//! ```
//!
//! `--shards` takes a folder that `prepare_tokens` made: the tokens stay in the files, so memory does not grow with them.
//!
//! Started again with the same settings after a kill it goes on from its last checkpoint, bit for bit. The last line
//! names the folder of the finished model; a model of 300,000 parameters takes about a minute for 500 steps on one core.
#![expect(
    clippy::print_stdout,
    reason = "progress and the result are the output"
)]

mod data;
#[path = "../chemgpt_shared/molecules.rs"]
mod molecules;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use backend::optim::Decay;
use backend::run::Progress;
use chemgpt::memory::{check_memory, estimate_memory};
use chemgpt::train::{Devices, Saving, train_in_folder};
use chemgpt::{ChemGptConfig, Precision, Pretrained, TrainingConfig};
use clap::{Parser, ValueEnum};

use data::{Cut, Data};
use molecules::MoleculeArguments;

/// Trains a language model on molecules.
#[derive(Parser)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
struct Arguments {
    #[command(flatten)]
    molecules: Option<MoleculeArguments>,
    /// Folder of token shards instead of a file.
    #[arg(long, conflicts_with = "MoleculeArguments")]
    shards: Option<PathBuf>,
    /// Folder of the run.
    #[arg(long)]
    out: PathBuf,
    /// Width of the model.
    #[arg(long, default_value_t = 64)]
    width: usize,
    /// Blocks of the model.
    #[arg(long, default_value_t = 4)]
    layers: usize,
    /// Attention heads; the default gives each 64 channels where the width allows.
    #[arg(long)]
    heads: Option<usize>,
    /// Take the paper's shape of this width: 24 layers, 16 heads.
    #[arg(long)]
    paper: bool,
    /// Tokens a row.
    #[arg(long, default_value_t = 128)]
    length: usize,
    /// Rows a step.
    #[arg(long, default_value_t = 16)]
    batch: usize,
    /// Parts that a step is split into to save memory.
    #[arg(long, default_value_t = 1)]
    accumulation: usize,
    /// Optimiser steps.
    #[arg(long, default_value_t = 1000)]
    steps: u64,
    /// Highest learning rate.
    #[arg(long, default_value_t = 1e-3)]
    rate: f64,
    /// Steps of warm-up.
    #[arg(long, default_value_t = 50)]
    warmup: u64,
    /// The rate after the warm-up.
    #[arg(long, value_enum, default_value_t = Shape::Cosine)]
    decay: Shape,
    /// Average the weights with this decay a step.
    #[arg(long)]
    average: Option<f64>,
    /// Molecules of a row do not see one another.
    #[arg(long)]
    separate: bool,
    /// Steps between evaluations and checkpoints.
    #[arg(long, default_value_t = 100)]
    every: u64,
    /// Checkpoints that are kept beside the best.
    #[arg(long, default_value_t = 2)]
    keep: usize,
    /// Seed of weights and order.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Device: flex, cuda, cuda:1, tch; several, separated by commas, share the rows of each batch.
    #[arg(long, default_value = "flex", value_delimiter = ',')]
    device: Vec<String>,
    /// Compute matrix products in bfloat16; the weights stay float32.
    #[arg(long)]
    bfloat16: bool,
    /// Keep only the input of each block for the backward pass: less memory, a third more time.
    #[arg(long)]
    recompute: bool,
    /// Stop after this many minutes and write the model as it is then.
    #[arg(long)]
    minutes: Option<f64>,
    /// Peak of the device in TFLOP/s; with it the share of the peak is shown.
    #[arg(long)]
    peak_tflops: Option<f64>,
    /// Print one JSON object at the end.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Shape {
    Constant,
    Linear,
    Cosine,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let devices = Devices::named(&arguments.device)?;
    let data = read(&arguments)?;
    let config = shape(&arguments, data.tokenizer.vocab());
    config.validate()?;
    let training = TrainingConfig::new(arguments.steps)
        .with_rate(arguments.rate)
        .with_warmup(arguments.warmup.min(arguments.steps))
        .with_decay(match arguments.decay {
            Shape::Constant => Decay::Constant,
            Shape::Linear => Decay::Linear,
            Shape::Cosine => Decay::Cosine,
        })
        .with_batch(arguments.batch)
        .with_accumulation(arguments.accumulation)
        .with_average(arguments.average)
        .with_recompute(arguments.recompute)
        .with_precision(if arguments.bfloat16 {
            Precision::Bfloat16
        } else {
            Precision::Float32
        })
        .with_evaluate_every(arguments.every)
        .with_seed(arguments.seed);
    let rows_at_a_time = arguments.batch.div_ceil(arguments.accumulation.max(1));
    let estimate = estimate_memory(
        &config,
        rows_at_a_time,
        arguments.length,
        arguments.recompute,
    );
    if let Some(available) = available_memory().filter(|_| arguments.device == ["flex"]) {
        check_memory(estimate, available)?;
    }
    if !arguments.json {
        println!("{}", data.summary());
        println!(
            "{} parameters ({} without embeddings), about {} MiB",
            config.parameters(),
            config.non_embedding_parameters(),
            estimate.total() >> 20
        );
    }
    let flops = config.flops_per_token(arguments.length);
    let rows = arguments.batch.min(data.train.rows());
    let tokens_a_step = (rows * arguments.length) as f64;
    let mut shown = Instant::now();
    let mut observe = |progress: &Progress| {
        let due = progress.validation.is_some() || shown.elapsed() > Duration::from_secs(10);
        if due && !arguments.json {
            shown = Instant::now();
            report(progress, tokens_a_step, flops, arguments.peak_tflops);
        }
        let limit = arguments.minutes.map_or(f64::INFINITY, |m| 60.0 * m);
        if progress.elapsed.as_secs_f64() < limit {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    };
    let saving = Saving {
        every: arguments.every,
        keep: arguments.keep,
    };
    let run = train_in_folder(
        &arguments.out,
        &config,
        &training,
        saving,
        [&*data.train, &*data.validation],
        devices,
        &mut observe,
    )?;
    let folder = arguments.out.join("model");
    Pretrained {
        model: run.model,
        tokenizer: data.tokenizer.into(),
    }
    .save(&folder)?;
    if arguments.json {
        let summary = serde_json::json!({
            "folder": folder,
            "validation_nats_per_token": run.validation,
            "tokens": run.tokens,
            "parameters": config.parameters(),
            "non_embedding_parameters": config.non_embedding_parameters(),
        });
        println!("{summary}");
    } else {
        println!("validation loss {:.4} nats a token", run.validation);
        println!("model in {}", folder.display());
    }
    Ok(())
}

fn read(arguments: &Arguments) -> Result<Data> {
    let cut = Cut {
        length: arguments.length,
        separate: arguments.separate,
    };
    match (&arguments.shards, &arguments.molecules) {
        (Some(folder), _) => Data::from_shards(folder, cut),
        (None, Some(molecules)) => Data::from_molecules(molecules, cut, arguments.seed),
        (None, None) => bail!("give --molecules or --shards"),
    }
}

fn shape(arguments: &Arguments, vocab: usize) -> ChemGptConfig {
    let base = if arguments.paper {
        ChemGptConfig::new(vocab, arguments.width, 24, 16)
    } else {
        let mut wide = ChemGptConfig::wide(vocab, arguments.width, arguments.layers);
        wide.heads = arguments.heads.unwrap_or(wide.heads);
        wide
    };
    base.with_positions(arguments.length.max(512))
}

fn report(progress: &Progress, tokens_a_step: f64, flops: f64, peak_tflops: Option<f64>) {
    let mut line = format!(
        "step {:>6}/{} loss {:.4}",
        progress.step, progress.steps_total, progress.train_loss
    );
    if let Some(loss) = progress.validation {
        line += &format!(" validation {loss:.4}");
    }
    line += &format!(" {:.0} tokens/s", progress.throughput);
    if let Some(peak) = peak_tflops {
        let share = progress.throughput * flops / (peak * 1e12);
        line += &format!(" {:.1} % of the peak", 100.0 * share);
    }
    // The throughput is that of this call, so this holds for a resumed run too.
    let left = (progress.steps_total - progress.step) as f64 * tokens_a_step;
    line += &format!(" {:.0} s left", left / progress.throughput);
    println!("{line}");
}

/// Bytes that the system says are free, where it says so.
fn available_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find(|line| line.starts_with("MemAvailable:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib << 10)
}

//! Prints how fast ChemGPT trains on this machine: tokens a second of processor time, the share of the machine's matrix
//! peak, and peak memory, for the shapes that the reference scripts measure.
//!
//! ```text
//! cargo run --release --example chemgpt_speed -- --shapes 4.7M,19M --rows 8 --length 128
//! ```
//!
//! The last line names the largest memory the process has used. One shape takes a few seconds on one core. Give
//! `--plain` for ordinary tensor operations instead of the fused ones. `RAYON_NUM_THREADS=1` measures one thread.
#![expect(clippy::print_stdout, reason = "the table is the result")]

use std::fs;
use std::time::Instant;

use anyhow::{Context, Result};
use chemgpt::train::Trainer;
use chemgpt::{Batch, ChemGptConfig, TrainingConfig};
use clap::Parser;

/// Measures training steps of ChemGPT.
#[derive(Parser)]
struct Arguments {
    /// Device to run on: flex, cuda, cuda:1, tch.
    #[arg(long, default_value = "flex")]
    device: String,
    /// Shapes: 121k, 1.3M, 4.7M, 19M, 4.7Mw, 19Mw, or `LAYERSxWIDTHxHEADS`.
    #[arg(long, value_delimiter = ',', default_value = "1.3M,4.7M,4.7Mw")]
    shapes: Vec<String>,
    /// Rows of a batch.
    #[arg(long, default_value_t = 8)]
    rows: usize,
    /// Tokens a row.
    #[arg(long, default_value_t = 128)]
    length: usize,
    /// Steps that are timed, after two that are not.
    #[arg(long, default_value_t = 5)]
    steps: usize,
    /// Use ordinary tensor operations.
    #[arg(long)]
    plain: bool,
    /// Compute the inside of each block again in the backward pass.
    #[arg(long)]
    recompute: bool,
}

fn shape(name: &str) -> Result<ChemGptConfig> {
    let [layers, width, heads] = match name {
        "121k" => [24, 16, 16],
        "1.3M" => [24, 64, 16],
        "4.7M" => [24, 128, 16],
        "19M" => [24, 256, 16],
        "4.7Mw" => [6, 256, 4],
        "19Mw" => [6, 512, 8],
        other => {
            let numbers: Vec<usize> = other
                .split('x')
                .map(str::parse)
                .collect::<Result<_, _>>()
                .with_context(|| format!("`{other}` is no shape"))?;
            numbers
                .try_into()
                .map_err(|_| anyhow::anyhow!("`{other}` is no LAYERSxWIDTHxHEADS"))?
        }
    };
    Ok(ChemGptConfig::new(
        chemgpt::PUBLIC_VOCAB,
        width,
        layers,
        heads,
    ))
}

/// Seconds of processor time of all threads, where the system tells; seconds of the clock elsewhere.
fn processor_time(start: Instant) -> f64 {
    let tasks = fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten();
    let nanoseconds: f64 = tasks
        .filter_map(|task| fs::read_to_string(task.path().join("schedstat")).ok())
        .filter_map(|text| text.split(' ').next()?.parse::<f64>().ok())
        .sum();
    if nanoseconds > 0.0 {
        nanoseconds * 1e-9
    } else {
        start.elapsed().as_secs_f64()
    }
}

fn peak_memory_mib() -> Option<f64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM"))?;
    line.split_whitespace()
        .nth(1)?
        .parse::<f64>()
        .ok()
        .map(|kib| kib / 1024.0)
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let device = backend::device(&arguments.device)?;
    println!(
        "{:>8} {:>10} {:>12} {:>12} {:>10}",
        "shape", "batch", "ms a step", "tokens/s", "GFLOP/s"
    );
    let start = Instant::now();
    for name in &arguments.shapes {
        let config = shape(name)?;
        let model = config
            .init(1, &device.clone().autodiff())
            .with_fused_operations(!arguments.plain)
            .with_recomputation(arguments.recompute);
        let training = TrainingConfig::new(1000).with_rate(1e-4);
        let mut trainer = Trainer::new(model, &training)?;
        let tokens = arguments.rows * arguments.length;
        let ids = (0..tokens)
            .map(|at| u32::try_from(at * 7919 % 679 + 5))
            .collect::<Result<_, _>>()?;
        let batch = Batch::new(ids, arguments.length);
        let mut times = Vec::new();
        for step in 0..arguments.steps + 2 {
            let before = processor_time(start);
            trainer.step(&batch)?;
            device.sync().ok();
            if step >= 2 {
                times.push(processor_time(start) - before);
            }
        }
        times.sort_by(f64::total_cmp);
        let median = times[times.len() / 2];
        println!(
            "{name:>8} {:>10} {:>12.1} {:>12.0} {:>10.1}",
            format!("{}x{}", arguments.rows, arguments.length),
            median * 1e3,
            tokens as f64 / median,
            config.flops_per_token(arguments.length) * tokens as f64 / median * 1e-9,
        );
    }
    match peak_memory_mib() {
        Some(mib) => println!("peak memory {mib:.0} MiB"),
        None => println!("peak memory unknown on this system"),
    }
    Ok(())
}

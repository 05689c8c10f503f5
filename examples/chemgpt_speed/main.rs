//! Prints how fast ChemGPT trains and draws on this machine, with the share of the machine's matrix peak, where the rest
//! of the time goes, and peak memory: the rows of the reference scripts.
//!
//! ```text
//! RAYON_NUM_THREADS=1 cargo run --release --example chemgpt_speed
//! ```
//!
//! Each row is measured in a process of its own, so its peak memory is its own. `ms` is the clock's time, `cpu ms`
//! the processor's time of all threads; tokens a second are by the clock, operations a second and the share by processor
//! time (by the clock on other devices). The last line explains the parts. The default rows take about four minutes on one
//! idle core; `--plain` measures ordinary tensor operations instead of the fused ones.
#![expect(clippy::print_stdout, reason = "the table is the result")]

mod clock;
mod measure;
mod shapes;

use std::process::Command;

use anyhow::{Context, Result, bail};
use chemgpt::{Precision, TrainingConfig};
use clap::Parser;
use serde_json::Value;

use measure::Settings;
use shapes::Rows;

/// Measures training steps and drawing of ChemGPT.
#[derive(Parser)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
struct Arguments {
    /// Device to run on: flex, cuda, cuda:1, tch.
    #[arg(long, default_value = "flex")]
    device: String,
    /// Shapes: 121k, 1.3M, 4.7M, 19M, 1.2B, 4.7Mw, 19Mw, or `LAYERSxWIDTHxHEADS`.
    #[arg(long, value_delimiter = ',', default_value = "4.7M,19M,4.7Mw,19Mw")]
    shapes: Vec<String>,
    /// Batches to train on, rows x tokens.
    #[arg(long, value_delimiter = ',', default_value = "8x128,8x512")]
    batches: Vec<Rows>,
    /// Sequences x tokens to draw, with a cache.
    #[arg(long, value_delimiter = ',', default_value = "1x128,64x128")]
    draws: Vec<Rows>,
    /// Steps that are timed, after two that are not; the median counts.
    #[arg(long, default_value_t = 5)]
    steps: usize,
    /// Use ordinary tensor operations.
    #[arg(long)]
    plain: bool,
    /// Compute the inside of each block again in the backward pass.
    #[arg(long)]
    recompute: bool,
    /// Compute the matrix products of training in bfloat16.
    #[arg(long)]
    bfloat16: bool,
    /// Print one JSON object a row.
    #[arg(long)]
    json: bool,
    /// Measure one row and print it as JSON: `peak`, `train SHAPE BATCH`, or `draw SHAPE BATCH`.
    #[arg(long, num_args = 1..=3, hide = true)]
    row: Option<Vec<String>>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let Some(row) = &arguments.row {
        println!("{}", measured(&arguments, row)?);
        return Ok(());
    }
    let peak = in_a_process(&["peak"])?;
    let rate = number(&peak, "gflops");
    if arguments.json {
        println!("{peak}");
    } else {
        println!("matrix peak {rate:.1} GFLOP/s: float32 product of 2048 x 2048, best of 7");
        println!(
            "{:>8} {:>12} {:>9} {:>9} {:>9} {:>8} {:>6} {:>7}  parts of the time, %",
            "shape", "batch", "ms", "cpu ms", "tokens/s", "GFLOP/s", "peak", "MiB"
        );
    }
    for shape in &arguments.shapes {
        let train = arguments.batches.iter().map(|rows| ("train", rows));
        let draw = arguments.draws.iter().map(|rows| ("draw", rows));
        for (kind, rows) in train.chain(draw) {
            let row = in_a_process(&[kind, shape, &rows.to_string()])?;
            if arguments.json {
                println!("{row}");
            } else {
                println!("{}", line(&row, rate));
            }
        }
    }
    if !arguments.json {
        println!(
            "parts: products = the step's matrix products alone, by Burn; attention = what a window of one token saves; \
             optimiser = clipping and AdamW; rest = normalisation, GELU, loss, copies"
        );
    }
    Ok(())
}

fn measured(arguments: &Arguments, row: &[String]) -> Result<Value> {
    let settings = Settings {
        device: backend::device(&arguments.device)?,
        processor: arguments.device == "flex",
        steps: arguments.steps.max(1),
        fused: !arguments.plain,
        training: TrainingConfig::new(1000)
            .with_rate(1e-4)
            .with_recompute(arguments.recompute)
            .with_precision(if arguments.bfloat16 {
                Precision::Bfloat16
            } else {
                Precision::Float32
            }),
    };
    match row {
        [kind] if kind == "peak" => settings.peak(),
        [kind, shape, rows] if kind == "train" => settings.train(shape, rows.parse()?),
        [kind, shape, rows] if kind == "draw" => settings.draw(shape, rows.parse()?),
        _ => bail!("`{}` is no row", row.join(" ")),
    }
}

/// The same program with the same switches, for one row.
fn in_a_process(row: &[&str]) -> Result<Value> {
    let output = Command::new(std::env::current_exe()?)
        .args(std::env::args_os().skip(1).filter(|word| word != "--json"))
        .arg("--row")
        .args(row)
        .output()?;
    if !output.status.success() {
        bail!(
            "{}: {}",
            row.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    serde_json::from_slice(&output.stdout)
        .with_context(|| format!("the row of {} is not JSON", row.join(" ")))
}

fn line(row: &Value, peak: f64) -> String {
    let text = |field: &str| row[field].as_str().unwrap_or("").to_owned();
    let mut line = format!(
        "{:>8} {:>12} {:>9.2} {:>9.2} {:>9.0} {:>8.1} {:>5.0}% {:>7.0}",
        text("shape"),
        format!("{} {}", text("kind"), text("batch")),
        number(row, "ms"),
        number(row, "cpu_ms"),
        number(row, "tokens_per_s"),
        number(row, "gflops"),
        100.0 * number(row, "gflops") / peak,
        number(row, "peak_mib"),
    );
    if let Some(parts) = row["parts"].as_object() {
        for (name, share) in parts {
            line += &format!("  {name} {:.0}", 100.0 * share.as_f64().unwrap_or(f64::NAN));
        }
    }
    line
}

fn number(row: &Value, field: &str) -> f64 {
    row[field].as_f64().unwrap_or(f64::NAN)
}

//! A neural scaling study, end to end: learning rate and batch by training performance estimation, a
//! grid of model sizes and data sizes, scaling laws with intervals, and a report that opens offline.
//!
//! ```text
//! cargo run --release --example neural_scaling
//! cargo run --release --example neural_scaling -- --molecules mine.smi --structures mine.xyz
//! ```
//!
//! Without files it works on the embedded data and needs no network: under 10 minutes on 2 cores. It
//! ends with the path of its report. Stop it whenever you like; the same command goes on from there.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example talks to its user"
)]

mod arguments;
mod display;

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result};
use clap::Parser as _;
use study::folder::StudyFolder;
use study::runner::Execution;
use study::{families, pipeline, report};

use arguments::Arguments;
use display::Display;

/// Set by Ctrl-C; the study stops between two steps.
static STOP: AtomicBool = AtomicBool::new(false);

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", sentence(&error));
            // 130 is what a shell expects of a program that Ctrl-C has ended.
            ExitCode::from(if STOP.load(Ordering::Relaxed) { 130 } else { 1 })
        }
    }
}

/// The error with its causes, each said once: many messages tell their cause already.
fn sentence(error: &anyhow::Error) -> String {
    let mut said = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !said.contains(&cause) {
            said.push_str(": ");
            said.push_str(&cause);
        }
    }
    said
}

fn run(arguments: &Arguments) -> Result<()> {
    ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            // The second time at once: records are written whole or not at all, so nothing is lost.
            std::process::exit(130);
        }
        eprintln!("\nstopping after this step; once more to stop at once");
    })
    .context("cannot listen for Ctrl-C")?;

    let study = arguments.study()?;
    let out = arguments.out();
    let folder = StudyFolder::open(&out)?;
    pipeline::suits(&folder, &study)?;
    let display = Display::new();
    let (families, inputs) = families::open(&study, &folder)?;
    display.inputs(&inputs);

    let execution = Execution {
        workers: arguments.workers(&study)?,
        stop: &STOP,
        versions: pipeline::versions(),
    };
    let observer = |event| display.event(&event);
    let results = pipeline::run(&study, &families, inputs, &folder, &execution, &observer)?;
    let page = report::write(&results, &folder, &observer)?;
    display.finish();
    print!("\n{}", report::summary(&results));
    let page = page.canonicalize().unwrap_or(page);
    println!("\nreport: {}", page.display());
    Ok(())
}

//! Ranks training runs by their first epochs and says how far that ranking can be trusted.
//!
//! ```sh
//! cargo run --release --example tpe_rank -- --curves curves.csv --epochs 10 --plots figures
//! ```
//!
//! Reads the columns `run,epoch,train_loss` (optional `step`, `val_loss`, `final_loss`), scores each
//! run over the epochs 1 to T, relates the scores to the final losses of the finished runs, predicts
//! those of the others, and replays the stopping rules over the recorded curves. The last line names
//! the best run by score. It takes about a second for a hundred runs. `--json` prints the same as
//! JSON; `--plots` writes figures as SVG, PNG and CSV.
//!
//! A run counts as finished if it has as many epochs as the longest one. Where the file has final
//! losses, the runs that have one are the finished ones, and the curves may hold the first epochs only.
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

mod analysis;
mod figures;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use tpe::Estimator;
use tpe::log::{LogKind, read_runs};

/// Rank training runs by their first epochs.
#[derive(Debug, Parser)]
#[command(version, about)]
pub(crate) struct Arguments {
    /// CSV file; columns `run`, `epoch`, `train_loss`, optionally `step`, `val_loss`, `final_loss`
    #[arg(long)]
    curves: PathBuf,
    /// Epochs that the score looks at [default: a fifth of the longest run]
    #[arg(long)]
    epochs: Option<usize>,
    /// Which score
    #[arg(long, value_enum, default_value = "tse-e")]
    estimator: Score,
    /// TSE-E: number of last epochs
    #[arg(long, default_value_t = 1)]
    last: usize,
    /// TSE-EMA as a discounted sum: weight of the epoch before
    #[arg(long, default_value_t = 0.999)]
    gamma: f64,
    /// TSE-EMA as a recursive mean: weight of the new epoch
    #[arg(long, default_value_t = 0.9)]
    mu: f64,
    /// The rows are evaluations at steps; one at step 0 is left out
    #[arg(long)]
    evaluations: bool,
    /// Probability content of the intervals
    #[arg(long, default_value_t = 0.95)]
    level: f64,
    /// Bootstrap resamples
    #[arg(long, default_value_t = 1000)]
    resamples: usize,
    /// Searches to replay for each stopping rule; 0 for none
    #[arg(long, default_value_t = 200)]
    searches: usize,
    /// Runs in each replayed search [default: a third of the finished runs, at least 4]
    #[arg(long)]
    pool: Option<usize>,
    /// Seed of the bootstrap and of the replayed searches
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Power log of nvidia-smi (timestamp, index, power.draw) of all runs together
    #[arg(long)]
    power: Option<PathBuf>,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
    /// Folder for figures
    #[arg(long)]
    plots: Option<PathBuf>,
}

/// The score of a run; lower is better.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Score {
    /// Sum of the epochs' mean losses (the paper's)
    Tse,
    /// Sum over the last epochs only
    TseE,
    /// Discounted sum
    EmaSum,
    /// Recursive mean
    EmaMean,
}

impl Arguments {
    fn estimator(&self) -> Estimator {
        match self.estimator {
            Score::Tse => Estimator::Tse,
            Score::TseE => Estimator::TseE { last: self.last },
            Score::EmaSum => Estimator::TseEmaSum { gamma: self.gamma },
            Score::EmaMean => Estimator::TseEmaMean { mu: self.mu },
        }
    }
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let kind = if arguments.evaluations {
        LogKind::Evaluations
    } else {
        LogKind::Training
    };
    let runs = read_runs(&arguments.curves, kind)?;
    let analysis = analysis::analyse(&runs, arguments)?;
    if let Some(folder) = &arguments.plots {
        figures::write(folder, &runs, &analysis)
            .with_context(|| format!("cannot write the figures to {}", folder.display()))?;
    }
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&analysis)?);
    } else {
        print!("{}", table::render(&analysis));
        if let Some(folder) = &arguments.plots {
            println!("figures: {}", folder.display());
        }
        println!("{}", table::last_line(&analysis));
    }
    Ok(())
}

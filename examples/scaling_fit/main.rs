//! Fits a scaling law to a table of finished runs: parameters with intervals, derived quantities, warnings, figures.
//!
//! ```text
//! cargo run --release --example scaling_fit -- --data examples/data/joint_points.csv --law joint --objective huber --bootstrap 4000 --json --plots figures
//! ```
//!
//! The table has the columns `parameters,tokens,loss` (optionally `flops,run,seed`, and `schedule`, the tokens at which
//! the learning-rate schedule ends) for laws in two resources, or `resource,loss` for laws in one. Rows of one `run` are
//! resampled together; schedules that end more than a quarter elsewhere are listed. Without `--json` the last line
//! names the number of warnings; 4000 resamples of 240 runs take a few seconds.

#![expect(
    clippy::print_stdout,
    reason = "the table and the JSON are this program's output"
)]

mod figures;
mod report;
mod summary;
mod table;

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use scaling_fit::{Constraint, FitOptions, Law, Objective, Points, fit};
use std::path::PathBuf;
use table::Table;

/// Fit a scaling law to a table of finished runs.
#[derive(Debug, Parser)]
pub(crate) struct Arguments {
    /// CSV file: `parameters,tokens,loss[,flops,run,seed,schedule]` or `resource,loss[,run,seed]`.
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// Law: power, saturating, shifted, `shifted_floor`, `sigmoid_like`, joint, kaplan, `over_training`, broken0 to
    /// broken3, `broken0_no_floor` to `broken3_no_floor`.
    #[arg(long, default_value = "joint")]
    pub(crate) law: String,
    /// Objective: huber, squares (of ln L), absolute (of ln L), linear (squares of L), free-scale, asymmetric.
    #[arg(long, default_value = "huber")]
    pub(crate) objective: String,
    /// Threshold of the Huber function on ln L.
    #[arg(long, default_value_t = 1e-3)]
    pub(crate) delta: f64,
    /// Factor on rows that the law overestimates, for the asymmetric objective.
    #[arg(long, default_value_t = 10.0)]
    pub(crate) over: f64,
    /// Bootstrap resamples; 0 for none.
    #[arg(long, default_value_t = 0)]
    pub(crate) bootstrap: usize,
    /// Seed of the bootstrap.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Probability that an interval should cover the truth.
    #[arg(long, default_value_t = 0.95)]
    pub(crate) level: f64,
    /// Leave out this many rows with the largest losses (they are listed).
    #[arg(long, default_value_t = 0)]
    pub(crate) exclude_largest: usize,
    /// Hold out this many rows with the largest resource or compute, and report the error on them.
    #[arg(long, default_value_t = 0)]
    pub(crate) hold_out: usize,
    /// Leave out rows with invalid values, and list them, instead of stopping.
    #[arg(long)]
    pub(crate) skip_invalid: bool,
    /// Fix a parameter: `name=value`. May be repeated.
    #[arg(long)]
    pub(crate) fix: Vec<String>,
    /// Bound a parameter: `name=low:high`. May be repeated.
    #[arg(long)]
    pub(crate) bound: Vec<String>,
    /// Tie a parameter to another one: `name=other` or `name=other*factor`. May be repeated.
    #[arg(long)]
    pub(crate) tie: Vec<String>,
    /// Predict the loss at `resource`, or at `parameters,tokens`. May be repeated.
    #[arg(long)]
    pub(crate) predict: Vec<String>,
    /// Report the compute-optimal split of this budget (FLOP). May be repeated.
    #[arg(long)]
    pub(crate) compute: Vec<f64>,
    /// Print JSON instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
    /// Write figures (SVG, PNG, CSV) into this folder.
    #[arg(long)]
    pub(crate) plots: Option<PathBuf>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let law = Law::from_name(&arguments.law)?;
    let table = Table::read(&arguments.data, law)?;
    let options = options(&arguments)?;
    let excluded = table.points.largest_losses(arguments.exclude_largest);
    let kept: Vec<usize> = (0..table.points.len())
        .filter(|row| !excluded.contains(row))
        .collect();
    let (fitted, held) = hold_out(&table.points, &kept, arguments.hold_out);
    let points = table.points.select(&fitted);
    let found = fit(law, &points, &options).map_err(|error| match error.row() {
        Some(row) => anyhow::Error::new(error).context(format!(
            "{} line {}",
            arguments.data.display(),
            table.lines[fitted[row]]
        )),
        None => anyhow::Error::new(error).context(arguments.data.display().to_string()),
    })?;
    let report = report::report(
        &arguments, &table, &found, &points, &fitted, &held, &excluded,
    )?;
    if let Some(folder) = &arguments.plots {
        figures::write(folder, &table, &found, &points, &held, &excluded)?;
    }
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        summary::print(&found, &report);
    }
    Ok(())
}

fn options(arguments: &Arguments) -> Result<FitOptions> {
    let delta = arguments.delta;
    let objective = match arguments.objective.as_str() {
        "huber" => Objective::LogHuber { delta },
        "squares" => Objective::LogSquares,
        "absolute" => Objective::LogAbsolute,
        "linear" => Objective::Squares,
        "free-scale" => Objective::LogHuberFreeScale { delta },
        "asymmetric" => Objective::Asymmetric {
            delta,
            factor: arguments.over,
        },
        other => bail!(
            "objective `{other}` is unknown; expected huber, squares, absolute, linear, free-scale or asymmetric"
        ),
    };
    let split = |text: &str, form: &str| -> Result<(String, String)> {
        let (name, rest) = text
            .split_once('=')
            .with_context(|| format!("`{text}` is not of the form {form}"))?;
        Ok((name.trim().to_owned(), rest.trim().to_owned()))
    };
    let number = |text: &str| -> Result<f64> {
        text.trim()
            .parse()
            .with_context(|| format!("`{text}` is not a number"))
    };
    let mut constraints = Vec::new();
    for text in &arguments.fix {
        let (name, value) = split(text, "name=value")?;
        constraints.push(Constraint::fixed(&name, number(&value)?));
    }
    for text in &arguments.bound {
        let (name, ends) = split(text, "name=low:high")?;
        let (low, high) = ends
            .split_once(':')
            .with_context(|| format!("`{text}` is not of the form name=low:high"))?;
        constraints.push(Constraint::bounded(&name, number(low)?, number(high)?));
    }
    for text in &arguments.tie {
        let (name, target) = split(text, "name=other*factor")?;
        let (to, factor) = match target.split_once('*') {
            Some((to, factor)) => (to.trim(), number(factor)?),
            None => (target.as_str(), 1.0),
        };
        constraints.push(Constraint::tied(&name, to, factor));
    }
    let mut options = FitOptions {
        objective,
        constraints,
        level: arguments.level,
        skip_invalid: arguments.skip_invalid,
        ..FitOptions::default()
    };
    if arguments.bootstrap > 0 {
        options = options.bootstrap(arguments.bootstrap, arguments.seed);
    }
    Ok(options)
}

/// Splits rows into those to fit and those with the largest product of resources.
fn hold_out(points: &Points, kept: &[usize], count: usize) -> (Vec<usize>, Vec<usize>) {
    let size = |row: usize| points.resources.iter().map(|c| c[row]).product::<f64>();
    let mut order = kept.to_vec();
    order.sort_by(|&a, &b| size(a).total_cmp(&size(b)).then(a.cmp(&b)));
    let held = order.split_off(order.len().saturating_sub(count));
    order.sort_unstable();
    (order, held)
}

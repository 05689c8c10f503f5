//! Fits a scaling law to a table of finished runs: parameters with intervals, derived quantities, warnings, figures.
//!
//! ```text
//! cargo run --release --example scaling_fit -- --data examples/data/joint_points.csv --law joint --objective huber --bootstrap 4000 --json --plots figures
//! ```
//!
//! The table has the columns `parameters,tokens,loss` (optionally `flops,run,seed`) for laws in two resources, or
//! `resource,loss` for laws in one. Rows of one `run` are resampled together. Without `--json` the last line
//! names the number of warnings; 4000 resamples of 240 runs take a few seconds.

#![expect(
    clippy::print_stdout,
    reason = "the table and the JSON are this program's output"
)]

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use scaling_fit::plot::{Figure, figures};
use scaling_fit::{
    Constraint, FLOPS_PER_PARAMETER_AND_TOKEN, Fit, FitOptions, IsoRun, Law, Method, Minimum,
    Objective, Points, Quantity, fit, isoflop, sensitivity, usual_objectives, window,
};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// Fit a scaling law to a table of finished runs.
#[derive(Debug, Parser)]
struct Arguments {
    /// CSV file: `parameters,tokens,loss[,flops,run,seed]` or `resource,loss[,run,seed]`.
    #[arg(long)]
    data: PathBuf,
    /// Law: power, saturating, shifted, `shifted_floor`, `sigmoid_like`, joint, kaplan, `over_training`, broken0 to
    /// broken3, `broken0_no_floor` to `broken3_no_floor`.
    #[arg(long, default_value = "joint")]
    law: String,
    /// Objective: huber, squares (of ln L), absolute (of ln L), linear (squares of L), free-scale, asymmetric.
    #[arg(long, default_value = "huber")]
    objective: String,
    /// Threshold of the Huber function on ln L.
    #[arg(long, default_value_t = 1e-3)]
    delta: f64,
    /// Factor on rows that the law overestimates, for the asymmetric objective.
    #[arg(long, default_value_t = 10.0)]
    over: f64,
    /// Bootstrap resamples; 0 for none.
    #[arg(long, default_value_t = 0)]
    bootstrap: usize,
    /// Seed of the bootstrap.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Probability that an interval should cover the truth.
    #[arg(long, default_value_t = 0.95)]
    level: f64,
    /// Leave out this many rows with the largest losses (they are listed).
    #[arg(long, default_value_t = 0)]
    exclude_largest: usize,
    /// Hold out this many rows with the largest resource or compute, and report the error on them.
    #[arg(long, default_value_t = 0)]
    hold_out: usize,
    /// Leave out rows with invalid values, and list them, instead of stopping.
    #[arg(long)]
    skip_invalid: bool,
    /// Fix a parameter: `name=value`. May be repeated.
    #[arg(long)]
    fix: Vec<String>,
    /// Bound a parameter: `name=low:high`. May be repeated.
    #[arg(long)]
    bound: Vec<String>,
    /// Tie a parameter to another one: `name=other` or `name=other*factor`. May be repeated.
    #[arg(long)]
    tie: Vec<String>,
    /// Predict the loss at `resource`, or at `parameters,tokens`. May be repeated.
    #[arg(long)]
    predict: Vec<String>,
    /// Report the compute-optimal split of this budget (FLOP). May be repeated.
    #[arg(long)]
    compute: Vec<f64>,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
    /// Write figures (SVG, PNG, CSV) into this folder.
    #[arg(long)]
    plots: Option<PathBuf>,
}

/// The table with the line of each row in the file.
struct Table {
    points: Points,
    lines: Vec<usize>,
    flops: Option<Vec<f64>>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let law = Law::from_name(&arguments.law)?;
    let table = read(&arguments.data, law)?;
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
    let report = report(
        &arguments, &table, &found, &points, &fitted, &held, &excluded,
    )?;
    if let Some(folder) = &arguments.plots {
        plots(folder, &table, &found, &points, &held, &excluded)?;
    }
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print_table(&found, &report);
    }
    Ok(())
}

fn read(path: &Path, law: Law) -> Result<Table> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut lines = text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let (_, header) = lines
        .next()
        .with_context(|| format!("{} is empty", path.display()))?;
    let names: Vec<&str> = header
        .trim_start_matches('\u{feff}')
        .split(',')
        .map(str::trim)
        .collect();
    let find = |name: &str| names.iter().position(|known| *known == name);
    let need = |name: &str| {
        find(name).with_context(|| {
            format!(
                "{} line 1: law `{}` needs the column `{name}`, the header has {names:?}",
                path.display(),
                law.name()
            )
        })
    };
    let resources = if law.resources().len() == 2 {
        vec![need("parameters")?, need("tokens")?]
    } else {
        vec![need("resource")?]
    };
    let (loss, flops, run) = (need("loss")?, find("flops"), find("run"));
    let mut table = Table {
        points: Points {
            resources: vec![Vec::new(); resources.len()],
            ..Points::default()
        },
        lines: Vec::new(),
        flops: flops.map(|_| Vec::new()),
    };
    let mut runs: Vec<String> = Vec::new();
    for (line, row) in lines {
        let cells: Vec<&str> = row.split(',').map(str::trim).collect();
        let cell = |column: usize| -> Result<f64> {
            let text = cells.get(column).copied().unwrap_or("");
            text.parse().with_context(|| {
                format!(
                    "{} line {line}: column `{}` is `{text}`, expected a number",
                    path.display(),
                    names[column]
                )
            })
        };
        for (values, &column) in table.points.resources.iter_mut().zip(&resources) {
            values.push(cell(column)?);
        }
        table.points.loss.push(cell(loss)?);
        if let (Some(values), Some(column)) = (&mut table.flops, flops) {
            values.push(cell(column)?);
        }
        if let Some(column) = run {
            let name = cells.get(column).copied().unwrap_or("").to_owned();
            let index = runs
                .iter()
                .position(|known| *known == name)
                .unwrap_or_else(|| {
                    runs.push(name);
                    runs.len() - 1
                });
            table.points.groups.push(index as u64);
        }
        table.lines.push(line);
    }
    Ok(table)
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

fn intervals(of: &str, all: &[scaling_fit::Interval]) -> Value {
    let mut out = Map::new();
    for interval in all.iter().filter(|interval| interval.of == of) {
        let key = match interval.method {
            Method::Wald => "wald",
            Method::Profile => "profile",
            Method::Bootstrap => "bootstrap",
            Method::BootstrapBiasCorrected => "bootstrap_bias_corrected",
            _ => continue,
        };
        out.insert(key.to_owned(), json!([interval.lower, interval.upper]));
    }
    Value::Object(out)
}

fn quantity(quantity: &Quantity) -> Value {
    json!({
        "value": quantity.value,
        "intervals": intervals(&quantity.name, &quantity.intervals),
    })
}

fn report(
    arguments: &Arguments,
    table: &Table,
    found: &Fit,
    points: &Points,
    fitted: &[usize],
    held: &[usize],
    excluded: &[usize],
) -> Result<Value> {
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| {
        out.insert(key.to_owned(), value);
    };
    let lines = |rows: &[usize]| rows.iter().map(|&r| table.lines[r]).collect::<Vec<_>>();
    put("law", json!(found.law.name()));
    put("formula", json!(found.law.formula()));
    put("objective", json!(found.objective.name()));
    put("objective_value", json!(found.value));
    put("rows", json!(found.rows));
    put("level", json!(found.level));
    for parameter in &found.parameters {
        put(
            &parameter.name,
            json!({
                "value": parameter.value,
                "role": parameter.role,
                "coordinate": parameter.coordinate,
                "standard_error": parameter.standard_error,
                "intervals": intervals(&parameter.name, &found.intervals),
            }),
        );
    }
    put("r_squared", json!(found.r_squared));
    put("sigma", json!(found.sigma));
    put("condition_number", json!(found.condition_number));
    put("correlations", json!(found.correlations()));
    put("starts", json!(found.starts));
    if found.law == Law::Joint
        && let Ok(a) = found.allocation_exponent(found.level)
    {
        put("allocation_exponent", quantity(&a));
    }
    let mut frontier = Vec::new();
    for &compute in &arguments.compute {
        let point = found.frontier(compute, flops_each(table), found.level)?;
        frontier.push(json!({
            "compute": compute,
            "parameters": quantity(&point.parameters),
            "tokens": quantity(&point.tokens),
            "tokens_per_parameter": quantity(&point.tokens_per_parameter),
            "loss": quantity(&point.loss),
            "extrapolation_factor": point.extrapolation_factor,
        }));
    }
    put("frontier", json!(frontier));
    let mut predictions = Vec::new();
    for text in &arguments.predict {
        let at = text
            .split(',')
            .map(|cell| cell.trim().parse::<f64>())
            .collect::<Result<Vec<_>, _>>()
            .with_context(|| format!("--predict `{text}` is not a list of numbers"))?;
        if at.len() != found.law.resources().len() || at.iter().any(|r| r.is_nan() || *r <= 0.0) {
            bail!(
                "--predict `{text}`: law `{}` takes positive values of {:?}",
                found.law.name(),
                found.law.resources()
            );
        }
        predictions.push(serde_json::to_value(found.predict(&at, found.level))?);
    }
    put("predictions", json!(predictions));
    if !held.is_empty() {
        let errors: Vec<f64> = held
            .iter()
            .map(|&row| {
                let at: Vec<f64> = table.points.resources.iter().map(|c| c[row]).collect();
                found.loss(&at).ln() - table.points.loss[row].ln()
            })
            .collect();
        let n = errors.len() as f64;
        put(
            "held_out",
            json!({
                "lines": lines(held),
                "ln_errors": errors,
                "rmse": (errors.iter().map(|e| e * e).sum::<f64>() / n).sqrt(),
                "bias": errors.iter().sum::<f64>() / n,
            }),
        );
    }
    if found.law == Law::Joint {
        let plain = FitOptions {
            skip_invalid: arguments.skip_invalid,
            ..FitOptions::default()
        };
        if let Ok(choices) = sensitivity(found.law, points, &[], &usual_objectives(), &plain) {
            put("sensitivity", serde_json::to_value(choices)?);
        }
    }
    put("excluded_lines", json!(lines(excluded)));
    let dropped: Vec<usize> = found.dropped.iter().map(|&row| fitted[row]).collect();
    put("dropped_lines", json!(lines(&dropped)));
    put("warnings", serde_json::to_value(&found.warnings)?);
    put("seed", json!(arguments.seed));
    put("resamples", json!(found.samples.len()));
    put("version", json!(found.version));
    Ok(Value::Object(out))
}

/// FLOP for a parameter and a token: the median of the table's own where it has them.
fn flops_each(table: &Table) -> f64 {
    let (Some(flops), [n, d]) = (&table.flops, table.points.resources.as_slice()) else {
        return FLOPS_PER_PARAMETER_AND_TOKEN;
    };
    let mut ratios: Vec<f64> = flops
        .iter()
        .zip(n.iter().zip(d))
        .map(|(c, (n, d))| c / n / d)
        .filter(|r| r.is_finite() && *r > 0.0)
        .collect();
    ratios.sort_by(f64::total_cmp);
    ratios
        .get(ratios.len() / 2)
        .copied()
        .unwrap_or(FLOPS_PER_PARAMETER_AND_TOKEN)
}

fn plots(
    folder: &Path,
    table: &Table,
    found: &Fit,
    points: &Points,
    held: &[usize],
    excluded: &[usize],
) -> Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    let mut drawn: Vec<(&str, Figure)> = Vec::new();
    if found.law.resources().len() == 1 {
        let labels = figures::Labels::new(&["resource"], "loss");
        let held = table.points.select(held);
        drawn.push((
            "law",
            figures::law(found, points, Some(&held), 10.0, &labels)?,
        ));
        drawn.push((
            "residuals",
            figures::residuals(found, &table.points, excluded, &labels)?,
        ));
        if let Ok(window) = window(points) {
            drawn.push((
                "local_exponents",
                figures::local_exponents(&window, &labels)?,
            ));
        }
    } else {
        let labels = figures::Labels::new(&["parameters", "tokens"], "loss");
        let each = flops_each(table);
        drawn.push((
            "loss_by_parameters",
            figures::slices(found, points, 0, &labels)?,
        ));
        drawn.push((
            "loss_by_tokens",
            figures::slices(found, points, 1, &labels)?,
        ));
        drawn.push((
            "residuals",
            figures::residuals(found, &table.points, excluded, &labels)?,
        ));
        if let Some(largest) = found.largest_product
            && !found.warned("collinear_design")
        {
            let smallest = found.range[0].0 * found.range[1].0;
            if let Ok(figure) =
                figures::frontier(found, each * smallest, each * largest * 100.0, each)
            {
                drawn.push(("frontier", figure));
            }
            if let Ok(figure) = figures::contours(found, points, each, &labels) {
                drawn.push(("contours", figure));
            }
        }
        if let Some(flops) = &table.flops {
            let runs: Vec<IsoRun> = (0..table.points.len())
                .filter(|row| !excluded.contains(row))
                .map(|row| IsoRun {
                    compute: flops[row],
                    size: table.points.resources[0][row],
                    loss: table.points.loss[row],
                })
                .collect();
            let iso = isoflop(&runs, Minimum::Parabola)?;
            if !iso.budgets.is_empty() {
                drawn.push((
                    "isoflop",
                    figures::isoflop(&runs, &iso, "parameters", "loss")?,
                ));
            }
        }
    }
    if !found.samples.is_empty() {
        let (first, second) = match found.law {
            Law::Joint => ("A", "alpha"),
            Law::Kaplan => ("Nc", "alpha_N"),
            Law::OverTraining => ("a", "eta"),
            Law::SigmoidLike => ("beta", "c"),
            Law::Broken { .. } => ("b", "c0"),
            _ => ("a", "b"),
        };
        drawn.push(("bootstrap_ridge", figures::ridge(found, first, second)?));
    }
    for (name, figure) in drawn {
        figure.write(folder, name)?;
    }
    Ok(())
}

fn print_table(found: &Fit, report: &Value) {
    println!("{}   {}", found.law.name(), found.law.formula());
    println!(
        "objective {} = {:.6e} over {} rows; {} of {} starts ended at the best optimum\n",
        found.objective.name(),
        found.value,
        found.rows,
        (found.starts.share_at_best * found.starts.descended as f64).round(),
        found.starts.descended
    );
    let methods = [Method::Profile, Method::Wald, Method::Bootstrap];
    let shown: Vec<Method> = methods
        .into_iter()
        .filter(|method| found.intervals.iter().any(|i| i.method == *method))
        .collect();
    print!("{:<10}{:>14}", "", "value");
    for method in &shown {
        let name = format!("{:.0} % {method:?}", found.level * 100.0).to_lowercase();
        print!("{name:>28}");
    }
    println!();
    let end = |value: Option<f64>| value.map_or_else(|| "open".to_owned(), |v| format!("{v:.5}"));
    for parameter in &found.parameters {
        print!("{:<10}{:>14.6}", parameter.name, parameter.value);
        for method in &shown {
            let text = found
                .interval(&parameter.name, *method)
                .map_or_else(String::new, |i| {
                    format!("{} to {}", end(i.lower), end(i.upper))
                });
            print!("{text:>28}");
        }
        println!();
    }
    if let Some(a) = report.get("allocation_exponent") {
        println!(
            "\nN* grows as C^{:.4}   {}",
            a["value"].as_f64().unwrap_or(f64::NAN),
            a["intervals"]
        );
    }
    for point in report["frontier"].as_array().into_iter().flatten() {
        let value = |key: &str| point[key]["value"].as_f64().unwrap_or(f64::NAN);
        println!(
            "C = {:e}: N* {:.4e}, D* {:.4e}, D*/N* {:.3}, loss {:.5}",
            point["compute"].as_f64().unwrap_or(f64::NAN),
            value("parameters"),
            value("tokens"),
            value("tokens_per_parameter"),
            value("loss")
        );
    }
    for prediction in report["predictions"].as_array().into_iter().flatten() {
        println!(
            "loss at {}: {}   new run within {}   factor beyond the data {}",
            prediction["resources"],
            prediction["loss"],
            prediction["prediction"],
            prediction["extrapolation_factor"]
        );
    }
    if let Some(held) = report.get("held_out") {
        println!(
            "held out: rmse of ln L {}, bias {}",
            held["rmse"], held["bias"]
        );
    }
    println!();
    for warning in &found.warnings {
        println!("warning {}: {warning}", warning.code());
    }
    println!("{} warnings", found.warnings.len());
}

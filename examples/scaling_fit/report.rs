//! The result as JSON.

use crate::Arguments;
use crate::table::Table;
use anyhow::{Context as _, Result, bail};
use scaling_fit::{
    Fit, FitOptions, Law, Method, Points, Quantity, Warning, coverage, sensitivity,
    usual_objectives,
};
use serde_json::{Map, Value, json};

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

/// Everything the fit says; the parameters stand under their names.
pub(crate) fn report(
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
    put("frontier", json!(frontier(arguments, table, found)?));
    put("predictions", json!(predictions(arguments, found)?));
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
                "lines": table.lines_of(held),
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
    put("excluded_lines", json!(table.lines_of(excluded)));
    let dropped: Vec<usize> = found.dropped.iter().map(|&row| fitted[row]).collect();
    put("dropped_lines", json!(table.lines_of(&dropped)));
    put(
        "design",
        serde_json::to_value(coverage(points, table.resource_names()))?,
    );
    let mut warnings = found.warnings.clone();
    if let Some(warning) = table.schedule_mismatch() {
        if let Warning::ScheduleMismatch { rows } = &warning {
            put("schedule_mismatch_lines", json!(table.lines_of(rows)));
        }
        warnings.push(warning);
    }
    put("outcome", json!(found.code()));
    put("warnings", serde_json::to_value(&warnings)?);
    put("seed", json!(arguments.seed));
    put("resamples", json!(found.samples.len()));
    put("version", json!(found.version));
    Ok(Value::Object(out))
}

/// The compute-optimal split of each budget asked for.
fn frontier(arguments: &Arguments, table: &Table, found: &Fit) -> Result<Vec<Value>> {
    let mut frontier = Vec::new();
    for &compute in &arguments.compute {
        let point = found.frontier(compute, table.flops_each(), found.level)?;
        frontier.push(json!({
            "compute": compute,
            "parameters": quantity(&point.parameters),
            "tokens": quantity(&point.tokens),
            "tokens_per_parameter": quantity(&point.tokens_per_parameter),
            "loss": quantity(&point.loss),
            "extrapolation_factor": point.extrapolation_factor,
        }));
    }
    Ok(frontier)
}

/// The loss at each point asked for.
fn predictions(arguments: &Arguments, found: &Fit) -> Result<Vec<Value>> {
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
    Ok(predictions)
}

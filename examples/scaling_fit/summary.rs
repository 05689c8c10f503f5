//! The result as a table for people.

use scaling_fit::{Fit, Method};
use serde_json::Value;

/// Prints parameters with their intervals, derived quantities, held-out errors and warnings.
pub(crate) fn print(found: &Fit, report: &Value) {
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
    let remarks = report["design"]["remarks"].as_array();
    for remark in remarks.into_iter().flatten() {
        println!("design: {}", remark.as_str().unwrap_or_default());
    }
    if let Some(lines) = report.get("schedule_mismatch_lines") {
        println!("schedules that ended elsewhere than their tokens: lines {lines}");
    }
    for warning in &found.warnings {
        println!("warning {}: {warning}", warning.code());
    }
    println!("{} warnings", found.warnings.len());
}

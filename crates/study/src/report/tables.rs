//! Every number of a study as CSV.

use std::fmt::Write as _;

use crate::fits::{Axis, ScalingCurve};
use crate::record::Record;
use crate::results::{Results, Row};
use crate::search::Fate;

/// A CSV table: fields with a comma, a quote or a line end are quoted (RFC 4180).
#[derive(Debug, Default)]
pub(super) struct Csv {
    text: String,
}

impl Csv {
    pub(super) fn new<const N: usize>(header: [&str; N]) -> Self {
        let mut csv = Self::default();
        csv.row(header.map(str::to_owned));
        csv
    }

    pub(super) fn row(&mut self, fields: impl IntoIterator<Item = String>) {
        for (place, field) in fields.into_iter().enumerate() {
            if place > 0 {
                self.text.push(',');
            }
            if field.contains([',', '"', '\n', '\r']) {
                let _ = write!(self.text, "\"{}\"", field.replace('"', "\"\""));
            } else {
                self.text.push_str(&field);
            }
        }
        self.text.push('\n');
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.text.into_bytes()
    }
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// File name → bytes of every table.
pub(super) fn all(results: &Results) -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("runs.csv", runs(results)),
        ("search.csv", search(results)),
        ("exponents.csv", exponents(results)),
        ("points.csv", points(results)),
        ("joint.csv", joint(results)),
        ("learning_curves.csv", learning_curves(results)),
    ]
}

fn runs(results: &Results) -> Vec<u8> {
    let mut csv = Csv::new([
        "id",
        "family",
        "depth",
        "width",
        "parameters_non_embedding",
        "parameters_total",
        "training_items",
        "unique_units",
        "epochs",
        "units_seen",
        "flops",
        "learning_rate",
        "batch",
        "seed",
        "steps",
        "status",
        "metric",
        "validation",
        "wall_s",
    ]);
    for record in results.records() {
        let row = Row::from(record);
        for (metric, value) in &row.validation {
            csv.row([
                row.id.clone(),
                row.family.clone(),
                row.depth.to_string(),
                row.width.to_string(),
                row.parameters.to_string(),
                row.parameters_total.to_string(),
                row.items.to_string(),
                row.unique_units.to_string(),
                row.epochs.to_string(),
                row.units_seen.to_string(),
                row.flops.to_string(),
                row.learning_rate.to_string(),
                row.batch.to_string(),
                row.seed.to_string(),
                row.steps.to_string(),
                row.status.clone(),
                metric.clone(),
                value.to_string(),
                number(results.wall_s.get(&row.id).copied()),
            ]);
        }
    }
    csv.finish()
}

fn search(results: &Results) -> Vec<u8> {
    let mut csv = Csv::new([
        "family",
        "depth",
        "width",
        "learning_rate",
        "batch",
        "score",
        "fate",
        "final",
        "predicted_final",
        "early_id",
        "full_id",
    ]);
    for search in results.families.iter().flat_map(|family| &family.searches) {
        for trial in &search.trials {
            let fate = match trial.fate {
                Fate::Kept => "kept",
                Fate::Control => "control",
                Fate::Discarded => "discarded",
            };
            csv.row([
                search.family.clone(),
                search.size.depth.to_string(),
                search.size.width.to_string(),
                trial.setting.learning_rate.to_string(),
                trial.setting.batch.to_string(),
                trial.score.to_string(),
                fate.to_owned(),
                number(trial.truth),
                number(trial.predicted),
                trial.early_id.clone(),
                trial.full_id.clone().unwrap_or_default(),
            ]);
        }
    }
    csv.finish()
}

fn exponents(results: &Results) -> Vec<u8> {
    let mut csv = Csv::new([
        "family",
        "metric",
        "unit",
        "along",
        "held",
        "points",
        "exponent",
        "lower",
        "upper",
        "level",
        "method",
        "resolved",
        "reason",
        "floor_law_exponent",
        "floor",
        "warnings",
    ]);
    for family in &results.families {
        for curve in &family.laws.curves {
            let exponent = curve.exponent.as_ref();
            let floor = curve.saturating.fit.as_ref();
            csv.row([
                family.name.clone(),
                curve.metric.clone(),
                curve.unit.clone(),
                along(curve).to_owned(),
                curve.held.clone(),
                curve.points.len().to_string(),
                number(exponent.map(|exponent| exponent.value)),
                number(exponent.and_then(|exponent| exponent.lower)),
                number(exponent.and_then(|exponent| exponent.upper)),
                number(exponent.map(|exponent| exponent.level)),
                exponent.map_or_else(String::new, |exponent| exponent.method.clone()),
                curve.verdict.resolved.to_string(),
                curve.verdict.reason.clone(),
                number(floor.and_then(|fit| fit.value_of("b"))),
                number(floor.and_then(|fit| fit.value_of("E"))),
                curve.power.codes.join(" "),
            ]);
        }
    }
    csv.finish()
}

fn along(curve: &ScalingCurve) -> &'static str {
    match curve.axis {
        Axis::Parameters => "parameters",
        Axis::Data => "data",
    }
}

fn points(results: &Results) -> Vec<u8> {
    let mut csv = Csv::new([
        "family", "metric", "unit", "along", "held", "resource", "value", "epochs", "id",
    ]);
    for family in &results.families {
        for curve in &family.laws.curves {
            for point in &curve.points {
                csv.row([
                    family.name.clone(),
                    curve.metric.clone(),
                    curve.unit.clone(),
                    along(curve).to_owned(),
                    curve.held.clone(),
                    point.x.to_string(),
                    point.y.to_string(),
                    point.epochs.to_string(),
                    point.id.clone(),
                ]);
            }
        }
    }
    csv.finish()
}

fn joint(results: &Results) -> Vec<u8> {
    let mut csv = Csv::new([
        "family",
        "metric",
        "parameters",
        "data",
        "value",
        "fitted",
        "id",
    ]);
    for family in &results.families {
        let joint = &family.laws.joint;
        for (n, d, y, id) in &joint.rows {
            csv.row([
                family.name.clone(),
                joint.metric.clone(),
                n.to_string(),
                d.to_string(),
                y.to_string(),
                number(joint.joint.fit.as_ref().map(|fit| fit.loss(&[*n, *d]))),
                id.clone(),
            ]);
        }
    }
    csv.finish()
}

fn learning_curves(results: &Results) -> Vec<u8> {
    let mut csv = Csv::new(["id", "family", "step", "training_loss"]);
    let mut add = |record: &Record| {
        for (step, loss) in &record.curve {
            csv.row([
                record.id.clone(),
                record.spec.family.clone(),
                step.to_string(),
                loss.to_string(),
            ]);
        }
    };
    results.records().for_each(&mut add);
    csv.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_need_quotes_get_them() {
        let mut csv = Csv::new(["a", "b"]);
        csv.row(["1,5".to_owned(), "say \"no\"".to_owned()]);
        assert_eq!(csv.finish(), b"a,b\n\"1,5\",\"say \"\"no\"\"\"\n");
    }
}

//! Runs as points: resources, final losses, weights and the run each row belongs to.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// Finished runs, column by column; all columns have one entry per row.
///
/// Units are the caller's: parameters, tokens or samples, FLOP for resources, and any positive
/// unit (nats per token, meV per atom) for the loss.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Points {
    /// Resource columns in the order that the law takes them: `[R]`, or `[N, D]`.
    pub resources: Vec<Vec<f64>>,
    /// Final losses.
    pub loss: Vec<f64>,
    /// Frequency weights (2 equals the row twice, 0 equals the row absent); empty means all 1.
    #[serde(default)]
    pub weights: Vec<f64>,
    /// Resampling unit of each row, such as the run or the seed; empty means one unit per row.
    #[serde(default)]
    pub groups: Vec<u64>,
}

impl Points {
    /// Points of a law in one resource.
    #[must_use]
    pub fn one(resource: &[f64], loss: &[f64]) -> Self {
        Self {
            resources: vec![resource.to_vec()],
            loss: loss.to_vec(),
            ..Self::default()
        }
    }

    /// Points of a law in two resources, such as parameters and tokens.
    #[must_use]
    pub fn two(first: &[f64], second: &[f64], loss: &[f64]) -> Self {
        Self {
            resources: vec![first.to_vec(), second.to_vec()],
            loss: loss.to_vec(),
            ..Self::default()
        }
    }

    /// The same points with frequency weights.
    #[must_use]
    pub fn with_weights(mut self, weights: &[f64]) -> Self {
        self.weights = weights.to_vec();
        self
    }

    /// The same points with a resampling unit for each row.
    #[must_use]
    pub fn with_groups(mut self, groups: &[u64]) -> Self {
        self.groups = groups.to_vec();
        self
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.loss.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.loss.is_empty()
    }

    /// The rows with these indices, in this order.
    ///
    /// # Panics
    /// When an index is outside the points.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let pick = |column: &Vec<f64>| rows.iter().map(|&row| column[row]).collect::<Vec<_>>();
        Self {
            resources: self.resources.iter().map(pick).collect(),
            loss: pick(&self.loss),
            weights: if self.weights.is_empty() {
                Vec::new()
            } else {
                pick(&self.weights)
            },
            groups: if self.groups.is_empty() {
                Vec::new()
            } else {
                rows.iter().map(|&row| self.groups[row]).collect()
            },
        }
    }

    /// The rows whose loss is among the `count` largest, counted from 0 and sorted.
    #[must_use]
    pub fn largest_losses(&self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by(|&a, &b| self.loss[b].total_cmp(&self.loss[a]).then(a.cmp(&b)));
        order.truncate(count);
        order.sort_unstable();
        order
    }
}

/// One usable row with everything that the solver needs ready.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    /// Logarithms of the resources.
    pub(crate) ln_x: [f64; 2],
    /// Loss as given.
    pub(crate) loss: f64,
    /// Its logarithm; NaN where the loss is not positive under a linear objective.
    pub(crate) ln_loss: f64,
    /// Frequency weight.
    pub(crate) weight: f64,
    /// Index of its resampling unit.
    pub(crate) unit: usize,
}

/// Checked rows in an order that does not depend on the order given.
#[derive(Debug, Clone)]
pub(crate) struct Checked {
    pub(crate) rows: Vec<Row>,
    /// Rows left out because their values are invalid, counted from 0.
    pub(crate) dropped: Vec<usize>,
    /// Resampling units.
    pub(crate) units: usize,
}

impl Checked {
    /// Sum of the weights: the number of rows when weights count repetitions.
    pub(crate) fn total_weight(&self) -> f64 {
        self.rows.iter().map(|row| row.weight).sum()
    }

    /// Number of distinct resource vectors.
    pub(crate) fn distinct(&self) -> usize {
        let mut keys: Vec<[u64; 2]> = self
            .rows
            .iter()
            .map(|row| row.ln_x.map(f64::to_bits))
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys.len()
    }
}

/// Checks every value, sorts the rows, and numbers the resampling units.
pub(crate) fn check(
    points: &Points,
    columns: &[&str],
    law: &str,
    objective: &str,
    needs_log: bool,
    skip_invalid: bool,
) -> Result<Checked> {
    let expected = points.loss.len();
    if points.resources.len() != columns.len() {
        return Err(Error::WrongResources {
            law: law.to_owned(),
            expected: columns.iter().map(|&name| name.to_owned()).collect(),
            got: (1..=points.resources.len())
                .map(|number| format!("resource {number}"))
                .collect(),
        });
    }
    let mismatch = |column: &str, got: usize| Error::LengthMismatch {
        column: column.to_owned(),
        got,
        expected,
    };
    for (name, column) in columns.iter().zip(&points.resources) {
        if column.len() != expected {
            return Err(mismatch(name, column.len()));
        }
    }
    if !points.weights.is_empty() && points.weights.len() != expected {
        return Err(mismatch("weights", points.weights.len()));
    }
    if !points.groups.is_empty() && points.groups.len() != expected {
        return Err(mismatch("groups", points.groups.len()));
    }

    let mut rows = Vec::with_capacity(expected);
    let mut dropped = Vec::new();
    let mut labels = Vec::with_capacity(expected);
    for index in 0..expected {
        let weight = points.weights.get(index).copied().unwrap_or(1.0);
        if !(weight.is_finite() && weight >= 0.0) {
            return Err(Error::InvalidWeight {
                row: index,
                value: weight,
            });
        }
        if weight == 0.0 {
            continue;
        }
        match check_row(points, index, columns, objective, needs_log) {
            Ok(ln_x) => {
                let loss = points.loss[index];
                rows.push(Row {
                    ln_x,
                    loss,
                    ln_loss: if loss > 0.0 { loss.ln() } else { f64::NAN },
                    weight,
                    unit: rows.len(),
                });
                labels.push(points.groups.get(index).copied());
            }
            Err(_) if skip_invalid => dropped.push(index),
            Err(error) => return Err(error),
        }
    }
    // Sorting makes every later sum independent of the order in which the rows came.
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|&a, &b| {
        let (p, q): (&Row, &Row) = (&rows[a], &rows[b]);
        p.ln_x[0]
            .total_cmp(&q.ln_x[0])
            .then(p.ln_x[1].total_cmp(&q.ln_x[1]))
            .then(p.loss.total_cmp(&q.loss))
            .then(p.weight.total_cmp(&q.weight))
            .then(labels[a].cmp(&labels[b]))
    });
    let mut known: Vec<u64> = Vec::new();
    let mut sorted = Vec::with_capacity(rows.len());
    for (position, &from) in order.iter().enumerate() {
        let unit = match labels[from] {
            None => position,
            Some(label) => known.iter().position(|&k| k == label).unwrap_or_else(|| {
                known.push(label);
                known.len() - 1
            }),
        };
        sorted.push(Row { unit, ..rows[from] });
    }
    let units = if points.groups.is_empty() {
        sorted.len()
    } else {
        known.len()
    };
    Ok(Checked {
        rows: sorted,
        dropped,
        units,
    })
}

fn check_row(
    points: &Points,
    row: usize,
    columns: &[&str],
    objective: &str,
    needs_log: bool,
) -> Result<[f64; 2]> {
    let mut ln_x = [0.0; 2];
    for (slot, (name, column)) in columns.iter().zip(&points.resources).enumerate() {
        let value = column[row];
        if !value.is_finite() {
            return Err(Error::NonFinite {
                row,
                column: (*name).to_owned(),
                value,
            });
        }
        if value <= 0.0 {
            return Err(Error::NonPositiveResource {
                row,
                column: (*name).to_owned(),
                value,
            });
        }
        ln_x[slot] = value.ln();
    }
    let value = points.loss[row];
    if !value.is_finite() {
        return Err(Error::NonFinite {
            row,
            column: "loss".to_owned(),
            value,
        });
    }
    if needs_log && value <= 0.0 {
        return Err(Error::NonPositiveLoss {
            row,
            value,
            objective: objective.to_owned(),
        });
    }
    Ok(ln_x)
}

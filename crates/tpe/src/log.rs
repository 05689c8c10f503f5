//! Loss logs of runs from CSV files.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::table::{Row, Table};
use crate::{Curve, Error, Result};

/// What the rows of a log are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogKind {
    /// Training losses: one row an epoch, or one a step, which are averaged over each epoch.
    #[default]
    Training,
    /// Evaluations at steps; one at step 0 (at epoch 0 without a step column) comes before
    /// training and is left out, each other row counts as one epoch.
    Evaluations,
}

/// The log of one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunLog {
    /// Training loss, epoch by epoch.
    pub curve: Curve,
    /// Validation loss after each epoch, where the log has one.
    #[serde(with = "crate::loss_serde::optional_list")]
    pub validation: Vec<Option<f64>>,
    /// The final loss that the log states, if it does.
    pub final_loss: Option<f64>,
    /// Evaluations from before the first update, which are not in the curve.
    pub left_out: usize,
}

impl RunLog {
    /// The loss that the run is judged by if it ends after `epochs` epochs: what the log states,
    /// or the validation loss of that epoch, or its training loss; `None` for a shorter run.
    /// A diverged run has +∞.
    #[must_use]
    pub fn final_loss_after(&self, epochs: usize) -> Option<f64> {
        if self.curve.diverged_by(epochs).is_some() {
            return Some(f64::INFINITY);
        }
        let at = epochs.checked_sub(1)?;
        let validation = self.validation.get(at).copied().flatten();
        let loss = self
            .final_loss
            .or(validation)
            .or_else(|| self.curve.losses.get(at).copied())?;
        Some(if loss.is_finite() {
            loss
        } else {
            f64::INFINITY
        })
    }
}

/// Reads the runs of a file in the order in which they appear.
///
/// Columns, by name in any order and case: `run` (without it the file is one run, named after
/// the file), `epoch` (counted from 0 or from 1), `train_loss` or `train_loss_step`, and
/// optionally `step`, `val_loss` or `validation_loss`, and `final_loss`. A cell may be empty; `nan` and `inf`
/// are losses of a diverged run.
///
/// # Errors
/// A file that cannot be read, a missing column, or the line of: a cell that is no number, a row
/// without a loss, two final losses of one run; also an epoch that a run lacks.
pub fn read_runs(path: &Path, kind: LogKind) -> Result<Vec<RunLog>> {
    let table = Table::read(path)?;
    let columns = Columns::of(&table, kind)?;
    let mut order: Vec<String> = Vec::new();
    let mut runs: BTreeMap<String, Raw> = BTreeMap::new();
    let only = path
        .file_stem()
        .map_or_else(String::new, |s| s.to_string_lossy().into_owned());
    for row in table.rows() {
        let name = columns.run.map_or(only.as_str(), |column| row.text(column));
        if name.is_empty() {
            return Err(row.problem("the name of the run is empty".to_owned()));
        }
        if !runs.contains_key(name) {
            order.push(name.to_owned());
        }
        let run = runs.entry(name.to_owned()).or_default();
        run.add(row, &columns, kind)?;
    }
    let first = runs
        .values()
        .filter_map(|run| run.epochs.keys().next().copied())
        .min()
        .unwrap_or(0);
    order
        .into_iter()
        .map(|name| {
            let run = runs.remove(&name).unwrap_or_default();
            match kind {
                LogKind::Training => run.training(name, first, table.path()),
                LogKind::Evaluations => Ok(run.evaluations(name)),
            }
        })
        .collect()
}

struct Columns {
    run: Option<usize>,
    time: usize,
    train: usize,
    validation: Option<usize>,
    last: Option<usize>,
}

impl Columns {
    fn of(table: &Table, kind: LogKind) -> Result<Self> {
        let validation = ["val_loss", "validation_loss", "valid_loss"];
        Ok(Self {
            run: table.optional_column("run"),
            time: match kind {
                LogKind::Training => table.column("epoch")?,
                LogKind::Evaluations => table.column_of(&["step", "epoch"])?,
            },
            train: table.column_of(&["train_loss", "train_loss_step", "train_loss_epoch"])?,
            validation: validation
                .iter()
                .find_map(|name| table.optional_column(name)),
            last: table.optional_column("final_loss"),
        })
    }
}

/// The rows of one run by epoch (or by step, for evaluations).
#[derive(Default)]
struct Raw {
    epochs: BTreeMap<u64, (Vec<f64>, Option<f64>)>,
    final_loss: Option<f64>,
}

impl Raw {
    fn add(&mut self, row: Row<'_>, columns: &Columns, kind: LogKind) -> Result<()> {
        let time: u64 = row.parse(columns.time, "a whole number")?;
        let train: Option<f64> = row.optional(Some(columns.train), "a loss")?;
        let validation: Option<f64> = row.optional(columns.validation, "a loss")?;
        let last: Option<f64> = row.optional(columns.last, "a loss")?;
        if train.is_none() && validation.is_none() && last.is_none() && kind == LogKind::Evaluations
        {
            return Err(row.problem("the row has no loss".to_owned()));
        }
        let entry = self.epochs.entry(time).or_default();
        if kind == LogKind::Evaluations && train.is_some() && !entry.0.is_empty() {
            return Err(row.problem(format!("step {time} is there twice")));
        }
        entry.0.extend(train);
        entry.1 = validation.or(entry.1);
        if let Some(loss) = last {
            let agrees =
                |known: f64| known.to_bits() == loss.to_bits() || (known - loss).abs() < 1e-12;
            if self.final_loss.is_some_and(|known| !agrees(known)) {
                return Err(row.problem("the run has two different final losses".to_owned()));
            }
            self.final_loss = Some(loss);
        }
        Ok(())
    }

    fn training(self, run: String, first: u64, path: &Path) -> Result<RunLog> {
        let mut steps = Vec::new();
        let mut validation = Vec::new();
        for (expected, (epoch, (losses, valid))) in (first..).zip(self.epochs) {
            if epoch != expected || first > 1 {
                return Err(Error::Settings(format!(
                    "{}: run {run} has no epoch {}",
                    path.display(),
                    if first > 1 { 1 } else { expected }
                )));
            }
            steps.push(losses);
            validation.push(valid);
        }
        Ok(RunLog {
            curve: Curve::from_steps(run, &steps)?,
            validation,
            final_loss: self.final_loss,
            left_out: 0,
        })
    }

    fn evaluations(self, run: String) -> RunLog {
        let taken: Vec<(u64, f64, Option<f64>)> = self
            .epochs
            .into_iter()
            .filter_map(|(step, (losses, valid))| Some((step, *losses.first()?, valid)))
            .collect();
        let train: Vec<(u64, f64)> = taken.iter().map(|&(step, loss, _)| (step, loss)).collect();
        let (curve, left_out) = Curve::from_evaluations(run, &train);
        RunLog {
            curve,
            validation: taken
                .iter()
                .filter(|(step, ..)| *step > 0)
                .map(|&(.., valid)| valid)
                .collect(),
            final_loss: self.final_loss,
            left_out,
        }
    }
}

//! The table of runs.

use anyhow::{Context as _, Result};
use scaling_fit::{FLOPS_PER_PARAMETER_AND_TOKEN, Law, Points, Warning, schedule_mismatch};
use std::path::Path;

/// The table with the line of each row in the file.
pub(crate) struct Table {
    pub(crate) points: Points,
    pub(crate) lines: Vec<usize>,
    pub(crate) flops: Option<Vec<f64>>,
    /// Tokens at which each run's learning-rate schedule ends.
    schedule: Option<Vec<f64>>,
}

impl Table {
    /// Reads a CSV file with the columns that a law needs; a bad cell is named by its line.
    pub(crate) fn read(path: &Path, law: Law) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
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
        let schedule = find("schedule");
        let mut table = Self {
            points: Points {
                resources: vec![Vec::new(); resources.len()],
                ..Points::default()
            },
            lines: Vec::new(),
            flops: flops.map(|_| Vec::new()),
            schedule: schedule.map(|_| Vec::new()),
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
            for (values, column) in [(&mut table.flops, flops), (&mut table.schedule, schedule)] {
                if let (Some(values), Some(column)) = (values, column) {
                    values.push(cell(column)?);
                }
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

    /// FLOP for a parameter and a token: the median of the table's own where it has them.
    pub(crate) fn flops_each(&self) -> f64 {
        let (Some(flops), [n, d]) = (&self.flops, self.points.resources.as_slice()) else {
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

    /// Names of the resource columns.
    pub(crate) fn resource_names(&self) -> &'static [&'static str] {
        match self.points.resources.len() {
            2 => &["parameters", "tokens"],
            _ => &["resource"],
        }
    }

    /// Rows whose schedule ended elsewhere than their tokens, if the table says where it ended.
    pub(crate) fn schedule_mismatch(&self) -> Option<Warning> {
        let tokens = self.points.resources.get(1)?;
        schedule_mismatch(tokens, self.schedule.as_deref()?)
    }

    /// The lines of rows.
    pub(crate) fn lines_of(&self, rows: &[usize]) -> Vec<usize> {
        rows.iter().map(|&row| self.lines[row]).collect()
    }
}

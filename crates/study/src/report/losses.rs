//! The final losses of a family's grid as one table, for the page and for the terminal.

use crate::{results::FamilyResults, spec::Size};

/// One training set, the smallest first.
pub(super) struct Column {
    pub(super) items: usize,
    /// What the set counts in the family's units.
    pub(super) units: u64,
    /// Passes over it.
    pub(super) epochs: f64,
}

/// One model size, the fewest parameters first.
pub(super) struct Row {
    pub(super) size: Size,
    pub(super) parameters: u64,
    /// Under each column the loss of every run, or nothing for a run that diverged.
    pub(super) cells: Vec<Vec<Option<f64>>>,
}

/// The losses of one metric.
pub(super) fn losses(family: &FamilyResults, metric: &str) -> (Vec<Column>, Vec<Row>) {
    let mut columns: Vec<Column> = Vec::new();
    let mut rows: Vec<Row> = Vec::new();
    for run in &family.grid {
        if !columns.iter().any(|c| c.items == run.spec.data_size) {
            columns.push(Column {
                items: run.spec.data_size,
                units: run.exposure.unique_units,
                epochs: run.exposure.epochs,
            });
        }
        if !rows.iter().any(|row| row.size == run.spec.size) {
            rows.push(Row {
                size: run.spec.size,
                parameters: run.parameters.non_embedding,
                cells: Vec::new(),
            });
        }
    }
    columns.sort_by_key(|column| column.items);
    rows.sort_by_key(|row| (row.parameters, row.size));
    for row in &mut rows {
        let cell = |column: &Column| {
            let runs = family.grid.iter();
            runs.filter(|run| run.spec.size == row.size && run.spec.data_size == column.items)
                .map(|run| {
                    run.validation
                        .get(metric)
                        .copied()
                        .filter(|loss| loss.is_finite())
                })
                .collect()
        };
        row.cells = columns.iter().map(cell).collect();
    }
    (columns, rows)
}

//! Cells of a CSV table by the names of their columns.

use std::path::Path;

use anyhow::{Context, Result};

/// The cells of a line; a quoted cell may hold commas.
pub(crate) fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            c => cells.last_mut().expect("there is always a cell").push(c),
        }
    }
    cells
}

/// The place of the column of this name.
pub(crate) fn place(path: &Path, names: &[String], name: &str) -> Result<usize> {
    names
        .iter()
        .position(|found| found.trim() == name)
        .with_context(|| {
            format!(
                "{} has no column `{name}`, only {}",
                path.display(),
                names.join(", ")
            )
        })
}

//! A table of molecules and their values, split by scaffold.

use std::path::Path;

use anyhow::{Context, Result, bail};
use chemgpt::property::Labelled;
use datasets::split::{Fractions, by_scaffold};
use selfies::fingerprint::{Fingerprint, morgan};
use selfies::graph::MolGraph;

use crate::readable::Reading;
use crate::table::{cells, place};

pub(crate) struct Record {
    /// As the table writes it.
    smiles: String,
    /// As it was read, by the model and for the fingerprint and the scaffold alike.
    read: String,
    ids: Vec<u32>,
    value: f64,
    fingerprint: Fingerprint,
}

/// Some of the records, column by column.
#[derive(Default)]
pub(crate) struct Part {
    pub(crate) smiles: Vec<String>,
    pub(crate) ids: Vec<Vec<u32>>,
    pub(crate) values: Vec<f64>,
    pub(crate) fingerprints: Vec<Fingerprint>,
}

impl Part {
    pub(crate) fn labelled(&self) -> Labelled<'_> {
        Labelled {
            sequences: &self.ids,
            values: &self.values,
        }
    }

    fn of(records: &[Record], chosen: &[usize]) -> Self {
        let mut part = Self::default();
        for record in chosen.iter().map(|&index| &records[index]) {
            part.smiles.push(record.smiles.clone());
            part.ids.push(record.ids.clone());
            part.values.push(record.value);
            part.fingerprints.push(record.fingerprint.clone());
        }
        part
    }
}

pub(crate) struct Parts {
    pub(crate) train: Part,
    pub(crate) validation: Part,
    pub(crate) test: Part,
}

/// Reads a table and splits what can be used: 80 % to train on, 10 % to validate on, 10 % to test.
pub(crate) fn split(reading: &mut Reading, table: &Path, columns: [&str; 2]) -> Result<Parts> {
    let rows = read_columns(table, columns)?;
    let total = rows.len();
    let records: Vec<Record> = rows
        .into_iter()
        .filter_map(|(smiles, value)| record(reading, smiles, value))
        .collect();
    if records.len() < 20 {
        bail!(
            "only {} of {total} rows of {} can be used: {reading}",
            records.len(),
            table.display()
        );
    }
    let smiles: Vec<&str> = records.iter().map(|r| r.read.as_str()).collect();
    let split = by_scaffold(&smiles, &Fractions::default())?;
    Ok(Parts {
        train: Part::of(&records, &split.train),
        validation: Part::of(&records, &split.validation),
        test: Part::of(&records, &split.test),
    })
}

/// What the model or the chemistry cannot read is left out.
fn record(reading: &mut Reading, smiles: String, value: f64) -> Option<Record> {
    let (read, ids) = reading.sequence(&smiles).ok()?;
    let read = read.into_owned();
    let graph = MolGraph::from_smiles(&read).ok().and_then(|mut graph| {
        graph.sanitise().ok()?;
        Some(graph)
    });
    let Some(graph) = graph else {
        reading.left_out += 1;
        return None;
    };
    Some(Record {
        fingerprint: morgan(&graph, 2, 2048),
        smiles,
        read,
        ids,
        value,
    })
}

/// A text column and a number column of a CSV table with a header; rows without a number are an error with their line.
fn read_columns(path: &Path, columns: [&str; 2]) -> Result<Vec<(String, f64)>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let mut lines = text.lines().zip(1..);
    let names = cells(lines.next().map_or("", |(line, _)| line));
    let [smiles, target] = [
        place(path, &names, columns[0])?,
        place(path, &names, columns[1])?,
    ];
    let mut rows = Vec::new();
    for (line, number) in lines {
        if line.trim().is_empty() {
            continue;
        }
        let row = cells(line);
        let (Some(smiles), Some(value)) = (row.get(smiles), row.get(target)) else {
            bail!(
                "{}, line {number}: expected {} cells, got {}",
                path.display(),
                names.len(),
                row.len()
            );
        };
        let value: f64 = value.trim().parse().with_context(|| {
            format!("{}, line {number}: `{value}` is no number", path.display())
        })?;
        rows.push((smiles.trim().to_owned(), value));
    }
    Ok(rows)
}

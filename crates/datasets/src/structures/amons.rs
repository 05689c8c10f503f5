//! Tables with one molecule a row and bracketed lists in the fields, as the force sets of qmllib have them;
//! semicolons, kcal/mol and Å.

use std::io::BufRead;
use std::path::Path;

use atoms::Structure;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::source::open;

use super::frames::{Frame, Frames};
use super::{ReadOptions, Units, UnitsOrigin};

pub(super) fn read(path: &Path, options: &ReadOptions) -> Result<Frames> {
    let mut lines = open(path, options.unpacked_limit)?.lines();
    let header = match lines.next() {
        Some(line) => line.map_err(|e| Error::read(path, e))?,
        None => {
            return Err(Error::Empty {
                path: path.to_path_buf(),
            });
        }
    };
    let names: Vec<&str> = header.trim_end().split(';').collect();
    let find = |name: &str| names.iter().position(|n| n.trim() == name);
    let require = |name: &'static str| {
        find(name).ok_or_else(|| Error::MissingColumn {
            path: path.to_path_buf(),
            column: name.into(),
            available: names.iter().map(|n| (*n).to_owned()).collect(),
        })
    };
    let columns = Columns {
        count: names.len(),
        numbers: require("nuclear_charges")?,
        positions: require("coordinates")?,
        forces: find("forces"),
        energy: find("total_energy").or_else(|| find("energy")),
        group: find("smiles").or_else(|| find("name")),
    };
    let mut frames = Vec::new();
    for (number, line) in (2_u64..).zip(lines) {
        let line = line.map_err(|e| Error::read(path, e))?;
        if line.trim().is_empty() {
            continue;
        }
        if options.limit.is_some_and(|limit| frames.len() >= limit) {
            break;
        }
        frames.push(Frame {
            line: number,
            content: columns.structure(&line),
            text: line,
        });
    }
    Ok(Frames {
        all: frames,
        units: Units::KCAL_PER_MOL,
        origin: UnitsOrigin::Set("the amons force sets"),
        notes: Vec::new(),
    })
}

struct Columns {
    count: usize,
    numbers: usize,
    positions: usize,
    forces: Option<usize>,
    energy: Option<usize>,
    group: Option<usize>,
}

impl Columns {
    fn structure(&self, line: &str) -> Result<Structure, String> {
        let fields: Vec<&str> = line.trim_end().split(';').collect();
        if fields.len() != self.count {
            return Err(format!(
                "the row has {} fields, expected {}",
                fields.len(),
                self.count
            ));
        }
        Ok(Structure {
            species: list(fields[self.numbers], "nuclear_charges")?,
            positions: list(fields[self.positions], "coordinates")?,
            forces: self.forces.map(|k| list(fields[k], "forces")).transpose()?,
            energy: self
                .energy
                .map(|k| list(fields[k], "total_energy"))
                .transpose()?,
            group: self.group.map(|k| fields[k].to_owned()),
            ..Structure::default()
        })
    }
}

/// A list of numbers as Python writes it is also JSON.
fn list<T: DeserializeOwned>(text: &str, name: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|e| format!("{name}: {e}"))
}

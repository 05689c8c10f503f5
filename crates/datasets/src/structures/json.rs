//! JSON lists of pymatgen structures with outputs, as in mlearn
//! (Zuo et al., J. Phys. Chem. A 124, 731, 2020, <https://doi.org/10.1021/acs.jpca.9b08723>), and rows of ASE's JSON
//! database. eV and Å.

use std::collections::BTreeMap;
use std::path::Path;

use atoms::{Structure, element};
use serde::Deserialize;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::source::open;

use super::frames::{Frame, Frames};
use super::{ReadOptions, Units, UnitsOrigin, ase};

/// Said of mlearn files that have a `virial_stress`. Its unit, sign and order are those of VASP for the strained cells of the
/// silicon set, whose energies tell (and <https://github.com/materialyzeai/mlearn/issues/64> says the same). In its
/// molecular-dynamics frames, however, yz and xz are exchanged, and its skewed cells were turned without their stress.
const UNREAD_STRESS: &str = "virial_stress is not read: it is in kbar, positive under compression, but the order of yz                              and xz differs between the groups of mlearn's files";

pub(super) fn read(path: &Path, options: &ReadOptions) -> Result<Frames> {
    let reader = open(path, options.unpacked_limit)?;
    let value: Value = serde_json::from_reader(reader).map_err(|e| {
        if e.is_io() {
            Error::read(path, e.into())
        } else {
            Error::malformed(path, "JSON", e.to_string())
        }
    })?;
    let mut notes = Vec::new();
    let (records, origin): (Vec<(u64, Result<Structure, String>)>, _) = match value {
        Value::Array(entries) => {
            if entries
                .iter()
                .any(|entry| entry["outputs"].get("virial_stress").is_some())
            {
                notes.push(UNREAD_STRESS.to_owned());
            }
            (
                (1..).zip(entries.into_iter().map(mlearn)).collect(),
                UnitsOrigin::Set("mlearn"),
            )
        }
        Value::Object(rows) if rows.contains_key("ids") => {
            // ASE numbers its rows from 1 and lists the numbers that are in use.
            let rows: BTreeMap<u64, Value> = rows
                .into_iter()
                .filter_map(|(key, row)| Some((key.parse().ok()?, row)))
                .collect();
            (
                rows.into_iter()
                    .map(|(id, row)| (id, ase::row(row)))
                    .collect(),
                UnitsOrigin::Set("ASE databases"),
            )
        }
        _ => {
            return Err(Error::malformed(
                path,
                "structure JSON",
                "expected a list of structures (mlearn) or the rows of an ASE database",
            ));
        }
    };
    let frames = records
        .into_iter()
        .map(|(line, content)| Frame {
            line,
            text: format!("record {line}"),
            content,
        })
        .collect();
    Ok(Frames {
        all: frames,
        units: Units::EV,
        origin,
        notes,
    })
}

#[derive(Deserialize)]
struct Entry {
    structure: Pymatgen,
    outputs: Outputs,
    #[serde(default)]
    group: Option<String>,
}

#[derive(Deserialize)]
struct Pymatgen {
    lattice: Lattice,
    sites: Vec<Site>,
    #[serde(default)]
    charge: Option<f64>,
}

#[derive(Deserialize)]
struct Lattice {
    matrix: [[f64; 3]; 3],
}

#[derive(Deserialize)]
struct Site {
    species: Vec<Occupation>,
    xyz: [f64; 3],
}

#[derive(Deserialize)]
struct Occupation {
    element: String,
    occu: f64,
}

#[derive(Deserialize)]
struct Outputs {
    #[serde(default)]
    energy: Option<f64>,
    #[serde(default)]
    forces: Option<Vec<[f64; 3]>>,
}

/// One entry of an mlearn list, without its stress ([`UNREAD_STRESS`]).
fn mlearn(value: Value) -> Result<Structure, String> {
    let entry: Entry = serde_json::from_value(value).map_err(|e| e.to_string())?;
    let mut species = Vec::with_capacity(entry.structure.sites.len());
    for (k, site) in entry.structure.sites.iter().enumerate() {
        let [one] = &site.species[..] else {
            return Err(format!(
                "site {k} is shared by {} elements",
                site.species.len()
            ));
        };
        if (one.occu - 1.0).abs() > 1e-9 {
            return Err(format!("site {k} has occupation {}, expected 1", one.occu));
        }
        // Oxidation states such as `Li+` are part of pymatgen's element strings.
        let symbol = one
            .element
            .trim_end_matches(|c: char| !c.is_ascii_alphabetic());
        species.push(
            element::number(symbol).ok_or_else(|| format!("{:?} is no element", one.element))?,
        );
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "rounded, and saturating is as good as any answer"
    )]
    let charge = entry.structure.charge.unwrap_or(0.0).round() as i32;
    Ok(Structure {
        species,
        positions: entry.structure.sites.iter().map(|s| s.xyz).collect(),
        cell: Some(entry.structure.lattice.matrix),
        periodic: [true; 3],
        energy: entry.outputs.energy,
        forces: entry.outputs.forces,
        charge,
        group: entry.group,
        ..Structure::default()
    })
}

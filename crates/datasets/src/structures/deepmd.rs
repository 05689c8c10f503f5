//! Folders of the DeePMD-kit (<https://docs.deepmodeling.com/projects/deepmd/>): `type.raw`, `type_map.raw` and
//! `set.*/{coord,box,energy,force}.npy`; eV and Å.

use std::fs;
use std::path::{Path, PathBuf};

use atoms::{Structure, element};

use crate::error::{Error, Result};

use super::frames::{Frame, Frames};
use super::{ReadOptions, Units, UnitsOrigin, npy};

/// Reads one system, or all systems directly below a folder.
pub(super) fn read(path: &Path, options: &ReadOptions) -> Result<Frames> {
    let mut frames = Vec::new();
    let systems = if path.join("type.raw").exists() {
        vec![path.to_path_buf()]
    } else {
        folders(path, |folder| folder.join("type.raw").exists())?
    };
    if systems.is_empty() {
        return Err(Error::MissingArray {
            path: path.to_path_buf(),
            array: "type.raw",
            place: "the folder or any folder in it".into(),
            available: folders(path, |_| true)?
                .iter()
                .filter_map(|p| Some(p.file_name()?.to_string_lossy().into_owned()))
                .collect(),
        });
    }
    for system in systems {
        read_system(&system, options, &mut frames)?;
    }
    Ok(Frames {
        all: frames,
        units: Units::EV,
        origin: UnitsOrigin::Set("DeePMD folders"),
        notes: vec![
            "DeePMD arrays are often float32: total energies then have a grid of about 1e-7 of their size".into(),
        ],
    })
}

fn read_system(system: &Path, options: &ReadOptions, frames: &mut Vec<Frame>) -> Result<()> {
    let text = |name: &str| {
        let path = system.join(name);
        fs::read_to_string(&path).map_err(|e| Error::read(&path, e))
    };
    let bad = |file: &str, reason: String| Error::array(&system.join(file), file, reason);
    let map: Vec<String> = text("type_map.raw")?
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    let mut species = Vec::new();
    for word in text("type.raw")?.split_whitespace() {
        let symbol = word.parse::<usize>().ok().and_then(|k| map.get(k));
        let symbol =
            symbol.ok_or_else(|| bad("type.raw", format!("{word:?} is no index into {map:?}")))?;
        let number = element::number(symbol)
            .ok_or_else(|| bad("type_map.raw", format!("{symbol:?} is no element")))?;
        species.push(number);
    }
    let periodic = !system.join("nopbc").exists();
    let group = system.file_name().map(|n| n.to_string_lossy().into_owned());
    for set in folders(system, |folder| {
        folder
            .file_name()
            .is_some_and(|n| n.to_string_lossy().starts_with("set."))
    })? {
        let array = |name: &str| -> Result<Option<Vec<f64>>> {
            let path = set.join(name);
            if !path.exists() {
                return Ok(None);
            }
            let bytes = fs::read(&path).map_err(|e| Error::read(&path, e))?;
            let values = npy::parse(&bytes).and_then(|a| a.floats());
            values
                .map(Some)
                .map_err(|reason| Error::array(&path, name, reason))
        };
        let width = species.len() * 3;
        let positions =
            array("coord.npy")?.ok_or_else(|| bad("coord.npy", "it is missing".into()))?;
        if width == 0 || positions.len() % width != 0 {
            return Err(Error::array(
                &set.join("coord.npy"),
                "coord.npy",
                format!(
                    "{} numbers do not make frames of {} atoms",
                    positions.len(),
                    species.len()
                ),
            ));
        }
        let count = positions.len() / width;
        let checked = |name: &str, each: usize| -> Result<Option<Vec<f64>>> {
            match array(name)? {
                Some(v) if v.len() != count * each => Err(Error::array(
                    &set.join(name),
                    name,
                    format!(
                        "it has {} numbers, expected {count} frames of {each}",
                        v.len()
                    ),
                )),
                other => Ok(other),
            }
        };
        let (cells, energies) = (checked("box.npy", 9)?, checked("energy.npy", 1)?);
        let forces = checked("force.npy", width)?;
        let vectors =
            |v: &[f64], f: usize| v[f * width..(f + 1) * width].as_chunks::<3>().0.to_vec();
        for f in 0..count {
            if options.limit.is_some_and(|limit| frames.len() >= limit) {
                return Ok(());
            }
            let cell = cells.as_ref().filter(|_| periodic).map(|c| {
                let rows = c[f * 9..f * 9 + 9].as_chunks::<3>().0;
                [rows[0], rows[1], rows[2]]
            });
            frames.push(Frame {
                line: frames.len() as u64 + 1,
                text: format!("{}, frame {}", set.display(), f + 1),
                content: Ok(Structure {
                    species: species.clone(),
                    positions: vectors(&positions, f),
                    periodic: [cell.is_some(); 3],
                    cell,
                    energy: energies.as_ref().map(|e| e[f]),
                    forces: forces.as_ref().map(|v| vectors(v, f)),
                    group: group.clone(),
                    ..Structure::default()
                }),
            });
        }
    }
    Ok(())
}

/// Folders directly below a folder, by name.
fn folders(path: &Path, keep: impl Fn(&Path) -> bool) -> Result<Vec<PathBuf>> {
    let mut out = Vec::new();
    for entry in fs::read_dir(path).map_err(|e| Error::read(path, e))? {
        let folder = entry.map_err(|e| Error::read(path, e))?.path();
        if folder.is_dir() && keep(&folder) {
            out.push(folder);
        }
    }
    out.sort();
    Ok(out)
}

//! The files of a potential: a folder for each network, and a list of them for an ensemble.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use burn::tensor::Device;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{Provenance, member::Member};
use crate::{
    batch::Precision,
    error::{Error, Result},
    models::ModelConfig,
    weights::{Weights, read_named, write_named},
};

/// The version of the files.
const FORMAT: u32 = 1;

/// The units of every number in the files and in [`super::Evaluation`].
const UNITS: &str = "eV, angstrom";

const SETTINGS: &str = "model.json";
const WEIGHTS: &str = "weights.safetensors";
const ENSEMBLE: &str = "ensemble.json";

#[derive(Serialize, Deserialize)]
struct Settings {
    format: u32,
    crate_version: String,
    units: String,
    model: ModelConfig,
    precision: Precision,
    cutoff: f64,
    parameters: usize,
    scale: f64,
    /// Reference energy of each element by symbol (eV).
    references: BTreeMap<String, f64>,
    provenance: Provenance,
}

/// The folders of the members, which lie in the folder of this file.
#[derive(Serialize, Deserialize)]
struct Ensemble {
    format: u32,
    crate_version: String,
    members: Vec<String>,
}

/// The folder of a member in the folder of its ensemble.
pub(super) fn member_folder(folder: &Path, member: usize) -> PathBuf {
    folder.join(member_name(member))
}

fn member_name(member: usize) -> String {
    format!("member_{member}")
}

/// Reads the one network or all networks of a folder.
pub(super) fn load(folder: &Path, device: &Device) -> Result<Vec<Member>> {
    let path = folder.join(ENSEMBLE);
    if !path.exists() {
        return Ok(vec![load_member(folder, device)?]);
    }
    let ensemble: Ensemble = read_json(&path)?;
    if ensemble.members.is_empty() {
        return Err(Error::Empty {
            what: "the ensemble",
        });
    }
    let member = |name: &String| {
        // A member is a folder inside; a path to elsewhere would make the potential depend on where
        // it lies.
        if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\']) {
            return Err(Error::Setting {
                field: "members",
                value: name.clone(),
                expected: "names of folders beside ensemble.json",
            });
        }
        load_member(&folder.join(name), device)
    };
    ensemble.members.iter().map(member).collect()
}

/// Writes one network into the folder, or several into folders of their own and the list of them last.
pub(super) fn save(folder: &Path, members: &[Member]) -> Result<()> {
    let list = folder.join(ENSEMBLE);
    if let [member] = members {
        save_member(folder, member)?;
        // What an earlier ensemble left would be read in place of the network.
        return match std::fs::remove_file(&list) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::Io { path: list, source })
            }
            _ => Ok(()),
        };
    }
    for (index, member) in members.iter().enumerate() {
        save_member(&member_folder(folder, index), member)?;
    }
    write_list(folder, members.len())
}

/// Makes a folder whose members are in place an ensemble.
pub(super) fn write_list(folder: &Path, members: usize) -> Result<()> {
    let path = folder.join(ENSEMBLE);
    let list = Ensemble {
        format: FORMAT,
        crate_version: env!("CARGO_PKG_VERSION").into(),
        members: (0..members).map(member_name).collect(),
    };
    backend::run::write_json(&path, &list).map_err(|source| Error::Io { path, source })
}

fn load_member(folder: &Path, device: &Device) -> Result<Member> {
    let path = folder.join(SETTINGS);
    let settings: Settings = read_json(&path)?;
    if settings.units != UNITS {
        return Err(Error::Units {
            path,
            found: settings.units,
            expected: UNITS,
        });
    }
    let model = settings.model.model();
    model.validate()?;
    let mut references = BTreeMap::new();
    for (symbol, energy) in settings.references {
        let number = atoms::element::number(&symbol).ok_or_else(|| Error::Setting {
            field: "references",
            value: symbol.clone(),
            expected: "element symbols",
        })?;
        references.insert(number, energy);
    }
    let named = read_named(&folder.join(WEIGHTS))?;
    let weights = Weights::from_named(model.layout(), &named, settings.precision, device)?;
    Member::new(
        settings.model,
        weights,
        settings.scale,
        references,
        settings.provenance,
    )
}

fn save_member(folder: &Path, member: &Member) -> Result<()> {
    let failed = |path: &Path, source| Error::Io {
        path: path.to_owned(),
        source,
    };
    std::fs::create_dir_all(folder).map_err(|source| failed(folder, source))?;
    write_named(&folder.join(WEIGHTS), &member.weights.to_named())?;
    let symbol = |z: u8| atoms::element::symbol(z).unwrap_or("?").to_owned();
    let settings = Settings {
        format: FORMAT,
        crate_version: env!("CARGO_PKG_VERSION").into(),
        units: UNITS.into(),
        model: member.config.clone(),
        precision: member.weights.precision(),
        cutoff: member.model.cutoff(),
        parameters: member.weights.layout().parameters(),
        scale: member.scale,
        references: member
            .references
            .iter()
            .map(|(z, e)| (symbol(*z), *e))
            .collect(),
        provenance: member.provenance.clone(),
    };
    let path = folder.join(SETTINGS);
    backend::run::write_json(&path, &settings).map_err(|source| failed(&path, source))
}

/// Reads a file that says its format first.
fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::Io {
        path: path.to_owned(),
        source,
    })?;
    let malformed = |source| Error::Json {
        path: path.to_owned(),
        source,
    };
    // The version is looked at first, so that a newer file is called newer and not malformed.
    let value: serde_json::Value = serde_json::from_str(&text).map_err(malformed)?;
    let found = value["format"].as_u64().unwrap_or(0);
    if found != u64::from(FORMAT) {
        return Err(Error::Version {
            path: path.to_owned(),
            found: u32::try_from(found).unwrap_or(u32::MAX),
            expected: FORMAT,
        });
    }
    serde_json::from_value(value).map_err(malformed)
}

//! Molecules as SELFIES.

use std::collections::HashSet;
use std::path::Path;

use datasets::Reject;
use datasets::generator::MoleculeGenerator;
use datasets::molecules::{Molecules as MoleculeFile, ReadOptions};

use super::{Hasher, enough, list_rejects, shuffled};
use crate::config::{MoleculeSource, Molecules};
use crate::error::{Error, Result};
use crate::results::InputSummary;

/// Molecules ready for a language model.
#[derive(Debug, Clone)]
pub struct MoleculePool {
    /// Training molecules as SELFIES; a training set of n is the first n.
    pub train: Vec<String>,
    /// Validation molecules as SELFIES.
    pub validation: Vec<String>,
    /// What was read.
    pub summary: InputSummary,
}

/// Usable molecules in the order of their source.
struct Found {
    selfies: Vec<String>,
    rejects: Vec<Reject>,
    duplicates: usize,
}

impl MoleculePool {
    /// Usable molecules of a file, for laying out a grid that fits it; a generator has no end.
    ///
    /// # Errors
    /// [`Error::Input`] for a file without a usable molecule.
    pub fn count(settings: &Molecules) -> Result<usize> {
        match &settings.source {
            MoleculeSource::Generated { .. } => Ok(usize::MAX),
            MoleculeSource::File { path, column } => {
                Ok(from_file(path, column.clone(), &settings.origin())?
                    .selfies
                    .len())
            }
        }
    }

    /// Reads, encodes, and parts the molecules. A grid that asks for `largest` training molecules
    /// gets as many from a generator and is refused by a file that is too short; with
    /// `largest` zero a file gives all it has.
    ///
    /// # Errors
    /// [`Error::Input`] for a file without a usable molecule, [`Error::TooFew`], [`Error::File`].
    pub fn open(settings: &Molecules, largest: usize, folder: &Path) -> Result<Self> {
        let origin = settings.origin();
        let found = match &settings.source {
            MoleculeSource::Generated { seed } => generated(*seed, largest + settings.validation)?,
            MoleculeSource::File { path, column } => from_file(path, column.clone(), &origin)?,
        };
        let rejects_file = list_rejects(folder, "rejects_molecules.tsv", &found.rejects)?;
        let usable = found.selfies.len();
        enough(
            "molecules",
            &origin,
            usable,
            largest.max(1),
            settings.validation,
        )?;

        let mut hasher = Hasher::default();
        found
            .selfies
            .iter()
            .for_each(|selfies| hasher.part(selfies.as_bytes()));
        hasher.number(settings.split_seed);
        hasher.number(settings.validation as u64);
        let hash = hasher.finish();

        let mut selfies: Vec<Option<String>> = found.selfies.into_iter().map(Some).collect();
        let mut order = shuffled(usable, settings.split_seed)
            .into_iter()
            .map(|index| {
                selfies[index]
                    .take()
                    .expect("a permutation names each index once")
            });
        let validation: Vec<String> = order.by_ref().take(settings.validation).collect();
        let train: Vec<String> = if largest == 0 {
            order.collect()
        } else {
            order.take(largest).collect()
        };
        let symbols = train
            .iter()
            .map(|selfies| selfies.matches('[').count())
            .sum::<usize>();
        Ok(Self {
            summary: InputSummary {
                what: "molecules".into(),
                origin,
                usable,
                rejected: found.rejects.len(),
                rejects_file,
                duplicates: found.duplicates,
                validation: validation.len(),
                hash,
                details: vec![
                    (
                        "largest training set".into(),
                        format!("{} molecules", train.len()),
                    ),
                    (
                        "SELFIES symbols a molecule, mean".into(),
                        format!("{:.1}", symbols as f64 / train.len().max(1) as f64),
                    ),
                ],
            },
            train,
            validation,
        })
    }
}

/// The first `count` distinct molecules of the generator.
fn generated(seed: u64, count: usize) -> Result<Found> {
    let mut seen = HashSet::new();
    let mut found = Found {
        selfies: Vec::with_capacity(count),
        rejects: Vec::new(),
        duplicates: 0,
    };
    for smiles in MoleculeGenerator::new(seed) {
        if found.selfies.len() == count {
            break;
        }
        let selfies = selfies::encode(&smiles).map_err(|source| Error::Input {
            what: "molecules",
            origin: format!("the generator (seed {seed}), {smiles}"),
            source: source.into(),
        })?;
        if seen.insert(selfies.clone()) {
            found.selfies.push(selfies);
        } else {
            found.duplicates += 1;
        }
    }
    Ok(found)
}

fn from_file(path: &Path, column: Option<String>, origin: &str) -> Result<Found> {
    let failed = |source: datasets::Error| Error::Input {
        what: "molecules",
        origin: origin.to_owned(),
        source: source.into(),
    };
    let options = ReadOptions {
        column,
        ..ReadOptions::default()
    };
    let mut file = MoleculeFile::open(path, &options).map_err(failed)?;
    let mut seen = HashSet::new();
    let mut found = Found {
        selfies: Vec::new(),
        rejects: Vec::new(),
        duplicates: 0,
    };
    let mut encoder = selfies::Encoder::default();
    while let Some(line) = file.next_line().map_err(failed)? {
        let encoded = line
            .smiles
            .and_then(|smiles| encoder.encode(smiles).map_err(|error| error.to_string()));
        match encoded {
            Ok(selfies) if seen.contains(selfies) => found.duplicates += 1,
            Ok(selfies) => {
                seen.insert(selfies.to_owned());
                found.selfies.push(selfies.to_owned());
            }
            Err(reason) => found.rejects.push(Reject {
                line: line.number,
                text: line.text.chars().take(Reject::TEXT).collect(),
                reason,
            }),
        }
    }
    if found.selfies.is_empty() {
        return Err(failed(match found.rejects.first() {
            None => datasets::Error::Empty {
                path: path.to_owned(),
            },
            Some(first) => datasets::Error::AllRejected {
                path: path.to_owned(),
                rejected: found.rejects.len(),
                line: first.line,
                reason: first.reason.clone(),
            },
        }));
    }
    Ok(found)
}

//! Structures with energies and forces.

use std::collections::BTreeMap;
use std::path::Path;

use atoms::Structure;
use datasets::Reject;
use datasets::structures::{ReadOptions, read};

use super::{Hasher, enough, list_rejects, shuffled};
use crate::config::{StructureSource, Structures};
use crate::error::{Error, Result};
use crate::results::InputSummary;

/// Structures ready for a potential.
#[derive(Debug, Clone)]
pub struct StructurePool {
    /// Training structures; a training set of n is the first n.
    pub train: Vec<Structure>,
    /// Validation structures.
    pub validation: Vec<Structure>,
    /// What was read.
    pub summary: InputSummary,
}

impl StructurePool {
    /// Usable structures of a source, for laying out a grid that fits it.
    ///
    /// # Errors
    /// [`Error::Input`] for a source without a usable structure.
    pub fn count(settings: &Structures) -> Result<usize> {
        Ok(load(settings)?.0.len())
    }

    /// Reads and parts the structures. Those without energy or forces, with numbers that are not
    /// finite, or with two atoms at one place are left out and listed.
    ///
    /// # Errors
    /// [`Error::Input`] for a file without a usable structure, [`Error::TooFew`], [`Error::File`].
    pub fn open(settings: &Structures, largest: usize, folder: &Path) -> Result<Self> {
        let origin = settings.origin();
        let (structures, rejects, mut details) = load(settings)?;
        let rejects_file = list_rejects(folder, "rejects_structures.tsv", &rejects)?;
        let usable = structures.len();
        enough(
            "structures",
            &origin,
            usable,
            largest.max(1),
            settings.validation,
        )?;
        let hash = hash(&structures, settings);
        details.extend(describe(&structures));

        let mut structures: Vec<Option<Structure>> = structures.into_iter().map(Some).collect();
        let mut order = shuffled(usable, settings.split_seed)
            .into_iter()
            .map(|index| {
                structures[index]
                    .take()
                    .expect("a permutation names each index once")
            });
        let validation: Vec<Structure> = order.by_ref().take(settings.validation).collect();
        let train: Vec<Structure> = if largest == 0 {
            order.collect()
        } else {
            order.take(largest).collect()
        };
        Ok(Self {
            summary: InputSummary {
                what: "structures".into(),
                origin,
                usable,
                rejected: rejects.len(),
                rejects_file,
                duplicates: 0,
                validation: validation.len(),
                hash,
                details,
            },
            train,
            validation,
        })
    }
}

type Details = Vec<(String, String)>;

/// Usable structures, what was left out, and what a reader should know of the source.
fn load(settings: &Structures) -> Result<(Vec<Structure>, Vec<Reject>, Details)> {
    let failed = |source: datasets::Error| Error::Input {
        what: "structures",
        origin: settings.origin(),
        source: source.into(),
    };
    let path = match &settings.source {
        StructureSource::Embedded => {
            return Ok((
                datasets::embedded::structures().map_err(failed)?,
                Vec::new(),
                Vec::new(),
            ));
        }
        StructureSource::File { path } => path,
    };
    let options = ReadOptions {
        require_labels: true,
        ..ReadOptions::default()
    };
    let set = read(path, &options).map_err(failed)?;
    let mut details = vec![("units".to_owned(), set.units.to_string())];
    details.extend(set.notes.into_iter().map(|note| ("note".to_owned(), note)));
    details.push((
        "split".to_owned(),
        "random over frames: neighbouring frames of one trajectory are alike, so errors on a trajectory look better \
         than on new molecules"
            .to_owned(),
    ));
    Ok((set.structures, set.rejects, details))
}

fn hash(structures: &[Structure], settings: &Structures) -> String {
    let mut hasher = Hasher::default();
    for structure in structures {
        hasher.part(&structure.species);
        for vector in structure
            .positions
            .iter()
            .chain(structure.forces.iter().flatten())
        {
            for &x in vector {
                hasher.float(x);
            }
        }
        for vector in structure.cell.iter().flatten() {
            for &x in vector {
                hasher.float(x);
            }
        }
        structure
            .periodic
            .iter()
            .for_each(|&repeats| hasher.number(repeats.into()));
        hasher.float(structure.energy.unwrap_or(f64::NAN));
    }
    hasher.number(settings.split_seed);
    hasher.number(settings.validation as u64);
    hasher.finish()
}

/// Elements, sizes and how large the forces are: what a mean absolute error must be read against.
fn describe(structures: &[Structure]) -> Vec<(String, String)> {
    let mut elements: BTreeMap<u8, usize> = BTreeMap::new();
    let (mut atoms, mut squares, mut sizes) = (0, 0.0, (usize::MAX, 0));
    for structure in structures {
        for &z in &structure.species {
            *elements.entry(z).or_default() += 1;
        }
        atoms += structure.len();
        sizes = (sizes.0.min(structure.len()), sizes.1.max(structure.len()));
        squares += structure
            .forces
            .iter()
            .flatten()
            .flatten()
            .map(|f| f * f)
            .sum::<f64>();
    }
    let symbols: Vec<&str> = elements
        .keys()
        .map(|&z| atoms::element::symbol(z).unwrap_or("?"))
        .collect();
    vec![
        ("elements".into(), symbols.join(" ")),
        (
            "atoms a structure".into(),
            format!("{} to {}", sizes.0, sizes.1),
        ),
        (
            "forces, root mean square".into(),
            format!(
                "{:.0} meV/Å",
                1e3 * (squares / (3 * atoms).max(1) as f64).sqrt()
            ),
        ),
    ]
}

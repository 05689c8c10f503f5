//! A split as a file: what was split, how, with which seed, into which records, and what leaks.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::tokens::hash_file;
use crate::write::write_atomic;

use super::{Fractions, LeakReport, Split};

const FORMAT: &str = "a split manifest";

/// How the records of a split were chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Rule {
    /// [`super::random`].
    Random,
    /// [`super::sequential`].
    Sequential,
    /// [`super::by_molecule`].
    Molecule,
    /// [`super::by_composition`].
    Composition,
    /// [`super::by_scaffold`].
    Scaffold,
    /// [`super::by_time_block`].
    TimeBlock {
        /// Frames of a block.
        block: usize,
        /// Frames left out where blocks meet.
        gap: usize,
    },
}

/// Everything needed to use a split again and to know what it is worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitManifest {
    /// Version of the library that wrote it.
    pub library: String,
    /// Name of the file that was split, without folders.
    pub file: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Records that were read from it; the indices count these, without the rejected ones.
    pub records: usize,
    /// How the records were chosen.
    pub rule: Rule,
    /// Shares of the parts.
    pub fractions: Fractions,
    /// Seed of split and subsets.
    pub seed: u64,
    /// The records of each part.
    pub split: Split,
    /// Nested subsets of the training records, as [`super::nested`] gives them.
    #[serde(default)]
    pub subsets: Vec<Vec<usize>>,
    /// What the held-out parts share with training, where it was looked for.
    #[serde(default)]
    pub leaks: Option<LeakReport>,
}

impl SplitManifest {
    /// Describes a split of the records of a file.
    ///
    /// # Errors
    /// [`Error::Read`] where the file cannot be read for its checksum.
    pub fn new(
        source: impl AsRef<Path>,
        records: usize,
        rule: Rule,
        fractions: Fractions,
        seed: u64,
        split: Split,
    ) -> Result<Self> {
        let source = source.as_ref();
        let (sha256, _) = hash_file(source)?;
        Ok(Self {
            library: env!("CARGO_PKG_VERSION").into(),
            file: source
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            sha256,
            records,
            rule,
            fractions,
            seed,
            split,
            subsets: Vec::new(),
            leaks: None,
        })
    }

    /// Writes it as JSON.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        write_atomic(path.as_ref(), |out| {
            serde_json::to_writer(&mut *out, self)?;
            out.write_all(b"\n")
        })
    }

    /// Reads it back and checks that it is a split of the file that is there now: the checksum agrees, every index is a
    /// record, and no record is in two parts or in a subset without being in training.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Malformed`], and [`Error::Checksum`] where the file has changed.
    pub fn read(path: impl AsRef<Path>, source: impl AsRef<Path>) -> Result<Self> {
        let (path, source) = (path.as_ref(), source.as_ref());
        let text = std::fs::read_to_string(path).map_err(|e| Error::read(path, e))?;
        let manifest: Self = serde_json::from_str(&text)
            .map_err(|e| Error::malformed(path, FORMAT, e.to_string()))?;
        manifest
            .check()
            .map_err(|reason| Error::malformed(path, FORMAT, reason))?;
        let (found, _) = hash_file(source)?;
        if found != manifest.sha256 {
            return Err(Error::Checksum {
                path: source.to_path_buf(),
                expected: manifest.sha256,
                found,
            });
        }
        Ok(manifest)
    }

    fn check(&self) -> Result<(), String> {
        // By record and not by number of records, which the file may give as anything.
        let mut part: HashMap<usize, &str> = HashMap::new();
        let Split {
            train,
            validation,
            test,
        } = &self.split;
        for (name, members) in [("train", train), ("validation", validation), ("test", test)] {
            for &k in members {
                if k >= self.records {
                    return Err(format!("{name} has record {k} of {}", self.records));
                }
                if let Some(other) = part.insert(k, name) {
                    return Err(format!("record {k} is in {other} and in {name}"));
                }
            }
        }
        for (number, subset) in self.subsets.iter().enumerate() {
            if let Some(k) = subset.iter().find(|k| part.get(*k) != Some(&"train")) {
                return Err(format!(
                    "subset {number} has record {k}, which is not in train"
                ));
            }
        }
        Ok(())
    }
}

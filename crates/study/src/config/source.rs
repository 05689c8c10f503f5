//! Where molecules and structures come from.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::check;
use crate::error::Result;

/// Molecules and how they are parted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Molecules {
    /// Where they come from.
    pub source: MoleculeSource,
    /// Molecules set apart for validation, the same for every run.
    pub validation: usize,
    /// Seed of the split.
    pub split_seed: u64,
}

/// Where molecules come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum MoleculeSource {
    /// The seeded generator of drug-like molecules.
    Generated {
        /// Its seed.
        seed: u64,
    },
    /// A SMILES file: `.smi`, `.txt`, `.csv` or `.tsv`, also with `.gz`.
    File {
        /// The file.
        path: PathBuf,
        /// The column of a table; found by its name when absent.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        column: Option<String>,
    },
}

/// Structures with energies and forces, and how they are parted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Structures {
    /// Where they come from.
    pub source: StructureSource,
    /// Structures set apart for validation, the same for every run.
    pub validation: usize,
    /// Seed of the split.
    pub split_seed: u64,
}

/// Where structures come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum StructureSource {
    /// The embedded set of small molecules with GFN2-xTB energies and forces.
    Embedded,
    /// An extended XYZ file or an `.npz` of the MD17 family, also with `.gz`.
    File {
        /// The file.
        path: PathBuf,
    },
}

impl Molecules {
    pub(super) fn validate(&self, field: &str) -> Result<()> {
        check(
            &format!("{field}.validation"),
            self.validation,
            self.validation > 0,
            "at least 1",
        )
    }

    /// The file or the generator, for messages.
    #[must_use]
    pub fn origin(&self) -> String {
        match &self.source {
            MoleculeSource::Generated { seed } => format!("the generator (seed {seed})"),
            MoleculeSource::File { path, .. } => path.display().to_string(),
        }
    }
}

impl Structures {
    pub(super) fn validate(&self, field: &str) -> Result<()> {
        check(
            &format!("{field}.validation"),
            self.validation,
            self.validation > 0,
            "at least 1",
        )
    }

    /// The file or the embedded set, for messages.
    #[must_use]
    pub fn origin(&self) -> String {
        match &self.source {
            StructureSource::Embedded => "the embedded GFN2-xTB set".to_owned(),
            StructureSource::File { path } => path.display().to_string(),
        }
    }
}

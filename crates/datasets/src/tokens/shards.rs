//! Reading shards: any molecule by its number.

use std::path::{Path, PathBuf};

use burn_dataset::{Dataset, DatasetError};

use crate::error::{Error, Result};
use crate::split::{Split, random};

use super::manifest::Manifest;
use super::shard::Shard;

/// The shards of a folder, mapped into memory. Molecules are numbered from 0 in the order of the source, without the
/// rejected ones.
#[derive(Debug)]
pub struct TokenShards {
    folder: PathBuf,
    manifest: Manifest,
    shards: Vec<Shard>,
    /// Number of the first molecule of each shard, and the total.
    starts: Vec<usize>,
}

impl TokenShards {
    /// Opens a finished preparation and verifies the checksum of every shard, which reads them once.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Malformed`]; [`Error::Incomplete`] for an interrupted preparation;
    /// [`Error::Checksum`] for a damaged shard.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self> {
        let shards = Self::open_unverified(folder)?;
        shards.verify()?;
        Ok(shards)
    }

    /// Opens without reading the tokens; only names and sizes are checked.
    ///
    /// # Errors
    /// As [`TokenShards::open`], without [`Error::Checksum`].
    pub fn open_unverified(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref().to_path_buf();
        let manifest = Manifest::read(&folder)?;
        if !manifest.complete {
            return Err(Error::Incomplete { folder });
        }
        let mut starts = vec![0];
        let mut shards = Vec::with_capacity(manifest.shards.len());
        for entry in &manifest.shards {
            let path = folder.join(&entry.file);
            let shard = Shard::open(&path)?;
            if shard.len() as u64 != entry.molecules {
                let reason = format!(
                    "it has {} molecules, the manifest says {}",
                    shard.len(),
                    entry.molecules
                );
                return Err(Error::malformed(&path, "a token shard", reason));
            }
            starts.push(starts.last().unwrap_or(&0) + shard.len());
            shards.push(shard);
        }
        Ok(Self {
            folder,
            manifest,
            shards,
            starts,
        })
    }

    /// Compares every shard with its checksum.
    ///
    /// # Errors
    /// [`Error::Checksum`] with the first damaged file.
    pub fn verify(&self) -> Result<()> {
        for (shard, entry) in self.shards.iter().zip(&self.manifest.shards) {
            let found = shard.sha256();
            if found != entry.sha256 {
                return Err(Error::Checksum {
                    path: self.folder.join(&entry.file),
                    expected: entry.sha256.clone(),
                    found,
                });
            }
        }
        Ok(())
    }

    /// What the shards are and where they came from.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Number of molecules.
    #[must_use]
    pub fn len(&self) -> usize {
        self.starts.last().copied().unwrap_or(0)
    }

    /// True when there is no molecule.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Tokens of one molecule.
    ///
    /// # Errors
    /// [`Error::Malformed`] where a shard that was not verified is damaged.
    ///
    /// # Panics
    /// If there is no such molecule.
    pub fn tokens(&self, molecule: usize) -> Result<Vec<u16>> {
        assert!(
            molecule < self.len(),
            "molecule {molecule} of {}",
            self.len()
        );
        let shard = self.starts.partition_point(|start| *start <= molecule) - 1;
        let bytes = self.shards[shard].bytes(molecule - self.starts[shard])?;
        Ok(bytes
            .as_chunks::<2>()
            .0
            .iter()
            .map(|b| u16::from_le_bytes(*b))
            .collect())
    }

    /// The split that the manifest records, by molecule number.
    ///
    /// # Errors
    /// [`Error::Fractions`] where someone edited the manifest.
    pub fn split(&self) -> Result<Split> {
        random(self.len(), &self.manifest.fractions, self.manifest.seed)
    }
}

impl Dataset<Vec<u16>> for TokenShards {
    fn get(&self, index: usize) -> Result<Vec<u16>, DatasetError> {
        self.tokens(index).map_err(DatasetError::new)
    }

    fn len(&self) -> usize {
        self.len()
    }
}

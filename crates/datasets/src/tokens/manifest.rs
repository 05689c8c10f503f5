//! What a folder of shards holds and where it came from.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::dedup::Same;
use crate::error::{Error, Result};
use crate::split::Fractions;
use crate::write::write_atomic;

/// Name of the manifest in its folder.
pub(super) const MANIFEST: &str = "manifest.json";
/// Version of the layout of shards and manifest.
pub(super) const FORMAT: u32 = 1;

/// The file that shards were made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its name, without folders.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// The column that was read, where one was asked for.
    pub column: Option<String>,
    /// The most molecules that were to be read, where there was a limit.
    pub limit: Option<usize>,
}

/// One shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShardEntry {
    /// Name of the file.
    pub file: String,
    /// Records of the source that the shard covers, rejects and duplicates included.
    pub lines: u64,
    /// Molecules in the shard.
    pub molecules: u64,
    /// Tokens in the shard.
    pub tokens: u64,
    /// Records that were rejected; they are in the side file `<shard>.rejects.tsv`.
    pub rejected: u64,
    /// Molecules that were left out because an earlier line has them.
    #[serde(default)]
    pub duplicates: u64,
    /// SHA-256 of the shard's bytes.
    pub sha256: String,
}

/// Everything needed to use shards and to make them again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the layout.
    pub format: u32,
    /// Version of the library that wrote it.
    pub library: String,
    /// Where the molecules came from.
    pub source: Source,
    /// The tokenizer's fingerprint.
    pub tokenizer: String,
    /// Size of the vocabulary; every token is below it.
    pub vocabulary: usize,
    /// Records of the source in each shard but the last.
    pub lines_per_shard: u64,
    /// Shares of the split.
    pub fractions: Fractions,
    /// Seed of the split.
    pub seed: u64,
    /// What counted as the same molecule, where duplicates were left out.
    #[serde(default)]
    pub drop_duplicates: Option<Same>,
    /// False while the preparation is not finished.
    pub complete: bool,
    /// The shards in the order of the source.
    pub shards: Vec<ShardEntry>,
}

impl Manifest {
    /// Molecules in all shards.
    #[must_use]
    pub fn molecules(&self) -> u64 {
        self.shards.iter().map(|s| s.molecules).sum()
    }

    /// Tokens in all shards.
    #[must_use]
    pub fn tokens(&self) -> u64 {
        self.shards.iter().map(|s| s.tokens).sum()
    }

    /// Records of the source that the shards cover, rejects and duplicates included.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.shards.iter().map(|s| s.lines).sum()
    }

    /// Molecules that were left out because an earlier line has them.
    #[must_use]
    pub fn duplicates(&self) -> u64 {
        self.shards.iter().map(|s| s.duplicates).sum()
    }

    /// Records that were rejected.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.shards.iter().map(|s| s.rejected).sum()
    }

    /// Reads the manifest of a folder.
    ///
    /// # Errors
    /// [`Error::Read`] and [`Error::Malformed`].
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(MANIFEST);
        let text = std::fs::read_to_string(&path).map_err(|e| Error::read(&path, e))?;
        let manifest: Self = serde_json::from_str(&text)
            .map_err(|e| Error::malformed(&path, "a shard manifest", e.to_string()))?;
        if manifest.format != FORMAT {
            let reason = format!("its format is {}, expected {FORMAT}", manifest.format);
            return Err(Error::malformed(&path, "a shard manifest", reason));
        }
        Ok(manifest)
    }

    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        write_atomic(&folder.join(MANIFEST), |out| {
            serde_json::to_writer_pretty(&mut *out, self)?;
            out.write_all(b"\n")
        })
    }

    /// True when shards of the other manifest can be taken over: all but progress agrees.
    pub(super) fn continues(&self, other: &Self) -> bool {
        let bare = |m: &Self| Self {
            shards: Vec::new(),
            complete: false,
            library: String::new(),
            ..m.clone()
        };
        bare(self) == bare(other)
    }
}

/// SHA-256 of a file and its size.
pub(crate) fn hash_file(path: &Path) -> Result<(String, u64)> {
    let mut file = File::open(path).map_err(|e| Error::read(path, e))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    let mut bytes = 0;
    loop {
        let n = file.read(&mut buffer).map_err(|e| Error::read(path, e))?;
        if n == 0 {
            return Ok((hexadecimal(&hash.finalize()), bytes));
        }
        hash.update(&buffer[..n]);
        bytes += n as u64;
    }
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |d: u8| char::from_digit(u32::from(d), 16).expect("four bits are a digit");
    bytes
        .iter()
        .flat_map(|b| [digit(b >> 4), digit(b & 15)])
        .collect()
}

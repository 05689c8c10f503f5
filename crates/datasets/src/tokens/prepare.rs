//! From a molecule file to shards.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use crate::dedup::{Same, Seen};
use crate::error::{Error, Result};
use crate::molecules::{Molecules, ReadOptions};
use crate::rejects::{Reject, write_rejects};
use crate::split::Fractions;

use super::Tokenizer;
use super::batch::Batch;
use super::manifest::{FORMAT, MANIFEST, Manifest, ShardEntry, Source, hash_file};
use super::shard::{Shard, ShardBuilder};

/// How to make shards.
#[derive(Debug, Clone)]
pub struct PrepareOptions {
    /// How the molecule file is read.
    pub read: ReadOptions,
    /// Records of the file in each shard; an interrupted preparation loses at most one shard's work.
    pub lines_per_shard: u64,
    /// Shares of training, validation and test molecules.
    pub fractions: Fractions,
    /// Seed of the split.
    pub seed: u64,
    /// Leave out molecules that an earlier line has, in this sense; by default every line counts. What was seen takes
    /// about 40 bytes a distinct molecule. A line that has no tokens counts as seen too.
    pub drop_duplicates: Option<Same>,
}

impl Default for PrepareOptions {
    fn default() -> Self {
        Self {
            read: ReadOptions::default(),
            lines_per_shard: 1 << 18,
            fractions: Fractions::default(),
            seed: 0,
            drop_duplicates: None,
        }
    }
}

/// How far a preparation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Records read, those of earlier runs included.
    pub lines: u64,
    /// Molecules in finished shards.
    pub molecules: u64,
    /// Tokens in finished shards.
    pub tokens: u64,
    /// Finished shards.
    pub shards: usize,
}

/// Turns a molecule file into token shards in a folder, on all threads of the current rayon pool.
///
/// The folder gets `manifest.json`, `shard_00000.tokens` and so on, and beside each shard with rejects a
/// `.rejects.tsv`. Shards that an earlier, interrupted run finished with the same file, tokenizer and options are kept
/// after their checksums were verified. The result does not depend on the number of threads. The observer is called
/// after each shard; when it breaks, the manifest is returned as it is, not complete.
///
/// # Errors
/// The errors of [`Molecules`], [`Error::Write`], and [`Error::OtherShards`] when the folder holds shards of something
/// else.
pub fn prepare<T: Tokenizer>(
    source: impl AsRef<Path>,
    folder: impl AsRef<Path>,
    tokenizer: &T,
    options: &PrepareOptions,
    observer: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Manifest> {
    let (source, folder) = (source.as_ref(), folder.as_ref());
    options.fractions.validate()?;
    let (sha256, bytes) = hash_file(source)?;
    fs::create_dir_all(folder).map_err(|e| Error::write(folder, e))?;
    let mut manifest = Manifest {
        format: FORMAT,
        library: env!("CARGO_PKG_VERSION").into(),
        source: Source {
            file: source
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            bytes,
            sha256,
            column: options.read.column.clone(),
            limit: options.read.limit,
        },
        tokenizer: tokenizer.fingerprint(),
        vocabulary: tokenizer.vocabulary(),
        lines_per_shard: options.lines_per_shard.max(1),
        fractions: options.fractions,
        seed: options.seed,
        drop_duplicates: options.drop_duplicates,
        complete: false,
        shards: Vec::new(),
    };
    if folder.join(MANIFEST).exists() {
        let earlier = Manifest::read(folder)?;
        if !manifest.continues(&earlier) {
            return Err(Error::OtherShards {
                folder: folder.to_path_buf(),
            });
        }
        manifest.shards = sound_shards(folder, earlier.shards);
        if earlier.complete
            && manifest.lines() > 0
            && Manifest::read(folder)?.shards == manifest.shards
        {
            manifest.complete = true;
            return Ok(manifest);
        }
    }
    let mut molecules = Molecules::open(source, &options.read)?;
    let mut seen = options.drop_duplicates.map(Seen::new);
    pass_over(&mut molecules, manifest.lines(), seen.as_mut())?;
    while let Some(entry) = one_shard(&mut molecules, folder, tokenizer, &manifest, seen.as_mut())?
    {
        manifest.shards.push(entry);
        manifest.write(folder)?;
        let progress = Progress {
            lines: manifest.lines(),
            molecules: manifest.molecules(),
            tokens: manifest.tokens(),
            shards: manifest.shards.len(),
        };
        if observer(&progress).is_break() {
            return Ok(manifest);
        }
    }
    if manifest.molecules() == 0 {
        return Err(Error::Empty {
            path: source.to_path_buf(),
        });
    }
    manifest.complete = true;
    manifest.write(folder)?;
    Ok(manifest)
}

/// The leading shards whose files are whole.
fn sound_shards(folder: &Path, shards: Vec<ShardEntry>) -> Vec<ShardEntry> {
    shards
        .into_iter()
        .take_while(|entry| {
            Shard::open(&folder.join(&entry.file)).is_ok_and(|shard| shard.sha256() == entry.sha256)
        })
        .collect()
}

/// Passes over the lines of finished shards; their molecules are remembered where duplicates are to be found.
fn pass_over(molecules: &mut Molecules, lines: u64, mut seen: Option<&mut Seen>) -> Result<()> {
    let mut left = lines;
    while left > 0 {
        let batch = Batch::read(molecules, left)?;
        if batch.lines() == 0 {
            break;
        }
        left -= batch.lines();
        if let Some(seen) = &mut seen {
            for key in batch.keys(seen.same()) {
                seen.insert_key(key);
            }
        }
    }
    Ok(())
}

/// Reads, tokenizes and writes the next shard; reading the next batch overlaps with tokenizing the last one.
fn one_shard<T: Tokenizer>(
    molecules: &mut Molecules,
    folder: &Path,
    tokenizer: &T,
    manifest: &Manifest,
    mut seen: Option<&mut Seen>,
) -> Result<Option<ShardEntry>> {
    let name = format!("shard_{:05}.tokens", manifest.shards.len());
    let same = seen.as_ref().map(|seen| seen.same());
    let mut shard = ShardBuilder::default();
    let mut rejects = Vec::new();
    let (mut lines, mut duplicates) = (0_u64, 0_u64);
    let mut left = manifest.lines_per_shard;
    let mut batch = Batch::read(molecules, left)?;
    while batch.lines() > 0 {
        let read = batch.lines();
        lines += read;
        left -= read;
        let (next, pieces) = rayon::join(
            || Batch::read(molecules, left),
            || batch.tokenize(tokenizer, same),
        );
        for piece in pieces {
            for molecule in piece.molecules() {
                let new = match (&mut seen, molecule.key) {
                    (Some(seen), Some(key)) => seen.insert_key(key),
                    _ => true,
                };
                match molecule.tokens {
                    Some(tokens) if new => shard
                        .push(tokens)
                        .map_err(|reason| Error::Vocabulary { reason })?,
                    Some(_) => duplicates += 1,
                    None => {}
                }
            }
            rejects.extend(piece.rejects);
        }
        rejects.append(&mut batch.rejects);
        batch = next?;
    }
    if lines == 0 {
        return Ok(None);
    }
    rejects.sort_by_key(|r: &Reject| r.line);
    if !rejects.is_empty() {
        write_rejects(folder.join(format!("{name}.rejects.tsv")), &rejects)?;
    }
    let sha256 = shard.write(&folder.join(&name))?;
    Ok(Some(ShardEntry {
        file: name,
        lines,
        molecules: shard.molecules(),
        tokens: shard.tokens(),
        rejected: rejects.len() as u64,
        duplicates,
        sha256,
    }))
}

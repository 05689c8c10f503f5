//! From a molecule file to shards.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::molecules::{Molecules, ReadOptions};
use crate::rejects::{Reject, write_rejects};
use crate::split::Fractions;

use super::Tokenizer;
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
}

impl Default for PrepareOptions {
    fn default() -> Self {
        Self {
            read: ReadOptions::default(),
            lines_per_shard: 1 << 18,
            fractions: Fractions::default(),
            seed: 0,
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

/// Records that are handed to the threads at once, and to one thread.
const BATCH: usize = 1 << 14;
const PIECE: usize = 1 << 9;

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
            && manifest.shards.iter().map(|s| s.lines).sum::<u64>() > 0
            && Manifest::read(folder)?.shards == manifest.shards
        {
            manifest.complete = true;
            return Ok(manifest);
        }
    }
    let mut molecules = Molecules::open(source, &options.read)?;
    let done: u64 = manifest.shards.iter().map(|s| s.lines).sum();
    for _ in 0..done {
        if molecules.next_line()?.is_none() {
            break;
        }
    }
    loop {
        let number = manifest.shards.len();
        let Some(entry) = one_shard(&mut molecules, folder, number, tokenizer, &manifest)? else {
            break;
        };
        manifest.shards.push(entry);
        manifest.write(folder)?;
        let progress = Progress {
            lines: manifest.shards.iter().map(|s| s.lines).sum(),
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

/// Reads, tokenizes and writes the next shard; reading the next batch overlaps with tokenizing the last one.
fn one_shard<T: Tokenizer>(
    molecules: &mut Molecules,
    folder: &Path,
    number: usize,
    tokenizer: &T,
    manifest: &Manifest,
) -> Result<Option<ShardEntry>> {
    let name = format!("shard_{number:05}.tokens");
    let mut shard = ShardBuilder::default();
    let mut rejects = Vec::new();
    let mut lines = 0_u64;
    let mut left = manifest.lines_per_shard;
    let mut batch = Batch::read(molecules, left)?;
    while !batch.ends.is_empty() || !batch.rejects.is_empty() {
        let read = batch.lines();
        lines += read;
        left -= read;
        let (next, pieces) = rayon::join(
            || Batch::read(molecules, left),
            || batch.tokenize(tokenizer),
        );
        for piece in pieces {
            shard
                .append(&piece.tokens, &piece.ends)
                .map_err(|reason| Error::Vocabulary { reason })?;
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
        sha256,
    }))
}

/// SMILES one after the other in one text.
struct Batch {
    text: String,
    /// Line number and end in the text of each.
    ends: Vec<(u64, usize)>,
    rejects: Vec<Reject>,
}

/// What a thread makes of its part of a batch.
struct Piece {
    tokens: Vec<u16>,
    ends: Vec<u32>,
    rejects: Vec<Reject>,
}

impl Batch {
    fn read(molecules: &mut Molecules, left: u64) -> Result<Self> {
        let mut batch = Self {
            text: String::with_capacity(64 * BATCH),
            ends: Vec::with_capacity(BATCH),
            rejects: Vec::new(),
        };
        let most = left.min(BATCH as u64);
        while batch.lines() < most {
            let Some(line) = molecules.next_line()? else {
                break;
            };
            match line.smiles {
                Ok(smiles) => {
                    batch.text.push_str(smiles);
                    batch.ends.push((line.number, batch.text.len()));
                }
                Err(reason) => batch
                    .rejects
                    .push(Reject::new(line.number, line.text, reason)),
            }
        }
        Ok(batch)
    }

    fn lines(&self) -> u64 {
        (self.ends.len() + self.rejects.len()) as u64
    }

    fn tokenize<T: Tokenizer>(&self, tokenizer: &T) -> Vec<Piece> {
        self.ends
            .par_chunks(PIECE)
            .enumerate()
            .map_init(
                || tokenizer.worker(),
                |worker, (k, ends)| {
                    let mut start = if k == 0 {
                        0
                    } else {
                        self.ends[k * PIECE - 1].1
                    };
                    let mut piece = Piece {
                        tokens: Vec::with_capacity(64 * PIECE),
                        ends: Vec::with_capacity(PIECE),
                        rejects: Vec::new(),
                    };
                    for &(line, end) in ends {
                        let smiles = &self.text[start..end];
                        start = end;
                        let before = piece.tokens.len();
                        match tokenizer.encode(worker, smiles, &mut piece.tokens) {
                            Ok(()) => piece.ends.push(
                                u32::try_from(piece.tokens.len())
                                    .expect("a piece is 512 lines of at most 1 MiB"),
                            ),
                            Err(reason) => {
                                piece.tokens.truncate(before);
                                piece.rejects.push(Reject::new(line, smiles, reason));
                            }
                        }
                    }
                    piece
                },
            )
            .collect()
    }
}

//! Lines that are handed to the threads at once.

use rayon::prelude::*;

use crate::dedup::{Same, key};
use crate::error::Result;
use crate::molecules::Molecules;
use crate::rejects::Reject;

use super::Tokenizer;

/// Records that are handed to the threads at once, and to one thread.
const BATCH: usize = 1 << 14;
const PIECE: usize = 1 << 9;

/// SMILES one after the other in one text.
pub(super) struct Batch {
    text: String,
    /// Line number and end in the text of each.
    ends: Vec<(u64, usize)>,
    pub(super) rejects: Vec<Reject>,
}

/// What a thread makes of its part of a batch.
pub(super) struct Piece {
    tokens: Vec<u16>,
    /// For each line the end of its tokens, or nothing where it has none.
    ends: Vec<Option<usize>>,
    /// Keys of the lines where duplicates are to be found, else empty.
    keys: Vec<u128>,
    pub(super) rejects: Vec<Reject>,
}

/// One line of a piece.
pub(super) struct Molecule<'a> {
    /// Its tokens, or nothing where it was rejected.
    pub(super) tokens: Option<&'a [u16]>,
    /// What tells it from others, where duplicates are to be found.
    pub(super) key: Option<u128>,
}

impl Piece {
    /// The lines in their order.
    pub(super) fn molecules(&self) -> impl Iterator<Item = Molecule<'_>> {
        let mut start = 0;
        self.ends.iter().enumerate().map(move |(k, end)| Molecule {
            tokens: end.map(|end| &self.tokens[std::mem::replace(&mut start, end)..end]),
            key: self.keys.get(k).copied(),
        })
    }
}

impl Batch {
    pub(super) fn read(molecules: &mut Molecules, left: u64) -> Result<Self> {
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

    /// Records of the file, rejects included.
    pub(super) fn lines(&self) -> u64 {
        (self.ends.len() + self.rejects.len()) as u64
    }

    /// The keys of all lines with SMILES, in their order.
    pub(super) fn keys(&self, same: Same) -> Vec<u128> {
        (0..self.ends.len())
            .into_par_iter()
            .with_min_len(PIECE)
            .map(|k| key(self.smiles(k), same))
            .collect()
    }

    /// The tokens of all lines with SMILES, in their order, and their keys where duplicates are to be found.
    pub(super) fn tokenize<T: Tokenizer>(&self, tokenizer: &T, same: Option<Same>) -> Vec<Piece> {
        (0..self.ends.len().div_ceil(PIECE))
            .into_par_iter()
            .map_init(
                || tokenizer.worker(),
                |worker, piece| {
                    let lines = piece * PIECE..self.ends.len().min((piece + 1) * PIECE);
                    self.tokenize_piece(lines, tokenizer, worker, same)
                },
            )
            .collect()
    }

    fn tokenize_piece<T: Tokenizer>(
        &self,
        lines: std::ops::Range<usize>,
        tokenizer: &T,
        worker: &mut T::Worker,
        same: Option<Same>,
    ) -> Piece {
        let mut piece = Piece {
            tokens: Vec::with_capacity(64 * PIECE),
            ends: Vec::with_capacity(PIECE),
            keys: Vec::new(),
            rejects: Vec::new(),
        };
        for k in lines {
            let smiles = self.smiles(k);
            piece.keys.extend(same.map(|same| key(smiles, same)));
            let before = piece.tokens.len();
            match tokenizer.encode(worker, smiles, &mut piece.tokens) {
                Ok(()) => piece.ends.push(Some(piece.tokens.len())),
                Err(reason) => {
                    piece.tokens.truncate(before);
                    piece.ends.push(None);
                    let line = self.ends[k].0;
                    piece.rejects.push(Reject::new(line, smiles, reason));
                }
            }
        }
        piece
    }

    fn smiles(&self, k: usize) -> &str {
        let start = if k == 0 { 0 } else { self.ends[k - 1].1 };
        &self.text[start..self.ends[k].1]
    }
}

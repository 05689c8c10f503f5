//! Rows of tokens that training reads, wherever they are kept.
//!
//! Axis letters: T tokens a row.

use std::io;

use crate::batch::Batch;
use crate::config::ChemGptConfig;
use crate::data::{Fingerprint, PackedRows};
use crate::error::{Error, Result};

/// Rows of T tokens, any of which can be had at any time.
pub trait TokenRows: Send + Sync {
    /// Number of rows.
    fn rows(&self) -> usize;

    /// Tokens a row.
    fn length(&self) -> usize;

    /// The largest id.
    fn largest_id(&self) -> u32;

    /// A number that changes with the tokens, their order, or the length of the rows; a resumed run checks that it has
    /// the same data.
    fn fingerprint(&self) -> String;

    /// Some rows as a batch.
    ///
    /// # Errors
    /// [`Error::Io`] when the rows are in a file that cannot be read any more.
    ///
    /// # Panics
    /// When an index is not below the number of rows.
    fn batch(&self, rows: &[usize]) -> Result<Batch>;

    /// Checks length and ids against a model.
    ///
    /// # Errors
    /// [`Error::TokenRange`] or [`Error::TooLong`].
    fn check(&self, config: &ChemGptConfig) -> Result<()> {
        if self.length() <= config.positions && (self.largest_id() as usize) < config.vocab {
            return Ok(());
        }
        // Separate molecules may be shorter than their row, and the error names the place of a foreign token.
        for row in 0..self.rows() {
            match self.batch(&[row])?.validate(config) {
                Err(Error::TokenRange {
                    id, place, vocab, ..
                }) => {
                    return Err(Error::TokenRange {
                        id,
                        row,
                        place,
                        vocab,
                    });
                }
                other => other?,
            }
        }
        Ok(())
    }
}

impl TokenRows for PackedRows {
    fn rows(&self) -> usize {
        self.rows()
    }

    fn length(&self) -> usize {
        self.length()
    }

    fn largest_id(&self) -> u32 {
        self.largest_id()
    }

    fn fingerprint(&self) -> String {
        self.fingerprint()
    }

    fn batch(&self, rows: &[usize]) -> Result<Batch> {
        Ok(self.batch(rows))
    }
}

/// Token sequences (each with its start and end token) that are kept elsewhere: in mapped files, for example.
pub trait Sequences: Send + Sync {
    /// Number of sequences.
    fn count(&self) -> usize;

    /// Appends the tokens of sequence `index` to `ids`.
    ///
    /// # Errors
    /// What the source reports, for example through [`io::Error::other`].
    fn append(&self, index: usize, ids: &mut Vec<u32>) -> io::Result<()>;
}

/// Where a row begins: `skip` tokens into sequence `sequence`.
#[derive(Clone, Copy, Debug)]
struct Start {
    sequence: u32,
    skip: u32,
}

/// Rows of T tokens cut from the concatenation of sequences that stay where they are: eight bytes a row are all that is
/// kept in memory. The rows are those of [`PackedRows::pack`] on the same sequences, with the same fingerprint, so a run
/// that was begun from one can go on from the other.
#[derive(Debug)]
pub struct StreamedRows<S> {
    sequences: S,
    length: usize,
    starts: Vec<Start>,
    separate: Option<u32>,
    largest_id: u32,
    fingerprint: String,
}

impl<S: Sequences> StreamedRows<S> {
    /// Reads all sequences once, to find where the rows begin; what does not fill the last row is dropped. With
    /// `separate` molecules of one row do not see one another, and that token ends a molecule.
    ///
    /// # Errors
    /// [`Error::Empty`] when not even one row is filled, [`Error::Config`] for a length below 2 or more than 2³²
    /// sequences, [`Error::Io`] from the source.
    pub fn new(sequences: S, length: usize, separate: Option<u32>) -> Result<Self> {
        if length < 2 {
            return Err(Error::Config {
                field: "row length",
                value: length.to_string(),
                allowed: "at least 2",
            });
        }
        let mut starts = Vec::new();
        let mut hash = Fingerprint::new(length, separate);
        let mut largest_id = 0;
        // Tokens of the row that is being filled; they are taken in only when it is whole.
        let mut row: Vec<u32> = Vec::with_capacity(length);
        let mut start = None;
        let mut ids = Vec::new();
        for index in 0..sequences.count() {
            ids.clear();
            sequences.append(index, &mut ids)?;
            let sequence = u32::try_from(index).map_err(|_| Error::Config {
                field: "number of sequences",
                value: sequences.count().to_string(),
                allowed: "below 2^32",
            })?;
            for (skip, &id) in (0_u32..).zip(&ids) {
                start.get_or_insert(Start { sequence, skip });
                row.push(id);
                if row.len() == length {
                    starts.extend(start.take());
                    for id in row.drain(..) {
                        hash.add(id);
                        largest_id = largest_id.max(id);
                    }
                }
            }
        }
        if starts.is_empty() {
            return Err(Error::Empty {
                what: "the set of token rows (fewer tokens than one row)",
            });
        }
        starts.shrink_to_fit();
        Ok(Self {
            sequences,
            length,
            starts,
            separate,
            largest_id,
            fingerprint: hash.finish(),
        })
    }
}

impl<S: Sequences> TokenRows for StreamedRows<S> {
    fn rows(&self) -> usize {
        self.starts.len()
    }

    fn length(&self) -> usize {
        self.length
    }

    fn largest_id(&self) -> u32 {
        self.largest_id
    }

    fn fingerprint(&self) -> String {
        self.fingerprint.clone()
    }

    fn batch(&self, rows: &[usize]) -> Result<Batch> {
        let mut ids = Vec::with_capacity(rows.len() * self.length);
        let mut sequence = Vec::new();
        for &row in rows {
            let start = self.starts[row];
            let end = ids.len() + self.length;
            let mut skip = start.skip as usize;
            for index in start.sequence as usize..self.sequences.count() {
                sequence.clear();
                self.sequences.append(index, &mut sequence)?;
                let wanted = end - ids.len();
                ids.extend(sequence.iter().skip(skip).take(wanted));
                skip = 0;
                if ids.len() == end {
                    break;
                }
            }
            if ids.len() != end {
                let reason = format!("row {row} of tokens has become shorter since it was counted");
                return Err(Error::Io(io::Error::other(reason)));
            }
        }
        let batch = Batch::new(ids, self.length);
        Ok(match self.separate {
            None => batch,
            Some(end) => batch.with_separate_molecules(end),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Kept(Vec<Vec<u32>>);

    impl Sequences for Kept {
        fn count(&self) -> usize {
            self.0.len()
        }

        fn append(&self, index: usize, ids: &mut Vec<u32>) -> io::Result<()> {
            ids.extend(&self.0[index]);
            Ok(())
        }
    }

    fn sequences() -> Vec<Vec<u32>> {
        (0..23_u32)
            .map(|index| {
                let mut ids = vec![2];
                ids.extend((0..index * 5 % 13).map(|place| 5 + (place + index) % 9));
                ids.push(3);
                ids
            })
            .collect()
    }

    #[test]
    fn streamed_rows_are_packed_rows() {
        for separate in [None, Some(3)] {
            let mut packed = PackedRows::pack(sequences(), 7).unwrap();
            if let Some(end) = separate {
                packed = packed.with_separate_molecules(end);
            }
            let streamed = StreamedRows::new(Kept(sequences()), 7, separate).unwrap();
            assert!(packed.rows() > 10);
            assert_eq!(streamed.rows(), packed.rows());
            assert_eq!(streamed.fingerprint(), packed.fingerprint());
            assert_eq!(streamed.largest_id(), packed.largest_id());
            let order: Vec<usize> = (0..packed.rows()).rev().collect();
            assert_eq!(streamed.batch(&order).unwrap(), packed.batch(&order));
        }
    }

    #[test]
    fn sequences_that_fill_no_row_and_short_rows_are_refused() {
        assert!(StreamedRows::new(Kept(vec![vec![2, 5, 3]]), 4, None).is_err());
        assert!(StreamedRows::new(Kept(sequences()), 1, None).is_err());
    }

    #[test]
    fn a_foreign_token_is_named_before_the_run() {
        let streamed = StreamedRows::new(Kept(sequences()), 7, None).unwrap();
        let config = ChemGptConfig::new(10, 8, 1, 2).with_positions(8);
        let error = streamed.check(&config).unwrap_err().to_string();
        assert!(error.contains("token 10 at row 1, place 0"), "{error}");
        assert!(streamed.check(&config.with_positions(4)).is_err());
    }
}

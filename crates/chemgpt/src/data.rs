//! Token rows: molecules packed one after another into rows of one length.
//!
//! Axis letters: T tokens a row.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::batch::Batch;
use crate::error::{Error, Result};

/// Rows of T tokens cut from the concatenation of all sequences, as the public models were trained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackedRows {
    length: usize,
    ids: Vec<u32>,
    separate: Option<u32>,
}

impl PackedRows {
    /// Packs sequences (each with its start and end token) into rows of `length` tokens; what does not fill the last
    /// row is dropped.
    ///
    /// # Errors
    /// [`Error::Empty`] when not even one row is filled, [`Error::Config`] for a length below 2.
    pub fn pack<S: AsRef<[u32]>>(
        sequences: impl IntoIterator<Item = S>,
        length: usize,
    ) -> Result<Self> {
        let mut ids = Vec::new();
        for sequence in sequences {
            ids.extend_from_slice(sequence.as_ref());
        }
        Self::from_tokens(ids, length)
    }

    /// Rows of a stream of tokens that is already concatenated.
    ///
    /// # Errors
    /// As [`pack`](Self::pack).
    pub fn from_tokens(mut ids: Vec<u32>, length: usize) -> Result<Self> {
        if length < 2 {
            return Err(Error::Config {
                field: "row length",
                value: length.to_string(),
                allowed: "at least 2",
            });
        }
        ids.truncate(ids.len() / length * length);
        if ids.is_empty() {
            return Err(Error::Empty {
                what: "the set of token rows (fewer tokens than one row)",
            });
        }
        Ok(Self {
            length,
            ids,
            separate: None,
        })
    }

    /// Molecules of one row do not see one another; `end` ends a molecule.
    #[must_use]
    pub fn with_separate_molecules(mut self, end: u32) -> Self {
        self.separate = Some(end);
        self
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.ids.len() / self.length
    }

    /// Tokens a row.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }

    /// All tokens, row after row.
    #[must_use]
    pub fn tokens(&self) -> &[u32] {
        &self.ids
    }

    /// The largest id.
    #[must_use]
    pub fn largest_id(&self) -> u32 {
        self.ids.iter().copied().max().unwrap_or(0)
    }

    /// A number that changes with the tokens, their order, or the length of the rows (FNV-1a, 64 bits, as hexadecimal
    /// digits): a resumed run checks that it has the same data.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut hash = Fingerprint::new(self.length, self.separate);
        for &id in &self.ids {
            hash.add(id);
        }
        hash.finish()
    }

    /// The first `rows` rows (all when there are fewer): subsets of growing size are nested.
    #[must_use]
    pub fn head(&self, rows: usize) -> Self {
        Self {
            ids: self.ids[..rows.min(self.rows()) * self.length].to_vec(),
            ..self.clone()
        }
    }

    /// Some rows as a batch.
    ///
    /// # Panics
    /// When an index is not below the number of rows.
    #[must_use]
    pub fn batch(&self, rows: &[usize]) -> Batch {
        let mut ids = Vec::with_capacity(rows.len() * self.length);
        for &row in rows {
            ids.extend_from_slice(&self.ids[row * self.length..(row + 1) * self.length]);
        }
        let batch = Batch::new(ids, self.length);
        match self.separate {
            None => batch,
            Some(end) => batch.with_separate_molecules(end),
        }
    }
}

/// FNV-1a (64 bits) of the length of the rows, the end of separate molecules, and every token.
pub(crate) struct Fingerprint(u64);

impl Fingerprint {
    pub(crate) fn new(length: usize, separate: Option<u32>) -> Self {
        let mut hash = Self(0xcbf2_9ce4_8422_2325);
        hash.add_word(length as u64);
        hash.add_word(separate.map_or(u64::MAX, u64::from));
        hash
    }

    pub(crate) fn add(&mut self, id: u32) {
        self.add_word(u64::from(id));
    }

    pub(crate) fn finish(&self) -> String {
        format!("{:016x}", self.0)
    }

    fn add_word(&mut self, word: u64) {
        for byte in word.to_le_bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// Which rows each step takes: a new shuffle each epoch, a pure function of seed and step, so a resumed run needs no
/// other state than its step.
#[derive(Clone, Debug)]
pub struct BatchOrder {
    rows: usize,
    batch: usize,
    seed: u64,
    epoch: Option<u64>,
    order: Vec<usize>,
}

impl BatchOrder {
    /// Batches of `batch` out of `rows` rows (all rows when there are fewer). What does not fill the last batch of an
    /// epoch is left out of that epoch.
    #[must_use]
    pub fn new(rows: usize, batch: usize, seed: u64) -> Self {
        Self {
            rows,
            batch: batch.clamp(1, rows.max(1)),
            seed,
            epoch: None,
            order: Vec::new(),
        }
    }

    /// Steps of one epoch.
    #[must_use]
    pub fn steps_per_epoch(&self) -> u64 {
        (self.rows / self.batch) as u64
    }

    /// Rows a step.
    #[must_use]
    pub fn batch_size(&self) -> usize {
        self.batch
    }

    /// Epoch and number of the batch within it, for step `step` from 0.
    #[must_use]
    pub fn place(&self, step: u64) -> (u64, u64) {
        (step / self.steps_per_epoch(), step % self.steps_per_epoch())
    }

    /// The rows of step `step`, counted from 0.
    ///
    /// # Panics
    /// Never: an epoch has fewer batches than rows.
    pub fn rows_of(&mut self, step: u64) -> &[usize] {
        let (epoch, place) = self.place(step);
        if self.epoch != Some(epoch) {
            self.epoch = Some(epoch);
            self.order = (0..self.rows).collect();
            let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
            rng.set_stream(epoch);
            shuffle(&mut self.order, &mut rng);
        }
        let start = usize::try_from(place).expect("fewer batches than rows") * self.batch;
        &self.order[start..start + self.batch]
    }
}

/// Fisher–Yates with Lemire's multiplication, so that the order does not depend on a library's version.
fn shuffle(values: &mut [usize], rng: &mut ChaCha8Rng) {
    for last in (1..values.len()).rev() {
        let product = u128::from(rng.next_u64()) * (last as u128 + 1);
        let chosen =
            usize::try_from(product >> 64).expect("the product's high half is below the length");
        values.swap(last, chosen);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn an_epoch_takes_each_row_once_and_epochs_differ() {
        let mut order = BatchOrder::new(12, 4, 7);
        let epoch = |order: &mut BatchOrder, first: u64| -> Vec<usize> {
            (first..first + 3)
                .flat_map(|step| order.rows_of(step).to_vec())
                .collect()
        };
        let one = epoch(&mut order, 0);
        let two = epoch(&mut order, 3);
        assert_eq!(one.iter().collect::<BTreeSet<_>>().len(), 12);
        assert_ne!(one, two);
        assert_eq!(one, epoch(&mut BatchOrder::new(12, 4, 7), 0));
        assert_ne!(one, epoch(&mut BatchOrder::new(12, 4, 8), 0));
    }

    #[test]
    fn packing_drops_only_the_unfilled_row() {
        let rows = PackedRows::pack([vec![2, 5, 3], vec![2, 6, 7, 3]], 3).unwrap();
        assert_eq!(rows.rows(), 2);
        assert_eq!(rows.batch(&[1, 0]).ids, [2, 6, 7, 2, 5, 3]);
        assert!(PackedRows::pack([vec![2, 3]], 3).is_err());
    }
}

//! Rows of tokens on their way into the model.
//!
//! Axis letters: B rows, T tokens.

use crate::config::ChemGptConfig;
use crate::error::{Error, Result};

/// A target that does not count in the loss.
pub const IGNORED: u32 = u32::MAX;

/// B rows of T tokens each, with what is needed beside the tokens.
///
/// Every restriction of attention that the model knows (left padding, packed molecules that must not see one another)
/// is one number a token: the first token that it may see. The local window is the model's own.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Number of rows (B).
    pub rows: usize,
    /// Tokens of each row (T).
    pub length: usize,
    /// Token ids, \[B, T\].
    pub ids: Vec<u32>,
    /// Position of each token, \[B, T\]; `None` counts from 0 in each row.
    pub positions: Option<Vec<u32>>,
    /// First token of the row that each token may see, \[B, T\]; `None` is 0 everywhere.
    pub first: Option<Vec<u32>>,
    /// The token that should come next, \[B, T\], or [`IGNORED`]; `None` takes the next token of the row.
    pub targets: Option<Vec<u32>>,
}

impl Batch {
    /// Rows without padding; each token's target is the next one, the last token has none.
    ///
    /// # Panics
    /// When the number of ids is not a multiple of `length`.
    #[must_use]
    pub fn new(ids: Vec<u32>, length: usize) -> Self {
        assert!(
            length > 0 && ids.len().is_multiple_of(length),
            "{} ids do not fill rows of {length}",
            ids.len()
        );
        Self {
            rows: ids.len() / length,
            length,
            ids,
            positions: None,
            first: None,
            targets: None,
        }
    }

    /// Rows of different lengths, padded on the right; padding is no target and no padding is seen.
    #[must_use]
    pub fn pad_right(rows: &[&[u32]], pad: u32) -> Self {
        let length = rows.iter().map(|row| row.len()).max().unwrap_or(0).max(1);
        let mut ids = Vec::with_capacity(rows.len() * length);
        let mut targets = Vec::with_capacity(rows.len() * length);
        for row in rows {
            ids.extend_from_slice(row);
            ids.resize(ids.len() + length - row.len(), pad);
            targets.extend(row.iter().skip(1));
            targets.resize(ids.len(), IGNORED);
        }
        Self {
            targets: Some(targets),
            ..Self::new(ids, length)
        }
    }

    /// Rows of different lengths, padded on the left, as batched generation needs them: positions start at 0 at each
    /// row's first real token, and padding is not seen.
    #[must_use]
    pub fn pad_left(rows: &[&[u32]], pad: u32) -> Self {
        let length = rows.iter().map(|row| row.len()).max().unwrap_or(0).max(1);
        let mut ids = Vec::with_capacity(rows.len() * length);
        let mut positions = Vec::with_capacity(ids.capacity());
        let mut first = Vec::with_capacity(ids.capacity());
        let mut targets = Vec::with_capacity(ids.capacity());
        for row in rows {
            let padding = length - row.len();
            for place in 0..length {
                ids.push(if place < padding {
                    pad
                } else {
                    row[place - padding]
                });
                positions.push(number(place.saturating_sub(padding)));
                first.push(number(padding.min(place)));
                targets.push(if place >= padding && place + 1 < length {
                    row[place + 1 - padding]
                } else {
                    IGNORED
                });
            }
        }
        Self {
            positions: Some(positions),
            first: Some(first),
            targets: Some(targets),
            ..Self::new(ids, length)
        }
    }

    /// Rows that hold several molecules, each ended by `end`: no molecule sees another, and each starts at position 0.
    #[must_use]
    pub fn with_separate_molecules(mut self, end: u32) -> Self {
        let mut first = Vec::with_capacity(self.ids.len());
        let mut positions = Vec::with_capacity(self.ids.len());
        for row in self.ids.chunks(self.length) {
            let mut start = 0;
            for (place, &id) in row.iter().enumerate() {
                first.push(number(start));
                positions.push(number(place - start));
                if id == end {
                    start = place + 1;
                }
            }
        }
        // The first token of a molecule cannot be foretold from the end of another one that it does not see.
        let mut targets = self.resolved_targets();
        for (place, target) in targets.iter_mut().enumerate() {
            let next = place + 1;
            if next % self.length != 0 && first[next] as usize == next % self.length {
                *target = IGNORED;
            }
        }
        self.targets = Some(targets);
        self.first = Some(first);
        self.positions = Some(positions);
        self
    }

    /// The targets, spelt out.
    #[must_use]
    pub fn resolved_targets(&self) -> Vec<u32> {
        if let Some(targets) = &self.targets {
            return targets.clone();
        }
        let mut targets = Vec::with_capacity(self.ids.len());
        for row in self.ids.chunks(self.length) {
            targets.extend_from_slice(&row[1..]);
            targets.push(IGNORED);
        }
        targets
    }

    /// How many targets count in the loss.
    #[must_use]
    pub fn target_count(&self) -> usize {
        match &self.targets {
            Some(targets) => targets.iter().filter(|&&target| target != IGNORED).count(),
            None => self.rows * (self.length - 1),
        }
    }

    /// Some of the rows, in order.
    #[must_use]
    pub fn slice(&self, rows: std::ops::Range<usize>) -> Self {
        let range = rows.start * self.length..rows.end * self.length;
        let part =
            |values: &Option<Vec<u32>>| values.as_ref().map(|all| all[range.clone()].to_vec());
        Self {
            rows: rows.len(),
            length: self.length,
            ids: self.ids[range.clone()].to_vec(),
            positions: part(&self.positions),
            first: part(&self.first),
            targets: part(&self.targets),
        }
    }

    /// Checks ids, positions, and lengths against a model.
    ///
    /// # Errors
    /// [`Error::TokenRange`] or [`Error::TooLong`].
    pub fn validate(&self, config: &ChemGptConfig) -> Result<()> {
        let longest = match &self.positions {
            Some(positions) => positions.iter().max().map_or(0, |&last| last as usize + 1),
            None => self.length,
        };
        if longest > config.positions {
            return Err(Error::TooLong {
                length: longest,
                positions: config.positions,
            });
        }
        let targets = self.targets.iter().flatten();
        let counted = targets.map(|&id| if id == IGNORED { 0 } else { id });
        let places = (0..self.ids.len()).cycle();
        let outside = places
            .zip(self.ids.iter().copied().chain(counted))
            .find(|&(_, id)| id as usize >= config.vocab);
        match outside {
            None => Ok(()),
            Some((place, id)) => Err(Error::TokenRange {
                id,
                row: place / self.length,
                place: place % self.length,
                vocab: config.vocab,
            }),
        }
    }
}

fn number(value: usize) -> u32 {
    u32::try_from(value).expect("rows are shorter than 2^32 tokens")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn left_padding_moves_positions_and_hides_padding() {
        let batch = Batch::pad_left(&[&[7, 8, 9], &[5]], 1);
        assert_eq!(batch.ids, [7, 8, 9, 1, 1, 5]);
        assert_eq!(batch.positions.as_deref().unwrap(), [0, 1, 2, 0, 0, 0]);
        assert_eq!(batch.first.as_deref().unwrap(), [0, 0, 0, 0, 1, 2]);
        assert_eq!(batch.target_count(), 2);
    }

    #[test]
    fn separate_molecules_start_anew_and_do_not_foretell_one_another() {
        let batch = Batch::new(vec![2, 5, 3, 2, 6, 3, 2, 7], 8).with_separate_molecules(3);
        assert_eq!(batch.first.as_deref().unwrap(), [0, 0, 0, 3, 3, 3, 6, 6]);
        assert_eq!(
            batch.positions.as_deref().unwrap(),
            [0, 1, 2, 0, 1, 2, 0, 1]
        );
        let targets = batch.targets.unwrap();
        assert_eq!(targets, [5, 3, IGNORED, 6, 3, IGNORED, 7, IGNORED]);
    }

    #[test]
    fn a_token_outside_the_vocabulary_is_placed() {
        let config = ChemGptConfig::new(6, 8, 1, 1);
        let error = Batch::new(vec![1, 2, 3, 9], 2)
            .validate(&config)
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "token 9 at row 1, place 1 is outside the vocabulary of 6"
        );
    }
}

//! Which chemical elements a model has rows for.

use backend::segment::Index;
use serde::{Deserialize, Serialize};

use crate::{
    batch::{Batch, ELEMENTS},
    error::{Error, Result},
};

/// The elements a model knows, in the order of its embedding rows, by symbol. An empty list means
/// every atomic number up to 99, row by number.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Elements(pub Vec<String>);

impl Elements {
    /// The elements of these symbols.
    #[must_use]
    pub fn new(symbols: &[&str]) -> Self {
        Self(symbols.iter().map(|&symbol| symbol.to_owned()).collect())
    }

    /// The number of embedding rows: T.
    #[must_use]
    pub fn rows(&self) -> usize {
        match self.0.len() {
            0 => ELEMENTS,
            rows => rows,
        }
    }

    /// The embedding row of an atomic number.
    #[must_use]
    pub fn row(&self, z: u8) -> Option<usize> {
        if self.0.is_empty() {
            return (usize::from(z) < ELEMENTS).then_some(usize::from(z));
        }
        let symbol = atoms::element::symbol(z)?;
        self.0.iter().position(|known| known == symbol)
    }

    pub(super) fn validate(&self) -> Result<()> {
        for (k, symbol) in self.0.iter().enumerate() {
            if atoms::element::number(symbol).is_none() || self.0[..k].contains(symbol) {
                return Err(Error::Setting {
                    field: "elements",
                    value: symbol.clone(),
                    expected: "element symbols, each once",
                });
            }
        }
        Ok(())
    }

    /// The embedding row of each atom.
    ///
    /// # Panics
    /// If the batch has an element without a row; a potential and a training check that before.
    pub(super) fn index(&self, batch: &Batch) -> Index {
        let mut rows = [None; 256];
        let known = (0..=u8::MAX).map(|z| self.row(z).and_then(|row| u32::try_from(row).ok()));
        for (slot, row) in rows.iter_mut().zip(known) {
            *slot = row;
        }
        let of_atom = |z: &u8| {
            rows[usize::from(*z)].unwrap_or_else(|| panic!("the model does not know element {z}"))
        };
        let rows = batch.species.iter().map(of_atom).collect();
        Index::new(rows, self.rows(), &batch.device())
    }
}

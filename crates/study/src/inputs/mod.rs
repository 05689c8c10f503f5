//! From a file, a generator or an embedded set to the items that runs draw from.
//!
//! What cannot be read is counted and listed in a side file; validation items are set apart once,
//! and every smaller training set is the beginning of every larger one.

mod molecules;
mod structures;

pub use molecules::MoleculePool;
pub use structures::StructurePool;

use std::path::Path;

use datasets::{Reject, write_rejects};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::spec::hex;

/// Lists what was left out in a side file and returns its name; nothing if nothing was left out.
fn list_rejects(folder: &Path, name: &str, rejects: &[Reject]) -> Result<Option<String>> {
    if rejects.is_empty() {
        return Ok(None);
    }
    let path = folder.join(name);
    write_rejects(&path, rejects).map_err(|source| Error::Input {
        what: "rejected lines",
        origin: path.display().to_string(),
        source: source.into(),
    })?;
    Ok(Some(name.to_owned()))
}

/// The order in which items are drawn: a permutation of 0 to n − 1 fixed by the seed.
fn shuffled(count: usize, seed: u64) -> Vec<usize> {
    let all: Vec<usize> = (0..count).collect();
    let mut orders =
        datasets::split::nested(&all, &[count], seed).expect("a set is no larger than itself");
    orders.remove(0)
}

/// SHA-256 over parts, each led by its length, so that no two lists of parts hash alike.
#[derive(Default)]
struct Hasher(Sha256);

impl Hasher {
    fn part(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    fn number(&mut self, value: u64) {
        self.0.update(value.to_le_bytes());
    }

    fn float(&mut self, value: f64) {
        self.0.update(value.to_bits().to_le_bytes());
    }

    fn finish(self) -> String {
        hex(&self.0.finalize())
    }
}

/// Too few items for the grid is said before any run begins.
fn enough(
    what: &'static str,
    origin: &str,
    have: usize,
    largest: usize,
    validation: usize,
) -> Result<()> {
    let need = largest + validation;
    if have >= need {
        return Ok(());
    }
    Err(Error::TooFew {
        what,
        origin: origin.to_owned(),
        have,
        need,
        largest,
        validation,
    })
}

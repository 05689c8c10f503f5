//! Finding repeated molecules in files of any size: some 40 bytes a distinct molecule, so ten million fit into about half a
//! gigabyte.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use selfies::graph::MolGraph;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What counts as the same molecule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Same {
    /// The same text.
    #[default]
    Text,
    /// The same canonical SMILES; a text that cannot be read as a molecule is compared as text.
    Canonical,
}

/// Remembers molecules and says which are new.
///
/// A molecule is remembered by 128 bits of SHA-256: among ten million, the chance that any two different ones are taken
/// for the same is below 10⁻²⁴.
///
/// # Examples
/// ```
/// use datasets::dedup::{Same, Seen};
///
/// let mut seen = Seen::new(Same::Canonical);
/// assert!(seen.insert("OCC"));
/// assert!(!seen.insert("CCO"));
/// assert_eq!(seen.len(), 1);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Seen {
    same: Same,
    keys: HashSet<u128, BuildHasherDefault<Folded>>,
}

impl Seen {
    /// Nothing seen yet.
    #[must_use]
    pub fn new(same: Same) -> Self {
        Self {
            same,
            keys: HashSet::default(),
        }
    }

    /// Remembers a molecule; true when it is new.
    pub fn insert(&mut self, smiles: &str) -> bool {
        self.insert_key(key(smiles, self.same))
    }

    pub(crate) fn insert_key(&mut self, key: u128) -> bool {
        self.keys.insert(key)
    }

    pub(crate) fn same(&self) -> Same {
        self.same
    }

    /// True when the molecule was seen.
    #[must_use]
    pub fn contains(&self, smiles: &str) -> bool {
        self.keys.contains(&key(smiles, self.same))
    }

    /// Number of distinct molecules.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// True when nothing was seen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

/// What a molecule is remembered by: the first 128 bits of a SHA-256.
pub(crate) fn key(smiles: &str, same: Same) -> u128 {
    let digest = match same {
        Same::Text => Sha256::digest(smiles),
        Same::Canonical => match canonical(smiles) {
            Some(text) => Sha256::digest(text),
            None => Sha256::digest(smiles),
        },
    };
    u128::from_le_bytes(*digest.first_chunk().expect("a digest has 32 bytes"))
}

/// The canonical SMILES of a molecule, or nothing where the text is none.
pub(crate) fn canonical(smiles: &str) -> Option<String> {
    MolGraph::from_smiles(smiles).ok()?.canonical_smiles().ok()
}

/// Keys are digests already, so eight of their bytes are as good a hash as any.
#[derive(Debug, Clone, Copy, Default)]
struct Folded(u64);

impl Hasher for Folded {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for (k, b) in bytes.iter().enumerate() {
            self.0 ^= u64::from(*b) << (8 * (k % 8));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_canonical_form_are_told_apart() {
        let mut text = Seen::new(Same::Text);
        let mut canonical = Seen::new(Same::Canonical);
        for smiles in [
            "c1ccccc1O",
            "Oc1ccccc1",
            "C1=CC=CC=C1O",
            "not a molecule",
            "not a molecule",
        ] {
            text.insert(smiles);
            canonical.insert(smiles);
        }
        assert_eq!((text.len(), canonical.len()), (4, 2));
        assert!(canonical.contains("C1=CC=C(O)C=C1") && !text.contains("C1=CC=C(O)C=C1"));
    }
}

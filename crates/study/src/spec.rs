//! One run of the grid, and the name it keeps for ever.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::record::RECORD_SCHEMA;

/// The capacity of a model: layers (or interaction blocks) and channels.
///
/// Every family of the study is scaled by these two numbers, as in the paper, so the grid, the
/// records and the fits need not know what the model is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Size {
    /// Layers of the language model, interaction blocks of a potential.
    pub depth: usize,
    /// Channels C.
    pub width: usize,
}

impl Size {
    /// A size from its two numbers.
    #[must_use]
    pub fn new(depth: usize, width: usize) -> Self {
        Self { depth, width }
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{}", self.depth, self.width)
    }
}

/// A family's settings that the grid does not vary, by name.
pub type Settings = BTreeMap<String, serde_json::Value>;

/// Everything that decides the numbers of one run.
///
/// Two runs with equal specifications on the same machine end with the same record, bit for bit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunSpec {
    /// The name of the family in the study file.
    pub family: String,
    /// The family's settings that the grid does not vary; opaque to everything but the family.
    /// Sorted by name, so that the identifier does not hang on how a map was built.
    pub settings: Settings,
    /// Hash of the data set that training and validation items are drawn from.
    pub data_hash: String,
    /// Capacity.
    pub size: Size,
    /// Items (molecules or structures) in the training set.
    pub data_size: usize,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Items (packed rows or structures) in a batch.
    pub batch: usize,
    /// Seed of initialisation and of the order of the data.
    pub seed: u64,
    /// Optimiser steps of the whole schedule.
    pub steps: u64,
    /// Steps after which the run is cut; the schedule is still that of `steps`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cut: Option<u64>,
    /// Device by name.
    pub device: String,
    /// Threads that the run computes with.
    pub threads: usize,
}

impl RunSpec {
    /// The identifier: the first 16 hexadecimal digits of the SHA-256 of the record schema's
    /// version and the specification's JSON.
    ///
    /// # Panics
    /// Never: a specification always serialises.
    #[must_use]
    pub fn id(&self) -> String {
        let json = serde_json::to_string(self).expect("plain data serialises");
        let mut id = sha256_hex(format!("{RECORD_SCHEMA}\n{json}").as_bytes());
        id.truncate(16);
        id
    }

    /// The run in words, for displays and messages.
    #[must_use]
    pub fn label(&self) -> String {
        let cut = match self.cut {
            Some(cut) => format!(", first {cut} of {} steps", self.steps),
            None => format!(", {} steps", self.steps),
        };
        format!(
            "{} {} on {}, rate {}, batch {}, seed {}{cut}",
            self.family, self.size, self.data_size, self.learning_rate, self.batch, self.seed
        )
    }

    /// The same run without its cut.
    #[must_use]
    pub fn in_full(&self) -> Self {
        Self {
            cut: None,
            ..self.clone()
        }
    }

    /// The share of the schedule that the run does, in (0, 1].
    #[must_use]
    pub fn share(&self) -> f64 {
        self.cut.unwrap_or(self.steps) as f64 / self.steps.max(1) as f64
    }
}

/// SHA-256 of some bytes as 64 hexadecimal digits.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes any text");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> RunSpec {
        RunSpec {
            family: "chemgpt".into(),
            settings: Settings::from([("context".into(), 64.into())]),
            data_hash: "00".into(),
            size: Size::new(2, 16),
            data_size: 100,
            learning_rate: 1e-3,
            batch: 8,
            seed: 1,
            steps: 50,
            cut: None,
            device: "flex".into(),
            threads: 1,
        }
    }

    #[test]
    fn an_identifier_is_stable_across_versions() {
        // The first 16 digits of `sha256sum` over the version line and the JSON, computed apart.
        // A change of this value orphans every record made so far.
        assert_eq!(spec().id(), "8a88be7fe0075db2");
    }

    #[test]
    fn every_field_of_a_specification_is_part_of_its_identity() {
        let original = spec().id();
        let changes: [fn(&mut RunSpec); 12] = [
            |s| s.family = "painn".into(),
            |s| {
                s.settings.insert("context".into(), 65.into());
            },
            |s| s.data_hash = "01".into(),
            |s| s.size.depth += 1,
            |s| s.size.width += 1,
            |s| s.data_size += 1,
            |s| s.learning_rate += f64::EPSILON,
            |s| s.batch += 1,
            |s| s.seed += 1,
            |s| s.steps += 1,
            |s| s.cut = Some(10),
            |s| s.threads += 1,
        ];
        for change in changes {
            let mut changed = spec();
            change(&mut changed);
            assert_ne!(changed.id(), original, "{changed:?}");
        }
    }

    #[test]
    fn a_specification_survives_json() {
        let text = serde_json::to_string(&spec()).unwrap();
        let back: RunSpec = serde_json::from_str(&text).unwrap();
        assert_eq!(back, spec());
        assert_eq!(back.id(), spec().id());
    }
}

//! What a run leaves behind: one JSON file, whole or not at all.
//!
//! A record holds what the run computed and nothing that differs between two executions of the
//! same run: on one machine, device and thread count, two records of one specification are equal
//! bit for bit. Wall times are therefore kept beside the records, in [`Timing`] files.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::spec::{RunSpec, sha256_hex};

/// Version of the record's layout. A reader refuses a record of a newer version.
pub const RECORD_SCHEMA: u32 = 1;

/// Parameters of a model, counted both ways: the choice moves the exponents of small models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParameterCount {
    /// Without token, position or species embeddings.
    pub non_embedding: u64,
    /// All.
    pub total: u64,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Status {
    /// The whole schedule was done.
    Finished,
    /// The run was cut where its specification says.
    Cut {
        /// Steps done.
        step: u64,
    },
    /// The loss stopped being a number. The run counts as infinitely bad; it is never dropped.
    Diverged {
        /// The first step whose loss is not finite.
        step: u64,
    },
}

/// What the run was trained on and how much of it was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exposure {
    /// Training items: molecules or structures.
    pub items: u64,
    /// Distinct training units: tokens of the training molecules, atoms of the structures.
    pub unique_units: u64,
    /// Items of a batch times steps: rows or structures seen.
    pub items_seen: u64,
    /// Units seen: tokens or atoms, repeats counted.
    pub units_seen: u64,
    /// Passes over the training set. Above a few passes the loss no longer counts as one of
    /// unlimited data.
    pub epochs: f64,
    /// Estimated floating-point operations of training.
    pub flops: f64,
}

/// The training loss of one step.
pub type StepLoss = (u64, f64);

/// The record of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The specification's identifier; also the file's name.
    pub id: String,
    /// What was asked for.
    pub spec: RunSpec,
    /// Crate or library → version that computed this.
    pub versions: BTreeMap<String, String>,
    /// Parameters of the model.
    pub parameters: ParameterCount,
    /// Data seen and operations spent.
    pub exposure: Exposure,
    /// How the run ended.
    pub status: Status,
    /// Mean training loss of each step, from step 1 on.
    #[serde(with = "lossy_floats::curve")]
    pub curve: Vec<StepLoss>,
    /// Name of the validation metric that the study ranks and fits.
    pub metric: String,
    /// Validation metrics at the end of the run; absent for a diverged run's broken ones.
    #[serde(with = "lossy_floats::table")]
    pub validation: BTreeMap<String, f64>,
    /// Validation metric during training: step and value.
    #[serde(with = "lossy_floats::curve")]
    pub validation_curve: Vec<StepLoss>,
}

impl Record {
    /// The validation metric that the study ranks and fits; infinite for a diverged run.
    #[must_use]
    pub fn score(&self) -> f64 {
        match self.status {
            Status::Diverged { .. } => f64::INFINITY,
            _ => self
                .validation
                .get(&self.metric)
                .copied()
                .filter(|value| value.is_finite())
                .unwrap_or(f64::INFINITY),
        }
    }

    /// The file's bytes: layout version, checksum, record.
    ///
    /// # Panics
    /// Never: a record always serialises.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let body = serde_json::to_string(self).expect("plain data serialises");
        let sha256 = sha256_hex(body.as_bytes());
        format!("{{\"schema\":{RECORD_SCHEMA},\"sha256\":\"{sha256}\",{BODY}{body}}}\n")
            .into_bytes()
    }

    /// Reads a file's bytes and checks layout version, checksum and identifier.
    ///
    /// # Errors
    /// One sentence on what is wrong with the bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Version {
            schema: u32,
        }
        let version: Version =
            serde_json::from_slice(bytes).map_err(|error| format!("not JSON: {error}"))?;
        if version.schema > RECORD_SCHEMA {
            return Err(format!(
                "schema {} is newer than this version reads ({RECORD_SCHEMA})",
                version.schema
            ));
        }
        let envelope: Envelope =
            serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        // The checksum covers the text as it stands, so it must be cut out before it is parsed.
        let body = std::str::from_utf8(bytes)
            .ok()
            .and_then(|text| text.split_once(BODY))
            .and_then(|(_, rest)| rest.strip_suffix("}\n"))
            .ok_or("not laid out as this program writes records")?;
        let found = sha256_hex(body.as_bytes());
        if found != envelope.sha256 {
            return Err(format!(
                "checksum {found} is not the {} written in it",
                envelope.sha256
            ));
        }
        let expected = envelope.record.spec.id();
        if envelope.record.id != expected {
            return Err(format!(
                "identifier {} does not belong to its specification ({expected})",
                envelope.record.id
            ));
        }
        Ok(*envelope.record)
    }
}

/// What stands between the checksum and the text that it covers.
const BODY: &str = "\n\"record\":";

/// The record as it stands in its file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    #[expect(
        dead_code,
        reason = "read before the rest, so that a newer layout is named as such"
    )]
    schema: u32,
    sha256: String,
    record: Box<Record>,
}

/// When and where a run was computed; kept out of the record because it never repeats.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timing {
    /// Wall time of training and validation (s).
    pub wall_s: f64,
    /// Start, in seconds since 1970-01-01 UTC.
    pub started_unix_s: u64,
    /// Runs that shared the machine.
    pub workers: usize,
}

/// JSON has no infinity and no NaN; a diverged curve has both. They are written as strings.
mod lossy_floats {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Clone, Copy)]
    struct Float(f64);

    impl Serialize for Float {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            if self.0.is_finite() {
                serializer.serialize_f64(self.0)
            } else if self.0.is_nan() {
                serializer.serialize_str("nan")
            } else if self.0 > 0.0 {
                serializer.serialize_str("inf")
            } else {
                serializer.serialize_str("-inf")
            }
        }
    }

    impl<'de> Deserialize<'de> for Float {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            #[derive(Deserialize)]
            #[serde(untagged)]
            enum Either {
                Number(f64),
                Text(String),
            }
            match Either::deserialize(deserializer)? {
                Either::Number(value) => Ok(Self(value)),
                Either::Text(text) => match text.as_str() {
                    "nan" => Ok(Self(f64::NAN)),
                    "inf" => Ok(Self(f64::INFINITY)),
                    "-inf" => Ok(Self(f64::NEG_INFINITY)),
                    other => Err(serde::de::Error::custom(format!(
                        "expected a number, \"nan\", \"inf\" or \"-inf\", got \"{other}\""
                    ))),
                },
            }
        }
    }

    pub(super) mod curve {
        use super::{Deserialize, Deserializer, Float, Serialize, Serializer};

        pub(in super::super) fn serialize<S: Serializer>(
            curve: &[(u64, f64)],
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            let pairs: Vec<(u64, Float)> = curve
                .iter()
                .map(|&(step, loss)| (step, Float(loss)))
                .collect();
            pairs.serialize(serializer)
        }

        pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Vec<(u64, f64)>, D::Error> {
            let pairs = Vec::<(u64, Float)>::deserialize(deserializer)?;
            Ok(pairs
                .into_iter()
                .map(|(step, loss)| (step, loss.0))
                .collect())
        }
    }

    pub(super) mod table {
        use std::collections::BTreeMap;

        use super::{Deserialize, Deserializer, Float, Serialize, Serializer};

        pub(in super::super) fn serialize<S: Serializer>(
            table: &BTreeMap<String, f64>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            let table: BTreeMap<&str, Float> = table
                .iter()
                .map(|(name, value)| (name.as_str(), Float(*value)))
                .collect();
            table.serialize(serializer)
        }

        pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<BTreeMap<String, f64>, D::Error> {
            let table = BTreeMap::<String, Float>::deserialize(deserializer)?;
            Ok(table
                .into_iter()
                .map(|(name, value)| (name, value.0))
                .collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Size;

    fn record() -> Record {
        let spec = RunSpec {
            family: "painn".into(),
            settings: BTreeMap::from([("cutoff".into(), 5.0.into())]),
            data_hash: "ab".into(),
            size: Size::new(2, 16),
            data_size: 30,
            learning_rate: 2e-3,
            batch: 4,
            seed: 7,
            steps: 3,
            cut: None,
            device: "flex".into(),
            threads: 1,
        };
        Record {
            id: spec.id(),
            spec,
            versions: BTreeMap::from([("study".into(), "0.1.0".into())]),
            parameters: ParameterCount {
                non_embedding: 10,
                total: 20,
            },
            exposure: Exposure {
                items: 30,
                unique_units: 300,
                items_seen: 12,
                units_seen: 120,
                epochs: 0.4,
                flops: 1e6,
            },
            status: Status::Diverged { step: 3 },
            curve: vec![(1, 0.1 + 0.2), (2, f64::INFINITY), (3, f64::NAN)],
            metric: "force_mae".into(),
            validation: BTreeMap::from([("force_mae".into(), 1.0 / 3.0)]),
            validation_curve: vec![(3, 1.0 / 3.0)],
        }
    }

    #[test]
    fn a_record_comes_back_bit_for_bit_with_its_infinities() {
        let bytes = record().to_bytes();
        let back = Record::from_bytes(&bytes).unwrap();
        assert_eq!(back.to_bytes(), bytes);
        assert_eq!(back.curve[0].1.to_bits(), (0.1_f64 + 0.2).to_bits());
        assert!(back.curve[1].1.is_infinite() && back.curve[2].1.is_nan());
    }

    #[test]
    fn any_flipped_digit_of_a_record_is_noticed() {
        let bytes = record().to_bytes();
        let mut digits = 0;
        for at in 0..bytes.len() {
            if !bytes[at].is_ascii_digit() {
                continue;
            }
            let mut changed = bytes.clone();
            changed[at] = if bytes[at] == b'9' {
                b'1'
            } else {
                bytes[at] + 1
            };
            digits += 1;
            assert!(
                Record::from_bytes(&changed).is_err(),
                "a change at byte {at} went unnoticed: {}",
                String::from_utf8_lossy(&changed)
            );
        }
        assert!(digits > 100, "the record has digits to flip");
    }

    #[test]
    fn a_truncated_record_is_noticed() {
        let bytes = record().to_bytes();
        for length in [0, 1, bytes.len() / 2, bytes.len() - 2] {
            assert!(Record::from_bytes(&bytes[..length]).is_err());
        }
    }

    #[test]
    fn a_record_of_a_newer_schema_is_refused_by_name() {
        let text = String::from_utf8(record().to_bytes()).unwrap();
        let newer = text.replacen("\"schema\":1", "\"schema\":2", 1);
        let error = Record::from_bytes(newer.as_bytes()).unwrap_err();
        assert!(error.contains("schema 2 is newer"), "{error}");
    }

    #[test]
    fn a_diverged_run_is_infinitely_bad_and_never_dropped() {
        assert!(record().score().is_infinite());
    }
}

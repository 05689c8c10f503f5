//! Losses in JSON, which has no word for infinity: a loss that is not finite is written as `null`.

/// One loss.
pub(crate) mod single {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde hands a reference to every serialiser of a field"
    )]
    pub(crate) fn serialize<S: Serializer>(loss: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        Some(*loss).filter(|x| x.is_finite()).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Ok(Option::<f64>::deserialize(deserializer)?.unwrap_or(f64::INFINITY))
    }
}

/// A list of losses.
pub(crate) mod list {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        losses: &[f64],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let finite: Vec<Option<f64>> = losses
            .iter()
            .map(|&x| Some(x).filter(|x| x.is_finite()))
            .collect();
        finite.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<f64>, D::Error> {
        let losses = Vec::<Option<f64>>::deserialize(deserializer)?;
        Ok(losses
            .into_iter()
            .map(|x| x.unwrap_or(f64::INFINITY))
            .collect())
    }
}

/// A list of losses of which some were not taken: what is missing is the word `"none"`.
pub(crate) mod optional_list {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Entry {
        Loss(Option<f64>),
        Missing(String),
    }

    pub(crate) fn serialize<S: Serializer>(
        losses: &[Option<f64>],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let entries: Vec<Entry> = losses
            .iter()
            .map(|loss| match loss {
                Some(x) => Entry::Loss(Some(*x).filter(|x| x.is_finite())),
                None => Entry::Missing("none".to_owned()),
            })
            .collect();
        entries.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Option<f64>>, D::Error> {
        let entries = Vec::<Entry>::deserialize(deserializer)?;
        let loss = |entry| match entry {
            Entry::Loss(loss) => Ok(Some(loss.unwrap_or(f64::INFINITY))),
            Entry::Missing(word) if word == "none" => Ok(None),
            Entry::Missing(word) => Err(serde::de::Error::custom(format!(
                "expected a loss, null (diverged) or \"none\" (not taken), got {word:?}"
            ))),
        };
        entries.into_iter().map(loss).collect()
    }
}

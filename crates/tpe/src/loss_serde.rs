//! Losses in JSON, which has no word for infinity: a loss that is not finite is written as `null`.

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

//! petgraph's indices as plain numbers in serde's formats, which need no feature of petgraph.

use petgraph::graph::{EdgeIndex, NodeIndex};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An index that is a number of 32 bits.
pub(super) trait Number: Copy {
    fn to_number(self) -> usize;
    fn of(number: u32) -> Self;
}

impl Number for NodeIndex {
    fn to_number(self) -> usize {
        self.index()
    }

    fn of(number: u32) -> Self {
        Self::from(number)
    }
}

impl Number for EdgeIndex {
    fn to_number(self) -> usize {
        self.index()
    }

    fn of(number: u32) -> Self {
        Self::from(number)
    }
}

/// One index.
pub(super) mod one {
    use super::{Deserialize, Deserializer, Number, Serialize, Serializer};

    pub(in crate::graph) fn serialize<I: Number, S: Serializer>(
        index: &I,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        index.to_number().serialize(serializer)
    }

    pub(in crate::graph) fn deserialize<'de, I: Number, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<I, D::Error> {
        u32::deserialize(deserializer).map(I::of)
    }
}

/// A list of indices.
pub(super) mod list {
    use super::{Deserialize, Deserializer, Number, Serializer};

    pub(in crate::graph) fn serialize<I: Number, S: Serializer>(
        indices: &[I],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(indices.iter().map(|index| index.to_number()))
    }

    pub(in crate::graph) fn deserialize<'de, I: Number, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<I>, D::Error> {
        let numbers: Vec<u32> = Vec::deserialize(deserializer)?;
        Ok(numbers.into_iter().map(I::of).collect())
    }
}

//! Which input tokens made an output token.

use serde::{Deserialize, Serialize};

/// An output token and the input tokens that made it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Attribution {
    /// Encoding: place in the list of symbols. Decoding: place of the token's
    /// last character, dots not counted.
    pub index: u64,
    /// The output token.
    pub token: String,
    /// The input tokens; none for ring bonds, which are not followed.
    pub sources: Option<Vec<Source>>,
}

/// An input token.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Source {
    /// Place in the list of input tokens.
    pub index: u64,
    /// The token.
    pub token: String,
}

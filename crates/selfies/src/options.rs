//! Choices that encoder and decoder share.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Which language of SELFIES is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Syntax {
    /// SELFIES 1, as the Python package 1.0.4 reads and writes it:
    /// `[Branch1_2]`, `[Expl=Ring1]`, `[C@@Hexpl]`.
    #[serde(rename = "1")]
    V1,
    /// SELFIES 2, as the Python package 2.2.0 reads and writes it:
    /// `[=Branch1]`, `[=Ring1]`, `[C@@H1]`.
    #[default]
    #[serde(rename = "2")]
    V2,
}

/// No syntax has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown syntax '{name}', expected 1 or 2")]
pub struct UnknownSyntax {
    /// The name.
    pub name: String,
}

impl fmt::Display for Syntax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1 => "1",
            Self::V2 => "2",
        })
    }
}

impl FromStr for Syntax {
    type Err = UnknownSyntax;

    fn from_str(name: &str) -> Result<Self, UnknownSyntax> {
        match name {
            "1" => Ok(Self::V1),
            "2" => Ok(Self::V2),
            _ => Err(UnknownSyntax {
                name: name.to_owned(),
            }),
        }
    }
}

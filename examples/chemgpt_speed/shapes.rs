//! Names of shapes and batches.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Error, Result};
use chemgpt::{ChemGptConfig, PUBLIC_VOCAB};

/// A number of rows, each of so many tokens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows {
    pub(crate) count: usize,
    pub(crate) length: usize,
}

impl Rows {
    pub(crate) fn tokens(self) -> usize {
        self.count * self.length
    }
}

impl FromStr for Rows {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let [count, length] = numbers(text)
            .filter(|numbers| !numbers.contains(&0))
            .with_context(|| format!("`{text}` is no ROWSxTOKENS"))?;
        Ok(Self { count, length })
    }
}

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.count, self.length)
    }
}

fn numbers<const N: usize>(text: &str) -> Option<[usize; N]> {
    let numbers: Result<Vec<usize>, _> = text.split('x').map(str::parse).collect();
    numbers.ok()?.try_into().ok()
}

/// The model of a name, with the vocabulary and the positions of the public models.
pub(crate) fn shape(name: &str) -> Result<ChemGptConfig> {
    let [layers, width, heads] = match name {
        "121k" => [24, 16, 16],
        "1.3M" => [24, 64, 16],
        "4.7M" => [24, 128, 16],
        "19M" => [24, 256, 16],
        "1.2B" => [24, 2048, 16],
        "4.7Mw" => [6, 256, 4],
        "19Mw" => [6, 512, 8],
        other => {
            numbers(other).with_context(|| format!("`{other}` is no shape, expected LxWxH"))?
        }
    };
    let config = ChemGptConfig::new(PUBLIC_VOCAB, width, layers, heads);
    config.validate()?;
    Ok(config)
}

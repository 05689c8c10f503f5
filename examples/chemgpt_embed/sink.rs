//! Where the vectors go.

use std::io::Write;
use std::path::Path;

use anyhow::{Result, bail};
use datasets::parquet::VectorWriter;

use crate::aside::Aside;
use crate::npy::Npy;

pub(crate) enum Sink {
    Parquet(Box<VectorWriter>),
    Npy {
        array: Npy,
        /// The molecules of the rows, one a line.
        names: Aside,
    },
}

impl Sink {
    pub(crate) fn create(path: &Path, width: usize) -> Result<Self> {
        Ok(match path.extension().and_then(|ending| ending.to_str()) {
            Some("parquet") => {
                let writer = VectorWriter::create(path, "smiles", ("embedding", width))?;
                Self::Parquet(Box::new(writer))
            }
            Some("npy") => Self::Npy {
                array: Npy::create(path, width)?,
                names: Aside::beside(path, ".smiles")?,
            },
            _ => bail!("{}: expected .parquet or .npy", path.display()),
        })
    }

    pub(crate) fn push(&mut self, smiles: &str, vector: &[f32]) -> Result<()> {
        match self {
            Self::Parquet(writer) => writer.push(smiles, vector)?,
            Self::Npy { array, names } => {
                array.push(vector)?;
                writeln!(names, "{smiles}")?;
            }
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<()> {
        match self {
            Self::Parquet(writer) => writer.finish().map(drop)?,
            Self::Npy { array, names } => {
                array.finish()?;
                names.finish()?;
            }
        }
        Ok(())
    }
}

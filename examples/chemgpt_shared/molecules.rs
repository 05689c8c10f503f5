//! The molecule file that an example reads.

use std::path::PathBuf;

use clap::Args;
use datasets::molecules::{Molecules, ReadOptions};

#[derive(Args)]
pub(crate) struct MoleculeArguments {
    /// File of SMILES: .smi, .txt, .csv, .tsv, also .gz; or .parquet.
    #[arg(long)]
    pub(crate) molecules: PathBuf,
    /// Column of the SMILES in a table.
    #[arg(long)]
    column: Option<String>,
    /// Read at most this many molecules.
    #[arg(long)]
    limit: Option<usize>,
    /// Drop the marks of configurations (@, /, \) before the model reads a molecule.
    #[arg(long)]
    pub(crate) without_stereo: bool,
}

impl MoleculeArguments {
    pub(crate) fn open(&self) -> datasets::Result<Molecules> {
        let options = ReadOptions {
            column: self.column.clone(),
            limit: self.limit,
            ..ReadOptions::default()
        };
        Molecules::open(&self.molecules, &options)
    }
}

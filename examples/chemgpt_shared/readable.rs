//! What a model can read of a molecule file, a chunk at a time.

use anyhow::Result;
use chemgpt::Pretrained;
use datasets::molecules::Molecules;

/// Molecules that are in memory at a time.
const CHUNK: usize = 4096;

/// Some molecules in the order of the file.
#[derive(Default)]
pub(crate) struct Chunk {
    molecules: Vec<(Name, Vec<u32>)>,
    /// The others: line, why, and text, separated by tabs.
    pub(crate) rejects: Vec<String>,
}

/// Line of the file, from 1, and SMILES.
type Name = (u64, String);

impl Chunk {
    /// Names, and token sequences from start to end token.
    pub(crate) fn into_molecules(self) -> (Vec<Name>, Vec<Vec<u32>>) {
        self.molecules.into_iter().unzip()
    }
}

/// The next molecules, or nothing at the end of the file.
pub(crate) fn next_chunk(
    pretrained: &Pretrained,
    molecules: &mut Molecules,
) -> Result<Option<Chunk>> {
    let positions = pretrained.model.config().positions;
    let mut chunk = Chunk::default();
    while chunk.molecules.len() + chunk.rejects.len() < CHUNK {
        let Some(line) = molecules.next_line()? else {
            break;
        };
        let read = line.smiles.and_then(|smiles| {
            let ids = pretrained
                .sequence_of(smiles)
                .map_err(|error| error.to_string())?;
            if ids.len() > positions {
                let count = ids.len();
                return Err(format!(
                    "{count} tokens, the model has {positions} positions"
                ));
            }
            Ok((smiles, ids))
        });
        match read {
            Ok((smiles, ids)) => {
                let name = (line.number, smiles.to_owned());
                chunk.molecules.push((name, ids));
            }
            Err(reason) => {
                // A report of several lines becomes one, so that each line of the file is one molecule.
                let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
                let text = line.text.replace('\t', " ");
                chunk
                    .rejects
                    .push(format!("{}\t{reason}\t{text}", line.number));
            }
        }
    }
    let empty = chunk.molecules.is_empty() && chunk.rejects.is_empty();
    Ok((!empty).then_some(chunk))
}

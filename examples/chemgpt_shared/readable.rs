//! What a model can read of a molecule file, a chunk at a time.

use std::borrow::Cow;
use std::fmt;

use anyhow::Result;
use chemgpt::Pretrained;
use datasets::molecules::Molecules;
use selfies::smiles::without_stereo;

/// Molecules that are in memory at a time.
const CHUNK: usize = 4096;

/// Turns SMILES into what a model reads, and counts what that cost.
pub(crate) struct Reading<'a> {
    pretrained: &'a Pretrained,
    without_stereo: bool,
    /// Molecules that cannot be read.
    pub(crate) left_out: usize,
    /// Those of them that lack nothing but symbols for configurations.
    pub(crate) readable_without_stereo: usize,
    /// Molecules whose configurations were dropped.
    pub(crate) flattened: usize,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(pretrained: &'a Pretrained, without_stereo: bool) -> Self {
        Self {
            pretrained,
            without_stereo,
            left_out: 0,
            readable_without_stereo: 0,
            flattened: 0,
        }
    }

    /// The text that is read, and its tokens from start to end token, or why there are none.
    pub(crate) fn sequence<'s>(
        &mut self,
        smiles: &'s str,
    ) -> Result<(Cow<'s, str>, Vec<u32>), String> {
        let read = if self.without_stereo {
            self.flat(smiles)
        } else {
            self.tokens(smiles).map(|ids| (Cow::Borrowed(smiles), ids))
        };
        if let Ok((text, _)) = &read {
            self.flattened += usize::from(text.as_ref() != smiles);
        } else {
            self.left_out += 1;
            let would_do = !self.without_stereo && self.flat(smiles).is_ok();
            self.readable_without_stereo += usize::from(would_do);
        }
        read
    }

    fn flat<'s>(&self, smiles: &'s str) -> Result<(Cow<'s, str>, Vec<u32>), String> {
        let text = without_stereo(smiles).map_err(|error| error.to_string())?;
        let ids = self.tokens(&text)?;
        Ok((text, ids))
    }

    fn tokens(&self, smiles: &str) -> Result<Vec<u32>, String> {
        let positions = self.pretrained.model.config().positions;
        let ids = self
            .pretrained
            .sequence_of(smiles)
            .map_err(|error| error.to_string())?;
        if ids.len() > positions {
            let count = ids.len();
            return Err(format!(
                "{count} tokens, the model has {positions} positions"
            ));
        }
        Ok(ids)
    }
}

impl fmt::Display for Reading<'_> {
    /// What was left out and what was changed, and what would help.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} left out", self.left_out)?;
        if self.readable_without_stereo > 0 {
            write!(
                f,
                " ({} only for their configurations: --without-stereo reads those)",
                self.readable_without_stereo
            )?;
        }
        if self.without_stereo {
            write!(f, ", {} read without their configurations", self.flattened)?;
        }
        Ok(())
    }
}

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
    reading: &mut Reading,
    molecules: &mut Molecules,
) -> Result<Option<Chunk>> {
    let mut chunk = Chunk::default();
    while chunk.molecules.len() + chunk.rejects.len() < CHUNK {
        let Some(line) = molecules.next_line()? else {
            break;
        };
        let read = match line.smiles {
            Ok(smiles) => reading.sequence(smiles).map(|(_, ids)| (smiles, ids)),
            Err(reason) => {
                reading.left_out += 1;
                Err(reason)
            }
        };
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

//! Rows of tokens for training, from a file of molecules or from token shards.

use std::io;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use chemgpt::tokenizer::{END, PAD, START, UNKNOWN};
use chemgpt::{PackedRows, Sequences, StreamedRows, SymbolTokenizer, TokenRows};
use datasets::split::{self, Fractions};
use datasets::tokens::TokenShards;
use selfies::smiles::without_stereo;

use crate::molecules::MoleculeArguments;

/// What a run trains on and is evaluated on.
pub(crate) struct Data {
    pub(crate) tokenizer: SymbolTokenizer,
    pub(crate) train: Box<dyn TokenRows>,
    pub(crate) validation: Box<dyn TokenRows>,
    molecules: usize,
    left_out: usize,
    /// Molecules whose configurations were dropped.
    flattened: usize,
}

/// How rows are cut.
#[derive(Clone, Copy)]
pub(crate) struct Cut {
    /// Tokens a row.
    pub(crate) length: usize,
    /// Molecules of a row do not see one another.
    pub(crate) separate: bool,
}

const TOO_FEW: &str = "too few molecules for one row of tokens; give more, or a smaller --length";

impl Data {
    /// Reads a file of SMILES into memory; 5 % of the molecules, drawn by `seed`, are held out.
    pub(crate) fn from_molecules(
        arguments: &MoleculeArguments,
        cut: Cut,
        seed: u64,
    ) -> Result<Self> {
        let mut encoder = selfies::Encoder::default();
        let (mut texts, mut left_out, mut flattened) = (Vec::new(), 0, 0);
        for molecule in arguments.open()? {
            let Ok(smiles) = molecule? else {
                left_out += 1;
                continue;
            };
            let flat = if arguments.without_stereo {
                without_stereo(&smiles).ok()
            } else {
                None
            };
            let read = flat.as_deref().unwrap_or(&smiles);
            match encoder.encode(read) {
                Ok(text) => {
                    texts.push(text.to_owned());
                    flattened += usize::from(read != smiles);
                }
                Err(_) => left_out += 1,
            }
        }
        if texts.is_empty() {
            let path = arguments.molecules.display();
            bail!("{path} has no molecule that can be used");
        }
        let tokenizer = SymbolTokenizer::from_corpus(&texts)?;
        let fractions = Fractions {
            train: 0.95,
            validation: 0.05,
            test: 0.0,
        };
        let parts = split::random(texts.len(), &fractions, seed)?;
        let pack = |chosen: &[usize]| -> Result<Box<dyn TokenRows>> {
            let rows = chosen
                .iter()
                .map(|&index| tokenizer.encode(&texts[index]))
                .collect::<chemgpt::Result<Vec<_>>>()?;
            let rows = PackedRows::pack(rows, cut.length).context(TOO_FEW)?;
            Ok(Box::new(if cut.separate {
                rows.with_separate_molecules(END)
            } else {
                rows
            }))
        };
        Ok(Self {
            train: pack(&parts.train)?,
            validation: pack(&parts.validation)?,
            molecules: texts.len(),
            left_out,
            flattened,
            tokenizer,
        })
    }

    /// Maps the shards of a folder that `prepare_tokens` made; tokens stay in the files, and the split is the one that
    /// the folder records.
    pub(crate) fn from_shards(folder: &Path, cut: Cut) -> Result<Self> {
        let path = folder.join("vocabulary.json");
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let tokens: Vec<String> = serde_json::from_str(&text)
            .with_context(|| format!("{} is not a list of tokens", path.display()))?;
        let symbols = tokens.iter().filter(|token| token.starts_with('['));
        let tokenizer = SymbolTokenizer::from_symbols(symbols.cloned())?;
        let ids: Vec<u32> = tokens
            .iter()
            .map(|token| match token.as_str() {
                "<pad>" => Ok(PAD),
                "<unk>" => Ok(UNKNOWN),
                "<start>" => Ok(START),
                "<end>" => Ok(END),
                symbol => tokenizer
                    .id(symbol)
                    .with_context(|| format!("{}: `{symbol}` is no token", path.display())),
            })
            .collect::<Result<_>>()?;
        let shards = Arc::new(TokenShards::open(folder)?);
        let split = shards.split()?;
        let rows = |molecules: Vec<usize>| -> Result<Box<dyn TokenRows>> {
            let sequences = Mapped {
                shards: Arc::clone(&shards),
                molecules,
                ids: ids.clone(),
            };
            let separate = cut.separate.then_some(END);
            let rows = StreamedRows::new(sequences, cut.length, separate).context(TOO_FEW)?;
            Ok(Box::new(rows))
        };
        let rejected = shards.manifest().rejected();
        Ok(Self {
            molecules: split.train.len() + split.validation.len(),
            train: rows(split.train)?,
            validation: rows(split.validation)?,
            left_out: usize::try_from(rejected)?,
            flattened: 0,
            tokenizer,
        })
    }

    /// What there is to train on, in a line.
    pub(crate) fn summary(&self) -> String {
        let flattened = match self.flattened {
            0 => String::new(),
            count => format!(", {count} read without their configurations"),
        };
        format!(
            "{} molecules ({} left out{flattened}), {} tokens in the vocabulary, {} rows to train on, {} held out",
            self.molecules,
            self.left_out,
            self.tokenizer.vocab(),
            self.train.rows(),
            self.validation.rows()
        )
    }
}

/// Some molecules of mapped shards, in the model's own numbering of tokens.
struct Mapped {
    shards: Arc<TokenShards>,
    molecules: Vec<usize>,
    ids: Vec<u32>,
}

impl Sequences for Mapped {
    fn count(&self) -> usize {
        self.molecules.len()
    }

    fn append(&self, index: usize, ids: &mut Vec<u32>) -> io::Result<()> {
        let tokens = self
            .shards
            .tokens(self.molecules[index])
            .map_err(io::Error::other)?;
        for token in tokens {
            let id = self.ids.get(usize::from(token)).ok_or_else(|| {
                io::Error::other(format!("token {token} is not in vocabulary.json"))
            })?;
            ids.push(*id);
        }
        Ok(())
    }
}

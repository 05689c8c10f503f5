//! Model folders in the layout of the Hugging Face hub, read and written.

mod config;
mod tensors;
mod tokenizer;

use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::Device;

use crate::error::{Error, Result};
use crate::model::ChemGpt;
use crate::tokenizer::{SpecialIds, Tokenizer};

pub use tensors::{read_tensors, safetensors_bytes};
pub use tokenizer::read as read_tokenizer;

/// A model with its tokenizer.
#[derive(Clone, Debug)]
pub struct Pretrained {
    /// The network.
    pub model: ChemGpt,
    /// From text to ids and back.
    pub tokenizer: Tokenizer,
}

impl Pretrained {
    /// Reads `config.json`, `model.safetensors` or `pytorch_model.bin`, and `tokenizer.json` of a folder.
    ///
    /// Byte masks and the second copy of the output layer in old files are skipped; a token table with more rows than
    /// `vocab_size` or than the tokenizer has entries is accepted. Start, end, and padding ids come from the tokenizer,
    /// because the public models' files leave them outside the vocabulary.
    ///
    /// # Errors
    /// An error that names the file, and for weights the tensor with its expected and found shape.
    pub fn load(folder: impl AsRef<Path>, device: &Device) -> Result<Self> {
        let folder = folder.as_ref();
        let config_path = folder.join("config.json");
        let mut config = config::read(&config_path)?;
        let (path, tensors) = read_weights(folder)?;
        let table = tensors
            .iter()
            .find(|tensor| tensor.name == "transformer.wte.weight");
        if let Some(&rows) = table.and_then(|table| table.shape.first()) {
            config.vocab = config.vocab.max(rows);
        }
        let tokenizer = tokenizer::read(&folder.join("tokenizer.json"))?;
        if tokenizer.vocab() > config.vocab {
            return Err(Error::Format {
                path: folder.join("tokenizer.json"),
                reason: format!(
                    "the tokenizer has {} entries, the model only {} rows",
                    tokenizer.vocab(),
                    config.vocab
                ),
            });
        }
        let model = ChemGpt::from_named_tensors(&config, tensors, &path, device)?;
        Ok(Self { model, tokenizer })
    }

    /// Writes a folder that `transformers` loads without code of its own: `config.json`, `generation_config.json`,
    /// `model.safetensors`, `tokenizer.json`, `tokenizer_config.json`.
    ///
    /// # Errors
    /// The system's error with the path in its text.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<()> {
        let folder = folder.as_ref();
        fs::create_dir_all(folder).map_err(|source| Error::File {
            path: folder.to_owned(),
            source,
        })?;
        let special = self.tokenizer.special();
        config::write(folder, self.model.config(), special)?;
        tokenizer::write(folder, &self.tokenizer, self.model.config().positions)?;
        let bytes = safetensors_bytes(&self.model.named_tensors())?;
        backend::run::write_atomic(folder.join("model.safetensors"), &bytes)?;
        Ok(())
    }

    /// Ids with a meaning of their own.
    #[must_use]
    pub fn special(&self) -> SpecialIds {
        self.tokenizer.special()
    }
}

fn read_weights(folder: &Path) -> Result<(PathBuf, Vec<crate::model::NamedTensor>)> {
    for name in ["model.safetensors", "pytorch_model.bin"] {
        let path = folder.join(name);
        if path.exists() {
            let tensors = read_tensors(&path)?;
            return Ok((path, tensors));
        }
    }
    Err(Error::Format {
        path: folder.to_owned(),
        reason: "there is neither model.safetensors nor pytorch_model.bin".to_owned(),
    })
}

//! `config.json` of a GPT-Neo model.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::config::{AttentionKind, ChemGptConfig};
use crate::error::{Error, Result};
use crate::tokenizer::SpecialIds;

pub(super) fn read(path: &Path) -> Result<ChemGptConfig> {
    let bytes = fs::read(path).map_err(|source| Error::File {
        path: path.to_owned(),
        source,
    })?;
    let reader = Reader {
        path,
        value: serde_json::from_slice(&bytes).map_err(|error| Error::Format {
            path: path.to_owned(),
            reason: error.to_string(),
        })?,
    };
    if reader.value["model_type"] != "gpt_neo" {
        let found = reader.value["model_type"].clone();
        return Err(reader.error(format!("model_type is {found}, expected \"gpt_neo\"")));
    }
    if let Some(activation) = reader.value["activation_function"].as_str()
        && activation != "gelu_new"
    {
        return Err(reader.error(format!(
            "activation_function is `{activation}`, expected `gelu_new`"
        )));
    }
    let layers = reader.size("num_layers")?;
    let config = ChemGptConfig::new(
        reader.size("vocab_size")?,
        reader.size("hidden_size")?,
        layers,
        reader.size("num_heads")?,
    )
    .with_positions(reader.size("max_position_embeddings")?)
    .with_hidden(match &reader.value["intermediate_size"] {
        Value::Null => None,
        _ => Some(reader.size("intermediate_size")?),
    })
    .with_window(reader.size_or("window_size", 256)?)
    .with_attention(reader.attention(layers)?)
    .with_epsilon(reader.value["layer_norm_epsilon"].as_f64().unwrap_or(1e-5))
    .with_initial_deviation(reader.value["initializer_range"].as_f64().unwrap_or(0.02));
    config.validate()?;
    Ok(config)
}

struct Reader<'a> {
    path: &'a Path,
    value: Value,
}

impl Reader<'_> {
    fn error(&self, reason: String) -> Error {
        Error::Format {
            path: self.path.to_owned(),
            reason,
        }
    }

    fn size(&self, field: &str) -> Result<usize> {
        self.value[field]
            .as_u64()
            .and_then(|value| usize::try_from(value).ok())
            .ok_or_else(|| {
                let found = &self.value[field];
                self.error(format!("{field} is {found}, expected a whole number"))
            })
    }

    fn size_or(&self, field: &str, default: usize) -> Result<usize> {
        match &self.value[field] {
            Value::Null => Ok(default),
            _ => self.size(field),
        }
    }

    fn attention(&self, layers: usize) -> Result<Vec<AttentionKind>> {
        let mut names: Vec<&Value> = Vec::new();
        if let Some(list) = self.value["attention_layers"].as_array() {
            names.extend(list);
        } else if let Some(types) = self.value["attention_types"].as_array() {
            for entry in types {
                let repeats = entry[1].as_u64().unwrap_or(1);
                for _ in 0..repeats {
                    names.extend(entry[0].as_array().into_iter().flatten());
                }
            }
        } else {
            return Err(self.error("there is neither attention_layers nor attention_types".into()));
        }
        if names.len() != layers {
            return Err(self.error(format!(
                "{} kinds of attention for {layers} layers",
                names.len()
            )));
        }
        names
            .into_iter()
            .map(|name| match name.as_str() {
                Some("global") => Ok(AttentionKind::Global),
                Some("local") => Ok(AttentionKind::Local),
                _ => Err(self.error(format!(
                    "attention kind {name}, expected \"global\" or \"local\""
                ))),
            })
            .collect()
    }
}

pub(super) fn write(folder: &Path, config: &ChemGptConfig, special: SpecialIds) -> Result<()> {
    let kinds: Vec<&str> = (0..config.layers)
        .map(|index| match config.kind(index) {
            AttentionKind::Global => "global",
            AttentionKind::Local => "local",
        })
        .collect();
    let value = json!({
        "activation_function": "gelu_new",
        "architectures": ["GPTNeoForCausalLM"],
        "attention_dropout": 0.0,
        "attention_layers": kinds,
        "attention_types": [[kinds, 1]],
        "bos_token_id": special.start,
        "embed_dropout": 0.0,
        "eos_token_id": special.end,
        "hidden_size": config.width,
        "initializer_range": config.initial_deviation,
        "intermediate_size": config.hidden,
        "layer_norm_epsilon": config.epsilon,
        "max_position_embeddings": config.positions,
        "model_type": "gpt_neo",
        "num_heads": config.heads,
        "num_layers": config.layers,
        "pad_token_id": special.pad,
        "resid_dropout": 0.0,
        "tie_word_embeddings": true,
        "torch_dtype": "float32",
        "use_cache": true,
        "vocab_size": config.vocab,
        "window_size": config.window,
    });
    backend::run::write_json(folder.join("config.json"), &value)?;
    let generation = json!({
        "bos_token_id": special.start,
        "eos_token_id": special.end,
        "pad_token_id": special.pad,
    });
    backend::run::write_json(folder.join("generation_config.json"), &generation)?;
    Ok(())
}

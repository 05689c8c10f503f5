//! `tokenizer.json`: the pipeline of the public ChemGPT models and of models trained here.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::tokenizer::{Model, Tokenizer};

const SPLIT: &str = r"\[(.*?)\]";

/// Reads a `tokenizer.json` whose pipeline is the one that [`Tokenizer`] knows.
///
/// # Errors
/// [`Error::File`], or [`Error::Format`] naming the part of the pipeline that is not supported.
pub fn read(path: &Path) -> Result<Tokenizer> {
    let bytes = fs::read(path).map_err(|source| Error::File {
        path: path.to_owned(),
        source,
    })?;
    let refuse = |reason: String| Error::Format {
        path: path.to_owned(),
        reason,
    };
    let file: Value = serde_json::from_slice(&bytes).map_err(|error| refuse(error.to_string()))?;
    if !file["normalizer"].is_null() {
        return Err(refuse("a normalizer is not supported".into()));
    }
    let split = &file["pre_tokenizer"];
    if split["type"] != "Split"
        || split["pattern"]["Regex"] != SPLIT
        || split["behavior"] != "Isolated"
        || split["invert"] != false
    {
        return Err(refuse(format!("expected a split at {SPLIT}, got {split}")));
    }
    let model = match file["model"]["type"].as_str() {
        Some("WordLevel") => Model::WordLevel,
        Some("WordPiece") => Model::WordPiece {
            prefix: file["model"]["continuing_subword_prefix"]
                .as_str()
                .unwrap_or("##")
                .to_owned(),
            longest: file["model"]["max_input_chars_per_word"]
                .as_u64()
                .and_then(|value| value.try_into().ok())
                .unwrap_or(100),
        },
        other => {
            return Err(refuse(format!(
                "model {other:?}, expected WordLevel or WordPiece"
            )));
        }
    };
    let added: Vec<(String, u64)> = file["added_tokens"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|token| Some((token["content"].as_str()?.to_owned(), token["id"].as_u64()?)))
        .collect();
    let vocabulary = file["model"]["vocab"]
        .as_object()
        .ok_or_else(|| refuse("the model has no vocab".into()))?;
    let entries = vocabulary
        .iter()
        .filter_map(|(token, id)| Some((token.clone(), id.as_u64()?)))
        .chain(added.iter().cloned());
    let mut tokens: Vec<Option<String>> = Vec::new();
    for (token, id) in entries {
        let id = usize::try_from(id)
            .ok()
            .filter(|&id| id < 1 << 24)
            .ok_or_else(|| refuse(format!("token `{token}` has the id {id}")))?;
        if tokens.len() <= id {
            tokens.resize(id + 1, None);
        }
        match &tokens[id] {
            Some(other) if *other != token => {
                return Err(refuse(format!("`{token}` and `{other}` share the id {id}")));
            }
            _ => tokens[id] = Some(token),
        }
    }
    let tokens = tokens
        .into_iter()
        .enumerate()
        .map(|(id, token)| token.ok_or_else(|| refuse(format!("no token has the id {id}"))))
        .collect::<Result<_>>()?;
    let added = added.into_iter().map(|(token, _)| token).collect();
    Tokenizer::new(tokens, model, added).map_err(|error| refuse(error.to_string()))
}

/// Writes `tokenizer.json` and `tokenizer_config.json`.
pub(super) fn write(folder: &Path, tokenizer: &Tokenizer, longest: usize) -> Result<()> {
    let vocabulary: Map<String, Value> = (0_u64..)
        .zip(tokenizer.tokens())
        .map(|(id, token)| (token.clone(), id.into()))
        .collect();
    let special = tokenizer.special();
    let (model, decoder) = match tokenizer.model() {
        Model::WordLevel => (
            json!({ "type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]" }),
            Value::Null,
        ),
        Model::WordPiece { prefix, longest } => (
            json!({
                "type": "WordPiece",
                "unk_token": "[UNK]",
                "continuing_subword_prefix": prefix,
                "max_input_chars_per_word": longest,
                "vocab": vocabulary,
            }),
            json!({ "type": "WordPiece", "prefix": prefix, "cleanup": true }),
        ),
    };
    let added: Vec<Value> = tokenizer
        .added()
        .map(|(content, id)| {
            json!({
                "id": id,
                "content": content,
                "single_word": false,
                "lstrip": false,
                "rstrip": false,
                "normalized": false,
                "special": true,
            })
        })
        .collect();
    let token = |name: &str, kind: u64| json!({ "SpecialToken": { "id": name, "type_id": kind } });
    let sequence = |name: &str, kind: u64| json!({ "Sequence": { "id": name, "type_id": kind } });
    let single = vec![token("[CLS]", 0), sequence("A", 0), token("[SEP]", 0)];
    let mut pair = single.clone();
    pair.extend([sequence("B", 1), token("[SEP]", 1)]);
    let about = |name: &str, id: u32| json!({ "id": name, "ids": [id], "tokens": [name] });
    let file = json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added,
        "normalizer": null,
        "pre_tokenizer": {
            "type": "Split",
            "pattern": { "Regex": SPLIT },
            "behavior": "Isolated",
            "invert": false,
        },
        "post_processor": {
            "type": "TemplateProcessing",
            "single": single,
            "pair": pair,
            "special_tokens": {
                "[CLS]": about("[CLS]", special.start),
                "[SEP]": about("[SEP]", special.end),
            },
        },
        "decoder": decoder,
        "model": model,
    });
    backend::run::write_json(folder.join("tokenizer.json"), &file)?;
    let settings = json!({
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": longest,
        "unk_token": "[UNK]",
        "pad_token": "[PAD]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
        "bos_token": "[CLS]",
        "eos_token": "[SEP]",
    });
    backend::run::write_json(folder.join("tokenizer_config.json"), &settings)?;
    Ok(())
}

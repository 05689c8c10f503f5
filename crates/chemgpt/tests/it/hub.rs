//! Model folders in the layout of the Hugging Face hub.

use std::fs;

use chemgpt::{Batch, Error, Pretrained};
use serde_json::Value;

use crate::golden::{self, shared};
use crate::parity::{device, numbers};

#[test]
fn both_weight_files_give_the_same_model() {
    for golden in golden::all() {
        let whole = Pretrained::load(&golden.path, &device()).unwrap();
        let copy = tempfile::tempdir().unwrap();
        for name in ["config.json", "pytorch_model.bin", "tokenizer.json"] {
            fs::copy(golden.path.join(name), copy.path().join(name)).unwrap();
        }
        let pickled = Pretrained::load(copy.path(), &device()).unwrap();
        assert_eq!(whole.model.named_tensors(), pickled.model.named_tensors());
        assert_eq!(
            whole.model.config().parameters(),
            golden.config.parameters()
        );
    }
}

#[test]
fn a_saved_folder_loads_and_gives_the_same_logits() {
    for golden in golden::all() {
        let before = Pretrained::load(&golden.path, &device()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        before.save(folder.path()).unwrap();
        let after = Pretrained::load(folder.path(), &device()).unwrap();
        assert_eq!(before.tokenizer, after.tokenizer);
        assert_eq!(before.model.config(), after.model.config());
        let batch = Batch::new(golden.ids("input_ids"), golden.shape("input_ids")[1]);
        let [a, b] = [before, after].map(|p| numbers(p.model.logits(&batch).unwrap()));
        assert_eq!(a, b);
    }
}

fn check_vectors(folder: &str, tokenizer: &str) {
    let Some(folder) = shared(folder) else { return };
    let Some(file) = shared(tokenizer) else {
        return;
    };
    let json: Value =
        serde_json::from_slice(&fs::read(folder.join("vectors.json")).unwrap()).unwrap();
    let tokenizer = chemgpt::hub::read_tokenizer(&file).unwrap();
    assert_eq!(
        tokenizer.vocab() as u64,
        json["vocab_size"].as_u64().unwrap()
    );
    let list = |value: &Value| -> Vec<u32> {
        let ids = value.as_array().unwrap();
        ids.iter()
            .map(|id| id.as_u64().unwrap().try_into().unwrap())
            .collect()
    };
    for row in json["single"].as_array().unwrap() {
        let text = row["text"].as_str().unwrap();
        let ids = tokenizer.encode(text);
        assert_eq!(ids, list(&row["ids"]), "{text}");
        assert_eq!(
            tokenizer.encode_without_special(text),
            list(&row["ids_without_special"])
        );
        let tokens: Vec<&str> = ids
            .iter()
            .map(|&id| tokenizer.tokens()[id as usize].as_str())
            .collect();
        assert_eq!(Value::from(tokens), row["tokens"]);
        let decoded = row["decoded_skip_special"]
            .as_str()
            .unwrap()
            .replace(' ', "");
        assert_eq!(tokenizer.decode(&ids), decoded, "{text}");
    }
}

#[test]
fn tokenizers_agree_with_the_reference_vectors() {
    for kind in ["wordlevel", "wordpiece"] {
        let folder = format!("golden/chemgpt/tokenizer_{kind}");
        check_vectors(&folder, &format!("{folder}/tokenizer.json"));
    }
}

#[test]
fn the_public_tokenizer_knows_selfies_1_and_tells_what_it_lacks() {
    let Some(file) = shared("data/tokenizers/pubchem10M_tokenizer/tokenizer.json") else {
        return;
    };
    let tokenizer = chemgpt::hub::read_tokenizer(&file).unwrap();
    assert_eq!(tokenizer.vocab(), chemgpt::PUBLIC_VOCAB);
    assert!(tokenizer.speaks_selfies_1());
    for (token, id) in [
        ("[C]", 115),
        ("[=C]", 126),
        ("[Ring1]", 132),
        ("[Branch1_1]", 133),
        ("[N]", 137),
        ("[O]", 140),
    ] {
        assert_eq!(tokenizer.id(token), Some(id));
    }
    // SELFIES 2 comes out in pieces; translated symbols are whole.
    assert_eq!(tokenizer.encode_without_special("[=Branch1]").len(), 5);
    let old = selfies::v1::old_string("[C][=Branch1][C][=O][O]")
        .unwrap()
        .unwrap();
    assert_eq!(tokenizer.encode_without_special(&old).len(), 5);
    assert!(tokenizer.unknown_symbols(&old).unwrap().is_empty());
    let stereo = tokenizer.unknown_symbols("[C@@Hexpl][C][/C]").unwrap();
    assert_eq!(
        stereo.into_iter().collect::<Vec<_>>(),
        ["[/C]", "[C@@Hexpl]"]
    );
}

#[test]
fn wrong_files_name_tensor_and_shapes() {
    let Some(golden) = golden::Golden::open("global") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    for name in ["config.json", "model.safetensors", "tokenizer.json"] {
        fs::copy(golden.path.join(name), folder.path().join(name)).unwrap();
    }
    let config = folder.path().join("config.json");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(
        &config,
        text.replace("\"hidden_size\": 48", "\"hidden_size\": 64"),
    )
    .unwrap();
    match Pretrained::load(folder.path(), &device()).unwrap_err() {
        Error::TensorShape {
            name,
            expected,
            found,
            ..
        } => {
            assert!(name.starts_with("transformer."), "{name}");
            assert!(expected.contains(&64) && found.contains(&48));
        }
        other => panic!("{other}"),
    }
    fs::write(&config, text.replace("gpt_neo", "llama")).unwrap();
    let error = Pretrained::load(folder.path(), &device())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("config.json") && error.contains("llama"),
        "{error}"
    );
    fs::write(&config, &text).unwrap();
    let weights = folder.path().join("model.safetensors");
    let bytes = fs::read(&weights).unwrap();
    fs::write(&weights, &bytes[..bytes.len() - 10]).unwrap();
    let error = Pretrained::load(folder.path(), &device())
        .unwrap_err()
        .to_string();
    assert!(error.contains("model.safetensors"), "{error}");
    fs::remove_file(&weights).unwrap();
    fs::write(folder.path().join("pytorch_model.bin"), &bytes[..99]).unwrap();
    let error = Pretrained::load(folder.path(), &device())
        .unwrap_err()
        .to_string();
    assert!(error.contains("pytorch_model.bin"), "{error}");
}

#[test]
fn a_model_that_lacks_a_tensor_names_it() {
    let Some(golden) = golden::Golden::open("local") else {
        return;
    };
    let model = golden.model(&device());
    let mut tensors = model.named_tensors();
    tensors.retain(|tensor| tensor.name != "transformer.h.2.mlp.c_fc.bias");
    let path = std::path::Path::new("somewhere.bin");
    let error = chemgpt::ChemGpt::from_named_tensors(&golden.config, tensors, path, &device());
    assert_eq!(
        error.unwrap_err().to_string(),
        "somewhere.bin: tensor `transformer.h.2.mlp.c_fc.bias` of shape [160] is missing"
    );
}

/// Writes exports of the reference folders to the folder named by `CHEMGPT_EXPORT`, for the check by `transformers`.
#[test]
fn exports_keep_every_number() {
    for golden in golden::all() {
        let before = Pretrained::load(&golden.path, &device()).unwrap();
        let scratch = tempfile::tempdir().unwrap();
        let folder = std::env::var_os("CHEMGPT_EXPORT").map_or_else(
            || scratch.path().to_owned(),
            |folder| std::path::PathBuf::from(folder).join(golden.path.file_name().unwrap()),
        );
        before.save(&folder).unwrap();
        let mut expected =
            chemgpt::hub::read_tensors(&golden.path.join("model.safetensors")).unwrap();
        let mut found = chemgpt::hub::read_tensors(&folder.join("model.safetensors")).unwrap();
        expected.sort_by(|a, b| a.name.cmp(&b.name));
        found.sort_by(|a, b| a.name.cmp(&b.name));
        assert_eq!(found, expected);
    }
}

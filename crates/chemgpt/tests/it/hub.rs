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
fn the_public_tokenizer_gives_the_ids_of_the_reference_library() {
    let Some(file) = shared("data/tokenizers/pubchem10M_tokenizer/tokenizer.json") else {
        return;
    };
    let tokenizer = chemgpt::hub::read_tokenizer(&file).unwrap();
    let rows: Vec<Value> =
        serde_json::from_str(include_str!("../data/public_tokenizer.json")).unwrap();
    assert!(rows.len() > 20);
    for row in rows {
        let text = row["text"].as_str().unwrap();
        assert_eq!(Value::from(tokenizer.encode(text)), row["ids"], "{text}");
    }
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

/// A copy of a reference folder whose `config.json` has some fields replaced.
fn with_config(golden: &golden::Golden, fields: &[(&str, Value)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["pytorch_model.bin", "tokenizer.json"] {
        fs::copy(golden.path.join(name), folder.path().join(name)).unwrap();
    }
    let mut config: Value =
        serde_json::from_slice(&fs::read(golden.path.join("config.json")).unwrap()).unwrap();
    for (field, value) in fields {
        config[*field] = value.clone();
    }
    fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    folder
}

#[test]
fn start_and_end_outside_the_vocabulary_are_set_right() {
    let Some(golden) = golden::Golden::open("local") else {
        return;
    };
    let fields = [
        ("bos_token_id", 50256.into()),
        ("eos_token_id", 50256.into()),
        ("pad_token_id", Value::Null),
    ];
    let folder = with_config(&golden, &fields);
    let pretrained = Pretrained::load(folder.path(), &device()).unwrap();
    let special = pretrained.special();
    assert_eq!([special.pad, special.start, special.end], [1, 2, 3]);
    let saved = tempfile::tempdir().unwrap();
    pretrained.save(saved.path()).unwrap();
    for name in ["config.json", "generation_config.json"] {
        let written: Value =
            serde_json::from_slice(&fs::read(saved.path().join(name)).unwrap()).unwrap();
        let ids = ["pad_token_id", "bos_token_id", "eos_token_id"].map(|id| written[id].as_u64());
        assert_eq!(ids, [Some(1), Some(2), Some(3)], "{name}");
    }
}

#[test]
fn a_token_table_with_surplus_rows_is_taken_whole() {
    let Some(golden) = golden::Golden::open("local") else {
        return;
    };
    let fewer = golden.config.vocab - 2;
    let folder = with_config(&golden, &[("vocab_size", fewer.into())]);
    let pretrained = Pretrained::load(folder.path(), &device()).unwrap();
    assert!(pretrained.tokenizer.vocab() < golden.config.vocab);
    assert_eq!(pretrained.model.config().vocab, golden.config.vocab);
    assert_eq!(
        pretrained.model.named_tensors(),
        golden.model(&device()).named_tensors()
    );
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

#[test]
fn exports_keep_every_number() {
    for golden in golden::all() {
        let before = Pretrained::load(&golden.path, &device()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        before.save(folder.path()).unwrap();
        let mut expected =
            chemgpt::hub::read_tensors(&golden.path.join("model.safetensors")).unwrap();
        let mut found =
            chemgpt::hub::read_tensors(&folder.path().join("model.safetensors")).unwrap();
        expected.sort_by(|a, b| a.name.cmp(&b.name));
        found.sort_by(|a, b| a.name.cmp(&b.name));
        assert_eq!(found, expected);
    }
}

/// Runs `transformers` itself, in the Python that `CHEMGPT_TEST_PYTHON` names.
#[test]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn transformers_loads_exports_and_computes_the_same() {
    let Some(python) = std::env::var_os("CHEMGPT_TEST_PYTHON") else {
        println!("skipped: CHEMGPT_TEST_PYTHON names no Python with transformers");
        return;
    };
    let Some(script) = shared("golden/chemgpt/check_export.py") else {
        return;
    };
    for golden in golden::all() {
        // The script takes the tokenizer's kind from the folder's name, so the export keeps it.
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join(golden.path.file_name().unwrap());
        let pretrained = Pretrained::load(&golden.path, &device()).unwrap();
        pretrained.save(&folder).unwrap();
        let check = |python: &std::ffi::OsStr| {
            std::process::Command::new(python)
                .args([
                    script.as_os_str(),
                    folder.as_os_str(),
                    golden.path.as_os_str(),
                ])
                .output()
                .unwrap()
        };
        let result = check(&python);
        let told = String::from_utf8_lossy(&result.stdout).into_owned()
            + &String::from_utf8_lossy(&result.stderr);
        assert!(result.status.success(), "{}: {told}", golden.path.display());
        if golden.path.ends_with("global") {
            // A wrong weight is found, so a pass means something.
            let mut tensors = pretrained.model.named_tensors();
            tensors[3].values[0] += 0.1;
            let bytes = chemgpt::hub::safetensors_bytes(&tensors).unwrap();
            fs::write(folder.join("model.safetensors"), bytes).unwrap();
            assert!(!check(&python).status.success());
        }
    }
}

//! Splitting, alphabets, encodings and constraints against the Python package.

use std::collections::BTreeMap;

use selfies::{Alphabet, Constraints, LabelError, Preset};
use serde_json::{Value, json};

use crate::golden::{self, text};

fn alphabet(vocabulary: &Value) -> Alphabet {
    let labels = vocabulary.as_object().unwrap();
    let mut symbols: Vec<_> = labels.iter().map(|(s, l)| (l.as_u64(), s)).collect();
    symbols.sort();
    Alphabet::new(symbols.into_iter().map(|(_, s)| s.as_str())).unwrap()
}

/// A key error of the reference names the key.
#[track_caller]
fn check_label_error(error: &LabelError, expected: &Value) {
    match (error, expected[0].as_str().unwrap()) {
        (LabelError::Symbol { symbol, .. }, "KeyError") => {
            assert_eq!(format!("'{symbol}'"), expected[1].as_str().unwrap());
        }
        (LabelError::Dot { .. }, "KeyError") => {
            assert_eq!(format!("\"{error}\""), expected[1].as_str().unwrap());
        }
        (LabelError::Label { label, .. }, "KeyError") => {
            assert_eq!(label.to_string(), expected[1].as_str().unwrap());
        }
        (LabelError::EmptyRow { .. }, "ValueError") => {
            assert_eq!(expected[1], "1 is not in list");
        }
        _ => panic!("{error} is not {expected}"),
    }
}

#[test]
fn splits_and_counts_as_the_reference() {
    let Some(utils) = golden::json("utils.json") else {
        return;
    };
    for case in utils["split_and_len"].as_array().unwrap() {
        let selfies = text(case, "s");
        assert_eq!(
            selfies::length(selfies) as u64,
            case["len"].as_u64().unwrap()
        );
        match selfies::split(selfies).collect::<Result<Vec<_>, _>>() {
            Ok(symbols) => assert_eq!(json!(symbols), case["split"], "{selfies}"),
            Err(error) => assert_eq!(error.to_string(), case["error"][1], "{selfies}"),
        }
    }
}

#[test]
fn index_symbols_equal_the_reference() {
    let Some(utils) = golden::json("utils.json") else {
        return;
    };
    for (index, symbols) in utils["index_to_symbols"].as_object().unwrap() {
        let index = index.parse().unwrap();
        assert_eq!(json!(selfies::symbols_from_index(index)), *symbols);
    }
    for case in utils["symbols_to_index"].as_array().unwrap() {
        let symbols = case[0].as_array().unwrap();
        let index = selfies::index_from_symbols(symbols.iter().map(Value::as_str));
        assert_eq!(json!(index), case[1], "{case}");
    }
}

#[test]
fn presets_and_robust_alphabets_equal_the_reference() {
    let Some(utils) = golden::json("utils.json") else {
        return;
    };
    for preset in Preset::ALL {
        let constraints = Constraints::preset(preset);
        assert_eq!(json!(constraints), utils["presets"][preset.name()]);
    }
    for (name, expected) in utils["robust_alphabet"].as_object().unwrap() {
        let constraints = match name.parse::<Preset>() {
            Ok(preset) => preset.into(),
            Err(_) => Constraints::new(
                serde_json::from_value::<BTreeMap<String, u32>>(
                    utils["extra_presets_used_here"][name].clone(),
                )
                .unwrap(),
            )
            .unwrap(),
        };
        assert_eq!(json!(constraints.robust_alphabet()), *expected, "{name}");
    }
}

#[test]
fn invalid_constraints_are_refused_with_the_words_of_the_reference() {
    let Some(utils) = golden::json("utils.json") else {
        return;
    };
    for case in utils["set_constraints"].as_array().unwrap() {
        let expected = case.get(2).and_then(Value::as_str);
        let result = match &case[0] {
            Value::String(name) => name.parse::<Preset>().map(Constraints::from),
            Value::Object(_) => {
                // Negative and fractional capacities cannot be written down here.
                let Ok(entries) = serde_json::from_value::<BTreeMap<String, u32>>(case[0].clone())
                else {
                    assert!(expected.unwrap().starts_with("invalid value"));
                    continue;
                };
                Constraints::new(entries)
            }
            _ => continue,
        };
        match result {
            Ok(_) => assert_eq!(case[1], "ok", "{case}"),
            Err(error) => assert_eq!(Some(error.to_string().as_str()), expected),
        }
    }
}

#[test]
fn encodes_labels_and_one_hot_rows_as_the_reference() {
    let Some(utils) = golden::json("utils.json") else {
        return;
    };
    for case in utils["selfies_to_encoding"].as_array().unwrap() {
        let kind = text(case, "type");
        if kind == "wrong" {
            continue;
        }
        let alphabet = alphabet(&case["vocab"]);
        let length = usize::try_from(case["pad"].as_i64().unwrap()).unwrap_or(0);
        let selfies = text(case, "selfies");
        let (mut labels, mut flat) = (Vec::new(), Vec::new());
        let result = alphabet
            .labels(selfies, length, &mut labels)
            .and_then(|()| alphabet.one_hot(selfies, length, &mut flat));
        if let Err(error) = result {
            check_label_error(&error, &case["error"]);
            continue;
        }
        let rows: Vec<_> = flat.chunks(alphabet.len()).collect();
        let out = match kind {
            "label" => json!(labels),
            "one_hot" => json!(rows),
            _ => json!([labels, rows]),
        };
        assert_eq!(out, case["out"], "{case}");
    }
}

#[test]
fn decodes_labels_and_one_hot_rows_as_the_reference() {
    let Some(utils) = golden::json("utils.json") else {
        return;
    };
    let alphabet_of_cases = alphabet(&utils["encoding_to_selfies"]["vocab"]);
    for case in utils["encoding_to_selfies"]["cases"].as_array().unwrap() {
        let result = match text(case, "type") {
            "label" => {
                let labels: Vec<u32> = serde_json::from_value(case["enc"].clone()).unwrap();
                alphabet_of_cases.text(&labels)
            }
            "one_hot" => {
                let rows: Vec<Vec<u8>> = serde_json::from_value(case["enc"].clone()).unwrap();
                alphabet_of_cases.text_from_one_hot(&rows.concat())
            }
            _ => continue,
        };
        match result {
            Ok(selfies) => assert_eq!(selfies, text(case, "out")),
            Err(error) => check_label_error(&error, &case["error"]),
        }
    }

    let flat_hot = &utils["batch_flat_hot"];
    let alphabet = alphabet(&flat_hot["vocab"]);
    for case in flat_hot["cases"].as_array().unwrap() {
        let length = usize::try_from(case["pad"].as_i64().unwrap()).unwrap_or(0);
        let strings: Vec<&str> = case["batch"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| s.as_str().unwrap())
            .collect();
        let flat: Vec<Vec<u8>> = strings
            .iter()
            .map(|string| {
                let mut flat = Vec::new();
                alphabet.one_hot(string, length, &mut flat).unwrap();
                flat
            })
            .collect();
        assert_eq!(json!(flat), case["flat"]);
        for (string, flat) in strings.iter().zip(&flat) {
            assert!(
                alphabet
                    .text_from_one_hot(flat)
                    .unwrap()
                    .starts_with(string)
            );
        }
    }
    let error = alphabet.text_from_one_hot(&[1, 0, 0]).unwrap_err();
    assert_eq!(error.to_string(), utils["batch_flat_hot_bad_length"][1]);
}

#[test]
fn labels_of_every_molecule_equal_the_reference() {
    let Some(vocabulary) = golden::json("vocab.json") else {
        return;
    };
    let symbols: Vec<String> = serde_json::from_value(vocabulary["alphabet"].clone()).unwrap();
    let alphabet = Alphabet::new(symbols).unwrap();
    let mut labels = Vec::new();
    golden::rows("molecules.jsonl.gz", |_, row| {
        if row.get("error").is_some() {
            return;
        }
        labels.clear();
        alphabet
            .labels(text(&row, "selfies"), 0, &mut labels)
            .unwrap();
        let expected: Vec<u32> = serde_json::from_value(row["label"].clone()).unwrap();
        assert_eq!(labels, expected);
        assert_eq!(alphabet.text(&labels).unwrap(), text(&row, "selfies"));
    });
}

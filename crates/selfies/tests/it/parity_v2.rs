//! Equality with the Python package 2.2.0 on every row of the golden files.

use std::collections::BTreeMap;
use std::error::Error as _;

use selfies::smiles::SmilesError;
use selfies::{
    Constraints, DecodeError, DecodeOptions, Decoder, EncodeError, EncodeOptions, Encoder, Preset,
};
use serde_json::Value;

use crate::golden::{self, text};

const SETS: [&str; 5] = ["default", "octet_rule", "hypervalent", "relaxed", "tight"];

fn constraints() -> Option<BTreeMap<&'static str, Constraints>> {
    let utils = golden::json("utils.json")?;
    Some(
        SETS.into_iter()
            .map(|name| {
                let set = match name.parse::<Preset>() {
                    Ok(preset) => Constraints::preset(preset),
                    Err(_) => {
                        serde_json::from_value(utils["extra_presets_used_here"][name].clone())
                            .unwrap()
                    }
                };
                (name, set)
            })
            .collect(),
    )
}

fn decoders() -> Option<BTreeMap<&'static str, Decoder>> {
    let decoder = |(name, constraints)| {
        let options = DecodeOptions {
            constraints,
            ..DecodeOptions::default()
        };
        (name, Decoder::new(options))
    };
    Some(constraints()?.into_iter().map(decoder).collect())
}

fn encoder(strict: bool, constraints: &Constraints) -> Encoder {
    Encoder::new(EncodeOptions {
        strict,
        constraints: constraints.clone(),
        ..EncodeOptions::default()
    })
}

/// The error as the golden files keep it.
#[track_caller]
fn check_encode_error(smiles: &str, error: &EncodeError, expected: &Value) {
    let kind = expected[0].as_str().unwrap();
    if kind != "EncoderError" {
        // Here the Python package crashes; we return an error.
        assert!(matches!(kind, "KeyError" | "IndexError"), "{expected}");
        return;
    }
    assert_eq!(
        error.to_string(),
        expected[1].as_str().unwrap(),
        "{smiles:?}"
    );
    if let Some(reason) = expected[2].as_str() {
        let source = error.source().expect("a parser error has a source");
        let source: &SmilesError = source.downcast_ref().expect("the parser's error");
        assert_eq!(source.reason.to_string(), reason, "{smiles:?}");
        let index = expected[3].as_i64().unwrap();
        assert_eq!(source.reference_index(smiles), index, "{smiles:?}");
    } else {
        assert!(!matches!(error, EncodeError::Smiles { .. }), "{smiles:?}");
    }
}

#[track_caller]
fn check_encoding(result: Result<&str, EncodeError>, row: &Value) {
    let smiles = text(row, "smiles");
    match (result, row.get("selfies"), row.get("error")) {
        (Ok(selfies), Some(expected), None) => assert_eq!(selfies, expected, "{smiles:?}"),
        (Err(error), None, Some(expected)) => check_encode_error(smiles, &error, expected),
        (result, ..) => panic!("{smiles:?}: {result:?} is not {row}"),
    }
}

fn check_decoding(decoder: &mut Decoder, selfies: &str, expected: &Value) {
    match (decoder.decode(selfies), expected.as_str()) {
        (Ok(smiles), Some(expected)) => assert_eq!(smiles, expected, "{selfies:?}"),
        (Err(error), None) => {
            let expected = expected.get("error").unwrap_or(expected);
            assert_eq!(expected[0], "DecoderError", "{selfies:?}");
            assert_eq!(
                error.to_string(),
                expected[1].as_str().unwrap(),
                "{selfies:?}"
            );
        }
        (result, _) => panic!("{selfies:?}: {result:?} is not {expected}"),
    }
}

#[test]
fn encodes_and_decodes_every_molecule_as_the_reference() {
    let (Some(mut decoders), Some(constraints)) = (decoders(), constraints()) else {
        return;
    };
    let mut lenient = encoder(false, &constraints["default"]);
    let mut strict: Vec<_> = constraints
        .iter()
        .map(|(n, c)| (*n, encoder(true, c)))
        .collect();
    golden::rows("molecules.jsonl.gz", |_, row| {
        let smiles = text(&row, "smiles");
        check_encoding(lenient.encode(smiles), &row);
        if row.get("error").is_some() {
            return;
        }
        let selfies = text(&row, "selfies");
        assert_eq!(
            selfies::length(selfies) as u64,
            row["len"].as_u64().unwrap()
        );
        for (name, decoder) in &mut decoders {
            let other = row["decoded_other"]
                .get(name)
                .filter(|_| *name != "default");
            check_decoding(decoder, selfies, other.unwrap_or(&row["decoded"]));
        }
        for (name, encoder) in &mut strict {
            let fails = row["strict_fails"]
                .as_array()
                .is_some_and(|sets| sets.iter().any(|set| set == name));
            match encoder.encode(smiles) {
                Ok(strict) => {
                    assert!(!fails, "{smiles:?} under {name}");
                    assert_eq!(strict, selfies);
                }
                Err(error) => {
                    assert!(fails, "{smiles:?} under {name}: {error}");
                    if *name == "default" {
                        assert_eq!(error.to_string(), text(&row, "strict_message_default"));
                    }
                }
            }
        }
    });
}

#[test]
fn decodes_every_random_string_as_the_reference() {
    let Some(mut decoders) = decoders() else {
        return;
    };
    golden::rows("random_selfies.jsonl.gz", |_, row| {
        for (name, decoder) in &mut decoders {
            let expected = row.get(name).unwrap_or(&row["default"]);
            check_decoding(decoder, text(&row, "selfies"), expected);
        }
    });
}

#[test]
fn refuses_damaged_smiles_as_the_reference() {
    let mut encoder = Encoder::default();
    golden::rows("errors_encoder.jsonl.gz", |_, row| {
        check_encoding(encoder.encode(text(&row, "smiles")), &row);
    });
}

#[test]
fn refuses_damaged_selfies_as_the_reference() {
    let mut decoder = Decoder::default();
    let mut compatible = Decoder::new(DecodeOptions {
        modernize: true,
        ..DecodeOptions::default()
    });
    golden::rows("errors_decoder.jsonl.gz", |_, row| {
        let selfies = text(&row, "selfies");
        let expected = row.get("decoded").unwrap_or(&row["error"]);
        check_decoding(&mut decoder, selfies, expected);
        check_decoding(
            &mut compatible,
            selfies,
            row.get("compatible").unwrap_or(expected),
        );
    });
}

#[test]
fn positions_of_invalid_symbols_point_at_them() {
    let mut decoder = Decoder::default();
    golden::rows("errors_decoder.jsonl.gz", |_, row| {
        let selfies = text(&row, "selfies");
        if let Err(DecodeError::Symbol {
            symbol, position, ..
        }) = decoder.decode(selfies)
        {
            assert!(selfies[position..].starts_with(&symbol));
        }
    });
}

#[test]
fn finds_the_very_kekule_structure_of_the_reference() {
    let Some(constraints) = constraints() else {
        return;
    };
    let mut lenient = encoder(false, &constraints["default"]);
    let mut strict = encoder(true, &constraints["default"]);
    golden::rows("kekulize.jsonl.gz", |_, row| {
        let smiles = text(&row, "smiles");
        check_encoding(lenient.encode(smiles), &row);
        match (strict.encode(smiles), row.get("strict_error")) {
            (Err(error), Some(expected)) => check_encode_error(smiles, &error, expected),
            (result, None) => check_encoding(result, &row),
            (Ok(_), Some(_)) => panic!("{smiles:?} breaks the constraints"),
        }
    });
}

#[test]
fn decodes_old_symbols_by_new_rules_as_the_reference() {
    let mut decoder = Decoder::new(DecodeOptions {
        modernize: true,
        ..DecodeOptions::default()
    });
    golden::rows("v1_compat.jsonl.gz", |_, row| {
        let expected = &row["decoded_by_2_2_0_compatible"];
        check_decoding(&mut decoder, text(&row, "selfies_v1"), expected);
    });
}

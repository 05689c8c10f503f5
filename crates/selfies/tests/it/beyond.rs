//! What the Python package cannot do: long and deep strings, many rings, wildcard
//! atoms, a verdict on strings, nitro groups.

use std::fmt::Write as _;

use selfies::smiles::Dialect;
use selfies::{
    Cause, DecodeError, DecodeOptions, Decoder, EncodeError, EncodeOptions, Encoder, RingNumbers,
    Role,
};

use crate::golden::{self, text};

fn lowest() -> Decoder {
    Decoder::new(DecodeOptions {
        ring_numbers: RingNumbers::Lowest,
        wildcards: true,
        ..DecodeOptions::default()
    })
}

fn open() -> Encoder {
    Encoder::new(EncodeOptions {
        dialect: Dialect::OPEN,
        ..EncodeOptions::default()
    })
}

#[test]
fn a_million_symbols_pass() {
    let selfies = "[C]".repeat(1_000_000);
    let smiles = selfies::decode(&selfies).unwrap();
    assert_eq!(smiles, "C".repeat(1_000_000));
    assert_eq!(selfies::encode(&smiles).unwrap(), selfies);
}

#[test]
fn a_hundred_thousand_nested_branches_pass() {
    let depth = 100_000;
    let selfies = "[S][#Branch3][P][P][P]".repeat(depth);
    let smiles = selfies::decode(&selfies).unwrap();
    assert_eq!(smiles.matches('S').count(), depth);

    let mut smiles = "C(".repeat(depth);
    smiles.push('C');
    smiles += &")C".repeat(depth);
    let selfies = selfies::encode(&smiles).unwrap();
    // Every branch and most index symbols hold the word.
    assert!(selfies.matches("Branch").count() >= depth);
}

#[test]
fn more_than_99_rings_come_back() {
    // A ladder of open rings: 120 numbers are in use at once.
    let rings = 120;
    let mut smiles = String::new();
    for ring in 1..=rings {
        let _ = write!(smiles, "C%({ring})");
    }
    for ring in 1..=rings {
        let _ = write!(smiles, "C%({ring})");
    }
    let selfies = open().encode(&smiles).unwrap().to_owned();
    let decoded = lowest().decode(&selfies).unwrap().to_owned();
    assert!(decoded.contains("%(120)"), "{decoded}");
    assert_eq!(open().encode(&decoded).unwrap(), selfies);
    // The reference's way of writing them is the default.
    assert!(selfies::decode(&selfies).unwrap().contains("%120"));

    // Numbers that are free again are used again.
    let selfies = "[C][C][C][Ring1][Ring1]".repeat(150);
    let decoded = lowest().decode(&selfies).unwrap().to_owned();
    assert!(!decoded.contains('%'), "{decoded}");
}

#[test]
fn rings_of_more_than_4096_atoms_come_back_when_allowed() {
    let smiles = format!("C1{}C1", "C".repeat(70_000));
    let selfies = selfies::encode(&smiles).unwrap();
    assert!(selfies.contains("[Ring5]"));
    assert!(selfies::decode(&selfies).is_err());
    let mut decoder = Decoder::new(DecodeOptions {
        long_numbers: true,
        ..DecodeOptions::default()
    });
    assert_eq!(decoder.decode(&selfies).unwrap(), smiles);
}

#[test]
fn wildcard_atoms_pass_when_allowed() {
    assert!(matches!(
        selfies::encode("C*"),
        Err(EncodeError::Smiles { .. })
    ));
    assert!(matches!(
        selfies::decode("[*]"),
        Err(DecodeError::Symbol { .. })
    ));
    let selfies = open().encode("*CC(=O)[13*]").unwrap().to_owned();
    assert_eq!(selfies, "[*][C][C][=Branch1][C][=O][13*]");
    assert_eq!(lowest().decode(&selfies).unwrap(), "[*]CC(=O)[13*]");
    assert_eq!(open().encode("[Og]").unwrap(), "[Og]");
}

#[test]
fn rings_may_close_across_dots_when_allowed() {
    assert!(selfies::encode("C1.C1").is_err());
    let selfies = open().encode("C1.C1").unwrap().to_owned();
    assert_eq!(selfies, "[C].[C][Ring1][C]");
    assert_eq!(selfies::decode(&selfies).unwrap(), "C1.C1");
}

#[test]
fn nitro_groups_are_normalised_on_request() {
    let mut encoder = Encoder::new(EncodeOptions {
        normalize_nitro: true,
        ..EncodeOptions::default()
    });
    for (smiles, expected) in [
        ("CN(=O)=O", "[C][N+1][=Branch1][C][=O][O-1]"),
        ("O=N(=O)C", "[O][=N+1][Branch1][C][O-1][C]"),
        ("C[N](=O)=O", "[C][N+1][=Branch1][C][=O][O-1]"),
        ("C[N+](=O)[O-]", "[C][N+1][=Branch1][C][=O][O-1]"),
        ("CN=O", "[C][N][=O]"),
    ] {
        assert_eq!(encoder.encode(smiles).unwrap(), expected, "{smiles}");
    }
    let error = selfies::encode("CN(=O)=O").unwrap_err();
    let EncodeError::Constraints { violations, .. } = error else {
        panic!("{error}");
    };
    assert_eq!((violations[0].atom, violations[0].bonds), (1, 5));
    // Five bonds to carbon are no nitro group.
    assert!(encoder.encode("CN(=C)=C").is_err());
}

#[test]
fn strings_of_the_encoder_are_clean() {
    let mut decoder = Decoder::default();
    let mut seen = 0;
    golden::rows("molecules.jsonl.gz", |number, row| {
        let strict = row["strict_fails"]
            .as_array()
            .is_none_or(|sets| sets.iter().all(|set| set != "default"));
        if number % 5 != 0 || row.get("error").is_some() || !strict {
            return;
        }
        let selfies = text(&row, "selfies");
        // Distances beyond three index symbols and charges such as +10 cannot be
        // read back.
        if let Ok(explanation) = decoder.explain(selfies) {
            let faults: Vec<_> = explanation.faults().collect();
            assert!(faults.is_empty(), "{selfies}: {faults:?}");
            seen += 1;
        }
    });
    assert!(seen > 5_000 || golden::path("molecules.jsonl.gz").is_none());
}

#[test]
fn ignored_symbols_are_found_with_their_cause() {
    #[track_caller]
    fn check(selfies: &str, expected: &[(usize, Cause)]) {
        let explanation = Decoder::default().explain(selfies).unwrap();
        let faults: Vec<_> = explanation
            .faults()
            .map(|symbol| (symbol.position, symbol.fault.unwrap()))
            .collect();
        assert_eq!(faults, expected, "{selfies}");
        for symbol in &explanation.symbols {
            assert!(selfies[symbol.position..].starts_with(&symbol.symbol));
        }
    }
    check("[C][O][C]", &[]);
    check("[C][F][C]", &[(6, Cause::ChainEnded)]);
    check("[Branch1][C]", &[(0, Cause::NoRoomForBranch)]);
    check("[F][Branch1][C]", &[(3, Cause::NoRoomForBranch)]);
    check("[Ring1][C]", &[(0, Cause::NoAtomForRing)]);
    check("[C][Ring1][C]", &[(3, Cause::RingToItself)]);
    check("[C][C][C][Ring1][O]", &[(9, Cause::RingClipped)]);
    check("[C][=F]", &[(3, Cause::BondReduced)]);
    check("[C][Branch1][O][C]", &[(3, Cause::BranchShort)]);
    check("[C][C][Ring2][C]", &[(6, Cause::IndexMissing)]);
    check("[C][Branch1][F][O][C]", &[(12, Cause::IndexUnknown)]);
    check(
        "[C][epsilon][C]",
        &[(3, Cause::Epsilon), (12, Cause::ChainEnded)],
    );
    check("[C][=CH4]", &[(3, Cause::NoBondToAtom)]);
    check("[C][=C][F][C].[C][N]", &[(10, Cause::ChainEnded)]);
}

#[test]
fn an_explanation_marks_numbers_and_branches() {
    let mut decoder = Decoder::default();
    let explanation = decoder
        .explain("[C][Branch1][Ring1][C][=Branch1][C][=O][O][C][C][Ring1][Ring2]")
        .unwrap();
    assert_eq!(
        explanation.to_string(),
        "[C][Branch1]{[Ring1]:2}([C][=Branch1]{[C]:1}([=O]))[O][C][C][Ring1]{[Ring2]:3}"
    );
    assert_eq!(explanation.symbols[2].role, Role::Digit(1));
    let json = serde_json::to_string(&explanation).unwrap();
    assert_eq!(
        serde_json::from_str::<selfies::Explanation>(&json).unwrap(),
        explanation
    );
}

#[test]
fn batches_equal_single_calls() {
    let smiles = ["CO", "c1ccccc1", "C(", "", "C[C@H](N)C(=O)O"];
    let encoded = selfies::batch::encode(&smiles, &EncodeOptions::default());
    for (smiles, encoded) in smiles.iter().zip(&encoded) {
        assert_eq!(*encoded, selfies::encode(smiles));
    }
    let strings: Vec<String> = encoded.into_iter().flatten().collect();
    let decoded = selfies::batch::decode(&strings, &DecodeOptions::default());
    for (selfies, decoded) in strings.iter().zip(decoded) {
        assert_eq!(decoded, selfies::decode(selfies));
    }
    let alphabet = selfies::Alphabet::from_strings(strings.iter().map(String::as_str)).unwrap();
    let labels = selfies::batch::labels(&strings, &alphabet, 20);
    assert!(
        labels
            .iter()
            .all(|labels| labels.as_ref().unwrap().len() >= 20)
    );
}

#[test]
fn where_the_reference_crashes_there_is_an_error() {
    for smiles in ["C11", "F:F", "[Fe]:[Fe]", "[Na]:C"] {
        assert!(selfies::encode(smiles).is_err(), "{smiles}");
    }
}

#[test]
fn options_travel_through_json() {
    let options = DecodeOptions::v1();
    let json = serde_json::to_string(&options).unwrap();
    assert_eq!(
        serde_json::from_str::<DecodeOptions>(&json).unwrap(),
        options
    );
    let options: EncodeOptions = serde_json::from_str(r#"{"strict": false}"#).unwrap();
    assert!(!options.strict);
    assert!(serde_json::from_str::<EncodeOptions>(r#"{"strickt": false}"#).is_err());
    let alphabet = selfies::Alphabet::new(["[nop]", "[C]"]).unwrap();
    assert_eq!(
        serde_json::to_string(&alphabet).unwrap(),
        r#"["[nop]","[C]"]"#
    );
    assert!(serde_json::from_str::<selfies::Alphabet>(r#"["[C]","[C]"]"#).is_err());
}

//! Equality with the Python package 1.0.4.

use selfies::{DecodeOptions, Decoder, EncodeOptions, Encoder, Syntax};

use crate::golden::{self, text};

fn encoder() -> Encoder {
    Encoder::new(EncodeOptions {
        syntax: Syntax::V1,
        ..EncodeOptions::default()
    })
}

#[test]
fn decodes_old_strings_as_the_old_package() {
    let mut decoder = Decoder::new(DecodeOptions::v1());
    golden::rows("v1_compat.jsonl.gz", |_, row| {
        let selfies = text(&row, "selfies_v1");
        let smiles = decoder
            .decode(selfies)
            .unwrap_or_else(|e| panic!("{selfies}: {e}"));
        assert_eq!(smiles, text(&row, "decoded_by_1_0_4"), "{selfies}");
    });
}

#[test]
fn encodes_old_strings_as_the_old_package() {
    let mut encoder = encoder();
    golden::rows("v1_compat.jsonl.gz", |_, row| {
        if row["kind"] == "encoded by 1.0.4" {
            let smiles = text(&row, "smiles");
            let selfies = encoder
                .encode(smiles)
                .unwrap_or_else(|e| panic!("{smiles}: {e}"));
            assert_eq!(selfies, text(&row, "selfies_v1"), "{smiles}");
        }
    });
}

/// Outputs of the Python package 1.0.4, which hardly refuses anything.
#[test]
fn odd_strings_are_taken_as_the_old_package_takes_them() {
    let mut encoder = encoder();
    for (smiles, expected) in [
        ("CCCCNCN)=", "[C][C][C][C][N][C][N]"),
        (".Cl=O)(OCC)C+S", ".[Cl][=O]"),
        (
            "C12(C#N)COC1C2)=",
            "[C][Branch1_1][Ring1][C][#N][C][O][C][Ring1][Branch1_2][C][Ring1][Branch1_3]",
        ),
    ] {
        assert_eq!(encoder.encode(smiles).unwrap(), expected);
    }
    for smiles in ["C11", "C()C", "C*", "C[C@TH1]", "CC=", "c1cccc1", "C1CC"] {
        assert!(encoder.encode(smiles).is_err(), "{smiles}");
    }
    let mut decoder = Decoder::new(DecodeOptions::v1());
    for (selfies, expected) in [
        (
            "[Na+1].[O-1][I2][Banch1][C][O-1][O]",
            "Na+1.O-1I2Banch1CO-1",
        ),
        (
            "[O][C][=C][Branch1_2][#Branch1_2][OC][=C][1C][=C][Ring1][Branch1_2][N+1][Branch1_2][C][O-1][=O]",
            "OC1=C(OC)C1C=C1N+1(O-1)O",
        ),
    ] {
        assert_eq!(decoder.decode(selfies).unwrap(), expected);
    }
    for selfies in [
        "[C][F]x[C]",
        "[]",
        "[=]",
        "[C][CH9expl]",
        "[C][C",
        "[C][Branch1_4][C]",
    ] {
        assert!(decoder.decode(selfies).is_err(), "{selfies}");
    }
}

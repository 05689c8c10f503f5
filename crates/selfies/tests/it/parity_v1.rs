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

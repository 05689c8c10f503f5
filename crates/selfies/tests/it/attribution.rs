//! Which input token made which output token, against the Python package.

use selfies::{Attribution, Decoder, EncodeOptions, Encoder};
use serde_json::{Value, json};

use crate::golden::{self, text};

fn as_json(map: &[Attribution]) -> Value {
    let sources = |attribution: &Attribution| {
        attribution.sources.as_ref().map(|sources| {
            let pair = |source: &selfies::Source| json!([source.index, source.token]);
            sources.iter().map(pair).collect::<Vec<_>>()
        })
    };
    let row = |a: &Attribution| json!([a.index, a.token, sources(a)]);
    map.iter().map(row).collect()
}

#[test]
fn attributions_equal_the_reference() {
    let mut encoder = Encoder::new(EncodeOptions {
        strict: false,
        ..EncodeOptions::default()
    });
    let mut decoder = Decoder::default();
    golden::rows("attribution.jsonl.gz", |_, row| {
        let (selfies, map) = encoder
            .encode_with_attribution(text(&row, "smiles"))
            .unwrap();
        assert_eq!(selfies, text(&row, "selfies"));
        assert_eq!(
            as_json(&map),
            row["encoder_attribution"],
            "{}",
            row["smiles"]
        );
        let (smiles, map) = decoder
            .decode_with_attribution(text(&row, "selfies"))
            .unwrap();
        assert_eq!(smiles, text(&row, "decoded"));
        assert_eq!(
            as_json(&map),
            row["decoder_attribution"],
            "{}",
            row["selfies"]
        );
    });
}

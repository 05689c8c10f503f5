//! No text makes the SMILES reader, the Kekulé step or either encoder panic, in
//! any dialect.
#![no_main]

use libfuzzer_sys::fuzz_target;
use selfies::smiles::{Dialect, Molecule, Reader};
use selfies::{EncodeOptions, Encoder, Syntax};

fuzz_target!(|text: &str| {
    for dialect in [Dialect::REFERENCE, Dialect::OPEN] {
        let mut molecule = Molecule::new();
        if let Err(error) = Reader::new(dialect).read(text, &mut molecule) {
            assert!(text.is_char_boundary(error.position));
            let _ = error.reference_index(text);
        }
        for normalize_nitro in [false, true] {
            let mut encoder = Encoder::new(EncodeOptions {
                strict: normalize_nitro,
                dialect,
                normalize_nitro,
                ..EncodeOptions::default()
            });
            let _ = encoder.encode_with_attribution(text);
        }
    }
    let mut old = Encoder::new(EncodeOptions {
        syntax: Syntax::V1,
        ..EncodeOptions::default()
    });
    let _ = old.encode(text);
});

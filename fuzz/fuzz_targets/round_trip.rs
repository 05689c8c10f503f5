//! What a strict encoder accepts comes back as the same molecule: encoding the
//! decoded text again gives the same SELFIES.
#![no_main]

use libfuzzer_sys::fuzz_target;
use selfies::smiles::Dialect;
use selfies::{DecodeOptions, Decoder, EncodeOptions, Encoder, RingNumbers};

fuzz_target!(|text: &str| {
    let mut encoder = Encoder::new(EncodeOptions {
        dialect: Dialect {
            wildcards: true,
            long_ring_numbers: true,
            rings_across_dots: false,
        },
        ..EncodeOptions::default()
    });
    let mut decoder = Decoder::new(DecodeOptions {
        wildcards: true,
        ring_numbers: RingNumbers::Lowest,
        ..DecodeOptions::default()
    });
    let Ok(first) = encoder.encode(text).map(str::to_owned) else {
        return;
    };
    // A charge with a zero digit can be written but not read back.
    let Ok(smiles) = decoder.decode(&first).map(str::to_owned) else {
        return;
    };
    let second = encoder
        .encode(&smiles)
        .unwrap_or_else(|error| panic!("{text:?} gives {first} gives {smiles:?}: {error}"))
        .to_owned();
    let third = decoder
        .decode(&second)
        .expect("written by the encoder")
        .to_owned();
    assert_eq!(smiles, third, "{text:?} gives {first} and then {second}");
});

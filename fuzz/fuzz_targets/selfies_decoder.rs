//! No text makes a decoder panic, in either syntax; what SELFIES 2 decodes to is
//! SMILES.
#![no_main]

use libfuzzer_sys::fuzz_target;
use selfies::smiles::{Dialect, Molecule, Reader};
use selfies::{DecodeOptions, Decoder, RingNumbers};

fuzz_target!(|text: &str| {
    let _ = Decoder::new(DecodeOptions::v1()).decode(text);
    let _ = selfies::split(text).count();
    for (modernize, wildcards) in [(false, false), (true, true)] {
        let mut decoder = Decoder::new(DecodeOptions {
            modernize,
            wildcards,
            ring_numbers: RingNumbers::Lowest,
            ..DecodeOptions::default()
        });
        let explained = decoder.explain(text).is_ok();
        let attributed = decoder.decode_with_attribution(text).is_ok();
        let smiles = decoder.decode(text).map(str::to_owned);
        assert_eq!(explained, smiles.is_ok());
        assert_eq!(attributed, smiles.is_ok());
        if let Ok(smiles) = smiles
            && !smiles.is_empty()
        {
            Reader::new(Dialect::OPEN)
                .read(&smiles, &mut Molecule::new())
                .unwrap_or_else(|error| panic!("{text:?} gives {smiles:?}: {error}"));
        }
    }
});

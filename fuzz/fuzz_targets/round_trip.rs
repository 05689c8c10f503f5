//! What a strict encoder accepts comes back as the same molecule: the same atoms
//! in the same order with the same bonds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use selfies::kekulize::Kekulizer;
use selfies::smiles::{Atom, BondOrder, Chirality, Dialect, Molecule, Reader};
use selfies::{DecodeOptions, Decoder, Element, EncodeOptions, Encoder, RingNumbers};

const DIALECT: Dialect = Dialect {
    wildcards: true,
    long_ring_numbers: true,
    rings_across_dots: false,
};

/// Atoms without their chirality, and bonds by their ends.
fn shape(smiles: &str) -> (Vec<Atom>, Vec<(u32, u32, BondOrder)>) {
    let mut molecule = Molecule::new();
    Reader::new(DIALECT)
        .read(smiles, &mut molecule)
        .expect("the encoder read it, or the decoder wrote it");
    Kekulizer::default()
        .kekulize(&mut molecule)
        .expect("the encoder did it, or there is nothing to do");
    let mut atoms = molecule.atoms().to_vec();
    for atom in &mut atoms {
        atom.chirality = Chirality::None;
        // `*` comes back as `[*]`, which means the same.
        if atom.element == Element::WILDCARD {
            atom.hydrogens = Some(atom.hydrogens.unwrap_or(0));
        }
    }
    let mut bonds: Vec<_> = molecule
        .bonds()
        .iter()
        .map(|bond| (bond.from.min(bond.to), bond.from.max(bond.to), bond.order))
        .collect();
    bonds.sort_unstable();
    (atoms, bonds)
}

fuzz_target!(|text: &str| {
    let mut encoder = Encoder::new(EncodeOptions {
        dialect: DIALECT,
        ..EncodeOptions::default()
    });
    let mut decoder = Decoder::new(DecodeOptions {
        wildcards: true,
        long_numbers: true,
        ring_numbers: RingNumbers::Lowest,
        ..DecodeOptions::default()
    });
    let Ok(selfies) = encoder.encode(text) else {
        return;
    };
    // A charge with a zero digit can be written but not read back.
    let Ok(smiles) = decoder.decode(selfies) else {
        return;
    };
    assert_eq!(
        shape(text),
        shape(smiles),
        "{text:?} gives {selfies} gives {smiles:?}"
    );
});

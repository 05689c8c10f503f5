//! Claims about all strings, tried on random ones.

use std::collections::BTreeMap;

use proptest::prelude::*;
use selfies::kekulize::Kekulizer;
use selfies::smiles::{Atom, BondOrder, Chirality, Dialect, Molecule, Reader};
use selfies::{Constraints, DecodeOptions, Decoder, EncodeOptions, Encoder, Preset, RingNumbers};

use crate::golden::{self, text};

fn robust_symbols(preset: Preset) -> Vec<String> {
    let constraints = Constraints::preset(preset);
    constraints.robust_alphabet().into_iter().collect()
}

fn robust_strings() -> impl Strategy<Value = (Preset, String)> {
    proptest::sample::select(Preset::ALL.to_vec()).prop_flat_map(|preset| {
        let symbol = proptest::sample::select(robust_symbols(preset));
        let string = proptest::collection::vec(symbol, 0..80).prop_map(|s| s.concat());
        (Just(preset), string)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn robust_strings_decode_to_molecules_that_obey((preset, selfies) in robust_strings()) {
        let constraints = Constraints::preset(preset);
        let mut decoder = Decoder::new(DecodeOptions {
            constraints: constraints.clone(),
            ring_numbers: RingNumbers::Lowest,
            ..DecodeOptions::default()
        });
        let smiles = decoder.decode(&selfies).unwrap();
        if smiles.is_empty() {
            return Ok(());
        }
        let mut molecule = Molecule::new();
        Reader::default().read(smiles, &mut molecule).unwrap();
        for (number, atom) in (0..).zip(molecule.atoms()) {
            let bonds = molecule.valence_halves(number) / 2 + u32::from(atom.hydrogens.unwrap_or(0));
            prop_assert!(bonds <= constraints.capacity(atom.element, atom.charge), "{smiles}");
        }
        // Strict encoding accepts it, and the string then stays as it is.
        let mut encoder = Encoder::new(EncodeOptions { constraints, ..EncodeOptions::default() });
        let again = encoder.encode(smiles).unwrap().to_owned();
        let smiles = smiles.to_owned();
        prop_assert_eq!(decoder.decode(&again).unwrap(), smiles);
    }

    #[test]
    fn no_text_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let text = String::from_utf8_lossy(&bytes);
        let _ = selfies::encode(&text);
        let _ = selfies::decode(&text);
        let _ = Decoder::new(DecodeOptions::v1()).decode(&text);
    }

    #[test]
    fn nearly_smiles_never_panics(text in r"[\[\]()CNOcn1-9=#/\\%.:@H+\-]{0,60}") {
        let mut molecule = Molecule::new();
        if let Err(error) = Reader::default().read(&text, &mut molecule) {
            prop_assert!(error.position <= text.len());
        }
        let mut encoder = Encoder::new(EncodeOptions { strict: false, ..EncodeOptions::default() });
        if let Ok(selfies) = encoder.encode(&text) {
            let symbols: Result<Vec<_>, _> = selfies::split(selfies).collect();
            prop_assert_eq!(symbols.unwrap().len(), selfies::length(selfies));
        }
    }

    #[test]
    fn attributions_leave_the_translation_alone((_, selfies) in robust_strings()) {
        let mut decoder = Decoder::default();
        let plain = decoder.decode(&selfies).unwrap().to_owned();
        let (smiles, map) = decoder.decode_with_attribution(&selfies).unwrap();
        prop_assert_eq!(smiles, &plain);
        for attribution in map {
            for source in attribution.sources.unwrap_or_default() {
                prop_assert!(selfies.contains(&source.token));
            }
        }
    }
}

/// Atoms, bonds by their ends, and chirality as a turn of the neighbours in order
/// of their numbers. Translation keeps the order of atoms, so equal shapes are
/// the same molecule.
type Shape = (Vec<Atom>, BTreeMap<(u32, u32), BondOrder>, Vec<Chirality>);

fn shape(smiles: &str) -> Option<Shape> {
    let mut molecule = Molecule::new();
    Reader::new(Dialect::OPEN)
        .read(smiles, &mut molecule)
        .ok()?;
    Kekulizer::default().kekulize(&mut molecule).ok()?;
    let mut atoms = molecule.atoms().to_vec();
    let mut turns = Vec::new();
    for (number, atom) in (0..).zip(&mut atoms) {
        let parent = molecule.parent_bond(number).into_iter();
        let mut seen: Vec<u32> = parent
            .map(|bond| molecule.other_end(bond, number))
            .collect();
        // A hydrogen in the brackets comes before what follows.
        if atom.hydrogens.is_some_and(|count| count > 0) {
            seen.push(u32::MAX);
        }
        seen.extend(
            molecule
                .bonds_out(number)
                .map(|bond| molecule.other_end(bond, number)),
        );
        let swaps: usize = (0..seen.len())
            .map(|at| {
                seen[at + 1..]
                    .iter()
                    .filter(|&&later| later < seen[at])
                    .count()
            })
            .sum();
        let mark = std::mem::take(&mut atom.chirality);
        turns.push(if swaps.is_multiple_of(2) {
            mark
        } else {
            mark.inverted()
        });
    }
    let bonds = molecule
        .bonds()
        .iter()
        .map(|bond| ((bond.from.min(bond.to), bond.from.max(bond.to)), bond.order))
        .collect();
    Some((atoms, bonds, turns))
}

#[test]
fn decoding_undoes_encoding_on_every_molecule() {
    let mut encoder = Encoder::default();
    let mut decoder = Decoder::new(DecodeOptions {
        ring_numbers: RingNumbers::Lowest,
        long_numbers: true,
        ..DecodeOptions::default()
    });
    let mut different = Vec::new();
    golden::rows("molecules.jsonl.gz", |_, row| {
        let smiles = text(&row, "smiles");
        if let Ok(selfies) = encoder.encode(smiles)
            && decoder.decode(selfies).ok().and_then(shape) != shape(smiles)
        {
            different.push(smiles.to_owned());
        }
    });
    assert!(
        different.is_empty(),
        "{} differ: {:?}",
        different.len(),
        different.first()
    );
}

/// Inputs that fuzzing found to panic once.
#[test]
fn what_fuzzing_found_stays_fixed() {
    let mut old = Encoder::new(EncodeOptions {
        syntax: selfies::Syntax::V1,
        ..EncodeOptions::default()
    });
    for smiles in ["c[n+9999999999999999999999]", "c[n-9999999999999999999999]"] {
        let _ = old.encode(smiles);
        assert!(selfies::encode(smiles).is_err());
    }
}

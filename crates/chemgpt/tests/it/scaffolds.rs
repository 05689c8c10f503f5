//! Molecules that grow from a scaffold keep it, grow at all of its atoms, and repeat by seed.

use std::collections::BTreeSet;

use chemgpt::generate::{Decorated, SamplingOptions, Scaffold, decorate};
use chemgpt::{ChemGptConfig, Error, Pretrained, SymbolTokenizer, Tokenizer};
use selfies::graph::{BondOrder, EdgeIndex, MolGraph, NodeIndex};

use crate::parity::device;

const SCAFFOLDS: [&str; 8] = [
    "c1ccc2[nH]ccc2c1",
    "O=C1CCCN1c1ccccc1",
    "C1CC1CCC(N)c1ccncc1",
    "C[C@H](N)C(=O)NCC[NH3+]",
    "C1CC2CCC1CC2",
    "c1ccc(-c2ccc(Cn3ccnc3)cc2)cc1",
    "F/C=C/CO",
    "OCC(O)C(O)C(O)C(O)C=O",
];

/// A model that knows nothing, so that all kinds of continuations come.
fn untrained(tokenizer: Tokenizer) -> Pretrained {
    let config = ChemGptConfig::new(tokenizer.vocab(), 16, 1, 2).with_positions(160);
    Pretrained {
        model: config.init(3, &device()),
        tokenizer,
    }
}

/// The symbols of many spellings, and some that continuations may have beside them.
fn everyday() -> Tokenizer {
    let mut symbols: BTreeSet<String> = [
        "[C]",
        "[=C]",
        "[#C]",
        "[N]",
        "[=N]",
        "[#N]",
        "[O]",
        "[=O]",
        "[F]",
        "[S]",
        "[P]",
        "[NH1]",
        "[NH3+1]",
        "[NH2+1]",
        "[C@H1]",
        "[C@@H1]",
        "[C@]",
        "[C@@]",
        "[/C]",
        "[\\C]",
        "[/O]",
        "[\\O]",
        "[/F]",
        "[\\F]",
        "[=C]",
        "[/-Ring1]",
    ]
    .map(String::from)
    .into();
    for bond in ["", "=", "#"] {
        for size in 1..=2 {
            symbols.insert(format!("[{bond}Branch{size}]"));
            symbols.insert(format!("[{bond}Ring{size}]"));
        }
    }
    SymbolTokenizer::from_symbols(symbols).unwrap().into()
}

fn canonical(smiles: &str) -> String {
    let graph = MolGraph::from_smiles(smiles).unwrap();
    graph.canonical_smiles().unwrap()
}

fn draw(pretrained: &Pretrained, scaffold: &str, count: usize, seed: u64) -> Vec<Decorated> {
    let options = SamplingOptions {
        max_new_tokens: 12,
        seed,
        ..SamplingOptions::default()
    };
    decorate(
        pretrained,
        &Scaffold::new(scaffold).unwrap(),
        count,
        &options,
    )
    .unwrap()
}

/// Whether `part` lies in `whole`, by trying all places: elements, charges and bonds, hydrogens and stereo left out. What is
/// aromatic in `part` may be single or double in `whole`; with `raised` any bond may be of higher order.
fn contains(whole: &str, part: &str, raised: bool) -> bool {
    let whole = MolGraph::from_smiles(whole).unwrap();
    let mut part = MolGraph::from_smiles(part).unwrap();
    part.sanitise().unwrap();
    place(&whole, &part, raised, &mut Vec::new())
}

fn place(whole: &MolGraph, part: &MolGraph, raised: bool, places: &mut Vec<NodeIndex>) -> bool {
    if places.len() == part.atom_count() {
        return true;
    }
    let next = NodeIndex::new(places.len());
    let mut bonds: Vec<(EdgeIndex, NodeIndex)> = Vec::new();
    part.incident(next, &mut bonds);
    bonds.retain(|(_, other)| *other < next);
    for candidate in whole.graph().node_indices() {
        let (a, b) = (&part.graph()[next], &whole.graph()[candidate]);
        let fits = |&(edge, other): &(EdgeIndex, NodeIndex)| {
            let found = whole.graph().find_edge(candidate, places[other.index()]);
            found.is_some_and(|found| {
                let (wanted, found) = (part.graph()[edge].order, whole.graph()[found].order);
                wanted == found
                    || (wanted == BondOrder::Aromatic && found <= BondOrder::Double)
                    || (raised && (found > wanted || wanted == BondOrder::Aromatic))
            })
        };
        if (a.element, a.charge) == (b.element, b.charge)
            && !places.contains(&candidate)
            && bonds.iter().all(fits)
        {
            places.push(candidate);
            if place(whole, part, raised, places) {
                return true;
            }
            places.pop();
        }
    }
    false
}

fn check_scaffolds(pretrained: &Pretrained, scaffolds: &[&str]) {
    let (mut kept, mut lost) = (0, 0);
    for scaffold in scaffolds {
        for drawn in draw(pretrained, scaffold, 100, 1) {
            let smiles = drawn.molecule.smiles.as_deref().unwrap();
            if drawn.kept {
                kept += 1;
                assert!(contains(smiles, scaffold, false), "{scaffold} in {smiles}");
            } else {
                lost += 1;
                assert!(contains(smiles, scaffold, true), "{scaffold} in {smiles}");
                assert!(drawn.molecule.selfies.contains("Ring"), "{smiles}");
            }
        }
    }
    assert!(kept > 4 * lost, "{kept} kept, {lost} lost");
}

#[test]
fn the_scaffold_is_in_every_molecule_that_is_said_to_keep_it_and_nothing_is_ever_taken_away() {
    check_scaffolds(&untrained(everyday()), &SCAFFOLDS);
}

#[test]
fn the_same_holds_in_the_older_syntax_of_the_public_models() {
    let mut symbols: Vec<String> = [
        "[C]", "[=C]", "[#C]", "[N]", "[=N]", "[#N]", "[O]", "[=O]", "[F]", "[S]", "[P]",
        "[NHexpl]",
    ]
    .map(String::from)
    .into();
    for size in 1..=2 {
        symbols.extend([format!("[Ring{size}]"), format!("[Expl=Ring{size}]")]);
        symbols.extend((1..=3).map(|bond| format!("[Branch{size}_{bond}]")));
    }
    let tokenizer: Tokenizer = SymbolTokenizer::from_symbols(symbols).unwrap().into();
    assert!(tokenizer.speaks_selfies_1());
    check_scaffolds(&untrained(tokenizer), &SCAFFOLDS[..3]);
}

/// The ids of all ring symbols, which alone can reach back into the scaffold.
fn rings(pretrained: &Pretrained) -> Vec<u32> {
    let tokens = (0..).zip(pretrained.tokenizer.tokens());
    tokens
        .filter(|(_, token)| token.contains("Ring"))
        .map(|(id, _)| id)
        .collect()
}

#[test]
fn without_ring_symbols_the_scaffold_stays_and_carries_something_at_one_of_its_sites() {
    let pretrained = untrained(everyday());
    let options = SamplingOptions {
        max_new_tokens: 12,
        forbidden: rings(&pretrained),
        ..SamplingOptions::default()
    };
    for text in SCAFFOLDS {
        let scaffold = Scaffold::new(text).unwrap();
        let drawn = decorate(&pretrained, &scaffold, 40, &options).unwrap();
        for drawn in drawn {
            let smiles = drawn.molecule.smiles.unwrap();
            assert!(drawn.kept, "{text} in {smiles}");
            assert!(drawn.attached.len() <= 1, "{smiles}");
            let [site] = drawn.attached[..] else { continue };
            assert!(scaffold.sites().any(|known| known == site), "{smiles}");
        }
    }
}

#[test]
fn molecules_grow_at_every_atom_that_has_a_hydrogen() {
    let pretrained = untrained(everyday());
    for text in SCAFFOLDS {
        let expected: BTreeSet<usize> = Scaffold::new(text).unwrap().sites().collect();
        let kept = draw(&pretrained, text, 300, 2)
            .into_iter()
            .filter(|d| d.kept);
        let found: BTreeSet<usize> = kept.flat_map(|drawn| drawn.attached).collect();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn marked_places_are_the_only_ones_to_grow_at() {
    let pretrained = untrained(everyday());
    let options = SamplingOptions {
        max_new_tokens: 12,
        forbidden: rings(&pretrained),
        ..SamplingOptions::default()
    };
    let scaffold = Scaffold::new("*C1CCCN1c1ccc([*:2])cc1").unwrap();
    assert_eq!(canonical(&scaffold.smiles()), canonical("C1CCCN1c1ccccc1"));
    let drawn = decorate(&pretrained, &scaffold, 60, &options).unwrap();
    let found: BTreeSet<usize> = drawn.into_iter().flat_map(|drawn| drawn.attached).collect();
    assert_eq!(found, BTreeSet::from([1, 9]));
}

#[test]
fn decorations_repeat_by_seed_whatever_the_batch() {
    let pretrained = untrained(everyday());
    let scaffold = Scaffold::new(SCAFFOLDS[0]).unwrap();
    let options = SamplingOptions {
        max_new_tokens: 12,
        ..SamplingOptions::default()
    };
    let draw = |options: &SamplingOptions| decorate(&pretrained, &scaffold, 30, options).unwrap();
    let one = draw(&options);
    let two = draw(&SamplingOptions {
        batch: 7,
        ..options.clone()
    });
    let texts = |drawn: &[Decorated]| -> Vec<String> {
        drawn.iter().map(|d| d.molecule.selfies.clone()).collect()
    };
    assert_eq!(texts(&one), texts(&two));
    assert_ne!(
        texts(&one),
        texts(&draw(&SamplingOptions { seed: 9, ..options }))
    );
}

#[test]
fn a_molecule_to_which_nothing_was_added_is_the_scaffold_with_all_its_hydrogens() {
    let pretrained = untrained(everyday());
    let end = pretrained.special().end;
    let vocab = u32::try_from(pretrained.tokenizer.vocab()).unwrap();
    let options = SamplingOptions {
        forbidden: (0..vocab).filter(|&id| id != end).collect(),
        ..SamplingOptions::default()
    };
    for text in SCAFFOLDS {
        let scaffold = Scaffold::new(text).unwrap();
        for drawn in decorate(&pretrained, &scaffold, 10, &options).unwrap() {
            assert!(drawn.kept && drawn.attached.is_empty());
            assert_eq!(canonical(&drawn.molecule.smiles.unwrap()), canonical(text));
        }
    }
}

#[test]
fn what_is_no_scaffold_is_named() {
    let refused = |smiles: &str| Scaffold::new(smiles).unwrap_err().to_string();
    assert_eq!(
        refused("CC.N"),
        "`CC.N`: a scaffold is one piece, this is 2"
    );
    assert_eq!(
        refused("FC(F)(F)F"),
        "`FC(F)(F)F`: no atom has a hydrogen to replace"
    );
    assert!(refused("").contains("no atom"));
    assert!(refused("C*C").contains("the mark at atom 1 hangs on no atom, or on several"));
    assert!(refused("C=*").contains("the mark at atom 1 is not bound to an atom by a single bond"));
    assert!(refused("**").contains("atom 0"));
    assert!(refused("C1CC").contains("C1CC"));
    let scaffold = Scaffold::new("C[SeH]").unwrap();
    let error = decorate(
        &untrained(everyday()),
        &scaffold,
        1,
        &SamplingOptions::default(),
    )
    .unwrap_err();
    assert!(matches!(error, Error::Prompt(_)));
    assert!(error.to_string().contains("lacks [Se"), "{error}");
}

//! Reused translators allocate nothing per molecule, and their memory is bounded by the longest line.
//!
//! A test binary of its own, because it counts what the allocator does.
#![expect(
    unsafe_code,
    reason = "an allocator is an unsafe trait; every call is handed on to the system's unchanged"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use selfies::smiles::{Molecule, Reader};
use selfies::{Alphabet, Decoder, EncodeOptions, Encoder};

thread_local! {
    /// Calls to the allocator by this thread.
    static CALLS: Cell<usize> = const { Cell::new(0) };
    /// Bytes this thread has asked for and not given back.
    static LIVE: Cell<isize> = const { Cell::new(0) };
}

struct Counting;

fn count(calls: usize, bytes: isize) {
    CALLS.with(|count| count.set(count.get() + calls));
    LIVE.with(|live| live.set(live.get() + bytes));
}

// SAFETY: both calls go to `System` with the arguments they came with; counting touches thread-local cells alone,
// which allocate nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size().cast_signed());
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, -layout.size().cast_signed());
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const MOLECULES: [&str; 8] = [
    "CC(=O)Oc1ccccc1C(=O)O",
    "CN1C=NC2=C1C(=O)N(C(=O)N2C)C",
    "CN1CC[C@]23c4c5ccc(O)c4O[C@H]2[C@@H](O)C=C[C@H]3[C@H]1C5",
    "[O-][N+](=O)c1ccc(cc1)/C=C/c1ccc2[nH]ccc2c1",
    "OC(=O)[C@@H](N)Cc1c[nH]c2ccccc12.[Na+].[Cl-]",
    "[13CH3][N+](C)(C)CCOP(=O)([O-])OC[C@H](O)CO",
    "C1CC2CCC1C1CCC2C1c1nc2c(N)ncnc2n1C1OC(CO)C(O)C1O",
    "c1cc2ccc3cccc4ccc(c1)c2c34",
];

/// How often the allocator is called.
fn calls(run: impl FnOnce()) -> usize {
    let before = CALLS.with(Cell::get);
    run();
    CALLS.with(Cell::get) - before
}

#[test]
fn reused_translators_allocate_nothing_per_molecule() {
    let mut encoder = Encoder::default();
    let selfies = MOLECULES.map(|smiles| encoder.encode(smiles).unwrap().to_owned());
    let alphabet = Alphabet::from_strings(selfies.iter().map(String::as_str)).unwrap();
    let mut decoder = Decoder::default();
    let (mut reader, mut molecule) = (Reader::default(), Molecule::new());
    let (mut labels, mut line) = (Vec::new(), String::new());
    let mut pass = || {
        for (smiles, selfies) in MOLECULES.iter().zip(&selfies) {
            reader.read(smiles, &mut molecule).unwrap();
            line.clear();
            encoder.encode_into(smiles, &mut line).unwrap();
            assert_eq!(&line, selfies);
            line.clear();
            decoder.decode_into(selfies, &mut line).unwrap();
            labels.clear();
            alphabet.labels(selfies, 0, &mut labels).unwrap();
            assert_eq!(selfies::split(selfies).count(), selfies::length(selfies));
        }
    };
    assert!(calls(&mut pass) > 0, "the buffers grow in the first pass");
    assert_eq!(calls(&mut pass), 0);
}

#[test]
fn memory_is_bounded_by_the_longest_line() {
    let live = || LIVE.with(Cell::get);
    let start = live();
    let mut encoder = Encoder::new(EncodeOptions {
        strict: false,
        ..EncodeOptions::default()
    });
    let mut decoder = Decoder::default();
    let mut line = String::new();
    let mut translate = |smiles: &str| {
        line.clear();
        encoder.encode_into(smiles, &mut line).unwrap();
        decoder.decode(&line).unwrap();
    };
    let longest = "CC(=O)Nc1ccc(O)cc1".repeat(500);
    translate(&longest);
    // The decoder remembers each kind of symbol it has met.
    for smiles in MOLECULES {
        translate(smiles);
    }
    let after_the_longest = live();
    for round in 0..2_000 {
        translate(MOLECULES[round % MOLECULES.len()]);
        translate(&longest[..18 * (round % 100 + 1)]);
    }
    assert_eq!(live(), after_the_longest);
    let bytes = (after_the_longest - start).cast_unsigned();
    assert!(
        bytes < 1_000 * longest.len() + 1_000_000,
        "{bytes} bytes for a line of {}",
        longest.len()
    );
}

//! Translation of drug-like molecules, one core: what a user of the Python package
//! waits for.
//!
//! Reads 50,000 molecules of `ChEMBL` 31 (2.4 MB of SMILES, 2.3 M symbols) from
//! `../shared/data/molecules`; without that folder, 1,000 copies of five drugs.

use std::fs::File;
use std::hint::black_box;
use std::io::{BufRead, BufReader};
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use flate2::read::GzDecoder;
use selfies::smiles::{Molecule, Reader};
use selfies::{Alphabet, Decoder, Encoder};

const DRUGS: [&str; 5] = [
    "CC(=O)Oc1ccccc1C(=O)O",
    "CN1C=NC2=C1C(=O)N(C(=O)N2C)C",
    "CC(C)Cc1ccc(cc1)C(C)C(=O)O",
    "CN1CC[C@]23c4c5ccc(O)c4O[C@H]2[C@@H](O)C=C[C@H]3[C@H]1C5",
    "CC1(C)S[C@@H]2[C@H](NC(=O)Cc3ccccc3)C(=O)N2[C@H]1C(=O)O",
];

fn molecules() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/data/molecules/chembl31_mini_train.txt.gz");
    let Ok(file) = File::open(path) else {
        return DRUGS.repeat(1_000).into_iter().map(str::to_owned).collect();
    };
    let lines = BufReader::new(GzDecoder::new(file)).lines();
    lines.map(|line| line.expect("the file is text")).collect()
}

fn translation(criterion: &mut Criterion) {
    let mut encoder = Encoder::default();
    let mut smiles = molecules();
    smiles.retain(|smiles| encoder.encode(smiles).is_ok());
    let selfies: Vec<String> = smiles
        .iter()
        .map(|smiles| encoder.encode(smiles).expect("encoded before").to_owned())
        .collect();
    let mut decoder = Decoder::default();
    let alphabet =
        Alphabet::from_strings(selfies.iter().map(String::as_str)).expect("written by the encoder");

    let mut group = criterion.benchmark_group("selfies");
    group.sample_size(10);
    group.throughput(Throughput::Elements(smiles.len() as u64));
    group.bench_function("read SMILES", |bencher| {
        let (mut reader, mut molecule) = (Reader::default(), Molecule::new());
        bencher.iter(|| {
            for smiles in &smiles {
                reader
                    .read(black_box(smiles), &mut molecule)
                    .expect("encoded before");
            }
        });
    });
    group.bench_function("encode", |bencher| {
        bencher.iter(|| {
            for smiles in &smiles {
                black_box(encoder.encode(smiles).expect("encoded before"));
            }
        });
    });
    group.bench_function("decode", |bencher| {
        bencher.iter(|| {
            for selfies in &selfies {
                black_box(decoder.decode(selfies).expect("written by the encoder"));
            }
        });
    });
    group.bench_function("split", |bencher| {
        bencher.iter(|| {
            selfies
                .iter()
                .map(|s| selfies::split(black_box(s)).count())
                .sum::<usize>()
        });
    });
    group.bench_function("split and label", |bencher| {
        let mut labels = Vec::new();
        bencher.iter(|| {
            for selfies in &selfies {
                labels.clear();
                alphabet
                    .labels(black_box(selfies), 0, &mut labels)
                    .expect("its own alphabet");
            }
        });
    });
    group.bench_function("encode, all cores", |bencher| {
        bencher.iter(|| selfies::batch::encode(black_box(&smiles), encoder.options()));
    });
    group.bench_function("decode, all cores", |bencher| {
        bencher.iter(|| selfies::batch::decode(black_box(&selfies), decoder.options()));
    });
    group.finish();
}

criterion_group!(benches, translation);
criterion_main!(benches);

//! Token shards: the same numbers as one by one, resumable, and damage is found.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use burn_dataset::Dataset;
use datasets::Error;
use datasets::dedup::{Same, Seen};
use datasets::generator::MoleculeGenerator;
use datasets::tokens::{
    Manifest, PrepareOptions, SelfiesTokenizer, TokenShards, Tokenizer, prepare,
};

fn options() -> PrepareOptions {
    PrepareOptions {
        lines_per_shard: 1000,
        seed: 7,
        ..PrepareOptions::default()
    }
}

/// 3,500 generated molecules with two lines that are none.
fn source(folder: &Path) -> std::path::PathBuf {
    let mut lines: Vec<String> = MoleculeGenerator::new(1).take(3500).collect();
    lines[1234] = "C(C".into();
    lines[2500] = "F(F)(F)F".into();
    let path = folder.join("molecules.smi");
    fs::write(&path, lines.join("\n")).unwrap();
    path
}

fn tokenizer() -> SelfiesTokenizer {
    SelfiesTokenizer::from_smiles(&["<start>", "<end>"], MoleculeGenerator::new(1).take(3500))
        .unwrap()
        .with_frame(Some("<start>"), Some("<end>"), None)
        .unwrap()
}

fn whole(folder: &Path, source: &Path) -> Manifest {
    prepare(source, folder, &tokenizer(), &options(), &mut |_| {
        ControlFlow::Continue(())
    })
    .unwrap()
}

#[test]
fn shards_hold_what_the_tokenizer_says_molecule_by_molecule() {
    let folder = tempfile::tempdir().unwrap();
    let source = source(folder.path());
    let out = folder.path().join("shards");
    let manifest = whole(&out, &source);
    assert!(manifest.complete);
    assert_eq!(
        (
            manifest.molecules(),
            manifest.rejected(),
            manifest.shards.len()
        ),
        (3498, 2, 4)
    );

    let shards = TokenShards::open(&out).unwrap();
    let tokenizer = tokenizer();
    let mut worker = tokenizer.worker();
    let text = fs::read_to_string(&source).unwrap();
    let mut k = 0;
    for smiles in text.lines() {
        let mut ids = Vec::new();
        if datasets::molecules::check_smiles(smiles).is_ok()
            && tokenizer.encode(&mut worker, smiles, &mut ids).is_ok()
        {
            assert_eq!(shards.tokens(k).unwrap(), ids, "{smiles}");
            k += 1;
        }
    }
    assert_eq!(k, shards.len());
    assert_eq!(
        Dataset::get(&shards, 3497).unwrap(),
        shards.tokens(3497).unwrap()
    );
    let split = shards.split().unwrap();
    assert_eq!(
        split,
        datasets::split::random(3498, &manifest.fractions, 7).unwrap()
    );
    let rejects = fs::read_to_string(out.join("shard_00001.tokens.rejects.tsv")).unwrap();
    assert!(
        rejects.contains("1235\t") && rejects.contains("C(C"),
        "{rejects}"
    );
}

#[test]
fn an_interrupted_preparation_goes_on_and_ends_with_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let source = source(folder.path());
    let (straight, broken) = (folder.path().join("a"), folder.path().join("b"));
    let expected = whole(&straight, &source);

    let partial = prepare(&source, &broken, &tokenizer(), &options(), &mut |p| {
        if p.shards == 2 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })
    .unwrap();
    assert!(!partial.complete);
    assert!(matches!(
        TokenShards::open(&broken),
        Err(Error::Incomplete { .. })
    ));
    // A half-written third shard lies about, as after a kill; and the second one was cut.
    fs::write(broken.join("shard_00002.tokens"), b"CSTOKEN1 half").unwrap();
    let second = broken.join("shard_00001.tokens");
    let bytes = fs::read(&second).unwrap();
    fs::write(&second, &bytes[..bytes.len() - 2]).unwrap();

    let mut seen = Vec::new();
    let finished = prepare(&source, &broken, &tokenizer(), &options(), &mut |p| {
        seen.push(p.shards);
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(
        seen,
        [2, 3, 4],
        "the first shard is kept, the damaged second one is made again"
    );
    assert_eq!(finished, expected);
    for entry in &finished.shards {
        assert_eq!(
            fs::read(broken.join(&entry.file)).unwrap(),
            fs::read(straight.join(&entry.file)).unwrap()
        );
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let source = source(folder.path());
    let manifests: Vec<Manifest> = [1, 3]
        .into_iter()
        .map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| whole(&folder.path().join(threads.to_string()), &source))
        })
        .collect();
    assert_eq!(manifests[0], manifests[1]);
}

#[test]
fn a_damaged_shard_is_found_by_its_checksum() {
    let folder = tempfile::tempdir().unwrap();
    let source = source(folder.path());
    let out = folder.path().join("shards");
    whole(&out, &source);
    let path = out.join("shard_00002.tokens");
    let whole_file = fs::read(&path).unwrap();

    let mut flipped = whole_file.clone();
    *flipped.last_mut().unwrap() ^= 1;
    fs::write(&path, &flipped).unwrap();
    assert!(matches!(
        TokenShards::open(&out),
        Err(Error::Checksum { .. })
    ));

    for bytes in [
        &whole_file[..whole_file.len() - 1],
        &whole_file[..10],
        b"",
        b"nothing of the kind here",
    ] {
        fs::write(&path, bytes).unwrap();
        assert!(TokenShards::open(&out).is_err());
    }
    // Offsets that point outside are an error even where the checksum was not asked for.
    let mut wild = whole_file.clone();
    wild[24 + 4..24 + 8].copy_from_slice(&u32::MAX.to_le_bytes());
    fs::write(&path, &wild).unwrap();
    let shards = TokenShards::open_unverified(&out).unwrap();
    assert!(shards.tokens(1999).is_err());
}

#[test]
fn shards_of_something_else_are_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let source = source(folder.path());
    let out = folder.path().join("shards");
    whole(&out, &source);
    let other = PrepareOptions {
        seed: 8,
        ..options()
    };
    let error = prepare(&source, &out, &tokenizer(), &other, &mut |_| {
        ControlFlow::Continue(())
    })
    .unwrap_err();
    assert!(matches!(error, Error::OtherShards { .. }), "{error}");
    fs::write(&source, "CCO\n").unwrap();
    let error = prepare(&source, &out, &tokenizer(), &options(), &mut |_| {
        ControlFlow::Continue(())
    })
    .unwrap_err();
    assert!(matches!(error, Error::OtherShards { .. }), "{error}");
    TokenShards::open(&out).unwrap();
}

#[test]
fn duplicates_are_left_out_by_text_or_molecule_also_after_an_interruption() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("repeats.smi");
    let fresh: Vec<String> = MoleculeGenerator::new(1).take(2000).collect();
    let mut distinct = fresh.clone();
    distinct.sort();
    distinct.dedup();
    let mut lines = fresh.clone();
    lines.extend(["OCC", "CCO", "C(O)C", "F(F)(F)F", "F(F)(F)F"].map(String::from));
    lines.extend(fresh.iter().rev().cloned());
    fs::write(&path, lines.join("\n")).unwrap();
    let run = |name: &str, same: Option<Same>, most: usize| {
        let options = PrepareOptions {
            drop_duplicates: same,
            ..options()
        };
        let out = folder.path().join(name);
        let mut shards = 0;
        prepare(&path, &out, &tokenizer(), &options, &mut |_| {
            shards += 1;
            if shards == most {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
        .unwrap()
    };
    let all = run("all", None, 99);
    assert_eq!(
        (all.molecules(), all.duplicates(), all.rejected()),
        (4003, 0, 2)
    );
    let text = run("text", Some(Same::Text), 99);
    assert_eq!(text.molecules(), distinct.len() as u64 + 3);
    assert_eq!(text.molecules() + text.duplicates(), 4003);
    let molecule = run("molecule", Some(Same::Canonical), 99);
    let mut seen = Seen::new(Same::Canonical);
    let expected = fresh.iter().filter(|smiles| seen.insert(smiles)).count() + 1;
    assert_eq!(molecule.molecules(), expected as u64);
    assert_eq!((molecule.lines(), molecule.rejected()), (4005, 2));

    // What the first run saw is known to the second.
    assert!(!run("resumed", Some(Same::Canonical), 2).complete);
    assert_eq!(run("resumed", Some(Same::Canonical), 99), molecule);
    assert!(matches!(
        prepare(
            &path,
            folder.path().join("resumed"),
            &tokenizer(),
            &options(),
            &mut |_| { ControlFlow::Continue(()) }
        ),
        Err(Error::OtherShards { .. })
    ));
    assert_eq!(
        TokenShards::open(folder.path().join("text")).unwrap().len(),
        distinct.len() + 3
    );
}

//! Splits as files: used again only for the file they were made from.

use std::fs;

use datasets::split::{Fractions, Rule, SplitManifest, by_molecule, nested, structure_leaks};
use datasets::{Error, embedded, structures};

#[test]
fn a_split_of_structures_comes_back_from_its_manifest_with_leaks_and_subsets() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("set.xyz");
    let all = embedded::structures().unwrap();
    let step = all.len() / 300;
    let chosen: Vec<_> = all.iter().step_by(step).cloned().collect();
    structures::write_xyz(&source, &chosen).unwrap();

    let (fractions, seed) = (Fractions::default(), 11);
    let split = by_molecule(&chosen, &fractions, seed).unwrap();
    let subsets = nested(&split.train, &[10, 100], seed).unwrap();
    let leaks = structure_leaks(&chosen, &split, 0.05);
    assert_eq!(leaks.same_molecule, 0);
    let manifest = SplitManifest {
        subsets,
        leaks: Some(leaks),
        ..SplitManifest::new(
            &source,
            chosen.len(),
            Rule::Molecule,
            fractions,
            seed,
            split,
        )
        .unwrap()
    };
    let path = folder.path().join("split.json");
    manifest.write(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(r#""seed":11"#) && text.contains(r#""kind":"molecule""#));
    assert_eq!(SplitManifest::read(&path, &source).unwrap(), manifest);

    // A manifest that contradicts itself is refused.
    for (change, part) in [
        (
            |m: &mut SplitManifest| m.split.test.push(m.split.train[0]),
            "is in train and in test",
        ),
        (
            |m: &mut SplitManifest| m.split.validation.push(9_999),
            "record 9999 of",
        ),
        (
            |m: &mut SplitManifest| m.subsets[0].push(m.split.test[0]),
            "which is not in train",
        ),
        (
            |m: &mut SplitManifest| {
                m.records = usize::MAX;
                m.split.test.push(m.split.train[0]);
            },
            "is in train and in test",
        ),
    ] as [(fn(&mut SplitManifest), &str); 4]
    {
        let mut wrong = manifest.clone();
        change(&mut wrong);
        wrong.write(&path).unwrap();
        let error = SplitManifest::read(&path, &source).unwrap_err().to_string();
        assert!(
            error.contains(part) && error.contains("split.json"),
            "{error}"
        );
    }
    // So is one of another file.
    manifest.write(&path).unwrap();
    fs::write(&source, fs::read_to_string(&source).unwrap() + "\n").unwrap();
    assert!(matches!(
        SplitManifest::read(&path, &source),
        Err(Error::Checksum { .. })
    ));
}

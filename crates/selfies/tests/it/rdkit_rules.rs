//! The optional oracle against what `RDKit` itself says.

use selfies::metrics::{Oracle, RdkitRules, Sample, moses};

use crate::golden;

/// Every nth row, all of them when `RUN_SLOW_TESTS` is set.
fn stride() -> usize {
    if std::env::var_os("RUN_SLOW_TESTS").is_some() {
        1
    } else {
        20
    }
}

#[test]
fn verdicts_and_canonical_texts_are_those_of_rdkit() {
    let (mut verdicts, mut texts) = (Vec::new(), Vec::new());
    golden::rows("rdkit_reference.jsonl.gz", |number, row| {
        if number % stride() != 0 {
            return;
        }
        let smiles = golden::text(&row, "smiles");
        match (RdkitRules.canonical(smiles), row["valid"] == true) {
            (Ok(ours), true) => {
                let full = golden::text(&row, "canonical");
                let flat = row["canonical_flat"].as_str().unwrap_or(full);
                if (ours.full.as_str(), ours.flat.as_str()) != (full, flat) {
                    texts.push(format!("{smiles}: {ours:?}, not {full} and {flat}"));
                }
            }
            (Err(_), false) => {}
            (ours, theirs) => verdicts.push(format!("{smiles}: {ours:?}, valid there: {theirs}")),
        }
    });
    assert!(verdicts.is_empty(), "{}: {verdicts:#?}", verdicts.len());
    assert!(texts.is_empty(), "{}: {texts:#?}", texts.len());
}

#[test]
fn a_sample_can_be_read_by_the_rules_of_rdkit() {
    let read = |texts: &[&str]| Sample::read_by(texts, &RdkitRules);
    let generated = read(&["CCO", "OCC", "c1ccccc1C", "C(C"]);
    assert_eq!(generated.molecules[2].canonical, "Cc1ccccc1");
    let metrics = moses(&generated, &read(&["C(C)O"]), &read(&["Cc1ccccc1"]));
    assert!((metrics.valid - 0.75).abs() < 1e-12);
    assert!((metrics.novelty - 0.5).abs() < 1e-12);
    let names: Vec<&str> = metrics
        .properties
        .iter()
        .map(|property| &*property.name)
        .collect();
    assert_eq!(names[4..], ["logP", "QED"]);
    let distance = metrics.properties[4].distance.unwrap();
    // Two of three are ethanol (-0.0014), all of the test set is toluene (1.9950).
    assert!((distance - 2.0 / 3.0 * 1.996_42).abs() < 1e-4, "{distance}");
}

#[test]
fn logp_and_qed_are_those_of_rdkit() {
    // Crippen.MolLogP and QED.qed of RDKit.
    for (smiles, logp, qed) in [
        ("CC(=O)Oc1ccccc1C(=O)O", 1.3101, 0.550_121_796),
        ("CN1C=NC2=C1C(=O)N(C(=O)N2C)C", -1.0293, 0.538_462_826),
        ("c1ccccc1", 1.6866, 0.442_628_371),
        ("CCO", -0.0014, 0.406_807_965),
    ] {
        let found = RdkitRules.properties(smiles).unwrap();
        let names: Vec<&str> = found.iter().map(|&(name, _)| name).collect();
        assert_eq!(names, ["logP", "QED"]);
        assert!((found[0].1 - logp).abs() < 1e-4, "{smiles}: {found:?}");
        assert!((found[1].1 - qed).abs() < 1e-6, "{smiles}: {found:?}");
    }
}

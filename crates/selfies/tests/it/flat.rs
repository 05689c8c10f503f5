//! Molecules without configurations.

use selfies::graph::MolGraph;
use selfies::smiles::without_stereo;

use crate::golden;

#[track_caller]
fn check(smiles: &str, flat: &str) {
    assert_eq!(without_stereo(smiles).unwrap(), flat);
}

#[test]
fn brackets_that_tell_nothing_more_go_with_the_mark() {
    check("N[C@@H](C)C(=O)O", "NC(C)C(=O)O");
    check("C[C@]1(F)CC[C@H]1Cl", "CC1(F)CCC1Cl");
    check("F/C=C\\F", "FC=CF");
    check("C[S@](=O)CC", "CS(=O)CC");
}

#[test]
fn brackets_that_tell_more_stay() {
    check("C[N@+](O)(CC)CCC", "C[N+](O)(CC)CCC");
    check("[2H][C@H](C)[13C@@H](F)O", "[2H]C(C)[13CH](F)O");
    // Brackets without a mark are the author's choice.
    check("[CH3]/C=C/[CH2]C", "[CH3]C=C[CH2]C");
    // A stated number of hydrogens that the bare symbol would not have.
    check("C[Si@H](F)Cl", "C[SiH](F)Cl");
    check("C[C@](F)Cl", "C[C](F)Cl");
    check("C[P@@](C)=O", "C[P](C)=O");
}

#[test]
fn a_text_without_marks_is_given_back_even_if_it_is_no_smiles() {
    check("c1ccccc1", "c1ccccc1");
    check("C(((", "C(((");
    assert!(without_stereo("C[C@H](").is_err());
}

#[test]
fn what_is_left_of_every_molecule_is_the_molecule_without_its_configurations() {
    let mut changed = 0;
    golden::rows("rdkit_reference.jsonl.gz", |number, row| {
        let smiles = golden::text(&row, "smiles");
        if number % 3 != 0 || row["valid"] != true || !smiles.contains(['@', '/', '\\']) {
            return;
        }
        let Ok(flat) = without_stereo(smiles) else {
            return;
        };
        assert!(!flat.contains(['@', '/', '\\']), "{smiles}: {flat}");
        let mut expected = MolGraph::from_smiles(smiles).unwrap();
        expected.drop_stereo();
        let found = MolGraph::from_smiles(&flat).unwrap();
        assert_eq!(
            found.canonical_smiles().unwrap(),
            expected.canonical_smiles().unwrap(),
            "{smiles}: {flat}"
        );
        changed += 1;
    });
    assert!(changed == 0 || changed > 500, "{changed}");
}

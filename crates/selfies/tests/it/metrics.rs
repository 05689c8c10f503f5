//! Fingerprints and metrics against `RDKit`, MOSES and `GuacaMol`.

use std::fs::File;

use flate2::read::GzDecoder;
use selfies::fingerprint::morgan_environments;
use selfies::graph::MolGraph;
use selfies::metrics::{Sample, brics_fragments, guacamol, moses};
use serde_json::Value;

use crate::golden;

#[track_caller]
fn close(found: Option<f64>, expected: &Value, tolerance: f64) {
    let (found, expected) = (found.unwrap(), expected.as_f64().unwrap());
    assert!(
        (found - expected).abs() <= tolerance,
        "{found} is not {expected}"
    );
}

#[test]
fn all_metrics_of_the_reference_set_agree() {
    let Some(path) = golden::path("metrics.json.gz") else {
        return;
    };
    let file: Value = serde_json::from_reader(GzDecoder::new(File::open(path).unwrap())).unwrap();
    let sample = |name: &str| {
        let texts: Vec<&str> = file[name]
            .as_array()
            .unwrap()
            .iter()
            .map(|text| text.as_str().unwrap())
            .collect();
        Sample::read(texts)
    };
    let (generated, train, test) = (sample("generated"), sample("train"), sample("test"));
    let ours = moses(&generated, &train, &test);
    let theirs = &file["values"];
    // Shares are counts, hence exact.
    let exact = 1e-12;
    close(Some(ours.valid), &theirs["moses valid"], exact);
    close(ours.unique_at_1000, &theirs["moses unique@1000"], exact);
    close(ours.unique_at_10000, &theirs["moses unique@3916"], exact);
    close(
        Some(ours.novelty),
        &theirs["novelty (train canonicalised)"],
        exact,
    );
    close(ours.fragment_similarity, &theirs["moses Frag/Test"], exact);
    close(ours.scaffold_similarity, &theirs["moses Scaf/Test"], exact);
    // Two of the molecules have lower-case rings that are not aromatic; RDKit's fingerprint of them depends on the
    // spelling.
    close(ours.nearest_similarity, &theirs["moses SNN/Test"], 1e-5);
    close(
        ours.internal_diversity,
        &theirs["moses IntDiv (all pairs, self included)"],
        1e-5,
    );
    close(ours.internal_diversity_2, &theirs["moses IntDiv2"], 1e-5);
    assert_eq!(
        Some(ours.scaffolds as u64),
        theirs["distinct Murcko scaffolds (any ring count, empty left out)"].as_u64()
    );

    let ours = guacamol(&generated, &train);
    close(
        Some(ours.validity),
        &theirs["guacamol validity (empty string is not valid)"],
        exact,
    );
    close(Some(ours.uniqueness), &theirs["flat unique / n"], exact);
    close(Some(ours.novelty), &theirs["flat novel / n"], exact);
}

#[test]
fn morgan_environments_carry_the_identifiers_of_rdkit() {
    // rdFingerprintGenerator.GetMorganGenerator(radius=2).GetSparseCountFingerprint, RDKit 2026.09.1.
    for (smiles, expected) in ENVIRONMENTS {
        let mut molecule = MolGraph::from_smiles(smiles).unwrap();
        molecule.sanitise().unwrap();
        let mut found = morgan_environments(&molecule, 2);
        found.sort_unstable();
        let mut expected = expected
            .split(' ')
            .map(|number| number.parse().unwrap())
            .collect::<Vec<u32>>();
        expected.sort_unstable();
        assert_eq!(found, expected, "{smiles}");
    }
}

#[test]
fn brics_cuts_where_rdkit_does() {
    // FragmentOnBRICSBonds of RDKit 2026.09.1, as molecules.
    let fragments = |smiles: &str| {
        let mut molecule = MolGraph::from_smiles(smiles).unwrap();
        molecule.sanitise().unwrap();
        let mut fragments = brics_fragments(&molecule);
        fragments.sort();
        fragments
    };
    for (smiles, pieces) in FRAGMENTS {
        let mut expected: Vec<String> = pieces
            .split(' ')
            .map(|piece| {
                MolGraph::from_smiles(piece)
                    .unwrap()
                    .canonical_smiles()
                    .unwrap()
            })
            .collect();
        expected.sort();
        assert_eq!(fragments(smiles), expected, "{smiles}");
    }
}

#[test]
fn an_empty_sample_has_no_similarities() {
    let none = Sample::read::<&str>([]);
    let metrics = moses(&none, &none, &none);
    assert_eq!((metrics.valid, metrics.novelty), (0.0, 0.0));
    assert_eq!(
        (metrics.internal_diversity, metrics.scaffold_similarity),
        (None, None)
    );
}

#[test]
fn unreadable_texts_are_listed_with_their_place() {
    let sample = Sample::read(["CCO", "C1CC", "", "CC(C)(C)(C)C"]);
    let places: Vec<usize> = sample.unreadable.iter().map(|text| text.index).collect();
    assert_eq!(places, [1, 2, 3]);
    assert_eq!(
        (sample.requested, sample.molecules.len(), sample.empty),
        (4, 1, 1)
    );
}

/// SMILES with the identifiers of their environments up to radius 2.
const ENVIRONMENTS: [(&str, &str); 6] = [
    (
        "CCO",
        "864662311 1535166686 2245384272 2246728737 3542456614 4018048386",
    ),
    (
        "CC(=O)Oc1ccccc1C(=O)O",
        "98513984 98513984 132611095 509662800 673156540 864662311 864674487 864942730 864942730 951226070 951226070 1015506671 1135286194 1510328189 1510328189 1533864325 1654840205 2014543234 2077658817 2246699815 2246699815 2246728737 2309124039 2664995851 2784506312 2987120039 3217380708 3217380708 3218693969 3218693969 3218693969 3218693969 3545365497 3999906991 3999906991",
    ),
    (
        "CN1C=NC2=C1C(=O)N(C(=O)N2C)C",
        "10565946 10565946 348155210 476388586 540046244 553412256 864942730 864942730 909857231 1100037548 1333761024 1512818157 1981181107 2030573601 2041434490 2092489639 2092489639 2092489639 2246728737 2246728737 2246728737 2370996728 2877515035 2971716993 2975126068 2975126068 3140581776 3217380708 3217380708 3217380708 3217380708 3218693969 3462333187 3657471097 3657471097 3657471097 3796970912",
    ),
    ("[13CH3][NH3+]", "847694221 2246728737 2567926842"),
    (
        "C[C@H](N)C(=O)[O-].[Na+]",
        "395738768 847957139 864942730 864942795 1510323402 1510328189 2245273601 2246699815 2246728737 2599973650 2655406212 2661865929 3537119515 3737048253",
    ),
    (
        "FC(F)(F)c1nnc2CN(CCn12)C(=O)C[C@H](N)Cc1cc(F)c(F)cc1F",
        "74537039 134393742 221312995 410276664 435232729 485463469 485463469 485463469 520615831 579286581 599157603 636182019 636182019 662595032 847957139 864942730 882399112 882399112 882399112 882399112 882399112 882399112 994485099 994485099 1075545751 1312131881 1330138380 1477384581 1506993418 1510328189 1649071108 1767102068 1857396528 1857396528 1857396528 2010446245 2041434490 2041434490 2054471660 2092489639 2092489639 2245273601 2245277810 2245384272 2245384272 2246699815 2513428378 2563871484 2599973650 2803848648 2803848648 2968968094 2968968094 2968968094 3101997302 3217380708 3217380708 3217380708 3217380708 3217380708 3217380708 3218693969 3218693969 3226315545 3337745083 3337745083 3337745083 3458774156 3458774156 3496434313 3506621893 3554022385 3682002358 4089138501 4089198043 4183500370",
    ),
];

/// SMILES with their pieces.
const FRAGMENTS: [(&str, &str); 5] = [
    (
        "COc1ccccc1C(=O)NCc1ccncc1",
        "[1*]C([6*])=O [16*]c1ccccc1[16*] [16*]c1ccncc1 [3*]OC [4*]C[8*] [5*]N[5*]",
    ),
    (
        "N#CC1(NC(=O)COc2cccc(Cl)c2)CCCC1",
        "[1*]C(=O)C[4*] [15*]C1(C#N)CCCC1 [16*]c1cccc(Cl)c1 [3*]O[3*] [5*]N[5*]",
    ),
    (
        "CC[NH+](CC)C1CCN(S(=O)(=O)c2ccc(/C=C/c3ccco3)cc2)CC1",
        "[4*]CC [4*]CC [5*]N1CCC([15*])CC1 [5*][NH+]([5*])[5*] [7*]=Cc1ccc(S([12*])(=O)=O)cc1 [7*]=Cc1ccco1",
    ),
    (
        "O=C1CCCN1Cc1nc(C2CC2)no1",
        "[10*]N1CCCC1=O [14*]c1noc([14*])n1 [15*]C1CC1 [8*]C[8*]",
    ),
    (
        "CSc1nnc(SCC(=O)N2CCOCC2)s1",
        "[1*]C(=O)C[4*] [11*]SC [11*]S[11*] [14*]c1nnc([14*])s1 [5*]N1CCOCC1",
    ),
];

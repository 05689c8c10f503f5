//! Molecule files: counts and traps of the real ones.

use datasets::molecules::{Molecules, ReadOptions, read};

use crate::shared::data;

fn column(name: &str) -> ReadOptions {
    ReadOptions {
        column: Some(name.into()),
        ..ReadOptions::default()
    }
}

#[test]
fn every_real_file_has_the_number_of_molecules_on_record() {
    // Counts of the data's README; the first line of the BIMODAL file is empty and no record.
    for (file, molecules) in [
        ("chembl31_mini_train.txt.gz", 50_000),
        ("chembl31_valid.txt.gz", 100_000),
        ("pubchem10m_10k_subset.txt", 10_000),
        ("pubchem100k_rdkit_pcs.tsv.gz", 99_991),
        ("qm9_smiles.csv.gz", 133_885),
        ("nonfullerene_smiles.csv.gz", 51_281),
        ("hiv.csv.gz", 41_126),
        ("esol.csv", 1128),
        ("freesolv.csv", 642),
        ("lipo.csv", 4200),
        ("selfies_custom_cases.csv", 36),
        ("chembl22_bimodal_smiles.csv.gz", 677_044),
    ] {
        let Some(path) = data(&format!("molecules/{file}")) else {
            return;
        };
        let mut count = 0;
        let mut lines = Molecules::open(&path, &ReadOptions::default()).unwrap();
        while let Some(line) = lines.next_line().unwrap() {
            assert!(
                line.smiles.is_ok(),
                "{file}:{}: {:?}",
                line.number,
                line.smiles
            );
            count += 1;
        }
        assert_eq!(count, molecules, "{file}");
    }
}

#[test]
fn columns_are_found_by_name_and_number() {
    let Some(path) = data("molecules/freesolv.csv") else {
        return;
    };
    let set = read(&path, &ReadOptions::default()).unwrap();
    // The name before it holds a quoted comma.
    assert_eq!(set.smiles[0], "CN(C)C(=O)c1ccc(cc1)OC");
    assert_eq!(read(&path, &column("SMILES")).unwrap(), set);
    assert_eq!(read(&path, &column("2")).unwrap(), set);
    let error = read(&path, &column("structure")).unwrap_err().to_string();
    assert!(
        error.contains("iupac") && error.contains("structure"),
        "{error}"
    );

    let Some(path) = data("molecules/pubchem100k_rdkit_pcs.tsv.gz") else {
        return;
    };
    let first = read(
        &path,
        &ReadOptions {
            limit: Some(3),
            ..ReadOptions::default()
        },
    )
    .unwrap();
    let second = read(
        &path,
        &ReadOptions {
            limit: Some(3),
            ..column("2")
        },
    )
    .unwrap();
    assert_eq!((first.smiles.len(), second.smiles.len()), (3, 3));
    assert_eq!(second.smiles[2], "C=C1C(=O)OC2C=CCCCC12");
}

#[test]
fn a_trailing_space_is_no_part_of_a_molecule() {
    let Some(path) = data("molecules/esol.csv") else {
        return;
    };
    let set = read(&path, &ReadOptions::default()).unwrap();
    assert_eq!(
        set.smiles[0],
        "OCC3OC(OCC2OC(OC(C#N)c1ccccc1)C(O)C(O)C2O)C(O)C(O)C3O"
    );
}

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

#[test]
fn every_compression_gives_the_same_molecules() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let text = "CCO ethanol\n\nc1ccccc1\n".repeat(5000);
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("a.smi"), &text).unwrap();
    let mut gz = flate2::write::GzEncoder::new(
        std::fs::File::create(path("a.smi.gz")).unwrap(),
        flate2::Compression::fast(),
    );
    gz.write_all(text.as_bytes()).unwrap();
    gz.finish().unwrap();
    std::fs::write(
        path("a.smi.zst"),
        zstd::encode_all(text.as_bytes(), 1).unwrap(),
    )
    .unwrap();
    for (name, method) in [
        ("a.smi.zip", zip::CompressionMethod::Deflated),
        ("b.smi.zip", zip::CompressionMethod::Stored),
    ] {
        let mut zip = zip::ZipWriter::new(std::fs::File::create(path(name)).unwrap());
        zip.add_directory("folder/", zip::write::SimpleFileOptions::default())
            .unwrap();
        zip.start_file(
            "folder/a.smi",
            zip::write::SimpleFileOptions::default().compression_method(method),
        )
        .unwrap();
        zip.write_all(text.as_bytes()).unwrap();
        zip.finish().unwrap();
    }
    let plain = read(path("a.smi"), &ReadOptions::default()).unwrap();
    assert_eq!(plain.smiles.len(), 10_000);
    for name in ["a.smi.gz", "a.smi.zst", "a.smi.zip", "b.smi.zip"] {
        assert_eq!(
            read(path(name), &ReadOptions::default()).unwrap(),
            plain,
            "{name}"
        );
        let whole = std::fs::read(path(name)).unwrap();
        std::fs::write(path(name), &whole[..whole.len() / 2]).unwrap();
        assert!(
            read(path(name), &ReadOptions::default()).is_err(),
            "half of {name}"
        );
    }
}

#[test]
fn splits_of_real_molecules_keep_scaffolds_apart_and_find_repeats() {
    use datasets::split::{Fractions, by_scaffold, molecule_leaks, random};
    let Some(path) = data("molecules/chembl22_bimodal_smiles.csv.gz") else {
        return;
    };
    let set = read(
        &path,
        &ReadOptions {
            limit: Some(3000),
            ..ReadOptions::default()
        },
    )
    .unwrap();
    // The file repeats molecules, so a random split leaks and a scaffold split cannot.
    let leaks = molecule_leaks(
        &set.smiles,
        &random(set.smiles.len(), &Fractions::default(), 1).unwrap(),
    );
    let clean = molecule_leaks(
        &set.smiles,
        &by_scaffold(&set.smiles, &Fractions::default()).unwrap(),
    );
    assert!(clean.is_clean() && clean.held_out > 0, "{clean}");
    assert!(leaks.held_out == 600, "{leaks}");
}

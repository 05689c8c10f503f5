//! Parquet files: what other tools write is read, what is written other tools read, and damage is an error.

use std::fs;
use std::path::{Path, PathBuf};

use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::record::{Field, ListAccessor, RowAccessor};
use datasets::Error;
use datasets::molecules::{Molecules, ReadOptions, read};
use datasets::parquet::write_vectors;

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/molecules.parquet")
}

fn column(name: &str) -> ReadOptions {
    ReadOptions {
        column: Some(name.into()),
        ..ReadOptions::default()
    }
}

#[test]
fn a_column_that_pyarrow_wrote_is_read_row_by_row() {
    let set = read(fixture(), &ReadOptions::default()).unwrap();
    assert_eq!(set.smiles.len(), 297);
    assert_eq!(set.smiles[..3], ["CO", "CCO", "CCCO"]);
    assert_eq!(set.smiles[296], "C".repeat(1 + 299 % 7) + "O");
    let rejects: Vec<(u64, &str)> = set
        .rejects
        .iter()
        .map(|r| (r.line, r.reason.as_str()))
        .collect();
    assert_eq!(
        rejects,
        [
            (6, "the value is null"),
            (7, "1 parentheses are not closed"),
            (8, "the SMILES is empty"),
        ]
    );
    assert_eq!(read(fixture(), &column("smiles")).unwrap(), set);
    assert_eq!(read(fixture(), &column("3")).unwrap(), set);
    let limited = ReadOptions {
        limit: Some(200),
        ..ReadOptions::default()
    };
    assert_eq!(Molecules::open(fixture(), &limited).unwrap().count(), 203);
}

#[test]
fn columns_that_hold_no_text_and_small_limits_are_errors() {
    let error = |options: &ReadOptions| read(fixture(), options).unwrap_err().to_string();
    assert!(error(&column("id")).contains("INT64, expected one text a row"));
    assert!(error(&column("4")).contains("lists, expected one text a row"));
    let missing = error(&column("canonical"));
    assert!(
        missing.contains("\"canonical\"") && missing.contains("SMILES"),
        "{missing}"
    );
    let tight = ReadOptions {
        unpacked_limit: 500,
        ..ReadOptions::default()
    };
    assert!(matches!(
        read(fixture(), &tight),
        Err(Error::TooLarge { limit: 500, .. })
    ));
}

#[test]
fn written_vectors_come_back_number_by_number() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vectors.parquet");
    // More rows than one row group takes.
    let texts: Vec<String> = (0..20_000)
        .map(|k| format!("{}N", "C".repeat(1 + k % 9)))
        .collect();
    let vectors: Vec<Vec<f32>> = (0..20_000)
        .map(|k| (0..3).map(|i| (3 * k + i) as f32).collect())
        .collect();
    write_vectors(&path, ("smiles", &texts), ("embedding", &vectors)).unwrap();
    assert_eq!(read(&path, &ReadOptions::default()).unwrap().smiles, texts);

    let file = SerializedFileReader::new(fs::File::open(&path).unwrap()).unwrap();
    assert_eq!(file.num_row_groups(), 2);
    let mut rows = 0;
    for (row, (text, vector)) in file
        .get_row_iter(None)
        .unwrap()
        .zip(texts.iter().zip(&vectors))
    {
        let row = row.unwrap();
        assert_eq!(row.get_string(0).unwrap(), text);
        let list = row.get_list(1).unwrap();
        let numbers: Vec<f32> = (0..list.len())
            .map(|i| list.get_float(i).unwrap())
            .collect();
        assert_eq!(&numbers, vector);
        assert!(list.elements().iter().all(|e| matches!(e, Field::Float(_))));
        rows += 1;
    }
    assert_eq!(rows, 20_000);

    // What cannot be a table leaves the old file alone.
    let before = fs::read(&path).unwrap();
    let none: [Vec<f32>; 0] = [];
    let no_text: [&str; 0] = [];
    for error in [
        write_vectors(&path, ("a", &["C"]), ("b", &[vec![1.0], vec![2.0]])),
        write_vectors(
            &path,
            ("a", &["C", "N"]),
            ("b", &[vec![1.0], vec![2.0, 3.0]]),
        ),
        write_vectors(&path, ("a", &no_text), ("b", &none)),
    ] {
        assert!(matches!(error, Err(Error::Array { .. })), "{error:?}");
    }
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_damaged_file_is_an_error_or_loses_rows_but_never_the_program() {
    let whole = fs::read(fixture()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.parquet");
    for length in (0..whole.len()).step_by(7) {
        fs::write(&path, &whole[..length]).unwrap();
        let error = read(&path, &ReadOptions::default())
            .unwrap_err()
            .to_string();
        assert!(error.contains("damaged.parquet"), "{error}");
    }
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        fs::write(&path, bytes).unwrap();
        if let Err(error) = read(&path, &ReadOptions::default()) {
            assert!(error.to_string().contains("damaged.parquet"), "{error}");
        }
    }
}

//! Malformed files: each fault is named with its place, and nothing panics.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use datasets::{Error, molecules, structures, write_rejects};
use proptest::prelude::*;

fn file(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// The message of an error and of everything behind it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}

#[track_caller]
fn check_structures(name: &str, bytes: &[u8], part: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), name, bytes);
    let options = structures::ReadOptions {
        require_labels: true,
        ..Default::default()
    };
    let error = chain(&structures::read(&path, &options).unwrap_err());
    assert!(error.contains(part), "{error:?} does not say {part:?}");
    assert!(error.contains(name), "{error:?} does not name the file");
}

#[test]
fn faults_of_extended_xyz_are_named() {
    let head = "Properties=species:S:1:pos:R:3:forces:R:3 energy=-1";
    let good = "C 0 0 0 0 0 0\n";
    for (text, part) in [
        (String::new(), "no records"),
        ("\n\n".into(), "no records"),
        ("hello\nworld\n".into(), "line 1: expected a number of atoms, got \"hello\""),
        ("99999999999999999999\n".into(), "line 1: expected a number of atoms"),
        (format!("0\n{head}\n"), "no atoms"),
        ("3".into(), "the file ends before the comment line"),
        (format!("2\n{head}\n{good}"), "the file ends after 1 of 2 atoms"),
        (format!("1\n{head}\nC 0 0 0 0 0\n"), "line 3: the atom has 6 columns, expected 7"),
        (format!("1\n{head}\nC 0 0 0 0 0 0 0\n"), "line 3: the atom has 8 columns, expected 7"),
        (format!("1\n{head}\nQq 0 0 0 0 0 0\n"), "line 3: \"Qq\" is no element"),
        (format!("1\n{head}\nC 0 zero 0 0 0 0\n"), "line 3: position \"zero\" is no number"),
        (format!("1\n{head}\nC 0 nan 0 0 0 0\n"), "positions of atom 0 is NaN"),
        (format!("2\n{head}\nC 0 0 0 0 0 0\nH 0 -1e308 1 0 0 0\n"), "positions of atom 1 is -1e308 Å, expected at most 1e6 Å"),
        (format!("2\n{head}\nH 1 1.8e24 1 0 0 0\nC 0 0 0 0 0 0\n"), "positions of atom 0 is 1.8e24 Å, expected at most 1e6 Å"),
        (format!("1\n{head} Lattice=\"9 0 0 0 1e308 0 0 0 9\"\n{good}"), "cell vector 1 has the entry 1e308 Å, expected at most 1e6 Å"),
        (format!("1\n{head}\nC 0 0 0 0 inf 0\n"), "forces of atom 0 is inf"),
        (format!("1\n{head}nan\n{good}"), "no energy"),
        ("1\nProperties=species:S:1:pos:R:3:forces:R:3 energy=nan\nC 0 0 0 0 0 0\n".into(), "energy is NaN"),
        ("1\nProperties=species:S:1:pos:R:3 energy=-1\nC 0 0 0\n".into(), "no forces"),
        ("1\nProperties=species:S:1:pos:R\nC 0 0 0\n".into(), "triples"),
        ("1\nProperties=species:S:1\nC\n".into(), "no pos column"),
        (format!("1\n{head} Lattice=\"1 2 3 4\"\n{good}"), "expected nine numbers"),
        (format!("1\n{head} Lattice=\"1 0 0 1 0 0 0 0 1\"\n{good}"), "degenerate"),
        (format!("1\n{head} pbc=\"T T T\"\n{good}"), "axis 0 is periodic"),
        (format!("1\n{head} Lattice=\"1 0 0\n{good}"), "Lattice is not closed"),
        (format!("2\n{head}\n{good}{good}"), "atoms 0 and 1 are 0.0000 Å apart"),
        ("1\nProperties=species:S:1:pos:R:3:a_forces:R:3:b_forces:R:3 energy=1\nC 0 0 0 0 0 0 0 0 0\n".into(), "could all be the force"),
    ] {
        check_structures("bad.xyz", text.as_bytes(), part);
    }
}

#[test]
fn a_bad_frame_does_not_take_the_good_ones_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let good = "1\nProperties=species:S:1:pos:R:3 energy=-1\nC 0 0 0\n";
    let bad = "1\nProperties=species:S:1:pos:R:3 energy=-1\nC 0 0 x\n";
    let text = format!("{good}{bad}{good}stray text\n{good}");
    let path = file(folder.path(), "mixed.xyz", text.as_bytes());
    let set = structures::read(&path, &structures::ReadOptions::default()).unwrap();
    assert_eq!(set.structures.len(), 3);
    let lines: Vec<u64> = set.rejects.iter().map(|r| r.line).collect();
    assert_eq!(lines, [4, 10]);

    let side = folder.path().join("rejects.tsv");
    write_rejects(&side, &set.rejects).unwrap();
    let table = fs::read_to_string(&side).unwrap();
    assert!(
        table
            .lines()
            .nth(1)
            .unwrap()
            .starts_with("4\tline 6: position \"x\" is no number\t")
    );
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        2,
        "nothing is left aside"
    );

    let strict = structures::ReadOptions {
        strict: true,
        ..Default::default()
    };
    assert!(matches!(
        structures::read(&path, &strict),
        Err(Error::Record { line: 4, .. })
    ));
}

#[test]
fn a_record_in_another_unit_than_the_rest_is_rejected() {
    let methane = |energy: f64| {
        format!(
            "5\nProperties=species:S:1:pos:R:3 energy={energy}\nC 0 0 0\nH 0.63 0.63 0.63\nH -0.63 -0.63 0.63\nH 0.63 -0.63 -0.63\nH -0.63 0.63 -0.63\n"
        )
    };
    let folder = tempfile::tempdir().unwrap();
    // −40.5 hartree are −1102 eV and −25,414 kcal/mol.
    for (energies, unit, rejected, reason) in [
        (
            &[-1102.0, -1101.9, -40.5, -1102.1][..],
            "eV",
            &[15][..],
            "energy -40.5 has the size of a total energy in hartree",
        ),
        (
            &[-40.5, -25_414.0, -40.4, -40.6],
            "hartree",
            &[8],
            "energy -25414 has the size of a total energy in kcal/mol",
        ),
        // Energies that are no total energies of all electrons say nothing.
        (&[-24.1, -24.0, -40.5, -23.9], "eV", &[], ""),
        (&[-1102.0, -40.5], "eV", &[], ""),
    ] {
        let text: String = energies.iter().map(|e| methane(*e)).collect();
        let path = file(folder.path(), "units.xyz", text.as_bytes());
        let set = structures::read(&path, &structures::ReadOptions::default()).unwrap();
        assert_eq!(set.units.units.energy.name(), unit, "{energies:?}");
        let lines: Vec<u64> = set.rejects.iter().map(|r| r.line).collect();
        assert_eq!(lines, rejected, "{energies:?}");
        assert!(
            set.rejects.iter().all(|r| r.reason.contains(reason)),
            "{:?}",
            set.rejects
        );
    }
}

#[test]
fn compressed_files_that_are_damaged_are_told_apart() {
    let whole = gzip(
        "1\nProperties=species:S:1:pos:R:3:forces:R:3 energy=-1\nC 0 0 0 0 0 0\n"
            .repeat(2000)
            .as_bytes(),
    );
    check_structures("cut.xyz.gz", &whole[..whole.len() / 2], "is truncated");
    check_structures("cut.xyz.gz", &whole[..whole.len() - 1], "is truncated");
    let mut flipped = whole.clone();
    let last = flipped.len() - 6;
    flipped[last] ^= 0xff;
    check_structures("sum.xyz.gz", &flipped, "cannot read");

    let folder = tempfile::tempdir().unwrap();
    let bomb = gzip(&vec![b'C'; 4 << 20]);
    let path = file(folder.path(), "bomb.smi.gz", &bomb);
    let options = molecules::ReadOptions {
        unpacked_limit: 1 << 20,
        ..Default::default()
    };
    assert!(matches!(
        molecules::read(&path, &options),
        Err(Error::TooLarge { .. })
    ));
}

#[test]
fn faults_of_archives_are_named() {
    check_structures("none.npz", b"PK\x03\x04 nothing", "not valid npz");
    check_structures("empty.npz", b"", "not valid npz");
    let folder = tempfile::tempdir().unwrap();
    let archive = |arrays: &[(&str, &str, &[usize], &[u8])]| {
        let path = folder.path().join("x.npz");
        let mut zip = zip::ZipWriter::new(fs::File::create(&path).unwrap());
        for (name, kind, shape, data) in arrays {
            let dims: Vec<String> = shape.iter().map(usize::to_string).collect();
            let dims = dims.join(",") + ",";
            let header =
                format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({dims}), }}\n");
            zip.start_file(
                format!("{name}.npy"),
                zip::write::SimpleFileOptions::default(),
            )
            .unwrap();
            zip.write_all(b"\x93NUMPY\x01\x00").unwrap();
            zip.write_all(&u16::try_from(header.len()).unwrap().to_le_bytes())
                .unwrap();
            zip.write_all(header.as_bytes()).unwrap();
            zip.write_all(data).unwrap();
        }
        zip.finish().unwrap();
        fs::read(&path).unwrap()
    };
    let z: (&str, &str, &[usize], &[u8]) = ("z", "|u1", &[2], &[1, 1]);
    let r: (&str, &str, &[usize], &[u8]) = ("R", "<f4", &[1, 2, 3], &[0; 24]);
    for (arrays, part) in [
        (vec![z], "has no R (positions)"),
        (vec![r], "has no z (atomic numbers)"),
        (
            vec![("z", "|u1", &[3][..], &[1, 1, 1][..]), r],
            "array z of",
        ),
        (
            vec![z, ("R", "<f4", &[2, 2][..], &[0; 16][..])],
            "expected [frames, atoms, 3]",
        ),
        (
            vec![z, ("R", "<f4", &[1, 2, 3][..], &[0; 20][..])],
            "20 bytes of data, expected 24",
        ),
        (
            vec![z, ("R", "|O8", &[1, 2, 3][..], &[0; 48][..])],
            "not supported",
        ),
        (
            vec![z, r, ("E", "<f4", &[2][..], &[0; 8][..])],
            "2 entries, expected 1",
        ),
        (
            vec![z, r, ("F", "<f4", &[1, 1, 3][..], &[0; 12][..])],
            "array F of",
        ),
        (
            vec![("atom_counts", "<i8", &[1][..], &[255; 8][..])],
            "-1 is no number of atoms",
        ),
        (vec![z, r], "no energy"),
    ] {
        check_structures("bad.npz", &archive(&arrays), part);
    }
}

#[test]
fn faults_of_molecule_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let read = |name: &str, bytes: &[u8]| {
        molecules::read(
            file(folder.path(), name, bytes),
            &molecules::ReadOptions::default(),
        )
    };
    for (name, bytes, part) in [
        ("a.smi", &b""[..], "has no records"),
        ("a.csv", b"", "has no records"),
        ("a.csv", b"id,name\n1,x\n", "has no column \"smiles\""),
        ("a.csv", b"smiles\nxyz\n", "none of the 1 records"),
        ("a.smi", b"\xff\xfe\n", "not UTF-8"),
        ("a.doc", b"C\n", "cannot tell the format"),
    ] {
        let error = chain(&read(name, bytes).unwrap_err());
        assert!(error.contains(part), "{error:?} does not say {part:?}");
    }
    let set = read("b.csv", b"id,smiles\n1,C\n2\n3,\"C\n4,CC(\n5,\n\n6,CO\n").unwrap();
    assert_eq!(set.smiles, ["C", "CO"]);
    let lines: Vec<u64> = set.rejects.iter().map(|r| r.line).collect();
    assert_eq!(lines, [3, 4, 5, 6]);
    let error = chain(
        &molecules::read(
            folder.path(),
            &molecules::ReadOptions {
                format: Some(molecules::Format::Lines),
                ..Default::default()
            },
        )
        .unwrap_err(),
    );
    assert!(error.contains("directory"), "{error}");
}

#[test]
fn an_endless_line_is_rejected_in_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = vec![b'C'; 3 << 20];
    text.extend_from_slice(b"\nCCO\n");
    let set = molecules::read(
        file(folder.path(), "long.smi", &text),
        &molecules::ReadOptions::default(),
    )
    .unwrap();
    assert_eq!(set.smiles, ["CCO"]);
    assert!(set.rejects[0].reason.contains("3145729 bytes"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_is_fatal(text in "[ -~\n\t\"=:,]{0,200}", kind in 0..3_usize) {
        let folder = tempfile::tempdir().unwrap();
        match kind {
            0 => drop(structures::read(file(folder.path(), "x.xyz", text.as_bytes()), &structures::ReadOptions::default())),
            1 => drop(molecules::read(file(folder.path(), "x.csv", text.as_bytes()), &molecules::ReadOptions::default())),
            _ => drop(structures::read(
                file(folder.path(), "x.xyz", format!("1\n{text}").as_bytes()),
                &structures::ReadOptions::default(),
            )),
        }
    }

    #[test]
    fn a_damaged_extended_xyz_file_is_never_fatal(at in 0_usize..160, byte: u8) {
        let mut text = b"2\nLattice=\"9 0 0 0 9 0 0 0 9\" Properties=species:S:1:pos:R:3:forces:R:3 energy=-31.7 pbc=\"T T F\"\nH 0 0 0 0 0 -1.5\nH 0 0 0.7 0 0 1.5\n".to_vec();
        let at = at % text.len();
        text[at] = byte;
        let folder = tempfile::tempdir().unwrap();
        drop(structures::read(file(folder.path(), "x.xyz", &text), &structures::ReadOptions::default()));
    }
}

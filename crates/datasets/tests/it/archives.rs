//! Archives: unpacked whole or not at all, and never outside their folder.

use std::fs;
use std::io::Write;
use std::path::Path;

use datasets::fetch::unpack;
use datasets::{Error, structures};
use tar::{Builder, EntryType, Header};

const LIMIT: u64 = 1 << 20;

/// A tar archive of files, and of one more entry of a raw name and kind.
fn tar(files: &[(&str, &[u8])], odd: Option<(&str, EntryType)>) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *content).unwrap();
    }
    if let Some((name, kind)) = odd {
        let mut header = Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(kind);
        header.set_size(0);
        if kind == EntryType::Symlink {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_cksum();
        builder.append(&header, &b""[..]).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in files {
        out.start_file(*name, zip::write::SimpleFileOptions::default())
            .unwrap();
        out.write_all(content).unwrap();
    }
    out.finish().unwrap().into_inner()
}

const FILES: [(&str, &[u8]); 2] = [
    ("set/a.xyz", b"1\n\nC 0 0 0\n"),
    ("set/deep/b.txt", b"CCO\n"),
];

#[test]
fn archives_of_every_kind_become_the_same_folder() {
    for (name, bytes) in [
        ("data.tar", tar(&FILES, None)),
        ("data.tar.gz", gzip(&tar(&FILES, None))),
        ("data.tgz", gzip(&tar(&FILES, None))),
        ("data.tar.bz2", bzip2(&tar(&FILES, None))),
        (
            "data.tar.zst",
            zstd::encode_all(&tar(&FILES, None)[..], 1).unwrap(),
        ),
        ("data.zip", zip(&FILES)),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join(name);
        fs::write(&archive, bytes).unwrap();
        // What an interrupted run left is of no use.
        fs::create_dir(folder.path().join("data.unpacking")).unwrap();
        fs::write(folder.path().join("data.unpacking/half"), "x").unwrap();
        let files = unpack(&archive, LIMIT).unwrap();
        let expected = FILES.map(|(file, _)| folder.path().join("data").join(file));
        assert_eq!(files, expected, "{name}");
        assert_eq!(fs::read(&files[1]).unwrap(), b"CCO\n");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "{name}");
        // A second call takes the folder as it is.
        fs::write(&archive, "gone").unwrap();
        assert_eq!(unpack(&archive, LIMIT).unwrap(), files);
    }
}

#[track_caller]
fn refused(name: &str, bytes: &[u8], limit: u64, part: &str) {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let archive = inner.join(name);
    fs::write(&archive, bytes).unwrap();
    let error = unpack(&archive, limit).unwrap_err().to_string();
    assert!(
        error.contains(part),
        "{name}: {error:?} does not say {part:?}"
    );
    let left: Vec<_> = fs::read_dir(&inner).unwrap().collect();
    assert_eq!(left.len(), 1, "{name}: only the archive is there, {left:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "{name}");
    assert!(!Path::new("/chemscale_evil").exists());
}

#[test]
fn entries_that_lead_out_or_are_no_files_are_refused() {
    let file = EntryType::Regular;
    for (name, kind, part) in [
        ("../evil", file, "leads out"),
        ("set/../../evil", file, "leads out"),
        ("/chemscale_evil", file, "leads out"),
        ("../evil", EntryType::Directory, "leads out"),
        ("link", EntryType::Symlink, "neither a file nor a folder"),
        ("hard", EntryType::Link, "neither a file nor a folder"),
        ("pipe", EntryType::Fifo, "neither a file nor a folder"),
        ("device", EntryType::Char, "neither a file nor a folder"),
    ] {
        refused(
            "x.tar.gz",
            &gzip(&tar(&FILES, Some((name, kind)))),
            LIMIT,
            part,
        );
    }
    refused("x.zip", &zip(&[("../evil", b"x")]), LIMIT, "leads out");
    refused(
        "x.zip",
        &zip(&[("/chemscale_evil", b"x")]),
        LIMIT,
        "leads out",
    );
    // The second entry of a name does not replace the first.
    refused(
        "x.tar",
        &tar(&[FILES[0], FILES[0]], None),
        LIMIT,
        "cannot write",
    );
}

#[test]
fn archives_that_are_cut_damaged_or_too_large_leave_nothing() {
    let noise: Vec<u8> = (0..60_000_u32)
        .map(|k| (k.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let whole = tar(&[("a.bin", &noise), ("b.bin", &noise)], None);
    for (name, bytes) in [
        ("x.tar", whole.clone()),
        ("x.tar.gz", gzip(&whole)),
        ("x.tar.bz2", bzip2(&whole)),
    ] {
        refused(name, &bytes[..bytes.len() / 2], LIMIT, "truncated");
        refused(name, &bytes, 100_000, "100000 bytes");
    }
    let bomb = tar(&[("zeros", &vec![0; 4 << 20])], None);
    refused(
        "bomb.tar.bz2",
        &bzip2(&bomb),
        LIMIT,
        "more than 1048576 bytes",
    );
    refused(
        "bomb.zip",
        &zip(&[("zeros", &vec![0; 4 << 20])]),
        LIMIT,
        "more than 1048576 bytes",
    );
    let mut damaged = bzip2(&whole);
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xff;
    refused("x.tar.bz2", &damaged, LIMIT, "cannot read");
    refused("x.zip", b"PK\x03\x04 nothing", LIMIT, "not valid zip");
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(
        unpack(folder.path().join("set.xyz.gz"), LIMIT),
        Err(Error::UnknownFormat { .. })
    ));
}

#[test]
fn qm9_is_read_from_the_archive_it_is_published_in() {
    // The first molecule of QM9 as it is in the set, and one with the exponents of Mathematica.
    let methane = b"5\ngdb 1\t157.7118\t157.70997\t157.70699\t0.\t13.21\t-0.3877\t0.1171\t0.5048\t35.3641\t0.044749\t-40.47893\t-40.476062\t-40.475117\t-40.498597\t6.469\t\nC\t-0.0126981359\t 1.0858041578\t 0.0080009958\t-0.535689\nH\t 0.002150416\t-0.0060313176\t 0.0019761204\t 0.133921\nH\t 1.0117308433\t 1.4637511618\t 0.0002765748\t 0.133922\nH\t-0.540815069\t 1.4475266138\t-0.8766437152\t 0.133923\nH\t-0.5238136345\t 1.4379326443\t 0.9063972942\t 0.133923\n1341.307\t1341.3284\t1341.365\t1562.6731\t1562.7453\t3038.3205\t3151.6034\t3151.6788\t3151.7078\nC\tC\t\nInChI=1S/CH4/h1H4\tInChI=1S/CH4/h1H4\n";
    let small = String::from_utf8(methane.to_vec())
        .unwrap()
        .replace("0.002150416", "2.150416*^-3");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dsgdb9nsd.xyz.tar.bz2");
    let files: [(&str, &[u8]); 3] = [
        ("dsgdb9nsd_000001.xyz", methane),
        ("readme.txt", b"no structure"),
        ("dsgdb9nsd_000002.xyz", small.as_bytes()),
    ];
    fs::write(&path, bzip2(&tar(&files, None))).unwrap();
    let set = structures::read(&path, &structures::ReadOptions::default()).unwrap();
    assert_eq!(set.structures.len(), 2);
    assert!(set.units.to_string().contains("QM9"), "{}", set.units);
    for methane in &set.structures {
        let hartree = methane.energy.unwrap() / atoms::units::HARTREE;
        assert!((hartree + 40.47893).abs() < 1e-9);
        assert!((methane.positions[1][0] - 0.002_150_416).abs() < 1e-12);
        assert_eq!(methane.group.as_deref(), Some("C"));
    }
}

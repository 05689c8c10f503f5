//! Downloads from a loopback server that misbehaves: nothing half-written is ever taken for whole.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use datasets::Error;
use datasets::fetch::{
    Checksum, FetchOptions, RemoteFile, cache_folder, fetch, fetch_file, known_sets,
};
use sha2::{Digest, Sha256};

/// What the server does with one connection.
#[derive(Clone, Copy, Debug)]
enum Act {
    /// Answers as asked, ranges included.
    Obey,
    /// Promises all and hangs up after this many bytes.
    Truncate(usize),
    /// Sends this many bytes and then nothing for two seconds.
    Stall(usize),
    /// Sends the right number of wrong bytes.
    Lie,
    /// Sends the whole although a range was asked for.
    IgnoreRange,
    /// Sends a range that begins elsewhere.
    WrongRange,
    /// Answers with a status and no body.
    Status(u16),
}

struct Server {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

fn content() -> Vec<u8> {
    (0..300_000_u32)
        .map(|k| (k.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect()
}

fn serve(acts: Vec<Act>, tag: Option<&'static str>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&requests);
    std::thread::spawn(move || {
        let mut acts = acts.into_iter();
        for stream in listener.incoming() {
            let (Ok(stream), Some(act)) = (stream, acts.next()) else {
                return;
            };
            let log = Arc::clone(&log);
            std::thread::spawn(move || {
                let _ = answer(stream, act, tag, &log);
            });
        }
    });
    Server { address, requests }
}

fn answer(
    mut stream: TcpStream,
    act: Act,
    tag: Option<&str>,
    log: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut range = None;
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some(from) = line.to_lowercase().strip_prefix("range: bytes=") {
            range = from.trim().trim_end_matches('-').parse::<usize>().ok();
        }
    }
    log.lock().unwrap().push(format!("{range:?}"));
    let mut body = content();
    let tag = tag.map_or(String::new(), |t| format!("ETag: \"{t}\"\r\n"));
    let (status, extra, start) = match (act, range) {
        (Act::Status(code), _) => {
            return write!(
                stream,
                "HTTP/1.1 {code} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
        }
        (Act::IgnoreRange, _) | (_, None) => ("200 OK", String::new(), 0),
        (Act::WrongRange, Some(from)) => (
            "206 Partial Content",
            format!(
                "Content-Range: bytes {}-{}/{}\r\n",
                from - 1,
                body.len() - 1,
                body.len()
            ),
            from,
        ),
        (_, Some(from)) => (
            "206 Partial Content",
            format!(
                "Content-Range: bytes {from}-{}/{}\r\n",
                body.len() - 1,
                body.len()
            ),
            from,
        ),
    };
    if matches!(act, Act::Lie) {
        for b in &mut body {
            *b ^= 1;
        }
    }
    let body = &body[start..];
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\n{tag}{extra}Connection: close\r\n\r\n",
        body.len()
    )?;
    match act {
        Act::Truncate(n) => stream.write_all(&body[..n.min(body.len())])?,
        Act::Stall(n) => {
            stream.write_all(&body[..n.min(body.len())])?;
            stream.flush()?;
            std::thread::sleep(Duration::from_secs(2));
        }
        _ => stream.write_all(body)?,
    }
    stream.flush()
}

fn sum() -> &'static str {
    let digest = Sha256::digest(content());
    let text: Vec<String> = digest.iter().map(|b| format!("{b:02x}")).collect();
    Box::leak(text.concat().into_boxed_str())
}

const BARE: RemoteFile = RemoteFile {
    name: "set.bin",
    url: "http://127.0.0.1:9/nowhere",
    bytes: None,
    checksum: None,
};

fn options(server: &str, cache: &std::path::Path) -> FetchOptions {
    FetchOptions {
        mirror: Some(server.into()),
        patience: Duration::from_millis(700),
        attempts: 2,
        ..FetchOptions::new(cache)
    }
}

fn get(file: &RemoteFile, options: &FetchOptions) -> Result<PathBuf, Error> {
    fetch_file("set", file, options, &mut |_| ControlFlow::Continue(()))
}

#[track_caller]
fn arrives_whole(acts: &[Act], file: &RemoteFile, tag: Option<&'static str>, requests: &[&str]) {
    let cache = tempfile::tempdir().unwrap();
    let server = serve(acts.to_vec(), tag);
    let path = get(file, &options(&server.address, cache.path())).unwrap();
    assert_eq!(fs::read(&path).unwrap(), content());
    assert_eq!(*server.requests.lock().unwrap(), requests, "{acts:?}");
    let mut names: Vec<String> = fs::read_dir(path.parent().unwrap())
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["set.bin", "set.bin.sha256"]);
}

#[test]
fn a_broken_download_is_resumed_where_the_file_can_be_told_unchanged() {
    let known = RemoteFile {
        checksum: Some(Checksum::Sha256(sum())),
        ..BARE
    };
    arrives_whole(&[Act::Obey], &BARE, None, &["None"]);
    arrives_whole(
        &[Act::Truncate(100_000), Act::Obey],
        &known,
        None,
        &["None", "Some(100000)"],
    );
    arrives_whole(
        &[Act::Truncate(100_000), Act::Obey],
        &BARE,
        Some("v1"),
        &["None", "Some(100000)"],
    );
    // Neither a checksum nor a tag: the file could have changed, so it is fetched anew.
    arrives_whole(
        &[Act::Truncate(100_000), Act::Obey],
        &BARE,
        None,
        &["None", "None"],
    );
    arrives_whole(
        &[Act::Stall(50_000), Act::Obey],
        &known,
        None,
        &["None", "Some(50000)"],
    );
    arrives_whole(
        &[Act::Status(503), Act::Obey],
        &known,
        None,
        &["None", "None"],
    );
}

#[test]
fn a_server_that_mishandles_ranges_still_gives_the_right_bytes() {
    let known = RemoteFile {
        checksum: Some(Checksum::Sha256(sum())),
        ..BARE
    };
    arrives_whole(
        &[Act::Truncate(100_000), Act::IgnoreRange],
        &known,
        None,
        &["None", "Some(100000)"],
    );
    arrives_whole(
        &[Act::Truncate(100_000), Act::WrongRange, Act::Obey],
        &known,
        None,
        &["None", "Some(100000)", "None"],
    );
    arrives_whole(
        &[Act::Truncate(100_000), Act::Status(416), Act::Obey],
        &known,
        None,
        &["None", "Some(100000)", "None"],
    );
}

#[test]
fn wrong_bytes_and_dead_servers_leave_nothing_that_looks_whole() {
    let known = RemoteFile {
        checksum: Some(Checksum::Sha256(sum())),
        ..BARE
    };
    let sized = RemoteFile {
        bytes: Some(299_999),
        ..BARE
    };
    let md5 = RemoteFile {
        checksum: Some(Checksum::Md5("00000000000000000000000000000000")),
        ..BARE
    };
    for (file, acts, part) in [
        (&known, vec![Act::Lie], "is damaged"),
        (&sized, vec![Act::Obey], "299999 bytes"),
        (&md5, vec![Act::Obey], "MD5"),
        (&known, vec![Act::Status(404)], "status 404"),
        (
            &known,
            vec![Act::Truncate(9), Act::Truncate(0), Act::Truncate(0)],
            "9 bytes are kept",
        ),
        (
            &known,
            vec![Act::Stall(0), Act::Stall(0)],
            "cannot download",
        ),
        (&known, vec![], "cannot download"),
    ] {
        let cache = tempfile::tempdir().unwrap();
        let server = serve(acts.clone(), None);
        let error = get(file, &options(&server.address, cache.path()))
            .unwrap_err()
            .to_string();
        assert!(error.contains(part), "{acts:?}: {error}");
        assert!(!cache.path().join("set/set.bin").exists(), "{acts:?}");
    }
}

#[test]
fn the_cache_is_used_checked_and_enough_when_offline() {
    let cache = tempfile::tempdir().unwrap();
    let server = serve(vec![Act::Obey], None);
    let online = options(&server.address, cache.path());
    let offline = FetchOptions {
        offline: true,
        ..online.clone()
    };
    let error = get(&BARE, &offline).unwrap_err();
    assert!(matches!(error, Error::Offline { .. }), "{error}");
    let path = get(&BARE, &online).unwrap();
    assert_eq!(get(&BARE, &offline).unwrap(), path);
    // The checksum of the first download is on record, so later damage is seen.
    let mut bytes = content();
    bytes[7] ^= 1;
    fs::write(&path, bytes).unwrap();
    assert!(matches!(get(&BARE, &offline), Err(Error::Checksum { .. })));
}

#[test]
fn a_folder_can_be_the_mirror_and_the_observer_can_stop() {
    let (cache, mirror) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(mirror.path().join("set.bin"), content()).unwrap();
    let from = format!("file://{}", mirror.path().display());
    assert_eq!(
        fs::read(get(&BARE, &options(&from, cache.path())).unwrap()).unwrap(),
        content()
    );

    let cache = tempfile::tempdir().unwrap();
    let server = serve(vec![Act::Obey], None);
    let stopped = fetch_file(
        "set",
        &BARE,
        &options(&server.address, cache.path()),
        &mut |p| {
            assert_eq!(p.total, Some(300_000));
            ControlFlow::Break(())
        },
    );
    assert!(matches!(stopped, Err(Error::Interrupted { .. })));
    assert!(!cache.path().join("set/set.bin").exists());
}

#[test]
fn the_registry_is_complete_and_the_cache_follows_the_convention() {
    for set in known_sets() {
        assert!(
            !set.files.is_empty() && !set.licence.is_empty() && set.citation.contains("doi:"),
            "{}",
            set.name
        );
        for file in set.files {
            assert!(file.url.starts_with("https://"), "{}", file.url);
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let error = fetch("nosuchset", &FetchOptions::new(folder.path()), &mut |_| {
        ControlFlow::Continue(())
    })
    .unwrap_err();
    assert!(error.to_string().contains("qm9"), "{error}");
    assert_eq!(
        cache_folder(Some("/x".into()), Some("/home/a".into())),
        Some("/x/chemscale".into())
    );
    assert_eq!(
        cache_folder(Some("relative".into()), Some("/home/a".into())),
        Some("/home/a/.cache/chemscale".into())
    );
    assert_eq!(cache_folder(None, None), None);
}

//! One file over HTTP: resumed, checked, and renamed only when whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use md5::Md5;
use sha2::Digest;
use ureq::Agent;

use crate::error::{Error, Result};
use crate::tokens::{hash_file, hexadecimal};
use crate::write::write_atomic;

use super::{Checksum, FetchOptions, Progress, RemoteFile};

type Observer<'a> = &'a mut dyn FnMut(&Progress<'_>) -> ControlFlow<()>;

pub(super) fn run(
    folder: &Path,
    file: &RemoteFile,
    options: &FetchOptions,
    observer: Observer<'_>,
) -> Result<PathBuf> {
    let target = folder.join(file.name);
    if target.exists() {
        check(&target, &target, file)?;
        return Ok(target);
    }
    if options.offline {
        return Err(Error::Offline {
            path: target,
            url: file.url.into(),
        });
    }
    fs::create_dir_all(folder).map_err(|e| Error::write(folder, e))?;
    let address = match &options.mirror {
        None => file.url.to_owned(),
        Some(base) => format!("{}/{}", base.trim_end_matches('/'), file.name),
    };
    let part = beside(&target, ".part");
    if address.starts_with("http://") || address.starts_with("https://") {
        over_http(&address, &part, file, options, observer)?;
    } else {
        copy(
            Path::new(address.strip_prefix("file://").unwrap_or(&address)),
            &part,
        )?;
    }
    if let Err(error) = check(&part, &target, file) {
        // Wrong bytes are of no use, and resuming them would never end.
        remove(&part);
        return Err(error);
    }
    fs::rename(&part, &target).map_err(|e| Error::write(&target, e))?;
    remove(&beside(&part, ".etag"));
    Ok(target)
}

/// Compares a file with what is on record, or with what was recorded at the first download; records it otherwise.
fn check(path: &Path, target: &Path, file: &RemoteFile) -> Result<()> {
    let mismatch = |expected: String, found: String| Error::Checksum {
        path: path.to_path_buf(),
        expected,
        found,
    };
    let (sha256, bytes) = hash_file(path)?;
    if let Some(expected) = file.bytes.filter(|expected| *expected != bytes) {
        return Err(mismatch(
            format!("{expected} bytes"),
            format!("{bytes} bytes"),
        ));
    }
    match file.checksum {
        Some(Checksum::Sha256(expected)) if expected != sha256 => {
            return Err(mismatch(expected.into(), sha256));
        }
        Some(Checksum::Md5(expected)) => {
            let found = md5_of(path)?;
            if expected != found {
                return Err(mismatch(format!("MD5 {expected}"), format!("MD5 {found}")));
            }
        }
        _ => {}
    }
    let record = beside(target, ".sha256");
    match fs::read_to_string(&record) {
        Ok(expected) if target.exists() => {
            let expected = expected.trim();
            if expected != sha256 {
                return Err(mismatch(expected.into(), sha256));
            }
        }
        _ => write_atomic(&record, |out| writeln!(out, "{sha256}"))?,
    }
    Ok(())
}

fn md5_of(path: &Path) -> Result<String> {
    let mut file = File::open(path).map_err(|e| Error::read(path, e))?;
    let mut hash = Md5::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer).map_err(|e| Error::read(path, e))? {
            0 => return Ok(hexadecimal(&hash.finalize())),
            n => hash.update(&buffer[..n]),
        }
    }
}

fn copy(from: &Path, part: &Path) -> Result<()> {
    let mut source = File::open(from).map_err(|e| Error::read(from, e))?;
    let mut out = File::create(part).map_err(|e| Error::write(part, e))?;
    io::copy(&mut source, &mut out).map_err(|e| Error::write(part, e))?;
    out.sync_all().map_err(|e| Error::write(part, e))
}

/// What one attempt came to.
enum Outcome {
    Whole,
    /// The connection broke or stalled; what was received is in the part file.
    Broken(String),
}

fn over_http(
    address: &str,
    part: &Path,
    file: &RemoteFile,
    options: &FetchOptions,
    observer: Observer<'_>,
) -> Result<()> {
    let mut patience = options.patience;
    let mut fruitless = 0;
    let mut best = 0;
    loop {
        let (outcome, resumed) = attempt(address, part, file, options, patience, observer)?;
        let Outcome::Broken(reason) = outcome else {
            return Ok(());
        };
        let received = fs::metadata(part).map_or(0, |m| m.len());
        if received > best {
            best = received;
            fruitless = 0;
        } else {
            fruitless += 1;
        }
        if fruitless >= options.attempts.max(1) {
            return Err(Error::Download {
                url: address.into(),
                received,
                reason,
            });
        }
        if !resumed {
            // A server that begins anew each time needs longer attempts, or a large file would never arrive.
            patience = patience.saturating_mul(4);
        }
    }
}

/// Sends one request and appends what comes; also says whether the server continued where the part file ended.
fn attempt(
    address: &str,
    part: &Path,
    file: &RemoteFile,
    options: &FetchOptions,
    patience: Duration,
    observer: Observer<'_>,
) -> Result<(Outcome, bool)> {
    let agent = agent(options, patience)?;
    let tag_file = beside(part, ".etag");
    let tag = fs::read_to_string(&tag_file).ok().filter(|t| !t.is_empty());
    // Without a tag or a checksum nobody could tell that the file changed between two attempts.
    let can_resume = tag.is_some() || file.checksum.is_some();
    let have = fs::metadata(part).map_or(0, |m| m.len());
    let have = if can_resume { have } else { 0 };
    let mut request = agent.get(address);
    if have > 0 {
        request = request.header("Range", format!("bytes={have}-"));
        if let Some(tag) = &tag {
            request = request.header("If-Range", tag.as_str());
        }
    }
    let response = match request.call() {
        Ok(response) => response,
        Err(ureq::Error::StatusCode(416)) => {
            // The part file is longer than the whole: begin anew.
            remove(part);
            return Ok((
                Outcome::Broken("the server has fewer bytes than were received".into()),
                true,
            ));
        }
        Err(ureq::Error::StatusCode(status)) if (400..500).contains(&status) => {
            return Err(Error::Download {
                url: address.into(),
                received: have,
                reason: format!("the server answered with status {status}"),
            });
        }
        Err(error) => return Ok((Outcome::Broken(error.to_string()), true)),
    };
    let header = |name: &str| {
        let value = response.headers().get(name)?.to_str().ok()?;
        Some(value.to_owned())
    };
    let begins = (response.status() == 206)
        .then(|| header("content-range"))
        .flatten()
        .and_then(|range| {
            range
                .strip_prefix("bytes ")?
                .split('-')
                .next()?
                .parse::<u64>()
                .ok()
        });
    let resumed = have > 0 && begins == Some(have);
    if response.status() == 206 && !resumed {
        remove(part);
        return Ok((
            Outcome::Broken("the server sent another range than was asked for".into()),
            false,
        ));
    }
    if let Some(tag) = header("etag").filter(|t| !t.starts_with("W/")) {
        write_atomic(&tag_file, |out| out.write_all(tag.as_bytes()))?;
    } else {
        remove(&tag_file);
    }
    let start = if resumed { have } else { 0 };
    let length = header("content-length").and_then(|l| l.parse::<u64>().ok());
    let total = length.map(|l| l + start).or(file.bytes);
    let mut body = response.into_body().into_reader();
    let outcome = receive(&mut body, part, file.name, start, total, observer)?;
    Ok((outcome, resumed))
}

/// Writes what comes behind the first `start` bytes of the part file.
fn receive(
    body: &mut impl Read,
    part: &Path,
    name: &str,
    start: u64,
    total: Option<u64>,
    observer: Observer<'_>,
) -> Result<Outcome> {
    let mut out = OpenOptions::new()
        .create(true)
        .write(true)
        .append(start > 0)
        .truncate(start == 0)
        .open(part)
        .map_err(|e| Error::write(part, e))?;
    let mut buffer = vec![0; 1 << 16];
    let mut done = start;
    loop {
        let n = match body.read(&mut buffer) {
            Ok(n) => n,
            Err(e) => return Ok(Outcome::Broken(e.to_string())),
        };
        if n == 0 {
            break;
        }
        out.write_all(&buffer[..n])
            .map_err(|e| Error::write(part, e))?;
        done += n as u64;
        let progress = Progress {
            file: name,
            done,
            total,
        };
        if observer(&progress).is_break() {
            return Err(Error::Interrupted {
                path: part.to_path_buf(),
            });
        }
    }
    out.sync_all().map_err(|e| Error::write(part, e))?;
    match total {
        Some(total) if done != total => Ok(Outcome::Broken(format!(
            "the connection ended after {done} of {total} bytes"
        ))),
        _ => Ok(Outcome::Whole),
    }
}

fn agent(options: &FetchOptions, patience: Duration) -> Result<Agent> {
    let bad = |e: ureq::Error, url: &str| Error::Download {
        url: url.into(),
        received: 0,
        reason: e.to_string(),
    };
    // The proxy is set even when there is none, because the default would read the environment.
    let proxy = match &options.proxy {
        Some(url) => Some(ureq::Proxy::new(url).map_err(|e| bad(e, url))?),
        None => None,
    };
    Ok(Agent::config_builder()
        .proxy(proxy)
        .user_agent(concat!("chemscale/", env!("CARGO_PKG_VERSION")))
        .timeout_connect(Some(patience))
        .timeout_recv_response(Some(patience))
        .timeout_recv_body(Some(patience))
        .build()
        .into())
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(ending);
    path.with_file_name(name)
}

fn remove(path: &Path) {
    // A file that is not there is as good as removed; one that cannot be removed shows at the next write.
    let _ = fs::remove_file(path);
}

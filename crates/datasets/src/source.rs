//! Opening a file whatever it is compressed with.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::MultiGzDecoder;

use crate::error::{Error, Result, StreamFault};

/// No compressed file may unpack to more than this unless an option says so: 64 GiB. It stops decompression bombs
/// without standing in the way of the largest text sets.
pub const DEFAULT_UNPACKED_LIMIT: u64 = 64 << 30;

/// Opens a file for reading text; gzip, bzip2, zstd and zip are recognised by their first bytes, not by the name.
///
/// # Errors
/// [`Error::Read`] where the file cannot be opened. Reading fails with an `io::Error` that [`Error::read`] knows when
/// the stream is truncated or unpacks to more than `limit` bytes.
pub(crate) fn open(path: &Path, limit: u64) -> Result<Box<dyn BufRead + Send>> {
    let file = File::open(path).map_err(|e| Error::read(path, e))?;
    if file.metadata().is_ok_and(|m| m.is_dir()) {
        let error = io::Error::new(io::ErrorKind::IsADirectory, "is a directory");
        return Err(Error::read(path, error));
    }
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let start = reader.fill_buf().map_err(|e| Error::read(path, e))?;
    if start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        let decoder =
            zstd::stream::read::Decoder::with_buffer(reader).map_err(|e| Error::read(path, e))?;
        return Ok(Box::new(limited(decoder, "zstd", limit)));
    }
    if start.starts_with(b"BZh") {
        let decoder = MultiBzDecoder::new(reader);
        return Ok(Box::new(limited(decoder, "bzip2", limit)));
    }
    if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
        return open_zip(path, reader, limit);
    }
    if start.starts_with(&[0x1f, 0x8b]) {
        return Ok(Box::new(limited(
            MultiGzDecoder::new(reader),
            "gzip",
            limit,
        )));
    }
    Ok(Box::new(reader))
}

/// The only file of a zip archive, unpacked while it is read. The archive is opened once more for the reader to own.
fn open_zip(path: &Path, reader: BufReader<File>, limit: u64) -> Result<Box<dyn BufRead + Send>> {
    let bad = |e: zip::result::ZipError| match e {
        zip::result::ZipError::Io(e) => Error::read(path, e),
        other => Error::malformed(path, "zip", other.to_string()),
    };
    let mut archive = zip::ZipArchive::new(reader).map_err(bad)?;
    let mut files = Vec::new();
    for k in 0..archive.len() {
        let entry = archive.by_index(k).map_err(bad)?;
        if !entry.is_dir() {
            files.push(k);
        }
    }
    let [only] = files[..] else {
        let reason = format!("it holds {} files, expected one", files.len());
        return Err(Error::malformed(path, "a zip of one file", reason));
    };
    let entry = archive.by_index(only).map_err(bad)?;
    let (start, length) = (entry.data_start(), entry.compressed_size());
    let (method, encrypted) = (entry.compression(), entry.encrypted());
    drop(entry);
    let start =
        start.ok_or_else(|| Error::malformed(path, "zip", "the place of its file is unknown"))?;
    if encrypted {
        return Err(Error::malformed(path, "zip", "it is encrypted"));
    }
    let mut file = archive.into_inner();
    io::Seek::seek(&mut file, io::SeekFrom::Start(start)).map_err(|e| Error::read(path, e))?;
    let data = BufReader::with_capacity(1 << 16, file.take(length));
    match method {
        zip::CompressionMethod::Stored => Ok(Box::new(data)),
        zip::CompressionMethod::Deflated => Ok(Box::new(limited(
            flate2::bufread::DeflateDecoder::new(data),
            "zip",
            limit,
        ))),
        other => Err(Error::malformed(
            path,
            "zip",
            format!("its compression {other} is not supported"),
        )),
    }
}

fn limited<R: Read + Send + 'static>(
    inner: R,
    compression: &'static str,
    limit: u64,
) -> impl BufRead + Send {
    BufReader::with_capacity(
        1 << 16,
        Limited {
            inner,
            compression,
            limit,
            left: limit,
        },
    )
}

/// Counts what comes out of a decompressor and gives its faults a name.
struct Limited<R> {
    inner: R,
    compression: &'static str,
    limit: u64,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer).map_err(|error| {
            if error.kind() == io::ErrorKind::UnexpectedEof {
                let compression = self.compression;
                io::Error::other(StreamFault::Truncated { compression })
            } else {
                error
            }
        })?;
        match self.left.checked_sub(n as u64) {
            Some(left) => {
                self.left = left;
                Ok(n)
            }
            None => Err(io::Error::other(StreamFault::TooLarge {
                limit: self.limit,
            })),
        }
    }
}

/// Like `read_until`, but keeps only the first `longest` bytes of a line; returns its full length.
pub(crate) fn read_line(
    reader: &mut dyn BufRead,
    line: &mut Vec<u8>,
    longest: usize,
) -> io::Result<usize> {
    let mut length = 0;
    loop {
        let buffer = match reader.fill_buf() {
            Ok(buffer) => buffer,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        if buffer.is_empty() {
            return Ok(length);
        }
        let end = buffer.iter().position(|b| *b == b'\n');
        let used = end.map_or(buffer.len(), |k| k + 1);
        let room = longest.saturating_sub(line.len());
        line.extend_from_slice(&buffer[..used.min(room)]);
        reader.consume(used);
        length += used;
        if end.is_some() {
            return Ok(length);
        }
    }
}

/// The file name without a compression ending, in lower case, for telling formats apart.
pub(crate) fn bare_name(path: &Path) -> String {
    let mut name = path
        .file_name()
        .map(|n| n.to_string_lossy().to_lowercase())
        .unwrap_or_default();
    for ending in [".gz", ".zst", ".zip", ".bz2", ".xz"] {
        if let Some(stem) = name.strip_suffix(ending) {
            name.truncate(stem.len());
            break;
        }
    }
    name
}

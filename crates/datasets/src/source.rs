//! Opening a file whatever it is compressed with.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::error::{Error, Result, StreamFault};

/// No compressed file may unpack to more than this unless an option says so: 64 GiB. It stops decompression bombs
/// without standing in the way of the largest text sets.
pub const DEFAULT_UNPACKED_LIMIT: u64 = 64 << 30;

/// Opens a file for reading text; gzip is recognised by its first bytes, not by the name.
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
    if start.starts_with(&[0x1f, 0x8b]) {
        return Ok(Box::new(limited(
            MultiGzDecoder::new(reader),
            "gzip",
            limit,
        )));
    }
    Ok(Box::new(reader))
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

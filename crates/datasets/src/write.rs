//! Writing a file so that a reader sees the old one or the new one and never half of it.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Writes beside the target, flushes to disk, and renames.
pub(crate) fn write_atomic(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<()> {
    let aside = aside(path);
    let attempt = || -> io::Result<()> {
        let mut file = BufWriter::new(File::create(&aside)?);
        write(&mut file)?;
        file.into_inner()
            .map_err(io::IntoInnerError::into_error)?
            .sync_all()?;
        fs::rename(&aside, path)
    };
    attempt().map_err(|error| {
        // The half-written file is of no use to anyone; failing to remove it changes nothing.
        let _ = fs::remove_file(&aside);
        Error::write(path, error)
    })
}

fn aside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.part", std::process::id()));
    path.with_file_name(name)
}

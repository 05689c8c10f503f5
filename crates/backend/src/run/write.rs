//! Files that are either the old one or the new one, never half of it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

/// Writes `bytes` beside `path` and renames, so that a reader or a crash sees the old file or the new one.
///
/// # Errors
/// The system's error with the path in its text; the half-written file is removed.
pub fn write_atomic(path: impl AsRef<Path>, bytes: &[u8]) -> io::Result<()> {
    let path = path.as_ref();
    let aside = aside(path);
    let written = write_synced(&aside, bytes).and_then(|()| fs::rename(&aside, path));
    if let Err(error) = written {
        // The error that is reported is the first one; a file that was never made cannot be removed.
        let _ = fs::remove_file(&aside);
        let text = format!("cannot write {}: {error}", path.display());
        return Err(io::Error::new(error.kind(), text));
    }
    sync_folder(path);
    Ok(())
}

/// [`write_atomic`] of a value as indented JSON with a final newline.
///
/// # Errors
/// As [`write_atomic`], and when the value cannot be written as JSON.
pub fn write_json(path: impl AsRef<Path>, value: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(value).map_err(io::Error::other)?;
    text.push(b'\n');
    write_atomic(path, &text)
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// A rename is durable only when its folder is on disk; systems that cannot open a folder do that by themselves.
fn sync_folder(path: &Path) {
    if let Some(folder) = path.parent().and_then(|folder| File::open(folder).ok()) {
        let _ = folder.sync_all();
    }
}

/// The name differs by process, so that two processes that write the same file do not write into each other.
fn aside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_existing_file_is_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write_atomic(&path, b"first, and longer").unwrap();
        write_atomic(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nowhere").join("a.txt");
        let error = write_atomic(&path, b"x").unwrap_err();
        assert!(error.to_string().contains("nowhere"), "{error}");
    }
}

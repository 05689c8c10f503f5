//! Archives to folders: whole or not at all, and nothing outside the folder.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use crate::error::{Error, Result};
use crate::source::open;

/// An archive of more files than this is refused.
const MOST_FILES: usize = 2_000_000;

/// Unpacks an archive (`.tar`, also with `.gz`, `.bz2` or `.zst`, `.tgz`, `.zip`) into a folder beside it that has its
/// name without the endings, and returns the files in it, sorted. A folder that is there already was unpacked before.
///
/// The folder gets its name only when everything is in it. Entries that are neither files nor folders, and names that
/// lead out of the folder, are refused, as is an archive that unpacks to more than `limit` bytes in all.
///
/// # Errors
/// [`Error::UnknownFormat`] where the name is none of an archive; [`Error::Read`], [`Error::Truncated`],
/// [`Error::TooLarge`], [`Error::Malformed`] and [`Error::Write`].
pub fn unpack(archive: impl AsRef<Path>, limit: u64) -> Result<Vec<PathBuf>> {
    let archive = archive.as_ref();
    let name = archive
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let (stem, format) = [
        (".tar", "tar"),
        (".tar.gz", "tar"),
        (".tgz", "tar"),
        (".tar.bz2", "tar"),
        (".tar.zst", "tar"),
        (".zip", "zip"),
    ]
    .iter()
    .find_map(|(ending, format)| Some((name.strip_suffix(ending)?, *format)))
    .filter(|(stem, _)| !stem.is_empty())
    .ok_or_else(|| Error::UnknownFormat {
        path: archive.to_path_buf(),
        known: ".tar, .tar.gz, .tgz, .tar.bz2, .tar.zst, .zip",
    })?;
    let folder = archive.with_file_name(stem);
    if !folder.is_dir() {
        let aside = archive.with_file_name(format!("{stem}.unpacking"));
        // What an interrupted run left cannot be told from whole files.
        if aside.exists() {
            fs::remove_dir_all(&aside).map_err(|e| Error::write(&aside, e))?;
        }
        fs::create_dir_all(&aside).map_err(|e| Error::write(&aside, e))?;
        let unpacked = match format {
            "zip" => from_zip(archive, &aside, limit),
            _ => from_tar(archive, &aside, limit),
        };
        if let Err(error) = unpacked {
            // Failing to remove the half-unpacked folder changes nothing: it does not have the name.
            let _ = fs::remove_dir_all(&aside);
            return Err(error);
        }
        fs::rename(&aside, &folder).map_err(|e| Error::write(&folder, e))?;
    }
    let mut files = Vec::new();
    list(&folder, &mut files)?;
    files.sort();
    Ok(files)
}

fn from_tar(archive: &Path, folder: &Path, limit: u64) -> Result<()> {
    let mut tar = tar::Archive::new(open(archive, limit)?);
    let mut target = Target::new(archive, folder, limit);
    let bad = |e: io::Error| stream_error(archive, e);
    for entry in tar.entries().map_err(bad)? {
        let mut entry = entry.map_err(bad)?;
        let path = entry.path().map_err(bad)?.into_owned();
        let kind = entry.header().entry_type();
        if kind.is_dir() {
            target.folder(&path)?;
        } else if kind.is_file() {
            target.file(&path, &mut entry)?;
        } else if !kind.is_pax_global_extensions() {
            return Err(target.refused(&path, "it is neither a file nor a folder"));
        }
    }
    Ok(())
}

fn from_zip(archive: &Path, folder: &Path, limit: u64) -> Result<()> {
    let bad = |e: zip::result::ZipError| match e {
        zip::result::ZipError::Io(e) => stream_error(archive, e),
        other => Error::malformed(archive, "zip", other.to_string()),
    };
    let file = File::open(archive).map_err(|e| Error::read(archive, e))?;
    let mut zip = zip::ZipArchive::new(io::BufReader::new(file)).map_err(bad)?;
    let mut target = Target::new(archive, folder, limit);
    for k in 0..zip.len() {
        let mut entry = zip.by_index(k).map_err(bad)?;
        let path = PathBuf::from(entry.name().map_err(bad)?.as_ref());
        if entry.is_dir() {
            target.folder(&path)?;
        } else if entry.is_file() {
            target.file(&path, &mut entry)?;
        } else {
            return Err(target.refused(&path, "it is neither a file nor a folder"));
        }
    }
    Ok(())
}

/// Where entries go, and how much may still come.
struct Target<'a> {
    archive: &'a Path,
    folder: &'a Path,
    limit: u64,
    left: u64,
    files: usize,
}

impl<'a> Target<'a> {
    fn new(archive: &'a Path, folder: &'a Path, limit: u64) -> Self {
        Self {
            archive,
            folder,
            limit,
            left: limit,
            files: 0,
        }
    }

    fn refused(&self, path: &Path, reason: &str) -> Error {
        let reason = format!("entry {:?}: {reason}", path.display().to_string());
        Error::malformed(self.archive, "archive of plain files", reason)
    }

    /// The place of an entry, which every part of its name must keep inside the folder.
    fn place(&self, path: &Path) -> Result<PathBuf> {
        let mut place = self.folder.to_path_buf();
        for part in path.components() {
            match part {
                Component::Normal(name) => place.push(name),
                Component::CurDir => {}
                _ => return Err(self.refused(path, "its name leads out of the folder")),
            }
        }
        Ok(place)
    }

    fn folder(&self, path: &Path) -> Result<()> {
        let place = self.place(path)?;
        fs::create_dir_all(&place).map_err(|e| Error::write(&place, e))
    }

    fn file(&mut self, path: &Path, content: &mut dyn Read) -> Result<()> {
        let place = self.place(path)?;
        if place == self.folder {
            return Err(self.refused(path, "it has no name"));
        }
        self.files += 1;
        if self.files > MOST_FILES {
            return Err(self.refused(path, "the archive has more than two million files"));
        }
        if let Some(parent) = place.parent() {
            fs::create_dir_all(parent).map_err(|e| Error::write(parent, e))?;
        }
        // A second entry of the same name would replace the first.
        let mut out = File::create_new(&place).map_err(|e| Error::write(&place, e))?;
        let mut buffer = vec![0; 1 << 16];
        loop {
            let n = content
                .read(&mut buffer)
                .map_err(|e| stream_error(self.archive, e))?;
            if n == 0 {
                return Ok(());
            }
            self.left = self
                .left
                .checked_sub(n as u64)
                .ok_or_else(|| Error::TooLarge {
                    path: self.archive.to_path_buf(),
                    limit: self.limit,
                })?;
            io::Write::write_all(&mut out, &buffer[..n]).map_err(|e| Error::write(&place, e))?;
        }
    }
}

/// A read error of an archive; one that ends too early is told apart.
fn stream_error(archive: &Path, error: io::Error) -> Error {
    // `tar` says it in words where a file is shorter than its header promised.
    let ends_early = error.kind() == io::ErrorKind::UnexpectedEof
        || error.to_string().starts_with("unexpected EOF");
    match Error::read(archive, error) {
        Error::Read { path, .. } if ends_early => Error::Truncated {
            path,
            compression: "archive",
        },
        other => other,
    }
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(|e| Error::read(folder, e))? {
        let path = entry.map_err(|e| Error::read(folder, e))?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

//! Getting published sets: [`known_sets`] says where they are and what they are, [`fetch`] downloads them once into a
//! cache, resumes what was interrupted, and takes nothing for whole that was not checked; [`unpack`](fn@unpack) opens archives.

mod download;
mod known;
mod unpack;

use std::ffi::OsString;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Error, Result};

pub use known::{Checksum, KnownSet, RemoteFile, known_sets};
pub use unpack::unpack;

/// How to fetch.
#[derive(Debug, Clone)]
pub struct FetchOptions {
    /// Folder that downloads are kept in; see [`cache_folder`] for the usual one.
    pub cache: PathBuf,
    /// Use only what is in the cache.
    pub offline: bool,
    /// Where the files are instead of the address on record: a base address (`https://…`) or a folder
    /// (`file:///…` or a path), to which the names of the files are appended.
    pub mirror: Option<String>,
    /// Address of a proxy, as in `HTTPS_PROXY`.
    pub proxy: Option<String>,
    /// Give up after this many attempts in a row that brought nothing.
    pub attempts: u32,
    /// How long to wait for an answer, and how long one attempt may take before it is resumed.
    pub patience: Duration,
}

impl FetchOptions {
    /// Usual patience, no mirror, downloads kept in the given folder.
    #[must_use]
    pub fn new(cache: impl Into<PathBuf>) -> Self {
        Self {
            cache: cache.into(),
            offline: false,
            mirror: None,
            proxy: None,
            attempts: 4,
            patience: Duration::from_mins(1),
        }
    }
}

/// How far the download of a file has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress<'a> {
    /// Name of the file.
    pub file: &'a str,
    /// Bytes that are there.
    pub done: u64,
    /// Bytes of the whole, where they are known.
    pub total: Option<u64>,
}

/// The cache folder by the XDG convention (<https://specifications.freedesktop.org/basedir-spec/latest/>):
/// `$XDG_CACHE_HOME/chemscale` if the variable holds an absolute path, else `$HOME/.cache/chemscale`. The caller
/// passes the variables, because a library does not read the environment.
#[must_use]
pub fn cache_folder(xdg_cache_home: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    xdg_cache_home
        .map(PathBuf::from)
        .filter(|p| p.is_absolute())
        .or_else(|| home.map(|h| Path::new(&h).join(".cache")))
        .map(|p| p.join("chemscale"))
}

/// Fetches the files of a known set and returns where they are. A file that is in the cache with the right checksum is
/// not fetched again; where no checksum is on record, the one of the first download is kept and compared.
///
/// The observer may break to stop; what was received is kept and resumed next time.
///
/// # Errors
/// [`Error::UnknownSet`], [`Error::Offline`], [`Error::Download`], [`Error::Checksum`], [`Error::Interrupted`],
/// [`Error::Write`].
pub fn fetch(
    name: &str,
    options: &FetchOptions,
    observer: &mut dyn FnMut(&Progress<'_>) -> ControlFlow<()>,
) -> Result<Vec<PathBuf>> {
    let set = known_sets()
        .iter()
        .find(|s| s.name == name)
        .ok_or_else(|| Error::UnknownSet {
            name: name.to_owned(),
            known: known_sets().iter().map(|s| s.name).collect(),
        })?;
    set.files
        .iter()
        .map(|file| fetch_file(set.name, file, options, observer))
        .collect()
}

/// Fetches one file into `<cache>/<folder>/`.
///
/// # Errors
/// As [`fetch`].
pub fn fetch_file(
    folder: &str,
    file: &RemoteFile,
    options: &FetchOptions,
    observer: &mut dyn FnMut(&Progress<'_>) -> ControlFlow<()>,
) -> Result<PathBuf> {
    download::run(&options.cache.join(folder), file, options, observer)
}

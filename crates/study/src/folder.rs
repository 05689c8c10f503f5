//! The study's folder: what is in it, who may write to it, and how a file gets there whole.
//!
//! ```text
//! OUT/study.json            the settings that every record belongs to
//! OUT/lock                  held while a study runs; freed by the system if it is killed
//! OUT/records/ID.json       one a run, written whole or not at all
//! OUT/records/damaged/      records that failed their check, set aside
//! OUT/timings/ID.json       wall time of each run, apart because it never repeats
//! OUT/rejects_*.csv         input lines that could not be read, with the reason
//! OUT/report.html, plots/, tables/, results.json
//! ```

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::record::{Record, Timing};

/// A study folder that this process alone may write to.
#[derive(Debug)]
pub struct StudyFolder {
    root: PathBuf,
    /// The operating system frees the lock when the process ends, however it ends.
    _lock: File,
}

impl StudyFolder {
    /// Opens a folder, making it if need be, and takes its lock.
    ///
    /// # Errors
    /// [`Error::Locked`] while another process holds the folder, [`Error::File`] if it cannot be
    /// made or written to.
    pub fn open(root: &Path) -> Result<Self> {
        for folder in [root.to_owned(), root.join("records"), root.join("timings")] {
            fs::create_dir_all(&folder).map_err(|source| Error::File {
                action: "create",
                path: folder.clone(),
                source,
            })?;
        }
        let lock = take_lock(root)?;
        let folder = Self {
            root: root.to_owned(),
            _lock: lock,
        };
        folder.sweep()?;
        Ok(folder)
    }

    /// Removes what a killed study had written aside; the lock is held, so nobody is writing.
    fn sweep(&self) -> Result<()> {
        for name in ["records", "timings"] {
            for path in files_ending_in(&self.path(name), "tmp")? {
                fs::remove_file(&path).map_err(|source| Error::File {
                    action: "remove",
                    path,
                    source,
                })?;
            }
        }
        Ok(())
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path inside the folder.
    #[must_use]
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root.join(name)
    }

    /// Writes a file of the folder, whole or not at all.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn write(&self, name: impl AsRef<Path>, bytes: &[u8]) -> Result<PathBuf> {
        let path = self.path(name);
        write_whole(&path, bytes)?;
        Ok(path)
    }

    /// Commits a run: its timing first, its record last, so that a record always has its timing.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn commit(&self, record: &Record, timing: &Timing) -> Result<()> {
        let timing = serde_json::to_vec_pretty(timing).expect("plain data serialises");
        self.write(format!("timings/{}.json", record.id), &timing)?;
        self.write(format!("records/{}.json", record.id), &record.to_bytes())?;
        Ok(())
    }

    /// All records, by identifier. Damaged ones are set aside and returned apart, as the errors
    /// that say what is wrong with them: their runs will be done again.
    ///
    /// # Errors
    /// [`Error::File`] if the folder cannot be read.
    pub fn records(&self) -> Result<(BTreeMap<String, Record>, Vec<Error>)> {
        let mut records = BTreeMap::new();
        let mut damaged = Vec::new();
        for path in files_ending_in(&self.path("records"), "json")? {
            let bytes = read(&path)?;
            let stem = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let checked = Record::from_bytes(&bytes).and_then(|record| {
                if record.id == stem {
                    Ok(record)
                } else {
                    Err(format!("it is the record of run {}", record.id))
                }
            });
            match checked {
                Ok(record) => {
                    records.insert(stem, record);
                }
                Err(reason) => {
                    self.set_aside(&path)?;
                    damaged.push(Error::DamagedRecord { path, reason });
                }
            }
        }
        Ok((records, damaged))
    }

    /// All wall times, by identifier. A timing that cannot be read is left out: it is not a result.
    ///
    /// # Errors
    /// [`Error::File`] if the folder cannot be read.
    pub fn timings(&self) -> Result<BTreeMap<String, Timing>> {
        let mut timings = BTreeMap::new();
        for path in files_ending_in(&self.path("timings"), "json")? {
            if let Ok(timing) = serde_json::from_slice(&read(&path)?) {
                let stem = path
                    .file_stem()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                timings.insert(stem, timing);
            }
        }
        Ok(timings)
    }

    fn set_aside(&self, path: &Path) -> Result<()> {
        let damaged = self.path("records/damaged");
        fs::create_dir_all(&damaged).map_err(|source| Error::File {
            action: "create",
            path: damaged.clone(),
            source,
        })?;
        let target = damaged.join(path.file_name().unwrap_or_default());
        fs::rename(path, &target).map_err(|source| Error::File {
            action: "set aside",
            path: path.to_owned(),
            source,
        })
    }
}

/// Reads a file of any kind.
///
/// # Errors
/// [`Error::File`].
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|source| Error::File {
        action: "read",
        path: path.to_owned(),
        source,
    })
}

/// Writes a file so that a reader sees the old one or the new one, never a part; makes its folder
/// if need be.
///
/// # Errors
/// [`Error::File`] for the folder, [`Error::Write`] for the file.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|source| Error::File {
            action: "create",
            path: folder.to_owned(),
            source,
        })?;
    }
    backend::run::write_atomic(path, bytes).map_err(Error::Write)
}

/// The files of a folder with an ending, in the order of their names.
fn files_ending_in(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let fail = |source| Error::File {
        action: "read",
        path: folder.to_owned(),
        source,
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == ending)
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn take_lock(root: &Path) -> Result<File> {
    let path = root.join("lock");
    let fail = |source| Error::File {
        action: "lock",
        path: path.clone(),
        source,
    };
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(fail)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            return Err(Error::Locked {
                path: root.to_owned(),
                holder: holder.trim().to_owned(),
            });
        }
        Err(TryLockError::Error(source)) => return Err(fail(source)),
    }
    file.set_len(0).map_err(fail)?;
    file.rewind().map_err(fail)?;
    write!(file, "process {}", std::process::id()).map_err(fail)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_studies_cannot_share_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let first = StudyFolder::open(folder.path()).unwrap();
        let error = StudyFolder::open(folder.path()).unwrap_err();
        let said = error.to_string();
        assert!(matches!(error, Error::Locked { .. }), "{said}");
        assert!(
            said.contains(&format!("process {}", std::process::id())),
            "{said}"
        );
        drop(first);
        StudyFolder::open(folder.path()).unwrap();
    }

    #[test]
    fn a_record_that_is_no_record_is_set_aside_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let study = StudyFolder::open(folder.path()).unwrap();
        fs::write(study.path("records/0123.json"), b"{\"schema\":1,").unwrap();
        let (records, damaged) = study.records().unwrap();
        assert!(records.is_empty());
        assert!(
            damaged[0].to_string().contains("0123.json"),
            "{}",
            damaged[0]
        );
        assert!(study.path("records/damaged/0123.json").exists());
        assert!(!study.path("records/0123.json").exists());
    }

    #[test]
    fn what_a_killed_study_had_written_aside_is_no_record_and_is_swept_away() {
        let folder = tempfile::tempdir().unwrap();
        drop(StudyFolder::open(folder.path()).unwrap());
        let aside = folder.path().join("records/0123.json.77.tmp");
        fs::write(&aside, b"half").unwrap();
        let study = StudyFolder::open(folder.path()).unwrap();
        let (records, damaged) = study.records().unwrap();
        assert!(records.is_empty() && damaged.is_empty());
        assert!(!aside.exists());
    }

    #[test]
    fn a_write_that_fails_names_the_file_and_leaves_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plots");
        fs::write(&path, b"a file where a folder is wanted").unwrap();
        let error = write_whole(&path.join("loss.svg"), b"<svg/>").unwrap_err();
        assert!(error.to_string().contains("plots"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"a file where a folder is wanted");
    }
}

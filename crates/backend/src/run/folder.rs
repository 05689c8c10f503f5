//! One folder a run: settings, metadata, metrics, and checkpoints that are whole or absent.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Map, Value};

use super::metrics::{Metrics, MetricsError};
use super::write::{write_atomic, write_json};

/// A folder that holds everything of one run.
#[derive(Clone, Debug)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Makes the folder if need be.
    ///
    /// # Errors
    /// The system's error with the path in its text.
    pub fn open(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        make(&path)?;
        Ok(Self { path })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes `config.json`.
    ///
    /// # Errors
    /// As [`write_json`].
    pub fn write_config(&self, config: &impl Serialize) -> io::Result<()> {
        write_json(self.path.join("config.json"), config)
    }

    /// Writes `metadata.json`: the given entries, and the version of the workspace unless they give one.
    ///
    /// # Errors
    /// As [`write_json`].
    pub fn write_metadata(&self, mut entries: Map<String, Value>) -> io::Result<()> {
        entries
            .entry("chemscale_version")
            .or_insert_with(|| env!("CARGO_PKG_VERSION").into());
        write_json(self.path.join("metadata.json"), &entries)
    }

    /// Opens the metrics files, dropping rows after step `keep_through`.
    ///
    /// # Errors
    /// As [`Metrics::open`].
    pub fn metrics(&self, columns: &[&str], keep_through: u64) -> Result<Metrics, MetricsError> {
        Metrics::open(&self.path, columns, keep_through)
    }

    /// The checkpoints of the run.
    ///
    /// # Errors
    /// The system's error with the path in its text.
    pub fn checkpoints(&self) -> io::Result<Checkpoints> {
        Checkpoints::open(self.path.join("checkpoints"))
    }
}

/// Checkpoint folders named by step; each is written aside and renamed, so a named one is whole.
///
/// The last `keep` are kept, and the best one under the name that `best.json` gives.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    path: PathBuf,
}

impl Checkpoints {
    /// Makes the folder if need be, and removes what a killed writer left half-done.
    ///
    /// # Errors
    /// The system's error with the path in its text.
    pub fn open(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        make(&path)?;
        for entry in fs::read_dir(&path)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().ends_with(".tmp") {
                remove(&entry.path())?;
            }
        }
        Ok(Self { path })
    }

    /// The steps that have a whole checkpoint, ascending.
    ///
    /// # Errors
    /// The system's error.
    pub fn steps(&self) -> io::Result<Vec<u64>> {
        let mut steps = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let name = entry?.file_name();
            if let Some(step) = name
                .to_str()
                .and_then(|name| name.strip_prefix("step-")?.parse().ok())
            {
                steps.push(step);
            }
        }
        steps.sort_unstable();
        Ok(steps)
    }

    /// The folder of the newest checkpoint and its step.
    ///
    /// # Errors
    /// The system's error.
    pub fn latest(&self) -> io::Result<Option<(u64, PathBuf)>> {
        Ok(self.steps()?.last().map(|&step| (step, self.folder(step))))
    }

    /// The step and metric of the best checkpoint, where one was marked.
    ///
    /// # Errors
    /// The system's error, or a damaged `best.json`.
    pub fn best(&self) -> io::Result<Option<(u64, f64)>> {
        let path = self.path.join("best.json");
        if !path.exists() {
            return Ok(None);
        }
        let value: Value = serde_json::from_slice(&fs::read(&path)?)?;
        Ok(value["step"].as_u64().zip(value["metric"].as_f64()))
    }

    /// The folder of step `step`.
    #[must_use]
    pub fn folder(&self, step: u64) -> PathBuf {
        self.path.join(format!("step-{step:010}"))
    }

    /// Writes a checkpoint: `fill` gets an empty folder, which is renamed once it returns.
    ///
    /// `metric` (lower is better) decides whether this is the new best. Afterwards all but the last `keep` and the
    /// best are removed.
    ///
    /// # Errors
    /// The error of `fill` or of the system; no half-written checkpoint stays under a final name.
    pub fn save<E: From<io::Error>>(
        &self,
        step: u64,
        metric: Option<f64>,
        keep: usize,
        fill: impl FnOnce(&Path) -> Result<(), E>,
    ) -> Result<PathBuf, E> {
        let last = self.folder(step);
        let aside = self.path.join(format!("step-{step:010}.tmp"));
        if aside.exists() {
            remove(&aside)?;
        }
        make(&aside)?;
        if let Err(error) = fill(&aside) {
            // The first error is the one to report.
            let _ = remove(&aside);
            return Err(error);
        }
        if last.exists() {
            remove(&last)?;
        }
        fs::rename(&aside, &last)?;
        let mut best = self.best()?;
        if let Some(metric) = metric.filter(|metric| metric.is_finite())
            && best.is_none_or(|(_, other)| metric < other)
        {
            best = Some((step, metric));
            let text = serde_json::json!({ "step": step, "metric": metric });
            write_atomic(self.path.join("best.json"), text.to_string().as_bytes())?;
        }
        let steps = self.steps()?;
        for &old in steps.iter().rev().skip(keep.max(1)) {
            if best.is_none_or(|(step, _)| step != old) {
                remove(&self.folder(old))?;
            }
        }
        Ok(last)
    }
}

fn make(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path).map_err(|error| {
        let text = format!("cannot make the folder {}: {error}", path.display());
        io::Error::new(error.kind(), text)
    })
}

fn remove(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_and_the_best_checkpoints_stay() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::open(folder.path()).unwrap();
        for (step, metric) in [(1, 3.0), (2, 1.0), (3, 2.0), (4, 2.5), (5, 2.6)] {
            checkpoints
                .save(step, Some(metric), 2, |path| {
                    fs::write(path.join("a"), step.to_string())
                })
                .unwrap();
        }
        assert_eq!(checkpoints.steps().unwrap(), [2, 4, 5]);
        assert_eq!(checkpoints.best().unwrap(), Some((2, 1.0)));
        let (step, path) = checkpoints.latest().unwrap().unwrap();
        assert_eq!(
            (step, fs::read_to_string(path.join("a")).unwrap()),
            (5, "5".into())
        );
    }

    #[test]
    fn a_failed_writer_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::open(folder.path()).unwrap();
        let failed = checkpoints.save(1, None, 1, |_| Err(io::Error::other("disk full")));
        assert!(failed.is_err());
        assert_eq!(checkpoints.latest().unwrap(), None);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

//! The command line.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use study::config::{Length, MoleculeSource, StructureSource};
use study::inputs::{MoleculePool, StructurePool};
use study::{Study, pipeline};

/// A neural scaling study of chemical models: ChemGPT on molecules, PaiNN and SchNet on structures.
///
/// Learning rate and batch are chosen by training performance estimation, then model size and data
/// size are scaled, and the laws are fitted and reported. Every run leaves a record; a study that was
/// stopped or killed goes on where it was when the same command is given again.
#[derive(Debug, Parser)]
pub(crate) struct Arguments {
    /// Do the whole path with a few steps a run (under a minute); the numbers mean nothing.
    #[arg(long)]
    smoke: bool,

    /// SMILES file for ChemGPT (.smi, .txt, .csv, .tsv, also .gz) instead of generated molecules.
    #[arg(long, value_name = "FILE")]
    molecules: Option<PathBuf>,

    /// Column of a table of molecules; a column named like `smiles` is found by itself.
    #[arg(long, value_name = "NAME", requires = "molecules")]
    column: Option<String>,

    /// Structures with energies and forces for PaiNN and SchNet (.xyz, .extxyz, .npz, also .gz)
    /// instead of the embedded GFN2-xTB set.
    #[arg(long, value_name = "FILE")]
    structures: Option<PathBuf>,

    /// A study of your own as JSON (each study writes its settings to OUT/study.json; start from one).
    #[arg(long, value_name = "FILE", conflicts_with_all = ["smoke", "molecules", "structures"])]
    study: Option<PathBuf>,

    /// Where to compute: flex (the processor), cuda, cuda:1, tch, …
    #[arg(long, value_name = "NAME", default_value = "flex")]
    device: String,

    /// Folder for records, report, plots and tables [default: `runs/neural_scaling`, or
    /// `runs/neural_scaling_smoke` with --smoke].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Go on with the study in --out under the settings and files it was started with; the other
    /// options need not be repeated.
    #[arg(long, conflicts_with_all = ["smoke", "molecules", "structures", "study"])]
    resume: bool,

    /// Threads to compute with [default: all cores]. Runs share them; numbers do not depend on it.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

impl Arguments {
    pub(crate) fn out(&self) -> PathBuf {
        let name = if self.smoke {
            "runs/neural_scaling_smoke"
        } else {
            "runs/neural_scaling"
        };
        self.out.clone().unwrap_or_else(|| name.into())
    }

    /// The settings that the options ask for.
    pub(crate) fn study(&self) -> Result<Study> {
        if self.resume {
            return Ok(pipeline::bound(&self.out())?);
        }
        if let Some(path) = &self.study {
            return Ok(Study::load(path)?);
        }
        let length = if self.smoke {
            Length::Smoke
        } else {
            Length::Full
        };
        let mut study = Study::embedded(length, &self.device);
        if let Some(path) = &self.molecules {
            study = self.with_molecules(study, path)?;
        }
        if let Some(path) = &self.structures {
            study = Self::with_structures(study, path)?;
        }
        Ok(study)
    }

    /// Puts a file in the place of the generated molecules, with data sizes that it can fill.
    fn with_molecules(&self, mut study: Study, path: &std::path::Path) -> Result<Study> {
        let Some(settings) = &mut study.molecules else {
            return Ok(study);
        };
        // Absolute, so that --resume works from any folder.
        let path =
            std::path::absolute(path).with_context(|| format!("--molecules {}", path.display()))?;
        settings.source = MoleculeSource::File {
            path,
            column: self.column.clone(),
        };
        let found = MoleculePool::count(settings)?;
        settings.validation = settings.validation.min(found / 5).max(1);
        let left = found.saturating_sub(settings.validation);
        if left < 2 {
            bail!(
                "{}: {found} usable molecules are too few for a study",
                settings.origin()
            );
        }
        Ok(study.fitted_to(true, left))
    }

    /// Puts a file in the place of the embedded structures, with data sizes that it can fill.
    fn with_structures(mut study: Study, path: &std::path::Path) -> Result<Study> {
        let Some(settings) = &mut study.structures else {
            return Ok(study);
        };
        let path = std::path::absolute(path)
            .with_context(|| format!("--structures {}", path.display()))?;
        settings.source = StructureSource::File { path };
        let found = StructurePool::count(settings)?;
        settings.validation = settings.validation.min(found / 5).max(1);
        let left = found.saturating_sub(settings.validation);
        if left < 2 {
            bail!(
                "{}: {found} usable structures are too few for a study",
                settings.origin()
            );
        }
        Ok(study.fitted_to(false, left))
    }

    /// Runs at a time: the threads over the threads of one run. An accelerator takes one at a time.
    pub(crate) fn workers(&self, study: &Study) -> Result<usize> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = self.threads.unwrap_or(cores);
        if threads == 0 {
            bail!("--threads is 0, expected at least 1");
        }
        let on_processor = study.device == "flex";
        Ok(if on_processor {
            (threads / study.threads_per_run).max(1)
        } else {
            1
        })
    }
}

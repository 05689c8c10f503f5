//! What a study says while it works. The library emits events; who runs it draws them.

use std::path::PathBuf;

use crate::spec::RunSpec;

/// Something that happened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// A remark that the user should read: lines left out, records set aside, settings chosen.
    Note(String),
    /// The study is about to begin.
    StudyPlanned {
        /// Expected relative cost of all runs, whether on record or not.
        cost: f64,
    },
    /// A set of runs begins.
    PhaseStarted {
        /// What the runs are for.
        phase: String,
        /// Runs of the phase.
        runs: usize,
        /// Of these, runs already on record.
        on_record: usize,
        /// Relative cost of the runs still to do.
        cost: f64,
        /// Relative cost of the runs already on record.
        cost_on_record: f64,
    },
    /// A run begins.
    RunStarted {
        /// The worker that does it.
        worker: usize,
        /// What it is.
        spec: Box<RunSpec>,
    },
    /// A run moves on.
    RunProgress {
        /// The worker that does it.
        worker: usize,
        /// Steps done.
        step: u64,
        /// Steps that this run will do.
        steps: u64,
        /// Training loss.
        loss: f64,
        /// Relative cost done since the last such event of this run.
        cost: f64,
    },
    /// A run is on record.
    RunFinished {
        /// The worker that did it.
        worker: usize,
        /// What it was.
        spec: Box<RunSpec>,
        /// The validation metric; infinite for a diverged run.
        score: f64,
        /// Wall time (s).
        wall_s: f64,
    },
    /// All runs of the phase are on record.
    PhaseFinished {
        /// What the runs were for.
        phase: String,
    },
    /// The report is written.
    ReportWritten {
        /// The page.
        path: PathBuf,
    },
}

/// Who listens. Called from several threads.
pub type Observer<'a> = &'a (dyn Fn(Event) + Sync);

//! Everything that a finished study found, as it is written to `results.json`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::config::Study;
use crate::fits::Laws;
use crate::record::{Record, Status, Timing};
use crate::search::SearchResult;

/// The results of a study.
#[derive(Debug, Clone, Serialize)]
pub struct Results {
    /// Version of this layout.
    pub schema: u32,
    /// The settings.
    pub study: Study,
    /// Crate or library → version.
    pub versions: BTreeMap<String, String>,
    /// What was read.
    pub inputs: Vec<InputSummary>,
    /// Each family.
    pub families: Vec<FamilyResults>,
    /// Wall time of each run (s), by identifier. These never repeat, unlike all else here.
    pub wall_s: BTreeMap<String, f64>,
}

/// What was read from one source.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InputSummary {
    /// "molecules" or "structures".
    pub what: String,
    /// File or embedded set.
    pub origin: String,
    /// Items that can be used.
    pub usable: usize,
    /// Items read but left out, with the side file that lists them.
    pub rejected: usize,
    /// The side file, where lines were left out.
    pub rejects_file: Option<String>,
    /// Items that were there more than once and are used once.
    pub duplicates: usize,
    /// Items set apart for validation.
    pub validation: usize,
    /// SHA-256 of the data set as used.
    pub hash: String,
    /// What a reader should know of it, such as vocabulary or elements.
    pub details: Vec<(String, String)>,
}

/// One family of the study.
#[derive(Debug, Clone, Serialize)]
pub struct FamilyResults {
    /// Its name.
    pub name: String,
    /// What training items are called.
    pub items: String,
    /// What exposure is counted in.
    pub units: String,
    /// Name, unit and title of the metrics; the first one ranks.
    pub metrics: Vec<(String, String, String)>,
    /// The searches of learning rate and batch, one a searched size, smallest first.
    pub searches: Vec<SearchResult>,
    /// Records of the runs that were cut.
    #[serde(serialize_with = "rows")]
    pub early: Vec<Record>,
    /// Records of the search's full runs.
    #[serde(serialize_with = "rows")]
    pub searched: Vec<Record>,
    /// Records of the grid.
    #[serde(serialize_with = "rows")]
    pub grid: Vec<Record>,
    /// Scaling laws of the grid.
    pub laws: Laws,
}

/// A record without its curves: a row of the table of runs.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// Identifier.
    pub id: String,
    /// Family.
    pub family: String,
    /// Layers or blocks.
    pub depth: usize,
    /// Channels.
    pub width: usize,
    /// Parameters without embeddings.
    pub parameters: u64,
    /// All parameters.
    pub parameters_total: u64,
    /// Training items.
    pub items: u64,
    /// Distinct tokens or atoms.
    pub unique_units: u64,
    /// Passes over the training set.
    pub epochs: f64,
    /// Tokens or atoms seen.
    pub units_seen: u64,
    /// Estimated operations.
    pub flops: f64,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Batch.
    pub batch: usize,
    /// Seed.
    pub seed: u64,
    /// Steps of the schedule.
    pub steps: u64,
    /// "finished", "cut at N" or "diverged at N".
    pub status: String,
    /// Validation metrics at the end.
    pub validation: BTreeMap<String, f64>,
}

impl From<&Record> for Row {
    fn from(record: &Record) -> Self {
        let spec = &record.spec;
        Self {
            id: record.id.clone(),
            family: spec.family.clone(),
            depth: spec.size.depth,
            width: spec.size.width,
            parameters: record.parameters.non_embedding,
            parameters_total: record.parameters.total,
            items: record.exposure.items,
            unique_units: record.exposure.unique_units,
            epochs: record.exposure.epochs,
            units_seen: record.exposure.units_seen,
            flops: record.exposure.flops,
            learning_rate: spec.learning_rate,
            batch: spec.batch,
            seed: spec.seed,
            steps: spec.steps,
            status: match record.status {
                Status::Finished => "finished".to_owned(),
                Status::Cut { step } => format!("cut at {step}"),
                Status::Diverged { step } => format!("diverged at {step}"),
            },
            validation: record.validation.clone(),
        }
    }
}

fn rows<S: serde::Serializer>(records: &[Record], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(records.iter().map(Row::from))
}

impl Results {
    /// Every record once, in the order of the families, search before grid.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        let mut seen = std::collections::BTreeSet::new();
        self.families
            .iter()
            .flat_map(|family| {
                family
                    .early
                    .iter()
                    .chain(&family.searched)
                    .chain(&family.grid)
            })
            .filter(move |record| seen.insert(record.id.as_str()))
    }

    /// Wall time of all runs together (s).
    #[must_use]
    pub fn total_wall_s(&self) -> f64 {
        self.records()
            .filter_map(|record| self.wall_s.get(&record.id))
            .sum()
    }

    pub(crate) fn wall_times(timings: &BTreeMap<String, Timing>) -> BTreeMap<String, f64> {
        timings
            .iter()
            .map(|(id, timing)| (id.clone(), timing.wall_s))
            .collect()
    }
}

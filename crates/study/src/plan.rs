//! From the declared grid to the list of runs.

use crate::config::{FamilyPlan, Grid, Search};
use crate::family::Family;
use crate::spec::{RunSpec, Size};

/// A learning rate with a batch size.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Setting {
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Packed rows or structures in a batch.
    pub batch: usize,
}

/// What all runs of one family share.
#[derive(Debug, Clone, Copy)]
pub struct Planner<'a> {
    /// The plan.
    pub plan: &'a FamilyPlan,
    /// The family that carries it out.
    pub family: &'a dyn Family,
    /// Device by name.
    pub device: &'a str,
    /// Threads of one run.
    pub threads: usize,
}

impl std::fmt::Debug for dyn Family + '_ {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Family")
            .field("name", &self.name())
            .finish()
    }
}

impl Planner<'_> {
    /// One cell of the grid.
    #[must_use]
    pub fn spec(&self, size: Size, data_size: usize, setting: Setting, seed: u64) -> RunSpec {
        RunSpec {
            family: self.plan.name.clone(),
            settings: self.family.settings(),
            data_hash: self.family.data_hash().to_owned(),
            size,
            data_size,
            learning_rate: setting.learning_rate,
            batch: setting.batch,
            seed,
            steps: self.family.steps(data_size, setting.batch),
            cut: None,
            device: self.device.to_owned(),
            threads: self.threads,
        }
    }

    /// The search's runs, each cut after its first share: learning rates × batches.
    #[must_use]
    pub fn early_specs(&self, search: &Search) -> Vec<RunSpec> {
        self.settings()
            .into_iter()
            .map(|setting| {
                let full = self.spec(search.size, search.data_size, setting, search.seed);
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a share of a number of steps"
                )]
                let cut = (search.cut * full.steps as f64).ceil() as u64;
                RunSpec {
                    cut: Some(cut.clamp(1, full.steps)),
                    ..full
                }
            })
            .collect()
    }

    /// Every learning rate with every batch size.
    #[must_use]
    pub fn settings(&self) -> Vec<Setting> {
        let Grid {
            learning_rates,
            batches,
            ..
        } = &self.plan.grid;
        learning_rates
            .iter()
            .flat_map(|&learning_rate| {
                batches.iter().map(move |&batch| Setting {
                    learning_rate,
                    batch,
                })
            })
            .collect()
    }

    /// Sizes × data sizes × seeds, and the cells repeated with other seeds, at the setting found
    /// or, without a search, at every setting.
    #[must_use]
    pub fn grid_specs(&self, found: Option<Setting>) -> Vec<RunSpec> {
        let grid = &self.plan.grid;
        let settings = found.map_or_else(|| self.settings(), |setting| vec![setting]);
        let mut specs: Vec<RunSpec> = Vec::new();
        for &setting in &settings {
            for &size in &grid.sizes {
                for &data_size in &grid.data_sizes {
                    for &seed in &grid.seeds {
                        specs.push(self.spec(size, data_size, setting, seed));
                    }
                }
            }
            if let Some(replicates) = &grid.replicates {
                for &size in &replicates.sizes {
                    for &data_size in &replicates.data_sizes {
                        for &seed in &replicates.seeds {
                            let spec = self.spec(size, data_size, setting, seed);
                            if !specs.contains(&spec) {
                                specs.push(spec);
                            }
                        }
                    }
                }
            }
        }
        specs
    }
}

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

    /// The runs of the search at one size, each cut after its first share: learning rates × batches.
    #[must_use]
    pub fn early_specs(&self, search: &Search, size: Size) -> Vec<RunSpec> {
        self.settings()
            .into_iter()
            .map(|setting| {
                let full = self.spec(size, search.data_size, setting, search.seed);
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

    /// The settings that a size is run at: the one found at the searched size nearest in
    /// ln(parameters) or, without a search, every one.
    #[must_use]
    pub fn settings_at(&self, size: Size, found: &[(Size, Setting)]) -> Vec<Setting> {
        let logarithm = |size: Size| (self.family.parameters(size).non_embedding as f64).ln();
        let distance = |other: Size| (logarithm(other) - logarithm(size)).abs();
        found
            .iter()
            .min_by(|a, b| distance(a.0).total_cmp(&distance(b.0)))
            .map_or_else(|| self.settings(), |(_, setting)| vec![*setting])
    }

    /// Sizes × data sizes × seeds, and the cells repeated with other seeds, each at the settings
    /// of its size.
    #[must_use]
    pub fn grid_specs(&self, found: &[(Size, Setting)]) -> Vec<RunSpec> {
        let grid = &self.plan.grid;
        let mut specs: Vec<RunSpec> = Vec::new();
        let mut add = |sizes: &[Size], data_sizes: &[usize], seeds: &[u64]| {
            for &size in sizes {
                for setting in self.settings_at(size, found) {
                    for &data_size in data_sizes {
                        for &seed in seeds {
                            let spec = self.spec(size, data_size, setting, seed);
                            if !specs.contains(&spec) {
                                specs.push(spec);
                            }
                        }
                    }
                }
            }
        };
        add(&grid.sizes, &grid.data_sizes, &grid.seeds);
        if let Some(replicates) = &grid.replicates {
            add(&replicates.sizes, &replicates.data_sizes, &replicates.seeds);
        }
        specs
    }
}

//! The study that ships with the workspace, at two lengths.

use super::{
    Budget, FamilyPlan, Grid, LanguageModel, Model, MoleculeSource, Molecules, Potential,
    Replicates, STUDY_SCHEMA, Search, StructureSource, Structures, Study,
};
use crate::spec::Size;

/// How much of the embedded study is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// Two decades of size and data, in under ten minutes on two cores.
    Full,
    /// The same path with a few steps a run, for continuous integration; its numbers mean nothing.
    Smoke,
}

impl Study {
    /// The embedded study: ChemGPT on generated molecules, PaiNN and SchNet on the embedded
    /// structures, each with its learning rate and batch searched first.
    #[must_use]
    pub fn embedded(length: Length, device: &str) -> Self {
        Self {
            schema: STUDY_SCHEMA,
            name: match length {
                Length::Full => "Neural scaling of deep chemical models, in ten minutes",
                Length::Smoke => "Neural scaling of deep chemical models, smoke test",
            }
            .to_owned(),
            device: device.to_owned(),
            threads_per_run: 1,
            molecules: Some(Molecules {
                source: MoleculeSource::Generated { seed: 7 },
                validation: pick(length, 400, 40),
                split_seed: 1,
            }),
            structures: Some(Structures {
                source: StructureSource::Embedded,
                validation: pick(length, 200, 10),
                split_seed: 1,
            }),
            families: vec![
                language(length),
                potential("PaiNN", Model::Painn, length),
                potential("SchNet", Model::Schnet, length),
            ],
        }
    }
}

fn pick<T>(length: Length, full: T, smoke: T) -> T {
    match length {
        Length::Full => full,
        Length::Smoke => smoke,
    }
}

fn language(length: Length) -> FamilyPlan {
    // Parameters without embeddings: 3 264, 12 672, 39 280, 126 000 and 334 848, two decades.
    let sizes = pick(
        length,
        vec![
            Size::new(1, 16),
            Size::new(1, 32),
            Size::new(2, 40),
            Size::new(2, 72),
            Size::new(3, 96),
        ],
        vec![
            Size::new(1, 16),
            Size::new(1, 32),
            Size::new(2, 32),
            Size::new(2, 48),
        ],
    );
    let data_sizes = pick(
        length,
        vec![400, 1265, 4000, 12_650, 40_000],
        vec![6, 12, 24, 48],
    );
    FamilyPlan {
        name: "ChemGPT".to_owned(),
        model: Model::Chemgpt(LanguageModel {
            context: pick(length, 64, 32),
            heads: 4,
            warmup: 0.05,
            weight_decay: 0.01,
            clip: 1.0,
        }),
        grid: Grid {
            learning_rates: vec![1e-3, 3e-3, 1e-2],
            batches: vec![2, 4, 8],
            seeds: vec![1],
            budget: Budget {
                epochs: pick(length, 1.5, 1.0),
                min_items: pick(length, 4000, 24),
            },
            search: Some(Search {
                sizes: pick(length, sizes.clone(), sizes[1..3].to_vec()),
                data_size: data_sizes[2],
                seed: 1,
                cut: 0.2,
                keep: 2,
                controls: 2,
            }),
            replicates: Some(Replicates {
                sizes: sizes[..2].to_vec(),
                data_sizes: vec![data_sizes[0], data_sizes[2]],
                seeds: vec![2],
            }),
            sizes,
            data_sizes,
        },
    }
}

fn potential(name: &str, model: fn(Potential) -> Model, length: Length) -> FamilyPlan {
    let sizes = pick(
        length,
        vec![Size::new(1, 16), Size::new(2, 24), Size::new(3, 40)],
        vec![Size::new(1, 8), Size::new(1, 16), Size::new(2, 16)],
    );
    let data_sizes = pick(length, vec![16, 50, 160, 500, 1600], vec![4, 6, 8, 12]);
    FamilyPlan {
        name: name.to_owned(),
        model: model(Potential {
            cutoff: 4.0,
            radial: pick(length, 16, 8),
            warmup: 0.05,
            energy_weight: 1.0,
            force_weight: 1.0,
            clip: 10.0,
        }),
        grid: Grid {
            learning_rates: vec![2e-3, 5e-3, 1e-2],
            batches: pick(length, vec![2, 4, 8], vec![1, 2, 4]),
            seeds: vec![1],
            budget: Budget {
                epochs: pick(length, 4.0, 1.0),
                min_items: pick(length, 6000, 12),
            },
            search: Some(Search {
                sizes: pick(length, sizes.clone(), sizes[1..2].to_vec()),
                data_size: data_sizes[3],
                seed: 1,
                cut: 0.2,
                keep: 2,
                controls: 2,
            }),
            replicates: Some(Replicates {
                sizes: sizes[..1].to_vec(),
                data_sizes: vec![data_sizes[0], data_sizes[2]],
                seeds: vec![2],
            }),
            sizes,
            data_sizes,
        },
    }
}

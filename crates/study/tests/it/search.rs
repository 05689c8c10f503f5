//! The search keeps what looks best at the cut, checks itself on controls, and counts its cost.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use study::config::{Budget, FamilyPlan, Grid, LanguageModel, Model, Search};
use study::folder::StudyFolder;
use study::plan::{Planner, Setting};
use study::record::Record;
use study::runner::{Execution, execute};
use study::search::{Fate, conclude, decide, full_specs};
use study::spec::{RunSpec, Size};

use crate::synthetic::{BEST_RATE, Synthetic};

pub(crate) fn plan(learning_rates: &[f64]) -> FamilyPlan {
    FamilyPlan {
        name: "synthetic".into(),
        // The synthetic family never looks at this; any sound model serves.
        model: Model::Chemgpt(LanguageModel {
            context: 32,
            heads: 4,
            warmup: 0.1,
            weight_decay: 0.0,
            clip: 1.0,
        }),
        grid: Grid {
            sizes: [8, 16, 32, 64, 128]
                .map(|width| Size::new(2, width))
                .to_vec(),
            data_sizes: vec![100, 400, 1600, 6400, 25600],
            learning_rates: learning_rates.to_vec(),
            batches: vec![10, 20, 40],
            seeds: vec![1],
            budget: Budget {
                epochs: 1.0,
                min_items: 0,
            },
            search: Some(Search {
                sizes: vec![Size::new(2, 32)],
                data_size: 400,
                seed: 1,
                cut: 0.2,
                keep: 3,
                controls: 4,
            }),
            replicates: None,
        },
    }
}

fn run(specs: &[RunSpec]) -> Vec<Record> {
    let out = tempfile::tempdir().unwrap();
    let folder = StudyFolder::open(out.path()).unwrap();
    let stop = AtomicBool::new(false);
    let execution = Execution {
        workers: 2,
        stop: &stop,
        versions: BTreeMap::new(),
    };
    execute(
        &folder,
        &Synthetic::boxed(Duration::ZERO),
        "search",
        specs,
        &execution,
        &|_| {},
    )
    .unwrap()
}

#[test]
fn the_search_finds_the_best_rate_for_less_than_the_whole_grid() {
    let plan = plan(&[1e-4, 1e-3, BEST_RATE, 1e-1, 2.0]);
    let search = plan.grid.search.clone().unwrap();
    let family = &Synthetic::boxed(Duration::ZERO)[0];
    let planner = Planner {
        plan: &plan,
        family: family.as_ref(),
        device: "flex",
        threads: 1,
    };
    let specs = planner.early_specs(&search, search.sizes[0]);
    assert_eq!(specs.len(), 15);
    assert!(
        specs
            .iter()
            .all(|spec| spec.cut == Some(spec.steps.div_ceil(5)))
    );
    let early = run(&specs);
    let decision = decide(&search, &early).unwrap();
    let count = |fate| {
        decision
            .fates
            .iter()
            .filter(|&&other| other == fate)
            .count()
    };
    assert_eq!(
        (
            count(Fate::Kept),
            count(Fate::Control),
            count(Fate::Discarded)
        ),
        (3, 4, 8)
    );

    let full = run(&full_specs(&specs, &decision));
    assert_eq!(full.len(), 7);
    let result = conclude(&planner, &search, search.sizes[0], &early, &decision, &full).unwrap();
    assert!((result.chosen.learning_rate - BEST_RATE).abs() < 1e-12);
    assert!(
        !result.on_edge.iter().any(|edge| edge.contains("rate")),
        "{:?}",
        result.on_edge
    );
    assert!(!result.missed);
    // The identity of one cut: T/T_end + k (1 - T/T_end); batches share the operations here.
    assert!(
        result.cost_share > 0.2 && result.cost_share < 0.5,
        "{}",
        result.cost_share
    );
    assert!(result.cost_share_with_controls > result.cost_share);
    let quality = result.estimators[0].calibration.as_ref().unwrap();
    assert!(
        quality.spearman.value.unwrap() > 0.7,
        "{:?}",
        quality.spearman
    );
    // The diverging rate is the worst of all, is listed, and goes no further.
    for trial in result
        .trials
        .iter()
        .filter(|trial| trial.setting.learning_rate > 1.0)
    {
        assert!(
            trial.score.is_infinite() && trial.fate == Fate::Discarded && trial.truth.is_none()
        );
    }
    // A full run's own truth takes no part in its prediction, so predictions are there and finite.
    for trial in result.trials.iter().filter(|trial| trial.truth.is_some()) {
        assert!(trial.predicted.unwrap().is_finite());
    }
}

#[test]
fn each_size_runs_at_the_setting_of_the_nearest_searched_size() {
    let plan = plan(&[1e-3, BEST_RATE]);
    let family = &Synthetic::boxed(Duration::ZERO)[0];
    let planner = Planner {
        plan: &plan,
        family: family.as_ref(),
        device: "flex",
        threads: 1,
    };
    let at = |learning_rate, batch| Setting {
        learning_rate,
        batch,
    };
    let found = [
        (Size::new(2, 8), at(BEST_RATE, 40)),
        (Size::new(2, 128), at(1e-3, 10)),
    ];
    let specs = planner.grid_specs(&found);
    assert_eq!(specs.len(), 25, "one setting a cell");
    for spec in &specs {
        // Parameters grow as the square of the width, so width 32 lies half way and is left open.
        let expected = if spec.size.width <= 16 {
            found[0].1
        } else if spec.size.width >= 64 {
            found[1].1
        } else {
            continue;
        };
        assert_eq!(
            at(spec.learning_rate, spec.batch),
            expected,
            "{}",
            spec.size
        );
    }
    assert_eq!(
        planner.grid_specs(&[]).len(),
        25 * planner.settings().len(),
        "without a search every setting is run"
    );
}

#[test]
fn an_optimum_on_the_edge_of_the_grid_is_said() {
    let plan = plan(&[1e-5, 1e-4, 1e-3]);
    let search = plan.grid.search.clone().unwrap();
    let family = &Synthetic::boxed(Duration::ZERO)[0];
    let planner = Planner {
        plan: &plan,
        family: family.as_ref(),
        device: "flex",
        threads: 1,
    };
    let specs = planner.early_specs(&search, search.sizes[0]);
    let early = run(&specs);
    let decision = decide(&search, &early).unwrap();
    let full = run(&full_specs(&specs, &decision));
    let result = conclude(&planner, &search, search.sizes[0], &early, &decision, &full).unwrap();
    assert!(
        result.on_edge.contains(&"largest learning rate".to_owned()),
        "{:?}",
        result.on_edge
    );
}

#[test]
fn a_search_in_which_everything_diverges_is_an_error_with_advice() {
    let plan = plan(&[1.0, 2.0, 5.0]);
    let search = plan.grid.search.clone().unwrap();
    let family = &Synthetic::boxed(Duration::ZERO)[0];
    let planner = Planner {
        plan: &plan,
        family: family.as_ref(),
        device: "flex",
        threads: 1,
    };
    let early = run(&planner.early_specs(&search, search.sizes[0]));
    let said = decide(&search, &early).unwrap_err();
    let said = format!("{said}");
    assert!(
        said.contains("all 9 settings diverged") && said.contains("lower"),
        "{said}"
    );
}

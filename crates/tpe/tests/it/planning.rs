//! Plans and searches.

use tpe::plan::{cost, cut_cost_share, plan};
use tpe::search::{Axis, Configuration, Edge, Side, Space, analyse, grid, random, sobol};
use tpe::{Driver, Rule, Settings};

const SPACE: Space = Space {
    learning_rate: (1e-5, 1e-3),
    batch_size: (8, 32),
};

#[test]
fn the_cost_of_one_cut_follows_the_identity() {
    approx::assert_relative_eq!(cut_cost_share(5, 100, 0.05), 0.0975, max_relative = 1e-12);
    approx::assert_relative_eq!(cut_cost_share(10, 100, 0.1), 0.19, max_relative = 1e-12);
    let rule = Rule::SingleCut {
        epochs: 10,
        keep: 0.1,
    };
    let exact = cost(&rule, 20, 50).expect("a cost");
    assert_eq!((exact.cost, exact.completed), (20 * 10 + 2 * 40, 2));
    approx::assert_relative_eq!(
        exact.cost_share,
        cut_cost_share(10, 50, 0.1),
        max_relative = 1e-12
    );
}

#[test]
fn a_planned_cost_is_the_cost_of_the_driver() {
    for rule in [
        Rule::SingleCut {
            epochs: 7,
            keep: 0.15,
        },
        Rule::SuccessiveHalving {
            eta: 3,
            first_rung: 2,
        },
        Rule::Hyperband {
            eta: 3,
            first_rung: 2,
        },
        Rule::Random {
            share: 0.2,
            seed: 0,
        },
        Rule::Full,
    ] {
        let runs: Vec<tpe::replay::Recorded> = (0..30)
            .map(|i| tpe::replay::Recorded {
                train: (1..=40).map(|t| f64::from(1 + i) / f64::from(t)).collect(),
                validation: Vec::new(),
            })
            .collect();
        let replayed = tpe::replay::replay(&runs, &Settings::new(rule, 30, 40)).expect("a replay");
        assert_eq!(
            cost(&rule, 30, 40).expect("a cost").cost,
            replayed.cost,
            "{}",
            rule.name()
        );
    }
    assert!(
        cost(
            &Rule::Median {
                grace: 5,
                needed: 5
            },
            30,
            40
        )
        .is_none()
    );
}

#[test]
fn plans_reach_the_saving_and_use_the_budget() {
    let plans = plan(64, 50, 0.9).expect("plans");
    assert!(!plans.cuts.is_empty() && !plans.halvings.is_empty());
    for plan in plans.cuts.iter().chain(&plans.halvings) {
        assert!(plan.cost_share <= 0.1 + 1e-9 && plan.completed >= 1);
    }
    assert!(
        plans.recommended.cost_share > 0.08,
        "{:?}",
        plans.recommended
    );
    let settings = Settings::new(plans.recommended.rule, 64, 50);
    Driver::new(settings).expect("a plan is a legal rule");
    // For each epoch of the cut, one more kept run would break the budget.
    for plan in &plans.cuts {
        let Rule::SingleCut { epochs, .. } = plan.rule else {
            panic!("a cut is expected")
        };
        let keep = (plan.completed + 1) as f64 / 64.0;
        let more = cost(&Rule::SingleCut { epochs, keep }, 64, 50).expect("a cost");
        assert!(more.cost_share > 0.1);
    }
    let error = plan(4, 10, 0.99).expect_err("out of reach").to_string();
    assert!(error.contains("out of reach"), "{error}");
    assert!(plan(0, 10, 0.5).is_err() && plan(4, 10, 1.0).is_err());
}

#[test]
fn a_grid_has_both_ends_and_even_ratios() {
    let tried = grid(&SPACE, 3, 3).expect("a grid");
    let rates: Vec<f64> = tried.iter().map(|c| c.learning_rate).collect();
    let batches: Vec<usize> = tried.iter().map(|c| c.batch_size).collect();
    assert_eq!(batches[..3], [8, 16, 32]);
    for (got, expected) in [rates[0], rates[3], rates[6]]
        .iter()
        .zip([1e-5, 1e-4, 1e-3])
    {
        approx::assert_relative_eq!(*got, expected, max_relative = 1e-12);
    }
    let narrow = Space {
        batch_size: (8, 9),
        ..SPACE
    };
    assert_eq!(
        grid(&narrow, 2, 5).expect("a grid").len(),
        4,
        "equal batches are tried once"
    );
    assert!(grid(&SPACE, 0, 3).is_err());
    assert!(
        grid(
            &Space {
                learning_rate: (1e-3, 1e-5),
                ..SPACE
            },
            3,
            3
        )
        .is_err()
    );
}

#[test]
fn samples_stay_in_the_box_and_repeat_with_the_seed() {
    for design in [random, sobol] {
        let tried = design(&SPACE, 64, 7).expect("samples");
        assert_eq!(tried, design(&SPACE, 64, 7).expect("samples"));
        assert_ne!(tried, design(&SPACE, 64, 8).expect("samples"));
        for c in &tried {
            assert!((1e-5..=1e-3).contains(&c.learning_rate));
            assert!((8..=32).contains(&c.batch_size));
        }
    }
    // Sobol points put the same number in each half of each axis; random ones need not.
    let tried = sobol(&SPACE, 64, 7).expect("samples");
    assert_eq!(tried.iter().filter(|c| c.learning_rate < 1e-4).count(), 32);
}

#[test]
fn an_optimum_inside_has_no_edge_and_one_at_the_end_extends_the_box() {
    let tried = grid(&SPACE, 3, 3).expect("a grid");
    let loss = |best: f64| -> Vec<f64> {
        let distance = |c: &Configuration| (c.learning_rate / best).ln().powi(2);
        let batch = |c: &Configuration| (c.batch_size as f64 / 16.0).ln().powi(2);
        tried
            .iter()
            .map(|c| 1.0 + 0.01 * distance(c) + 0.01 * batch(c))
            .collect()
    };
    let inside = analyse(&SPACE, &tried, &loss(1e-4), 0.0).expect("an analysis");
    assert_eq!(
        (inside.best, inside.edges.len(), inside.extended),
        (4, 0, None)
    );
    assert!(inside.margin.expect("a runner-up") > 0.0);

    let at_end = analyse(&SPACE, &tried, &loss(1e-2), 0.0).expect("an analysis");
    let high = Edge {
        axis: Axis::LearningRate,
        side: Side::High,
    };
    assert_eq!(at_end.edges, [high]);
    assert!(at_end.edge_is_certain);
    let wider = at_end.extended.expect("a wider box");
    approx::assert_relative_eq!(wider.learning_rate.1, 1e-2, max_relative = 1e-12);
    assert_eq!(wider.batch_size, SPACE.batch_size);

    let noisy = analyse(&SPACE, &tried, &loss(1e-2), 1.0).expect("an analysis");
    assert_eq!(noisy.within_noise.len(), 9);
    assert!(!noisy.edge_is_certain, "the noise allows an optimum inside");
}

#[test]
fn a_sweep_of_one_axis_knows_its_own_ends() {
    let space = Space {
        batch_size: (16, 16),
        ..SPACE
    };
    let tried = grid(&space, 9, 1).expect("a sweep");
    for (best, edges) in [(0, 1), (1, 0), (4, 0), (7, 0), (8, 1)] {
        let losses: Vec<f64> = (0..9)
            .map(|i| 1.0 + f64::from(i32::abs(i - best)))
            .collect();
        let got = analyse(&space, &tried, &losses, 0.0).expect("an analysis");
        assert_eq!(got.edges.len(), edges, "best at {best}");
    }
}

#[test]
fn diverged_settings_are_listed_and_all_diverged_is_an_error() {
    let tried = grid(&SPACE, 2, 1).expect("a grid");
    let got = analyse(&SPACE, &tried, &[2.0, f64::NAN], 0.0).expect("an analysis");
    assert_eq!((got.best, got.diverged, got.runner_up), (0, vec![1], None));
    assert!(analyse(&SPACE, &tried, &[f64::INFINITY, f64::NAN], 0.0).is_err());
    assert!(analyse(&SPACE, &tried, &[1.0], 0.0).is_err());
}

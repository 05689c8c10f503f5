//! Replays of recorded searches against recorded outcomes.

use serde_json::Value;
use tpe::driver::{Criterion, Signal};
use tpe::estimate::score_all;
use tpe::replay::{Recorded, replay, replay_pools};
use tpe::{Calibration, CalibrationOptions, Curve, Estimator, Rule, Settings, Window};

use crate::golden::{close, count, json, losses};

const EPOCHS: usize = 51;

fn recorded(golden: &Value) -> Vec<Recorded> {
    let rows = |key: &str| golden[key].as_array().expect("curves").clone();
    rows("train")
        .iter()
        .zip(rows("valid"))
        .map(|(train, valid)| Recorded {
            train: losses(train),
            validation: losses(&valid),
        })
        .collect()
}

/// The recorded outcomes charge a diverged run up to its next comparison.
fn settings(rule: Rule, criterion: Criterion) -> Settings {
    Settings {
        criterion,
        stop_diverged: false,
        ..Settings::new(rule, 48, EPOCHS)
    }
}

#[test]
fn one_cut_equals_the_recorded_replays() {
    let Some(golden) = json("third_party/taskset_subset.json") else {
        return;
    };
    let runs = recorded(&golden);
    let finals: Vec<f64> = runs.iter().map(|run| run.validation[EPOCHS - 1]).collect();
    let options = CalibrationOptions {
        resamples: 0,
        ..CalibrationOptions::default()
    };
    let mut checked = 0;
    for (at, cases) in golden["expect"]["tpe"].as_object().expect("windows") {
        let at: usize = at.parse().expect("epochs");
        for (name, expect) in cases.as_object().expect("estimators") {
            let (signal, estimator) = match name.as_str() {
                "tse" => (Signal::Train, Estimator::Tse),
                "tse_e1" => (Signal::Train, Estimator::TseE { last: 1 }),
                "tse_e3" => (Signal::Train, Estimator::TseE { last: at.min(3) }),
                "tse_ema_0.9" => (Signal::Train, Estimator::TseEmaSum { gamma: 0.9 }),
                "tse_ema_0.999" => (Signal::Train, Estimator::TseEmaSum { gamma: 0.999 }),
                "valid_loss_at_T" => (Signal::Validation, Estimator::TseE { last: 1 }),
                other => panic!("unknown estimator {other}"),
            };
            let what = format!("{name} at {at}");
            let curves: Vec<Curve> = runs
                .iter()
                .enumerate()
                .map(|(i, run)| {
                    let losses = match signal {
                        Signal::Train => &run.train,
                        Signal::Validation => &run.validation,
                    };
                    Curve::from_epoch_means(i.to_string(), losses.clone())
                })
                .collect();
            let scores = score_all(&curves, &estimator, Window::first_epochs(at)).expect(&what);
            for (got, expected) in scores.values.iter().zip(losses(&expect["score"])) {
                if expected.is_finite() {
                    approx::assert_relative_eq!(*got, expected, max_relative = 1e-9);
                } else {
                    assert!(got.is_infinite(), "{what}");
                }
            }
            let fit = Calibration::fit(&scores.values, &finals, &options).expect(&what);
            let finite = count(&expect["n_finite"]);
            assert_eq!(fit.runs - fit.diverged.len(), finite, "{what}");
            for (key, got) in [
                ("spearman_all", fit.spearman.value),
                ("kendall_all", fit.kendall.value),
                ("r2", fit.r2.value),
                ("slope", Some(fit.linear.slope)),
                ("intercept", Some(fit.linear.intercept)),
            ] {
                close(
                    &format!("{what} {key}"),
                    got.expect(key),
                    &expect[key],
                    1e-9,
                );
            }

            let rule = Rule::SingleCut {
                epochs: at,
                keep: 0.1,
            };
            let criterion = Criterion { signal, estimator };
            let outcome = replay(&runs, &settings(rule, criterion)).expect(&what);
            let expect = &expect["keep_10pct"];
            assert_eq!(outcome.winner, Some(count(&expect["winner"])), "{what}");
            assert_eq!(outcome.best, count(&expect["best"]), "{what}");
            assert_eq!(outcome.cost, count(&expect["cost_evals"]), "{what}");
            close(&what, outcome.cost_share, &expect["cost_fraction"], 1e-12);
            close(&what, outcome.winner_loss, &expect["winner_final"], 1e-12);
            close(&what, outcome.best_loss, &expect["best_final"], 1e-12);
            checked += 1;
        }
    }
    assert_eq!(checked, 18);
}

#[test]
fn halving_and_median_stopping_equal_the_recorded_replays() {
    let Some(golden) = json("third_party/taskset_subset.json") else {
        return;
    };
    let runs = recorded(&golden);
    let expect = &golden["expect"];
    let halving = |eta, first_rung| Rule::SuccessiveHalving { eta, first_rung };
    let median = Rule::Median {
        grace: 5,
        needed: 5,
    };
    for (rule, expect) in [
        (halving(3, 1), &expect["successive_halving"]["eta=3,rmin=1"]),
        (halving(3, 2), &expect["successive_halving"]["eta=3,rmin=2"]),
        (halving(2, 2), &expect["successive_halving"]["eta=2,rmin=2"]),
        (median, &expect["median_stopping"]),
    ] {
        let outcome = replay(&runs, &settings(rule, Criterion::validation())).expect("a replay");
        let what = rule.name();
        assert_eq!(outcome.winner, Some(count(&expect["winner"])), "{what}");
        assert_eq!(outcome.cost, count(&expect["cost_evals"]), "{what}");
        close(&what, outcome.winner_loss, &expect["winner_final"], 1e-12);
    }
}

#[test]
fn every_rule_finds_a_run_and_costs_less_than_all_of_them() {
    let Some(golden) = json("third_party/taskset_subset.json") else {
        return;
    };
    let runs = recorded(&golden);
    let rules = [
        Rule::Random {
            share: 0.1,
            seed: 3,
        },
        Rule::SingleCut {
            epochs: 5,
            keep: 0.1,
        },
        Rule::SuccessiveHalving {
            eta: 3,
            first_rung: 2,
        },
        Rule::Hyperband {
            eta: 3,
            first_rung: 2,
        },
        Rule::AshaStop {
            eta: 3,
            first_rung: 2,
        },
        Rule::AshaPromote {
            eta: 3,
            first_rung: 2,
        },
        Rule::Median {
            grace: 5,
            needed: 5,
        },
        Rule::Extrapolation {
            grace: 5,
            probability: 0.05,
        },
    ];
    let named: Vec<(String, Settings)> = rules
        .iter()
        .map(|&rule| (rule.name(), Settings::new(rule, 0, EPOCHS)))
        .collect();
    let table = replay_pools(&runs, &named, 16, 40, 1).expect("replays");
    for row in &table {
        assert_eq!(row.empty, 0, "{}", row.rule);
        assert!(
            row.cost_share < 0.95,
            "{} costs {}",
            row.rule,
            row.cost_share
        );
        assert!(
            row.mean_regret >= 0.0 && row.regret_90 >= 0.0,
            "{}",
            row.rule
        );
    }
    let full = [("full".to_owned(), Settings::new(Rule::Full, 0, EPOCHS))];
    let full = &replay_pools(&runs, &full, 16, 40, 1).expect("replays")[0];
    assert!((full.hit_rate - 1.0).abs() < 1e-12 && full.mean_regret.abs() < 1e-12);
    // Random choice is the baseline that every rule with a signal beats.
    for row in &table[1..] {
        assert!(row.mean_regret < table[0].mean_regret, "{}", row.rule);
    }
}

#[test]
fn the_recommended_preset_costs_less_than_the_papers_and_finds_no_worse() {
    let Some(golden) = json("tpe_own_curves.json") else {
        return;
    };
    let runs: Vec<Recorded> = golden["runs"]
        .as_array()
        .expect("runs")
        .iter()
        .map(|run| Recorded {
            train: losses(&run["epoch_mean_train_loss"]),
            validation: losses(&run["epoch_valid_loss"]),
        })
        .collect();
    let presets = [
        ("paper".to_owned(), Settings::paper(24, 40)),
        (
            "recommended".to_owned(),
            Settings::recommended(24, 40, Signal::Validation),
        ),
    ];
    let table = replay_pools(&runs, &presets, 24, 100, 1).expect("replays");
    let (paper, recommended) = (&table[0], &table[1]);
    // The paper's cost follows the identity: 20 % for all, the rest for one of 24.
    assert!((paper.cost_share - (0.2 + 0.8 / 24.0)).abs() < 1e-12);
    assert!(recommended.cost_share < 0.6 * paper.cost_share);
    assert!(recommended.mean_regret <= paper.mean_regret);
}

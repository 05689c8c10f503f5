//! The driver: verdicts, resuming, and input that does not fit.

use tpe::driver::{Ask, Criterion, Driver, Report, State, StopReason, Verdict};
use tpe::{Error, Rule, Settings};

/// Final order of the runs is their number: run 0 is the best.
fn loss(trial: usize, epoch: usize) -> f64 {
    (1.0 + trial as f64) / (epoch as f64).sqrt()
}

fn report(train: f64) -> Report {
    Report {
        train,
        validation: None,
    }
}

/// Trains until the driver is done, with `workers` runs at a time, each in turn one epoch.
fn drive(driver: &mut Driver, workers: usize) {
    let mut running: Vec<(usize, usize)> = Vec::new();
    loop {
        while running.len() < workers {
            match driver.ask().expect("a question") {
                Ask::Train { trial, from, .. } => running.push((trial, from)),
                Ask::Wait => break,
                Ask::Done => {
                    assert!(running.is_empty());
                    return;
                }
            }
        }
        running.retain_mut(|(trial, epoch)| {
            let verdict = driver
                .report(*trial, *epoch, report(loss(*trial, *epoch)))
                .expect("a verdict");
            *epoch += 1;
            verdict == Verdict::Continue
        });
    }
}

fn all_rules() -> Vec<Rule> {
    vec![
        Rule::Full,
        Rule::Random {
            share: 0.3,
            seed: 0,
        },
        Rule::SingleCut {
            epochs: 4,
            keep: 0.2,
        },
        Rule::SuccessiveHalving {
            eta: 3,
            first_rung: 2,
        },
        Rule::Hyperband {
            eta: 3,
            first_rung: 1,
        },
        Rule::AshaStop {
            eta: 2,
            first_rung: 2,
        },
        Rule::AshaPromote {
            eta: 3,
            first_rung: 2,
        },
        Rule::Median {
            grace: 3,
            needed: 3,
        },
        Rule::Extrapolation {
            grace: 5,
            probability: 0.1,
        },
    ]
}

#[test]
fn every_rule_ends_with_a_completed_run_for_any_number_of_workers() {
    for rule in all_rules() {
        for workers in [1, 3, 20] {
            for trials in [1, 2, 11] {
                let mut driver = Driver::new(Settings::new(rule, trials, 20)).expect("settings");
                drive(&mut driver, workers);
                let what = format!("{}, {workers} workers, {trials} runs", rule.name());
                let (best, value) = driver.best().expect(&what);
                if !matches!(rule, Rule::Random { .. }) {
                    assert_eq!(best, 0, "{what}");
                }
                approx::assert_relative_eq!(value, loss(best, 20));
                for trial in driver.trials() {
                    assert!(
                        matches!(trial.state, State::Completed | State::Stopped(_)),
                        "{what}"
                    );
                }
            }
        }
    }
}

#[test]
fn halving_pays_for_its_rungs_alone() {
    let rule = Rule::SuccessiveHalving {
        eta: 3,
        first_rung: 2,
    };
    let mut driver = Driver::new(Settings::new(rule, 9, 18)).expect("settings");
    drive(&mut driver, 1);
    // 9 runs to epoch 2, 3 of them to 6, 1 to 18.
    assert_eq!(driver.cost(), 9 * 2 + 3 * 4 + 12);
    let completed = driver
        .trials()
        .iter()
        .filter(|t| t.state == State::Completed);
    assert_eq!(completed.count(), 1);
}

#[test]
fn promotion_wastes_nothing_on_an_early_bad_run() {
    let stop = Rule::AshaStop {
        eta: 3,
        first_rung: 1,
    };
    let promote = Rule::AshaPromote {
        eta: 3,
        first_rung: 1,
    };
    let cost = |rule| {
        let mut driver = Driver::new(Settings::new(rule, 9, 9)).expect("settings");
        // The worst run arrives first.
        while let Ask::Train { trial, from, until } = driver.ask().expect("a question") {
            for epoch in from..=until {
                let value = report(loss(9 - trial, epoch));
                if driver.report(trial, epoch, value).expect("a verdict") != Verdict::Continue {
                    break;
                }
            }
        }
        assert_eq!(driver.best().map(|best| best.0), Some(8));
        driver.cost()
    };
    assert!(cost(promote) < cost(stop));
}

#[test]
fn a_driver_read_back_from_json_decides_the_same() {
    for rule in all_rules() {
        let settings = Settings::new(rule, 7, 12);
        let mut whole = Driver::new(settings.clone()).expect("settings");
        drive(&mut whole, 1);
        let mut stored =
            serde_json::to_string(&Driver::new(settings).expect("settings")).expect("JSON");
        // The process dies after every single report.
        loop {
            let mut driver: Driver = serde_json::from_str(&stored).expect("a driver");
            driver.requeue_running();
            match driver.ask().expect("a question") {
                Ask::Train { trial, from, .. } => {
                    let value = report(loss(trial, from));
                    driver.report(trial, from, value).expect("a verdict");
                }
                _ => break,
            }
            stored = serde_json::to_string(&driver).expect("JSON");
        }
        let resumed: Driver = serde_json::from_str(&stored).expect("a driver");
        assert_eq!(resumed.best(), whole.best(), "{}", rule.name());
        assert!(resumed.cost() > 0);
        // Promotions depend on the order of arrival, which the deaths change.
        if !matches!(rule, Rule::AshaPromote { .. }) {
            assert_eq!(resumed.cost(), whole.cost(), "{}", rule.name());
        }
    }
}

#[test]
fn a_diverged_run_is_stopped_kept_in_the_state_and_never_wins() {
    let rule = Rule::SingleCut {
        epochs: 2,
        keep: 1.0,
    };
    let mut driver = Driver::new(Settings::new(rule, 2, 4)).expect("settings");
    let Ask::Train { trial: first, .. } = driver.ask().expect("a question") else {
        panic!("a run is expected")
    };
    let verdict = driver
        .report(first, 1, report(f64::NAN))
        .expect("a verdict");
    assert_eq!(verdict, Verdict::Stop(StopReason::Diverged));
    let text = serde_json::to_string(&driver).expect("JSON");
    let mut driver: Driver = serde_json::from_str(&text).expect("a driver");
    assert!(driver.trials()[first].train[0].is_infinite());
    drive(&mut driver, 1);
    assert_eq!(driver.best().map(|best| best.0), Some(1 - first));
}

#[test]
fn a_search_in_which_all_diverge_ends_without_a_winner() {
    for rule in all_rules() {
        for stop_diverged in [true, false] {
            let settings = Settings {
                stop_diverged,
                ..Settings::new(rule, 4, 6)
            };
            let mut driver = Driver::new(settings).expect("settings");
            while let Ask::Train { trial, from, until } = driver.ask().expect("a question") {
                for epoch in from..=until {
                    let verdict = driver.report(trial, epoch, report(f64::INFINITY));
                    if verdict.expect("a verdict") != Verdict::Continue {
                        break;
                    }
                }
            }
            assert_eq!(driver.best(), None, "{}", rule.name());
        }
    }
}

#[test]
fn runs_within_the_seed_noise_of_the_cut_are_kept() {
    let rule = Rule::SingleCut {
        epochs: 1,
        keep: 0.2,
    };
    let settings = Settings {
        // ln 2 lies between the first two runs, ln 3 between the first and the third.
        seed_noise: 0.7,
        ..Settings::new(rule, 5, 3)
    };
    let mut driver = Driver::new(settings).expect("settings");
    drive(&mut driver, 1);
    let states: Vec<bool> = driver
        .trials()
        .iter()
        .map(|t| t.state == State::Completed)
        .collect();
    assert_eq!(states, [true, true, false, false, false]);
}

#[test]
fn an_older_checkpoint_rewinds_a_run() {
    let mut driver = Driver::new(Settings::new(Rule::Full, 1, 5)).expect("settings");
    driver.ask().expect("a question");
    for epoch in 1..=3 {
        driver.report(0, epoch, report(1.0)).expect("a verdict");
    }
    assert!(driver.rewind(0, 2).is_err(), "it is running");
    driver.requeue_running();
    assert!(driver.rewind(0, 4).is_err(), "it has three epochs");
    driver.rewind(0, 2).expect("a rewind");
    let expected = Ask::Train {
        trial: 0,
        from: 3,
        until: 5,
    };
    assert_eq!(driver.ask().expect("a question"), expected);
}

#[test]
fn reports_that_do_not_fit_are_refused_and_change_nothing() {
    let settings = Settings {
        criterion: Criterion::validation(),
        ..Settings::new(
            Rule::SuccessiveHalving {
                eta: 2,
                first_rung: 1,
            },
            2,
            4,
        )
    };
    let mut driver = Driver::new(settings).expect("settings");
    let idle = driver
        .report(0, 1, report(1.0))
        .expect_err("it is not running");
    assert!(matches!(idle, Error::Report { trial: 0, .. }));
    driver.ask().expect("a question");
    let before = driver.clone();
    let missing = driver
        .report(0, 1, report(1.0))
        .expect_err("no validation loss");
    assert!(
        missing.to_string().contains("epoch 1 has none"),
        "{missing}"
    );
    assert!(driver.report(0, 2, report(1.0)).is_err(), "epoch 1 is next");
    assert!(
        driver.report(9, 1, report(1.0)).is_err(),
        "there is no run 9"
    );
    assert_eq!(driver, before);
}

#[test]
fn settings_out_of_range_are_refused_by_name() {
    let new = |rule| Driver::new(Settings::new(rule, 4, 10)).map(|_| ());
    for (rule, word) in [
        (
            Rule::SingleCut {
                epochs: 0,
                keep: 0.1,
            },
            "the cut",
        ),
        (
            Rule::SingleCut {
                epochs: 11,
                keep: 0.1,
            },
            "the cut",
        ),
        (
            Rule::SingleCut {
                epochs: 2,
                keep: 0.0,
            },
            "kept",
        ),
        (
            Rule::SuccessiveHalving {
                eta: 1,
                first_rung: 1,
            },
            "eta",
        ),
        (
            Rule::Hyperband {
                eta: 3,
                first_rung: 0,
            },
            "first rung",
        ),
        (
            Rule::Median {
                grace: 5,
                needed: 0,
            },
            "median",
        ),
        (
            Rule::Extrapolation {
                grace: 3,
                probability: 0.1,
            },
            "grace",
        ),
        (
            Rule::Random {
                share: f64::NAN,
                seed: 0,
            },
            "share",
        ),
    ] {
        let error = new(rule).expect_err("out of range").to_string();
        assert!(error.contains(word), "{error}");
    }
    assert!(Driver::new(Settings::new(Rule::Full, 0, 10)).is_err());
    let malformed = r#"{"settings":{"rule":{"kind":"full"},"epochs":2,"trials":1},"trials":[{"train":[],"validation":[],"state":"waiting","rung":7}]}"#;
    let error = serde_json::from_str::<Driver>(malformed).expect_err("no such rung");
    assert!(error.to_string().contains("rung 7"), "{error}");
}

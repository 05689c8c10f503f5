//! Properties of every rule over random searches: they end, they cost no more than all runs in
//! full, they resume, and they find a run whenever there is one.

use proptest::prelude::*;
use tpe::driver::{Ask, Criterion, Driver, Report, State, Verdict};
use tpe::{Rule, Settings};

fn rules(epochs: usize) -> impl Strategy<Value = Rule> {
    let at = 1..=epochs;
    let share = (1..=20_u32).prop_map(|k| f64::from(k) / 20.0);
    let eta = 2..5_usize;
    prop_oneof![
        Just(Rule::Full),
        (share.clone(), any::<u64>()).prop_map(|(share, seed)| Rule::Random { share, seed }),
        (at.clone(), share.clone()).prop_map(|(epochs, keep)| Rule::SingleCut { epochs, keep }),
        (eta.clone(), at.clone())
            .prop_map(|(eta, first_rung)| Rule::SuccessiveHalving { eta, first_rung }),
        (eta.clone(), at.clone()).prop_map(|(eta, first_rung)| Rule::Hyperband { eta, first_rung }),
        (eta.clone(), at.clone()).prop_map(|(eta, first_rung)| Rule::AshaStop { eta, first_rung }),
        (eta, at.clone()).prop_map(|(eta, first_rung)| Rule::AshaPromote { eta, first_rung }),
        (at, 1..4_usize).prop_map(|(grace, needed)| Rule::Median { grace, needed }),
        (4..=epochs, share)
            .prop_map(|(grace, probability)| Rule::Extrapolation { grace, probability }),
    ]
}

/// A loss of one epoch of one run; every tenth run diverges at some epoch.
fn loss(seed: u64, trial: usize, epoch: usize) -> f64 {
    let mixed = (seed ^ (trial as u64 + 1)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    if mixed.is_multiple_of(10) && epoch as u64 > mixed / 10 % 7 {
        return f64::NAN;
    }
    0.1 + (mixed % 1000) as f64 / 1000.0 + 3.0 / epoch as f64
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_search_ends_within_its_budget_and_resumes(
        epochs in 4..15_usize,
        trials in 1..20_usize,
        workers in 1..6_usize,
        noise in prop_oneof![Just(0.0), Just(0.3)],
        stop_diverged in any::<bool>(),
        validation in any::<bool>(),
        seed in any::<u64>(),
        rule in (4..15_usize).prop_flat_map(rules),
        kill_every in 1..30_usize,
    ) {
        prop_assume!(rule.validate(epochs).is_ok());
        let settings = Settings {
            criterion: if validation { Criterion::validation() } else { Criterion::default() },
            seed_noise: noise,
            stop_diverged,
            ..Settings::new(rule, trials, epochs)
        };
        let mut driver = Driver::new(settings).expect("checked settings");
        let mut running: Vec<(usize, usize)> = Vec::new();
        let mut reports = 0;
        loop {
            let mut done = false;
            while running.len() < workers && !done {
                match driver.ask().expect("a question") {
                    Ask::Train { trial, from, until } => {
                        prop_assert!(from <= until && until <= epochs);
                        prop_assert_eq!(from, driver.trials()[trial].epochs() + 1);
                        running.push((trial, from));
                    }
                    Ask::Wait => break,
                    Ask::Done => done = true,
                }
            }
            if done && running.is_empty() {
                break;
            }
            prop_assert!(!running.is_empty(), "waiting for nobody");
            let (trial, epoch) = running.remove(reports % running.len());
            let value = loss(seed, trial, epoch);
            let report = Report { train: value, validation: Some(value) };
            let verdict = driver.report(trial, epoch, report).expect("a verdict");
            if verdict == Verdict::Continue {
                running.push((trial, epoch + 1));
            }
            reports += 1;
            prop_assert!(reports <= trials * epochs, "more epochs than all runs in full");
            if reports % kill_every == 0 {
                let text = serde_json::to_string(&driver).expect("JSON");
                let read: Driver = serde_json::from_str(&text).expect("a driver");
                prop_assert_eq!(&read, &driver);
                driver = read;
                driver.requeue_running();
                running.clear();
            }
        }
        prop_assert_eq!(driver.cost(), reports);
        for trial in driver.trials() {
            prop_assert!(matches!(trial.state, State::Completed | State::Stopped(_)));
        }
        // A rule that compares runs keeps at least one, as long as one does not diverge.
        let survivor = (0..trials).any(|i| (1..=epochs).all(|t| loss(seed, i, t).is_finite()));
        let diverges_late = (0..trials).any(|i| (1..=epochs).any(|t| !loss(seed, i, t).is_finite()));
        let blind = matches!(rule, Rule::Random { .. });
        if survivor && !diverges_late && !blind {
            prop_assert!(driver.best().is_some(), "{}", rule.name());
        }
    }
}

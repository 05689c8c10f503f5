//! The property head learns, keeps its best state, and refuses what it cannot use.

use std::ops::ControlFlow;

use backend::run::Progress;
use chemgpt::property::{Labelled, Task, train_property};
use chemgpt::{ChemGpt, ChemGptConfig, TrainingConfig};

use crate::parity::device;

/// Sequences whose number of tokens 5 can be read off.
fn molecules(count: u32) -> (Vec<Vec<u32>>, Vec<f64>) {
    (0..count)
        .map(|index| {
            let fives = (index * 7 % 5) as usize;
            let mut ids = vec![2];
            ids.extend((0..6).map(|at| if at < fives { 5 } else { 6 + index % 3 }));
            ids.push(3);
            (ids, fives as f64)
        })
        .unzip()
}

fn backbone() -> ChemGpt {
    ChemGptConfig::new(12, 16, 2, 2)
        .with_positions(8)
        .init(1, &device())
}

fn training(steps: u64) -> TrainingConfig {
    TrainingConfig::new(steps)
        .with_rate(1e-2)
        .with_batch(10)
        .with_evaluate_every(10)
}

fn rmse(found: &[f64], wanted: &[f64]) -> f64 {
    let sum: f64 = found.iter().zip(wanted).map(|(a, b)| (a - b).powi(2)).sum();
    (sum / wanted.len() as f64).sqrt()
}

#[test]
fn a_regression_head_learns_a_count_and_foretells_it_for_others() {
    let (sequences, values) = molecules(60);
    let all = |range: std::ops::Range<usize>| Labelled {
        sequences: &sequences[range.clone()],
        values: &values[range],
    };
    let mut seen: Vec<(u64, f64)> = Vec::new();
    let model = train_property(
        &backbone(),
        Task::Regression,
        &training(60),
        all(0..40),
        Some(all(40..50)),
        &mut |progress: &Progress| {
            seen.extend(progress.validation.map(|loss| (progress.step, loss)));
            ControlFlow::Continue(())
        },
    )
    .unwrap();
    let steps: Vec<u64> = seen.iter().map(|(step, _)| *step).collect();
    assert_eq!(steps, [10, 20, 30, 40, 50, 60]);
    let found = model.predict(&sequences[50..], 3).unwrap();
    let error = rmse(&found, &values[50..]);
    assert!(error < 0.3, "RMSE {error}");
    // The returned model is the one with the lowest validation loss, which is a squared error in units of the spread.
    let mean = values[..40].iter().sum::<f64>() / 40.0;
    let spread = rmse(&[mean; 40], &values[..40]);
    let validation = rmse(
        &model.predict(&sequences[40..50], 4).unwrap(),
        &values[40..50],
    );
    let lowest = seen
        .iter()
        .map(|(_, loss)| *loss)
        .fold(f64::INFINITY, f64::min);
    assert!((validation.powi(2) / spread.powi(2) - lowest).abs() < 1e-4 * lowest.max(1e-2));
}

#[test]
fn a_classification_head_gives_probabilities_that_part_the_labels() {
    let (sequences, counts) = molecules(50);
    let values: Vec<f64> = counts
        .iter()
        .map(|&n| f64::from(u8::from(n > 2.0)))
        .collect();
    let model = train_property(
        &backbone(),
        Task::Classification,
        &training(60),
        Labelled {
            sequences: &sequences[..40],
            values: &values[..40],
        },
        None,
        &mut |_| ControlFlow::Continue(()),
    )
    .unwrap();
    for (found, wanted) in model
        .predict(&sequences[40..], 4)
        .unwrap()
        .iter()
        .zip(&values[40..])
    {
        assert!((0.0..=1.0).contains(found));
        assert!((found - wanted).abs() < 0.3, "{found} for {wanted}");
    }
}

#[test]
fn a_head_repeats_by_seed_and_lists_of_other_lengths_are_refused() {
    let (sequences, values) = molecules(20);
    let run = |values: &[f64], seed: u64| {
        train_property(
            &backbone(),
            Task::Regression,
            &training(5).with_seed(seed),
            Labelled {
                sequences: &sequences,
                values,
            },
            None,
            &mut |_| ControlFlow::Continue(()),
        )
    };
    let predict = |seed| run(&values, seed).unwrap().predict(&sequences, 8).unwrap();
    assert_eq!(predict(1), predict(1));
    assert_ne!(predict(1), predict(2));
    let error = run(&values[1..], 1).unwrap_err().to_string();
    assert_eq!(
        error,
        "property values is 19, expected as many as molecules"
    );
}

//! Training: the reference's learning curves, and runs of our own.

use std::ops::ControlFlow;

use backend::optim::{AdamWConfig, Decay, DecayGroup};
use chemgpt::train::{Trainer, fine_tune, validation_loss};
use chemgpt::{Batch, ChemGptConfig, IGNORED, PackedRows, TrainingConfig, train};

use crate::golden::{Golden, assert_close, tensors};
use crate::parity::device;

/// The reference's batches: every token is seen, padding (id 1) is no target.
fn steps(golden: &Golden) -> Vec<Batch> {
    let [steps, b, t] = golden.shape("train.input_ids").try_into().unwrap();
    let ids = golden.ids("train.input_ids");
    assert_eq!(ids.len(), steps * b * t);
    ids.chunks(b * t)
        .map(|ids| {
            let mut batch = Batch::new(ids.to_vec(), t);
            let targets = batch.resolved_targets();
            let targets = targets
                .into_iter()
                .map(|id| if id == 1 { IGNORED } else { id });
            batch.targets = Some(targets.collect());
            batch
        })
        .collect()
}

fn recipe(kind: &str) -> TrainingConfig {
    let adamw = AdamWConfig::new();
    let base = TrainingConfig::new(20).with_clip(None).with_batch(6);
    match kind {
        "plain" => base
            .with_rate(1e-3)
            .with_decay(Decay::Constant)
            .with_optimizer(adamw.with_decay(DecayGroup::All)),
        "full" => base
            .with_rate(3e-3)
            .with_warmup(5)
            .with_clip(Some(1.0))
            .with_optimizer(adamw.with_beta_2(0.95).with_weight_decay(0.1)),
        _ => base
            .with_rate(1e-3)
            .with_warmup(4)
            .with_decay(Decay::Linear)
            .with_accumulation(2)
            .with_optimizer(adamw.with_weight_decay(0.0)),
    }
}

fn check_curve(name: &str, kind: &str) {
    let Some(golden) = Golden::open(name) else {
        return;
    };
    let mut trainer = Trainer::new(golden.model(&device().autodiff()), &recipe(kind)).unwrap();
    let rows = golden.json["train"][kind]["steps"].as_array().unwrap();
    for (batch, row) in steps(&golden).iter().zip(rows) {
        let report = trainer.step(batch).unwrap();
        let expect = |key: &str| row[key].as_f64().unwrap();
        let context = format!("{name}, {kind}, step {}", row["step"]);
        let off = |found: f64, expected: f64| (found - expected).abs() / expected.abs();
        assert!(
            (report.rate - expect("lr")).abs() < 1e-12,
            "{context}: rate"
        );
        let loss = off(report.loss, expect("loss"));
        assert!(loss < 1e-4, "{context}: loss off by {loss}");
        let norm = off(report.gradient_norm, expect("grad_norm"));
        assert!(norm < 1e-3, "{context}: gradient norm off by {norm}");
    }
    if kind == "full" {
        let finals = tensors(&golden.path.join("train_full_final.safetensors"));
        for tensor in trainer.result().named_tensors() {
            let (_, expected) = &finals[&format!("final.{}", tensor.name)];
            assert_close(&tensor.name, &tensor.values, expected, 2e-3);
        }
    }
}

#[test]
fn adamw_with_one_decay_group_follows_torch() {
    check_curve("global", "plain");
    check_curve("local", "plain");
}

#[test]
fn decay_groups_clipping_warmup_and_cosine_follow_torch() {
    check_curve("global", "full");
    check_curve("local", "full");
}

#[test]
fn accumulation_and_linear_decay_follow_torch() {
    check_curve("global", "accum");
    check_curve("local", "accum");
}

/// Rows of one molecule each that a small model learns in a few steps.
pub(crate) fn pattern(rows: usize, offset: u32) -> PackedRows {
    let sequences = (0..rows as u32).map(|row| {
        let start = 5 + (row + offset) % 3;
        let mut ids = vec![2];
        ids.extend((0..6).map(|place| start + place % 4));
        ids.push(3);
        ids
    });
    PackedRows::pack(sequences, 8).unwrap()
}

#[test]
fn a_run_learns_reports_and_repeats() {
    let model = ChemGptConfig::new(12, 16, 2, 2).with_positions(8);
    let training = TrainingConfig::new(40)
        .with_rate(1e-2)
        .with_warmup(4)
        .with_batch(8)
        .with_evaluate_every(20)
        .with_average(Some(0.5));
    let (rows, held_out) = (pattern(24, 0), pattern(6, 1));
    let mut seen = Vec::new();
    let mut observe = |progress: &backend::run::Progress| {
        seen.push(progress.step);
        ControlFlow::Continue(())
    };
    let run = train(&model, &training, &rows, &held_out, &device(), &mut observe).unwrap();
    assert_eq!(seen, (1..=40).collect::<Vec<_>>());
    assert_eq!(run.curve.len(), 40);
    assert_eq!(run.tokens, 40 * 64);
    assert!(!run.stopped);
    assert!(
        run.validation < 0.5 * run.curve[0].loss,
        "{}",
        run.validation
    );
    let steps: Vec<u64> = run.evaluations.iter().map(|e| e.step).collect();
    assert_eq!(steps, [20, 40]);
    let alone = validation_loss(&run.model, &held_out, 2).unwrap();
    assert!((alone - run.validation).abs() < 1e-5);
    let mut silent = |_: &backend::run::Progress| ControlFlow::Continue(());
    let again = train(&model, &training, &rows, &held_out, &device(), &mut silent).unwrap();
    assert_eq!(run.curve, again.curve);
    assert_eq!(run.validation.to_bits(), again.validation.to_bits());
}

#[test]
fn the_observer_can_stop_a_run() {
    let model = ChemGptConfig::new(12, 8, 1, 2).with_positions(8);
    let mut stop = |progress: &backend::run::Progress| {
        if progress.step == 3 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let rows = pattern(8, 0);
    let training = TrainingConfig::new(40).with_batch(4);
    let run = train(&model, &training, &rows, &rows, &device(), &mut stop).unwrap();
    assert!(run.stopped);
    assert_eq!(run.curve.len(), 3);
}

#[test]
fn a_diverging_run_names_the_step() {
    let model = ChemGptConfig::new(12, 8, 1, 2).with_positions(8);
    let training = TrainingConfig::new(40)
        .with_batch(4)
        .with_rate(1e6)
        .with_clip(None);
    let rows = pattern(8, 0);
    let mut silent = |_: &backend::run::Progress| ControlFlow::Continue(());
    let error = train(&model, &training, &rows, &rows, &device(), &mut silent).unwrap_err();
    assert!(error.to_string().contains("at step"), "{error}");
}

#[test]
fn fine_tuning_starts_from_the_given_weights() {
    let model = ChemGptConfig::new(12, 16, 2, 2).with_positions(8);
    let training = TrainingConfig::new(30).with_rate(1e-2).with_batch(8);
    let (rows, held_out) = (pattern(24, 0), pattern(6, 1));
    let mut silent = |_: &backend::run::Progress| ControlFlow::Continue(());
    let first = train(&model, &training, &rows, &held_out, &device(), &mut silent).unwrap();
    let few = TrainingConfig::new(5).with_rate(1e-3).with_batch(8);
    let tuned = fine_tune(&first.model, &few, &rows, &held_out, &mut silent).unwrap();
    assert!(tuned.curve[0].loss < 0.6 * first.curve[0].loss);
    assert!(tuned.validation < first.validation * 1.05);
}

//! Training: the reference's learning curves, and runs of our own.

use std::ops::ControlFlow;

use backend::optim::{AdamWConfig, Decay, DecayGroup};
use chemgpt::train::{Devices, Saving, Trainer, fine_tune, train_in_folder, validation_loss};
use chemgpt::{
    Batch, ChemGpt, ChemGptConfig, IGNORED, PackedRows, Precision, Sequences, StreamedRows,
    TokenRows, TrainingConfig, train,
};

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

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

fn pattern(rows: usize, offset: u32) -> PackedRows {
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
fn a_run_killed_at_any_step_goes_on_bit_for_bit() {
    let model = ChemGptConfig::new(12, 16, 2, 2).with_positions(8);
    let training = TrainingConfig::new(12)
        .with_rate(1e-2)
        .with_batch(5)
        .with_evaluate_every(4)
        .with_average(Some(0.9));
    let (rows, held_out) = (pattern(24, 0), pattern(6, 1));
    let saving = Saving { every: 3, keep: 2 };
    let run = |folder: &std::path::Path, stop_at: u64| {
        let mut observe = |progress: &backend::run::Progress| {
            if progress.step == stop_at {
                // A kill leaves no chance to write anything more.
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let data: [&dyn TokenRows; 2] = [&rows, &held_out];
        train_in_folder(
            folder,
            &model,
            &training,
            saving,
            data,
            &device(),
            &mut observe,
        )
        .unwrap()
    };
    let whole = tempfile::tempdir().unwrap();
    let reference = run(whole.path(), u64::MAX);
    let read =
        |folder: &std::path::Path| std::fs::read_to_string(folder.join("metrics.csv")).unwrap();
    for kill in [1, 4, 6, 11] {
        let folder = tempfile::tempdir().unwrap();
        run(folder.path(), kill);
        let resumed = run(folder.path(), u64::MAX);
        assert_eq!(
            read(folder.path()),
            read(whole.path()),
            "killed after step {kill}"
        );
        assert_eq!(resumed.validation.to_bits(), reference.validation.to_bits());
        assert_eq!(
            resumed.model.named_tensors(),
            reference.model.named_tensors()
        );
    }
    let checkpoints = std::fs::read_dir(whole.path().join("checkpoints")).unwrap();
    let names: Vec<String> = checkpoints
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(
        names.iter().any(|name| name == "step-0000000012"),
        "{names:?}"
    );
    let other = training.clone().with_rate(2e-2);
    let mut silent = |_: &backend::run::Progress| ControlFlow::Continue(());
    let data: [&dyn TokenRows; 2] = [&rows, &held_out];
    let error = train_in_folder(
        whole.path(),
        &model,
        &other,
        saving,
        data,
        &device(),
        &mut silent,
    );
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("training.rate is 0.01 there, 0.02 here"),
        "{error}"
    );
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

#[test]
fn recomputation_and_plain_operations_give_the_same_step() {
    let config = ChemGptConfig::new(12, 16, 3, 4)
        .with_positions(16)
        .with_window(5);
    let ids: Vec<u32> = (0..64).map(|at| at * 7 % 12).collect();
    let batch = Batch::new(ids, 16).with_separate_molecules(3);
    let training = TrainingConfig::new(3)
        .with_rate(1e-2)
        .with_decay(Decay::Constant);
    let run = |fused: bool, recompute: bool| {
        let model = config
            .init(4, &device().autodiff())
            .with_fused_operations(fused)
            .with_recomputation(recompute);
        let mut trainer = Trainer::new(model, &training).unwrap();
        let reports = [(); 3].map(|()| trainer.step(&batch).unwrap());
        (reports, trainer.result().named_tensors())
    };
    let (kept, weights) = run(true, false);
    let (again, same) = run(true, true);
    // Recomputing adds the rows' gradients one by one, so only the last digits may differ.
    for (a, b) in kept.iter().zip(again) {
        assert!((a.loss - b.loss).abs() < 1e-6);
        assert!((a.gradient_norm / b.gradient_norm - 1.0).abs() < 1e-6);
    }
    for (a, b) in weights.iter().zip(same) {
        let b: Vec<f64> = b.values.iter().map(|&x| f64::from(x)).collect();
        assert_close(&a.name, &a.values, &b, 1e-4);
    }
    for recompute in [false, true] {
        let (plain, _) = run(false, recompute);
        for (a, b) in kept.iter().zip(plain) {
            assert!((a.loss - b.loss).abs() < 1e-5, "{} {}", a.loss, b.loss);
            assert!((a.gradient_norm / b.gradient_norm - 1.0).abs() < 1e-4);
        }
    }
}

/// The gradient of each parameter, in the order of the model's tensors.
fn gradients(model: &ChemGpt, batch: &Batch) -> (f64, Vec<Vec<f32>>) {
    let (loss, gradients) = model.loss_gradients(batch, batch.target_count()).unwrap();
    let mut values = Vec::new();
    let mut collect = Collect(&gradients, &mut values);
    model.visit(&mut collect);
    (loss, values)
}

struct Collect<'a>(&'a GradientsParams, &'a mut Vec<Vec<f32>>);

impl ModuleVisitor for Collect<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let gradient = self.0.get::<D>(param.id).expect("every parameter has one");
        self.1.push(gradient.into_data().try_into_vec().unwrap());
    }
}

#[test]
fn recomputation_by_ordinary_operations_gives_the_same_gradients() {
    let config = ChemGptConfig::new(12, 16, 3, 4)
        .with_positions(16)
        .with_window(5);
    let ids: Vec<u32> = (0..64).map(|at| at * 7 % 12).collect();
    let batch = Batch::new(ids, 16).with_separate_molecules(3);
    let model = config
        .init(4, &device().autodiff())
        .with_fused_operations(false);
    let (loss, kept) = gradients(&model, &batch);
    let (again, same) = gradients(&model.with_recomputation(true), &batch);
    assert_eq!(loss.to_bits(), again.to_bits());
    assert!(kept.iter().flatten().any(|&x| x.abs() > 1e-3));
    for (a, b) in kept.iter().flatten().zip(same.iter().flatten()) {
        assert!((a - b).abs() <= 1e-5 * a.abs().max(1e-2), "{a} {b}");
    }
}

#[test]
fn bfloat16_products_stay_near_float32_and_train() {
    let model = ChemGptConfig::new(12, 16, 2, 2).with_positions(8);
    let rows = pattern(24, 0);
    let run = |precision: Precision| {
        let training = TrainingConfig::new(30)
            .with_rate(1e-2)
            .with_batch(8)
            .with_precision(precision);
        let mut silent = |_: &backend::run::Progress| ControlFlow::Continue(());
        train(&model, &training, &rows, &rows, &device(), &mut silent)
    };
    let exact = run(Precision::Float32).unwrap();
    let half = match run(Precision::Bfloat16) {
        Ok(half) => half,
        Err(error) => {
            assert!(error.to_string().contains("bfloat16"), "{error}");
            return;
        }
    };
    let first = (exact.curve[0].loss - half.curve[0].loss).abs();
    assert!(first > 0.0, "nothing was rounded");
    assert!(first < 1e-2 * exact.curve[0].loss, "off by {first}");
    assert!(half.validation < 0.5 * half.curve[0].loss);
    assert!((half.validation - exact.validation).abs() < 0.1 * exact.validation.max(0.5));
    // Master weights keep what bfloat16 could not hold.
    let weights = half.model.named_tensors();
    assert!(
        weights
            .iter()
            .flat_map(|tensor| &tensor.values)
            .any(|x| x.to_bits() & 0xffff != 0)
    );
}

#[test]
fn several_devices_give_the_step_of_one_bit_for_bit() {
    let config = ChemGptConfig::new(12, 16, 2, 2).with_positions(16);
    let ids: Vec<u32> = (0..96).map(|at| at * 7 % 12).collect();
    let batch = Batch::new(ids, 16);
    for (fused, count) in [(true, 2), (true, 3), (false, 3)] {
        let fresh = || {
            config
                .init(4, &device().autodiff())
                .with_fused_operations(fused)
        };
        let training = TrainingConfig::new(3).with_rate(1e-2).with_batch(6);
        let parts = training.clone().with_accumulation(count);
        let mut alone = Trainer::new(fresh(), &parts).unwrap();
        let devices = Devices::gathered(vec![device(); count]).unwrap();
        let mut together = Trainer::on(fresh(), &devices, &training).unwrap();
        for _ in 0..3 {
            assert_eq!(alone.step(&batch).unwrap(), together.step(&batch).unwrap());
        }
        assert_eq!(
            alone.result().named_tensors(),
            together.result().named_tensors()
        );
        let one = Batch::new((0..16).map(|at| at % 12).collect(), 16);
        let error = together.step(&one).unwrap_err().to_string();
        assert!(error.contains("one row a device"), "{error}");
    }
    assert!(Devices::gathered(Vec::new()).is_err());
    assert!(Devices::named(&["cuda:0", "abacus"]).is_err());
}

/// Sequences that a file might hold.
struct Elsewhere(Vec<Vec<u32>>);

impl Sequences for Elsewhere {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn append(&self, index: usize, ids: &mut Vec<u32>) -> std::io::Result<()> {
        ids.extend(&self.0[index]);
        Ok(())
    }
}

#[test]
fn a_streamed_run_goes_on_bit_for_bit_also_from_rows_in_memory() {
    let sequences: Vec<Vec<u32>> = (0..40_u32)
        .map(|row| {
            (0..5 + row % 7)
                .map(|place| 2 + (place + row) % 9)
                .collect()
        })
        .collect();
    let packed = PackedRows::pack(&sequences, 8).unwrap();
    let streamed = StreamedRows::new(Elsewhere(sequences), 8, None).unwrap();
    let model = ChemGptConfig::new(12, 16, 1, 2).with_positions(8);
    let training = TrainingConfig::new(9).with_rate(1e-2).with_batch(4);
    let saving = Saving { every: 2, keep: 1 };
    let run = |folder: &std::path::Path, data: [&dyn TokenRows; 2], stop_at: u64| {
        let mut observe = |progress: &backend::run::Progress| {
            if progress.step == stop_at {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let device = device();
        train_in_folder(
            folder,
            &model,
            &training,
            saving,
            data,
            &device,
            &mut observe,
        )
        .unwrap()
    };
    let whole = tempfile::tempdir().unwrap();
    let reference = run(whole.path(), [&packed, &packed], u64::MAX);
    for begun in [&packed as &dyn TokenRows, &streamed] {
        let folder = tempfile::tempdir().unwrap();
        run(folder.path(), [begun, begun], 5);
        let resumed = run(folder.path(), [&streamed, &streamed], u64::MAX);
        let read = |path: &std::path::Path| std::fs::read_to_string(path.join("metrics.csv"));
        assert_eq!(read(folder.path()).unwrap(), read(whole.path()).unwrap());
        assert_eq!(
            resumed.model.named_tensors(),
            reference.model.named_tensors()
        );
    }
}

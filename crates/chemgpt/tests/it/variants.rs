//! The same step by other means: recomputation, ordinary operations, bfloat16, several devices.

use std::ops::ControlFlow;

use backend::optim::Decay;
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use chemgpt::train::{Devices, Trainer};
use chemgpt::{Batch, ChemGpt, ChemGptConfig, Precision, TrainingConfig, train};

use crate::golden::assert_close;
use crate::parity::device;
use crate::training::pattern;

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

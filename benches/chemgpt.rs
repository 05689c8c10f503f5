//! One training step of a small ChemGPT (4 layers, width 64, 8 × 128 tokens) and one drawn molecule, each by the fused
//! operations and by ordinary tensor operations.

use std::hint::black_box;

use chemgpt::generate::{SamplingOptions, generate};
use chemgpt::train::Trainer;
use chemgpt::{Batch, ChemGptConfig, TrainingConfig};
use criterion::{Criterion, criterion_group, criterion_main};

fn config() -> ChemGptConfig {
    ChemGptConfig::new(64, 64, 4, 4).with_positions(128)
}

fn training(criterion: &mut Criterion) {
    let device = backend::device("flex")
        .expect("flex is a default feature")
        .autodiff();
    let ids = (0..8 * 128_u32).map(|at| at * 7919 % 59 + 5).collect();
    let batch = Batch::new(ids, 128);
    let mut group = criterion.benchmark_group("training_step_8x128");
    group.sample_size(10);
    for (name, fused) in [("fused", true), ("plain", false)] {
        let model = config().init(1, &device).with_fused_operations(fused);
        let mut trainer = Trainer::new(model, &TrainingConfig::new(u64::MAX))
            .expect("every device knows float32");
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(trainer.step(&batch).expect("the batch fits the model")));
        });
    }
    group.finish();
}

fn sampling(criterion: &mut Criterion) {
    let device = backend::device("flex").expect("flex is a default feature");
    let options = SamplingOptions {
        max_new_tokens: 40,
        end: None,
        ..SamplingOptions::default()
    };
    let mut group = criterion.benchmark_group("draw_40_tokens");
    group.sample_size(10);
    for (name, fused) in [("fused", true), ("plain", false)] {
        let model = config().init(1, &device).with_fused_operations(fused);
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                black_box(generate(&model, &[vec![2]], &options).expect("the prompt fits"))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, training, sampling);
criterion_main!(benches);

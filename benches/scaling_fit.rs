//! What a user of `scaling-fit` waits for: one joint fit to 245 runs, its bootstrap, and a sweep over many series.

use criterion::{Criterion, criterion_group, criterion_main};
use scaling_fit::{FitOptions, Law, Objective, Points, fit};
use std::hint::black_box;

/// 245 runs of a joint law with deviations of the size and tails seen in published data.
fn joint() -> Points {
    let mut columns = [Vec::new(), Vec::new(), Vec::new()];
    for row in 0..245 {
        let u = |k: f64| (f64::from(row) * k).fract();
        let n = 4e7 * 400_f64.powf(u(0.618_033_988_7));
        let d = 3e8 * 900_f64.powf(u(0.754_877_666_2));
        let z = (u(0.569_840_291) - 0.5) * 2.0;
        let noise = 0.006 * z / (1.02 - z * z);
        columns[0].push(n);
        columns[1].push(d);
        let loss = Law::Joint.loss(&[482.0, 2085.43, 1.8172, 0.3478, 0.3658], &[n, d]);
        columns[2].push(loss * noise.exp());
    }
    Points::two(&columns[0], &columns[1], &columns[2])
}

/// 92 series in one resource with as many points as the extrapolation benchmark of Alabdulmohsin et al. 2022 has: 72
/// of image classification with 290 on the average, 20 others with 20.
fn series() -> Vec<Points> {
    (0..92)
        .map(|number| {
            let u = |k: f64| (f64::from(number + 1) * k).fract();
            let points = if number < 72 { 290 } else { 20 };
            let step = 4096_f64.powf(1.0 / f64::from(points - 1));
            let resource: Vec<f64> = (0..points).map(|i| 5e5 * step.powi(i)).collect();
            let law = [
                0.05 + 0.4 * u(0.618),
                10.0 + 300.0 * u(0.755),
                0.15 + 0.4 * u(0.57),
            ];
            let loss: Vec<f64> = resource
                .iter()
                .enumerate()
                .map(|(i, r)| {
                    let noise = 0.01 * (1.7 * i as f64 + f64::from(number)).sin();
                    Law::Saturating.loss(&law, &[*r]) * noise.exp()
                })
                .collect();
            Points::one(&resource, &loss)
        })
        .collect()
}

fn benches(criterion: &mut Criterion) {
    let points = joint();
    let estimate = FitOptions::default().estimate_only();
    let mut group = criterion.benchmark_group("scaling_fit");
    group.sample_size(10);
    group.bench_function("joint, 245 runs, all starts", |b| {
        b.iter(|| fit(Law::Joint, black_box(&points), &estimate).expect("the points are sound"));
    });
    let single = FitOptions {
        starts: Some(1),
        ..estimate.clone()
    };
    group.bench_function("joint, 245 runs, one start", |b| {
        b.iter(|| fit(Law::Joint, black_box(&points), &single).expect("the points are sound"));
    });
    let resampled = FitOptions {
        profile: false,
        ..FitOptions::default()
    }
    .bootstrap(4000, 1);
    let pool = rayon_of_one();
    group.bench_function("joint, 245 runs, 4000 bootstraps, one thread", |b| {
        b.iter(|| {
            pool.install(|| {
                fit(Law::Joint, black_box(&points), &resampled).expect("the points are sound")
            })
        });
    });
    let series = series();
    let squares = estimate.objective(Objective::LogSquares);
    group.bench_function("92 series, four laws each", |b| {
        b.iter(|| {
            for points in &series {
                for law in [
                    Law::Power,
                    Law::Saturating,
                    Law::Shifted { floor: false },
                    Law::SigmoidLike,
                ] {
                    black_box(fit(law, points, &squares).expect("the points are sound"));
                }
            }
        });
    });
    group.finish();
}

fn rayon_of_one() -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .expect("a pool of one thread")
}

criterion_group!(all, benches);
criterion_main!(all);

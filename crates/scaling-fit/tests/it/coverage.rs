//! How often a nominal 95 % interval covers the truth, by simulation.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;
use scaling_fit::{FitOptions, Law, Method, Objective, Points, fit};

/// A normal deviate by the polar method (Marsaglia and Bray 1964, doi:10.1137/1006063).
fn normal(random: &mut ChaCha8Rng) -> f64 {
    loop {
        let u = 2.0 * random.random::<f64>() - 1.0;
        let v = 2.0 * random.random::<f64>() - 1.0;
        let s = u * u + v * v;
        if s > 0.0 && s < 1.0 {
            return u * (-2.0 * s.ln() / s).sqrt();
        }
    }
}

/// Shares of simulated sets in which the profile and the Wald interval of the exponent of a saturating law hold the
/// truth.
fn coverage(objective: Objective, rows: u64, noise: f64, simulations: u32) -> [f64; 2] {
    let truth = [1.7, 400.0, 0.34];
    let mut random = ChaCha8Rng::seed_from_u64(rows);
    let mut inside = [0; 2];
    for _ in 0..simulations {
        let resource: Vec<f64> = (0..rows)
            .map(|i| 1e5 * 1e6_f64.powf(i as f64 / (rows - 1) as f64))
            .collect();
        let loss: Vec<f64> = resource
            .iter()
            .map(|r| Law::Saturating.loss(&truth, &[*r]) * (noise * normal(&mut random)).exp())
            .collect();
        let options = FitOptions::default().objective(objective);
        let found = fit(Law::Saturating, &Points::one(&resource, &loss), &options).unwrap();
        for (count, method) in inside.iter_mut().zip([Method::Profile, Method::Wald]) {
            let interval = found.interval("b", method).expect("an interval");
            *count += usize::from(interval.contains(truth[2]));
        }
    }
    let shares = inside.map(|count| count as f64 / f64::from(simulations));
    eprintln!(
        "{} {rows} rows: profile {:.3}, Wald {:.3}",
        objective.name(),
        shares[0],
        shares[1]
    );
    shares
}

#[test]
fn profile_intervals_of_a_saturating_law_cover_as_often_as_they_say() {
    // With few simulations the Monte-Carlo error is wide, and so are the limits: three standard errors of 0.95.
    let slow = std::env::var_os("RUN_SLOW_TESTS").is_some();
    let (simulations, low, high) = if slow {
        (2000, 0.92, 0.98)
    } else {
        (200, 0.90, 0.995)
    };
    for (rows, noise) in [(8, 0.01), (16, 0.01), (30, 0.02)] {
        let shares = coverage(Objective::LogSquares, rows, noise, simulations);
        assert!((low..=high).contains(&shares[0]), "{rows} rows: {shares:?}");
    }
}

#[test]
fn intervals_of_robust_objectives_cover_when_noise_is_far_above_their_threshold() {
    let slow = std::env::var_os("RUN_SLOW_TESTS").is_some();
    let simulations = if slow { 1000 } else { 50 };
    for objective in [
        Objective::default(),
        Objective::LogAbsolute,
        Objective::LogHuberFreeScale { delta: 1e-3 },
    ] {
        let rows = 24;
        let shares = coverage(objective, rows, 0.02, simulations);
        assert!(
            shares.iter().all(|share| *share >= 0.85),
            "{} with {rows} rows: {shares:?}",
            objective.name()
        );
    }
}

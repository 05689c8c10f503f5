//! Rules that hold for every data set: order, weights, units, threads, constraints.

use proptest::prelude::*;
use scaling_fit::{Constraint, FitOptions, Law, Method, Objective, Points, Role, fit};

/// Losses of a law with a pattern of small deviations that needs no generator.
fn noisy(law: Law, parameters: &[f64], resources: &[Vec<f64>]) -> Vec<f64> {
    (0..resources[0].len())
        .map(|i| {
            let at: Vec<f64> = resources.iter().map(|c| c[i]).collect();
            law.loss(parameters, &at) * (0.004 * (1.7 * i as f64).sin()).exp()
        })
        .collect()
}

fn grid() -> Vec<Vec<f64>> {
    let mut n = Vec::new();
    let mut d = Vec::new();
    for i in 0..6 {
        for j in 0..6 {
            n.push(1e7 * 4_f64.powi(i));
            d.push(2e8 * 5_f64.powi(j));
        }
    }
    vec![n, d]
}

const TRUTH: [f64; 5] = [482.0, 2085.43, 1.8172, 0.3478, 0.3658];

fn joint_points() -> Points {
    let resources = grid();
    let loss = noisy(Law::Joint, &TRUTH, &resources);
    Points {
        resources,
        loss,
        ..Points::default()
    }
}

#[test]
fn the_order_of_rows_and_the_number_of_threads_change_no_bit() {
    let points = joint_points();
    let options = FitOptions::default().bootstrap(40, 7);
    let here = fit(Law::Joint, &points, &options).unwrap();
    let reversed: Vec<usize> = (0..points.len()).rev().collect();
    let there = fit(Law::Joint, &points.select(&reversed), &options).unwrap();
    assert_eq!(here, there);
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let again = pool.install(|| fit(Law::Joint, &points, &options).unwrap());
        assert_eq!(here, again, "{threads} threads");
    }
}

#[test]
fn weight_two_equals_the_row_twice_and_weight_zero_its_absence() {
    let points = joint_points();
    let mut weights = vec![1.0; points.len()];
    weights[3] = 2.0;
    weights[10] = 0.0;
    let mut rows: Vec<usize> = (0..points.len()).filter(|&r| r != 10).collect();
    rows.push(3);
    for objective in [Objective::default(), Objective::LogSquares] {
        let options = FitOptions::default().objective(objective);
        let weighted = fit(Law::Joint, &points.clone().with_weights(&weights), &options).unwrap();
        let repeated = fit(Law::Joint, &points.select(&rows), &options).unwrap();
        for (a, b) in weighted.parameters.iter().zip(&repeated.parameters) {
            approx::assert_relative_eq!(a.value, b.value, max_relative = 1e-7);
            approx::assert_relative_eq!(
                a.standard_error.unwrap(),
                b.standard_error.unwrap(),
                max_relative = 1e-6
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn units_move_amplitudes_and_leave_exponents(k in 1e-3_f64..1e6, c in 0.01_f64..50.0) {
        let points = joint_points();
        let mut scaled = points.clone();
        for n in &mut scaled.resources[0] { *n *= k; }
        for l in &mut scaled.loss { *l *= c; }
        let options = FitOptions::default().estimate_only();
        let here = fit(Law::Joint, &points, &options).unwrap();
        let there = fit(Law::Joint, &scaled, &options).unwrap();
        let value = |f: &scaling_fit::Fit, n: &str| f.value_of(n).unwrap();
        prop_assert!((value(&there, "alpha") / value(&here, "alpha") - 1.0).abs() < 1e-6);
        prop_assert!((value(&there, "beta") / value(&here, "beta") - 1.0).abs() < 1e-6);
        prop_assert!((value(&there, "E") / (c * value(&here, "E")) - 1.0).abs() < 1e-6);
        let moved = c * value(&here, "A") * k.powf(value(&here, "alpha"));
        prop_assert!((value(&there, "A") / moved - 1.0).abs() < 1e-5);
    }

    #[test]
    fn no_input_makes_it_panic_or_return_nan(
        resource in prop::collection::vec(prop::num::f64::ANY, 0..9),
        loss in prop::collection::vec(prop::num::f64::ANY, 0..9),
    ) {
        for law in [Law::Power, Law::Saturating, Law::Shifted { floor: false }] {
            if let Ok(found) = fit(law, &Points::one(&resource, &loss), &FitOptions::default()) {
                for value in found.values() {
                    prop_assert!(!value.is_nan());
                }
            }
        }
    }

    #[test]
    fn positive_inputs_of_any_size_never_panic(
        rows in prop::collection::vec((-300.0_f64..300.0, -300.0_f64..300.0), 2..9),
    ) {
        let resource: Vec<f64> = rows.iter().map(|r| 10_f64.powf(r.0)).collect();
        let loss: Vec<f64> = rows.iter().map(|r| 10_f64.powf(r.1)).collect();
        for law in [Law::Power, Law::Saturating, Law::Broken { breaks: 0, floor: true }] {
            for objective in [Objective::default(), Objective::LogAbsolute] {
                let options = FitOptions::default().objective(objective);
                if let Ok(found) = fit(law, &Points::one(&resource, &loss), &options) {
                    prop_assert!(found.values().iter().all(|v| !v.is_nan()));
                }
            }
        }
    }
}

#[test]
fn fixed_bounded_and_tied_parameters_obey() {
    let points = joint_points();
    let base = FitOptions::default().objective(Objective::LogSquares);
    let fixed = fit(
        Law::Joint,
        &points,
        &base.clone().constrain(Constraint::fixed("E", 1.9)),
    )
    .unwrap();
    assert_eq!(fixed.value_of("E"), Some(1.9));
    assert_eq!(fixed.parameters[2].role, Role::Fixed);
    assert!((fixed.degrees_of_freedom - 32.0).abs() < 1e-12);
    let free = fit(Law::Joint, &points, &base).unwrap();
    assert!(fixed.value >= free.value);

    let tied = fit(
        Law::Joint,
        &points,
        &base
            .clone()
            .constrain(Constraint::tied("beta", "alpha", 1.0)),
    )
    .unwrap();
    assert_eq!(tied.value_of("alpha"), tied.value_of("beta"));
    let half = fit(
        Law::Joint,
        &points,
        &base.clone().constrain(Constraint::allocation(0.5).unwrap()),
    )
    .unwrap();
    assert_eq!(half.values(), tied.values());
    let interval = |name: &str| tied.interval(name, Method::Profile).unwrap();
    assert_eq!(interval("alpha").lower, interval("beta").lower);

    let bounded = fit(
        Law::Joint,
        &points,
        &base
            .clone()
            .constrain(Constraint::bounded("alpha", 0.1, 0.3)),
    )
    .unwrap();
    assert!((bounded.value_of("alpha").unwrap() - 0.3).abs() < 1e-12);
    assert!(bounded.warned("at_bound"));

    let none = fit(
        Law::Joint,
        &points,
        &base.clone().constrain(Constraint::fixed("E", 0.0)),
    )
    .unwrap();
    assert_eq!(none.value_of("E"), Some(0.0));
    let wrong = fit(
        Law::Joint,
        &points,
        &base.constrain(Constraint::fixed("gamma", 1.0)),
    );
    assert_eq!(wrong.unwrap_err().code(), "unknown_parameter");
}

#[test]
fn results_survive_json() {
    let found = fit(
        Law::Joint,
        &joint_points(),
        &FitOptions::default().bootstrap(20, 1),
    )
    .unwrap();
    let text = serde_json::to_string(&found).unwrap();
    let back: scaling_fit::Fit = serde_json::from_str(&text).unwrap();
    assert_eq!(found, back);
}

#[test]
fn asymmetric_loss_bends_the_law_towards_the_penalised_side() {
    let points = joint_points();
    let plain = fit(Law::Joint, &points, &FitOptions::default().estimate_only()).unwrap();
    let objective = Objective::Asymmetric {
        delta: 1e-3,
        factor: 10.0,
    };
    let strict = fit(
        Law::Joint,
        &points,
        &FitOptions::default().objective(objective).estimate_only(),
    )
    .unwrap();
    let over = |f: &scaling_fit::Fit| {
        (0..points.len())
            .filter(|&i| f.loss(&[points.resources[0][i], points.resources[1][i]]) > points.loss[i])
            .count()
    };
    assert!(
        over(&strict) < over(&plain),
        "{} {}",
        over(&strict),
        over(&plain)
    );
}

#[test]
fn bootstrap_by_run_is_wider_when_rows_of_a_run_move_together() {
    let resource: Vec<f64> = (0..24)
        .map(|i| 1e6 * 10_f64.powf(f64::from(i / 3) * 0.5))
        .collect();
    let loss: Vec<f64> = resource
        .iter()
        .enumerate()
        .map(|(i, r)| 12.0 * r.powf(-0.17) * (0.03 * (2.3 * (i / 3) as f64).sin()).exp())
        .collect();
    let runs: Vec<u64> = (0..24).map(|i| i / 3).collect();
    let options = FitOptions::default()
        .objective(Objective::LogSquares)
        .bootstrap(400, 3);
    let points = Points::one(&resource, &loss);
    let width = |points: &Points| {
        fit(Law::Power, points, &options)
            .unwrap()
            .interval("b", Method::Bootstrap)
            .unwrap()
            .width()
            .unwrap()
    };
    assert!(width(&points.clone().with_groups(&runs)) > 1.3 * width(&points));
}

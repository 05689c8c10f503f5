//! Other published data sets and the numbers that were published for them.

use crate::chinchilla::check;
use crate::golden::{close, golden, number, numbers};
use scaling_fit::{FitOptions, IsoRun, Law, Minimum, Objective, Points, fit, isoflop, rolling};

#[test]
fn the_over_training_law_predicts_the_large_runs_as_published() {
    let Some(file) = golden("third_party/gadre_overtraining.json") else {
        return;
    };
    let mut published_runs = 0;
    for set in ["c4_original", "rpj", "rw_original"] {
        let case = &file["expect"][set];
        let rows = case["train"].as_array().unwrap();
        let column = |key: &str| rows.iter().map(|r| number(&r[key])).collect::<Vec<_>>();
        let n = column("N");
        let d: Vec<f64> = n.iter().zip(column("M")).map(|(n, m)| n * m).collect();
        let points = Points::two(&n, &d, &column("L"));
        let options = FitOptions::default().objective(Objective::Squares);
        let found = fit(Law::OverTraining, &points, &options).unwrap();
        let p = |name: &str| found.value_of(name).unwrap();
        // L = alpha N^q + beta 6^(q/2) D^q + E is the same law with q = -2 eta.
        let q = -2.0 * p("eta");
        close(set, q, number(&case["varpro"]["q"]), 1e-5);
        close(
            set,
            p("a") * 6_f64.powf(q / 2.0),
            number(&case["varpro"]["alpha"]),
            1e-4,
        );
        close(set, p("b"), number(&case["varpro"]["beta"]), 1e-4);
        close(set, p("E"), number(&case["varpro"]["E"]), 1e-5);
        close(set, found.value, number(&case["varpro"]["sse"]), 1e-7);

        // Runs of 1.4 and 6.9 billion parameters, trained on 20 tokens a parameter times the factor in their name.
        for (run, expected) in case["large"].as_object().unwrap() {
            let (model, factor) = run.split_once(" x").unwrap();
            let n = match model {
                "open_lm_1b" => 1_439_795_200.0,
                "open_lm_7b" => 6_889_410_560.0,
                other => panic!("{other} is unknown"),
            };
            let m = 20.0 * factor.parse::<f64>().unwrap();
            let predicted = found.loss(&[n, n * m]);
            close(run, predicted, number(&expected["predicted"]), 1e-6);
            let actual = number(&expected["actual"]);
            let error = 100.0 * (predicted - actual).abs() / actual;
            close(run, error, number(&expected["rel_err_pct"]), 1e-3);
            let published = match (set, run.as_str()) {
                ("rpj", "open_lm_1b x32") => "rpj_1b_x32_rel_err_pct",
                ("rpj", "open_lm_7b x1") => "rpj_7b_x1_rel_err_pct",
                _ => continue,
            };
            close(
                published,
                error,
                number(&file["published"][published]),
                2e-4,
            );
            published_runs += 1;
        }
    }
    assert_eq!(published_runs, 2);
}

#[test]
fn an_exact_isoflop_set_is_solved_exactly_and_shows_the_bias_of_other_methods() {
    let Some(file) = golden("third_party/cs336_isoflop.json") else {
        return;
    };
    let input = &file["input"];
    let (n, c, loss) = (
        numbers(&input["parameters"]),
        numbers(&input["compute_budget"]),
        numbers(&input["final_loss"]),
    );
    let runs: Vec<IsoRun> = (0..n.len())
        .map(|i| IsoRun {
            compute: c[i],
            size: n[i],
            loss: loss[i],
        })
        .collect();
    for (key, minimum) in [
        ("argmin_then_line", Minimum::Lowest),
        ("parabola_then_line", Minimum::Parabola),
    ] {
        let found = isoflop(&runs, minimum).unwrap();
        let expect = &file["expect"][key];
        close(
            key,
            found.exponent.unwrap(),
            number(&expect["exponent"]),
            1e-5,
        );
        close(
            key,
            found.intercept.unwrap(),
            number(&expect["log10_coef"]),
            1e-5,
        );
        for (compute, size) in expect["N_at"].as_object().unwrap() {
            close(
                key,
                found.size_at(compute.parse().unwrap()).unwrap(),
                number(size),
                1e-5,
            );
        }
    }
    let d: Vec<f64> = c.iter().zip(&n).map(|(c, n)| c / 6.0 / n).collect();
    let points = Points::two(&n, &d, &loss);
    for objective in [Objective::Squares, Objective::default()] {
        let options = FitOptions::default().objective(objective).estimate_only();
        let found = fit(Law::Joint, &points, &options).unwrap();
        check("truth", &found, &file["exact_truth"], 1e-6);
        for (compute, size) in file["expect"]["joint_vpnls"]["N_at"].as_object().unwrap() {
            let got = found.frontier(compute.parse().unwrap(), 6.0, 0.95).unwrap();
            close(compute, got.optimum.parameters, number(size), 1e-5);
        }
    }
}

#[test]
fn exponents_of_published_optima_follow_from_a_plain_line() {
    let Some(file) = golden("third_party/porian_isoflop.json") else {
        return;
    };
    for case in file["cases"].as_array().unwrap() {
        let points = Points::one(&numbers(&case["flops"]), &numbers(&case["n_opt"]));
        let options = FitOptions::default().objective(Objective::LogSquares);
        let line = fit(Law::Power, &points, &options).unwrap();
        let expect = &case["expect"];
        close(
            "exponent",
            -line.value_of("b").unwrap(),
            number(&expect["published_exponent"]),
            1e-9,
        );
        close(
            "coefficient",
            line.value_of("a").unwrap(),
            number(&expect["published_coef"]),
            1e-7,
        );
        assert!(line.warned("loss_rises_with_resource"));
        let weights: Vec<f64> = numbers(&case["log_sd"])
            .iter()
            .map(|sd| sd.powi(-2))
            .collect();
        let weighted = fit(Law::Power, &points.with_weights(&weights), &options).unwrap();
        close(
            "weighted",
            -weighted.value_of("b").unwrap(),
            number(&expect["weighted_exponent"]),
            1e-9,
        );
    }
}

#[test]
fn the_addition_series_breaks_where_published_and_is_not_trusted_before() {
    let Some(file) = golden("third_party/bnsl_addition.json") else {
        return;
    };
    let (x, y) = (numbers(&file["x"]), numbers(&file["y"]));
    let points = Points::one(&x, &y);
    let law = Law::Broken {
        breaks: 1,
        floor: true,
    };
    let expect = &file["expect"];
    let published = &expect["published_recipe"];
    let first = points.select(&(0..14).collect::<Vec<_>>());
    let options = FitOptions::default()
        .objective(Objective::Log1pSquares)
        .estimate_only();
    let found = fit(law, &first, &options).unwrap();
    for (name, value) in published["params"].as_object().unwrap() {
        close(name, found.value_of(name).unwrap(), number(value), 1e-4);
    }
    close(
        "mse",
        found.value / 14.0,
        number(&published["mse_log1p"]),
        1e-6,
    );
    for (at, expected) in x[14..].iter().zip(numbers(&published["pred"])) {
        close("prediction", found.loss(&[*at]), expected, 1e-5);
    }

    let options = FitOptions::default().objective(Objective::LogSquares);
    let origins = rolling(law, &points, &options, &(9..=16).collect::<Vec<_>>()).unwrap();
    assert_eq!(origins.len(), 8);
    for origin in &origins {
        let stored = &expect["split_sweep"][origin.fitted.to_string()];
        if origin.fitted >= 12 {
            close(
                "held out",
                origin.rmse,
                number(&stored["rmsle_extrapolate"]),
                1e-4,
            );
        }
        if origin.fitted <= 11 {
            assert!(
                origin.fit.warned("break_not_identified"),
                "{}",
                origin.fitted
            );
        }
        if origin.fitted == 14 {
            close(
                "sse",
                origin.fit.sum_of_squares,
                number(&expect["multistart_log"]["sse_log"]),
                1e-2,
            );
            assert!(origin.rmse < 0.02, "{}", origin.rmse);
        }
    }
    let line = fit(Law::Power, &first, &options).unwrap();
    let baseline = &expect["baseline_power_law"];
    close(
        "baseline",
        line.value_of("b").unwrap(),
        number(&baseline["b"]),
        1e-9,
    );
}

#[test]
fn published_translation_series_are_fitted_by_every_form() {
    let Some(file) = golden("third_party/revisit_nmt.json") else {
        return;
    };
    for series in file["series"].as_array().unwrap() {
        let name = series["model"].as_str().unwrap();
        let (x, y, train) = (
            numbers(&series["x"]),
            numbers(&series["y"]),
            numbers(&series["train"]),
        );
        let rows: Vec<usize> = (0..x.len()).filter(|&i| train[i] > 0.5).collect();
        let points = Points::one(&x, &y);
        let training = points.select(&rows);
        let held = |found: &scaling_fit::Fit| {
            let errors: Vec<f64> = (0..x.len())
                .filter(|&i| train[i] < 0.5)
                .map(|i| y[i].ln() - found.loss(&[x[i]]).ln())
                .collect();
            (errors.iter().map(|e| e * e).sum::<f64>() / errors.len() as f64).sqrt()
        };
        let squares = FitOptions::default()
            .objective(Objective::LogSquares)
            .estimate_only();
        let run = |law: Law, objective: Objective| {
            fit(law, &training, &squares.clone().objective(objective)).unwrap()
        };
        let expect = &series["expect"];
        let m1 = run(Law::Power, Objective::LogSquares);
        close(
            name,
            m1.value_of("a").unwrap(),
            number(&expect["M1"]["beta"]),
            1e-9,
        );
        close(
            name,
            -m1.value_of("b").unwrap(),
            number(&expect["M1"]["c"]),
            1e-9,
        );
        close(name, held(&m1), number(&expect["M1"]["rmse_log"]), 1e-9);
        let m2 = run(Law::Saturating, Objective::LogExcess);
        close(
            name,
            m2.value_of("a").unwrap(),
            number(&expect["M2"]["beta"]),
            1e-5,
        );
        close(
            name,
            -m2.value_of("b").unwrap(),
            number(&expect["M2"]["c"]),
            1e-5,
        );
        close(name, held(&m2), number(&expect["M2"]["rmse_log"]), 1e-5);
        let m3 = run(Law::Shifted { floor: false }, Objective::LogSquares);
        close(
            name,
            m3.value_of("a").unwrap(),
            number(&expect["M3"]["beta"]),
            1e-4,
        );
        close(
            name,
            -m3.value_of("b").unwrap(),
            number(&expect["M3"]["c"]),
            1e-4,
        );
        close(name, held(&m3), number(&expect["M3"]["rmse_log"]), 1e-4);
        let floor = run(Law::Saturating, Objective::default());
        close(
            name,
            held(&floor),
            number(&expect["SAT_logL_huber"]["rmse_log"]),
            1e-4,
        );
        let m4 = run(Law::SigmoidLike, Objective::LogSquares);
        assert!(
            held(&m4) <= 1.2 * number(&expect["M4"]["rmse_log"]),
            "{name}"
        );
    }
}

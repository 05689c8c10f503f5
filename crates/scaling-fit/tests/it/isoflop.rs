//! The parabola method and its bias.

use crate::golden::{close, golden, number, numbers};
use scaling_fit::{IsoRun, Law, Minimum, isoflop};

#[test]
fn the_bias_of_the_parabola_is_the_published_one() {
    let Some(file) = golden("isoflop_bias.json") else {
        return;
    };
    let table = file["bias_table"].as_object().unwrap();
    assert_eq!(table.len(), 12);
    for (name, expect) in table {
        // Surfaces of Czech 2026; the symmetric one has equal amplitudes.
        let (surface, width) = name.split_once(" +-").unwrap();
        let parameters = match surface {
            "symmetric" => [400.0, 400.0, 1.69, 0.31, 0.31],
            "chinchilla" => [406.4, 410.7, 1.69, 0.34, 0.28],
            _ => [406.4, 410.7, 1.69, 0.465, 0.155],
        };
        let factor: f64 = width.trim_end_matches('x').parse().unwrap();
        let mut runs = Vec::new();
        for exponent in 17..=21 {
            let compute = 10_f64.powi(exponent);
            let best = Law::Joint
                .optimum(&parameters, compute, 6.0)
                .unwrap()
                .tokens;
            for step in 0..15 {
                let tokens = best * factor.powf(f64::from(step) / 7.0 - 1.0);
                let loss = Law::Joint.loss(&parameters, &[compute / 6.0 / tokens, tokens]);
                runs.push(IsoRun {
                    compute,
                    size: tokens,
                    loss,
                });
            }
        }
        let found = isoflop(&runs, Minimum::Parabola).unwrap();
        let truth = Law::Joint.optimum(&parameters, 1e24, 6.0).unwrap().tokens;
        close(name, truth, number(&expect["true_D_at_1e24"]), 1e-9);
        close(
            name,
            found.exponent.unwrap(),
            number(&expect["D_exponent"]),
            1e-6,
        );
        close(
            name,
            found.intercept.unwrap(),
            number(&expect["log10_coef"]),
            1e-6,
        );
        let got = found.size_at(1e24).unwrap();
        close(name, got, number(&expect["D_at_1e24"]), 1e-6);
        let error = 100.0 * (got / truth - 1.0);
        assert!(
            (error - number(&expect["rel_err_pct"])).abs() < 1e-5,
            "{name}: {error}"
        );
        assert_eq!(
            found.warnings.iter().any(|w| w.code() == "parabola_bias"),
            factor > 4.0,
            "{name}"
        );
    }
}

#[test]
fn budgets_without_a_bracketed_minimum_are_skipped_and_listed() {
    let Some(file) = golden("degenerate.json") else {
        return;
    };
    let mut seen = 0;
    for case in file["cases"].as_array().unwrap() {
        if case["law"] != "isoflop" {
            continue;
        }
        seen += 1;
        let (c, n) = (numbers(&case["C"]), numbers(&case["N"]));
        let runs: Vec<IsoRun> = numbers(&case["loss"])
            .into_iter()
            .enumerate()
            .map(|(i, loss)| IsoRun {
                compute: c[i],
                size: n[i],
                loss,
            })
            .collect();
        let found = isoflop(&runs, Minimum::Parabola).unwrap();
        assert_eq!(found.skipped, numbers(&case["expect"]["skipped"]));
        assert!(found.budgets.is_empty());
        assert_eq!(
            found.warnings[0].code(),
            case["expect"]["code"].as_str().unwrap()
        );
    }
    assert_eq!(seen, 3);
}

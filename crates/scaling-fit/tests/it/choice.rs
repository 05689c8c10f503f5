//! Model choice against the reference table.

use crate::golden::{close, golden, number, numbers};
use crate::synthetic::law;
use scaling_fit::{Points, compare, nested_test};

#[test]
fn criteria_held_out_errors_and_the_choice_agree_with_the_reference() {
    let Some(file) = golden("model_choice.json") else {
        return;
    };
    for case in file["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let names = ["power", "saturating", "shifted_m3", "bnsl1"];
        let laws: Vec<_> = names.iter().map(|n| law(n)).collect();
        let points = Points::one(&numbers(&case["resource"]), &numbers(&case["loss"]));
        let held = usize::try_from(case["held_out_last"].as_u64().unwrap()).unwrap();
        let found = compare(&laws, &points, held).unwrap();
        let expect = &case["expect"];
        for (candidate, law) in found.candidates.iter().zip(names) {
            let table = &expect["table"][law];
            let label = format!("{name} {law}");
            // A richer law may end in a better optimum than the stored one, never in a worse one.
            let squares = candidate.fit.sum_of_squares;
            let stored = number(&table["sse_log"]);
            assert!(
                squares <= stored * (1.0 + 1e-3),
                "{label}: {squares} against {stored}"
            );
            if law == "bnsl1" && (squares - stored).abs() > 1e-6 * stored {
                continue;
            }
            for (key, got) in [
                ("loglik", candidate.log_likelihood),
                ("aic", candidate.aic),
                ("aicc", candidate.aicc),
                ("bic", candidate.bic),
                ("held_out_rmsle", candidate.held_out_rmse.unwrap()),
            ] {
                close(&format!("{label} {key}"), got, number(&table[key]), 1e-4);
            }
            let bias = number(&table["held_out_bias"]);
            let scale = number(&table["held_out_rmsle"]);
            let difference = (candidate.held_out_bias.unwrap() - bias).abs();
            assert!(
                difference <= 1e-4 * scale,
                "{label}: {difference} of {scale}"
            );
            let weight = number(&table["akaike_weight"]);
            assert!(
                (candidate.akaike_weight - weight).abs() <= 1e-3,
                "{label} weight"
            );
        }
        assert_eq!(names[found.best_aicc], expect["best_aicc"], "{name}");
        assert_eq!(names[found.best_bic], expect["best_bic"], "{name}");
        assert_eq!(names[found.selected], expect["selected_by_rule"], "{name}");
        // The best held-out law may tie with one that it contains.
        let best =
            number(&expect["table"][expect["best_held_out"].as_str().unwrap()]["held_out_rmsle"]);
        let got = found.candidates[found.best_held_out.unwrap()]
            .held_out_rmse
            .unwrap();
        close(name, got, best, 1e-4);
    }
}

#[test]
fn the_nested_test_sees_a_floor_that_is_there_and_none_that_is_not() {
    let Some(file) = golden("model_choice.json") else {
        return;
    };
    for (case, floor) in [(0, false), (1, true)] {
        let case = &file["cases"][case];
        let points = Points::one(&numbers(&case["resource"]), &numbers(&case["loss"]));
        let found = compare(&[law("power"), law("saturating")], &points, 0).unwrap();
        let test = nested_test(&found.candidates[0].fit, &found.candidates[1].fit).unwrap();
        assert_eq!(test.p < 0.01, floor, "{test:?}");
    }
}

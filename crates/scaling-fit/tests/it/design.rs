//! Checks of a study's design.

use scaling_fit::{Points, coverage, schedule_mismatch};

#[test]
fn a_schedule_that_ended_elsewhere_than_the_tokens_is_flagged() {
    let tokens = [1e9, 1e9, 1e9, 1e9];
    let flagged = schedule_mismatch(&tokens, &[1e9, 1.2e9, 2e9, f64::NAN]).unwrap();
    assert_eq!(flagged.code(), "schedule_mismatch");
    assert!(flagged.to_string().contains("[2, 3]"), "{flagged}");
    assert_eq!(schedule_mismatch(&tokens, &[1e9, 0.8e9, 1.25e9, 1e9]), None);
}

#[test]
fn a_narrow_study_is_told_what_it_lacks() {
    let n = [1e6, 2e6, 4e6, 4e6];
    let found = coverage(
        &Points::two(&n, &[1e9; 4], &[3.0; 4]),
        &["parameters", "tokens"],
    );
    assert_eq!((found.sizes, found.replicated), (vec![3, 1], 1));
    assert_eq!(
        found.remarks,
        [
            "3 sizes of parameters, better at least 5",
            "parameters spans 0.6 decades, better at least 2",
            "1 sizes of tokens, better at least 5",
            "tokens spans 0.0 decades, better at least 2",
        ]
    );
    let wide: Vec<f64> = (0..10).map(|i| 1e6 * 2_f64.powi(i)).collect();
    let found = coverage(&Points::one(&wide, &[3.0; 10]), &["samples"]);
    assert_eq!(
        found.remarks,
        ["no size has two seeds, so the noise floor is unknown"]
    );
}

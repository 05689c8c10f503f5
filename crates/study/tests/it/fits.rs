//! The fits find a law that is known, and the verdicts say when an exponent must not be quoted.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use study::fits::{Axis, Laws, compare, laws};
use study::folder::StudyFolder;
use study::plan::{Planner, Setting};
use study::record::{Record, Status};
use study::runner::{Execution, execute};

use crate::search::plan;
use crate::synthetic::{ALPHA, BEST_RATE, BETA, FLOOR, Synthetic};

fn records() -> Vec<Record> {
    let plan = plan(&[BEST_RATE]);
    let families = Synthetic::boxed(Duration::ZERO);
    let planner = Planner {
        plan: &plan,
        family: families[0].as_ref(),
        device: "flex",
        threads: 1,
    };
    let setting = Setting {
        learning_rate: BEST_RATE,
        batch: 10,
    };
    let specs = planner.grid_specs(&[(plan.grid.sizes[0], setting)]);
    assert_eq!(specs.len(), 25, "five sizes times five data sizes");
    let out = tempfile::tempdir().unwrap();
    let folder = StudyFolder::open(out.path()).unwrap();
    let stop = AtomicBool::new(false);
    let execution = Execution {
        workers: 2,
        stop: &stop,
        versions: BTreeMap::new(),
    };
    execute(&folder, &families, "grid", &specs, &execution, &|_| {}).unwrap()
}

fn laws_of(records: &[Record]) -> Laws {
    laws(Synthetic::boxed(Duration::ZERO)[0].as_ref(), records)
}

#[test]
fn the_joint_law_of_the_synthetic_family_is_found() {
    let laws = laws_of(&records());
    let fit = laws.joint.joint.fit.as_ref().unwrap();
    for (name, truth) in [("alpha", ALPHA), ("beta", BETA), ("E", FLOOR)] {
        let found = fit.value_of(name).unwrap();
        assert!(
            (found - truth).abs() < 1e-4 * truth,
            "{name}: {found} against {truth}"
        );
    }
    assert!(
        laws.joint
            .exponents
            .iter()
            .all(|(_, _, verdict)| verdict.resolved)
    );
    assert_eq!(laws.joint.rows.len(), 25);
}

#[test]
fn a_curve_that_bends_towards_a_floor_is_not_sold_as_one_power_law() {
    let laws = laws_of(&records());
    // Along N at the smallest D the data term is a floor of 0.5 + 5 D^-0.3: the slope dies out.
    let bent = laws
        .curves
        .iter()
        .find(|curve| curve.axis == Axis::Parameters && curve.data_size == Some(100))
        .unwrap();
    assert!(!bent.verdict.resolved, "{:?}", bent.verdict);
    assert!(
        bent.verdict.reason.contains("not one power law"),
        "{}",
        bent.verdict.reason
    );
    let floor = bent.saturating.fit.as_ref().unwrap().value_of("E").unwrap();
    let truth = FLOOR + 5.0 * 4000_f64.powf(-BETA);
    assert!(
        (floor - truth).abs() < 1e-4 * truth,
        "{floor} against {truth}"
    );
}

#[test]
fn a_diverged_run_is_left_out_of_the_fit_and_named() {
    let mut records = records();
    records[3].status = Status::Diverged { step: 5 };
    let laws = laws_of(&records);
    let curve = laws
        .curves
        .iter()
        .find(|curve| curve.left_out.contains(&records[3].id))
        .unwrap();
    assert_eq!(curve.points.len(), 4);
    assert_eq!(laws.joint.rows.len(), 24);
}

#[test]
fn too_few_runs_leave_an_exponent_unresolved_with_a_reason() {
    let records = records();
    let one_size = records[0].spec.size;
    let few: Vec<Record> = records
        .into_iter()
        .filter(|record| record.spec.size == one_size && record.spec.data_size <= 400)
        .collect();
    let laws = laws_of(&few);
    for curve in &laws.curves {
        assert!(!curve.verdict.resolved);
        assert!(!curve.verdict.reason.is_empty());
    }
    assert!(laws.joint.joint.refused.is_some());
}

#[test]
fn runs_that_differ_in_their_seed_alone_give_the_noise() {
    let mut records = records();
    let mut twin = records[0].clone();
    twin.spec.seed = 2;
    let shifted = twin.validation["loss"] * 0.02_f64.exp();
    twin.validation.insert("loss".into(), shifted);
    records.push(twin);
    let noise = laws_of(&records).noise.unwrap();
    assert_eq!((noise.cells, noise.runs), (1, 2));
    // Two values 0.02 apart have a standard deviation of 0.02 / sqrt(2).
    assert!(
        (noise.sd_ln - 0.02 / 2_f64.sqrt()).abs() < 1e-12,
        "{}",
        noise.sd_ln
    );
}

#[test]
fn exponents_are_compared_with_the_width_that_both_bring() {
    let laws = laws_of(&records());
    let exponent = laws.joint.exponents[0].1.clone();
    let mut other = exponent.clone();
    other.value += 0.1;
    let comparison = compare(&exponent, &other).unwrap();
    assert!((comparison.difference + 0.1).abs() < 1e-12);
    other.upper = None;
    assert!(compare(&exponent, &other).is_none());
}

//! Ensembles and kept neighbours.

use atoms::Structure;
use equivariant_gnn::{Calculator, Error, ForceField, Potential};
use std::{collections::BTreeMap, sync::Arc};

use super::{calculator, fresh, some_molecule};

#[test]
fn an_ensemble_says_mean_and_spread_and_survives_the_disk() {
    let structure = some_molecule(4);
    let alone: Vec<_> = (1..4)
        .map(|seed| fresh(seed).evaluate(&structure).unwrap())
        .collect();
    let ensemble = Potential::ensemble((1..4).map(fresh)).unwrap();
    let said = ensemble.evaluate(&structure).unwrap();
    let mean = alone.iter().map(|e| e.energy).sum::<f64>() / 3.0;
    assert!((said.energy - mean).abs() < 1e-9);
    let spread = said.uncertainty.as_ref().unwrap();
    let squares: f64 = alone
        .iter()
        .map(|e| (e.forces[2][1] - said.forces[2][1]).powi(2))
        .sum();
    assert!((spread.forces[2][1] - (squares / 2.0).sqrt()).abs() < 1e-12);
    assert!(spread.energy > 0.0 && spread.largest_force() > 0.0);

    let folder = tempfile::tempdir().unwrap();
    ensemble.save(folder.path()).unwrap();
    let loaded = Potential::load(folder.path(), "flex").unwrap();
    assert_eq!(loaded.members(), 3);
    assert_eq!(loaded.evaluate(&structure).unwrap(), said);
    // A member is a potential like any other, and one saved over an ensemble takes its place.
    let second = Potential::load(Potential::member_folder(folder.path(), 1), "flex").unwrap();
    assert_eq!(second.evaluate(&structure).unwrap(), alone[1]);
    second.save(folder.path()).unwrap();
    let now = Potential::load(folder.path(), "flex").unwrap();
    assert_eq!(now.evaluate(&structure).unwrap(), alone[1]);
    let joined = Potential::join_members(folder.path(), 2, "flex").unwrap();
    assert_eq!(joined.members(), 2);
    assert_eq!(Potential::load(folder.path(), "flex").unwrap().members(), 2);
}

#[test]
fn members_that_do_not_fit_are_named() {
    let other = fresh(2);
    let other = Potential::new(
        other.config().clone(),
        other.weights().clone(),
        1.0,
        BTreeMap::from([(1, 0.0)]),
    )
    .unwrap();
    let error = Potential::ensemble([fresh(1), other]).unwrap_err();
    assert!(matches!(error, Error::Members { member: 1, .. }), "{error}");
    assert!(matches!(Potential::ensemble([]), Err(Error::Empty { .. })));
    let folder = tempfile::tempdir().unwrap();
    let list = |members: &str| {
        let text = format!(r#"{{"format":1,"crate_version":"0","members":[{members}]}}"#);
        std::fs::write(folder.path().join("ensemble.json"), text).unwrap();
        Potential::load(folder.path(), "flex")
            .unwrap_err()
            .to_string()
    };
    assert!(list("").contains("no structures") || list("").contains("ensemble"));
    assert!(list(r#""../elsewhere""#).contains("../elsewhere"));
    assert!(list(r#""member_0""#).contains("member_0"));
}

#[test]
fn a_kept_list_changes_no_bit_whatever_came_before() {
    let potential = Arc::new(fresh(1));
    let mut kept = Calculator::new(Arc::clone(&potential), 0.6).unwrap();
    let sample = backend::testing::crystal(3);
    let mut structure = Structure {
        species: sample.species,
        positions: sample.positions,
        cell: sample.cell,
        periodic: [true; 3],
        ..Structure::default()
    };
    for step in 0..30 {
        for (k, x) in (0_u32..).zip(structure.positions.as_flattened_mut()) {
            *x += 0.02 * f64::from(k + step).sin();
        }
        let direct = potential.evaluate(&structure).unwrap();
        assert_eq!(kept.evaluate(&structure).unwrap(), direct, "step {step}");
    }
    assert!((1..15).contains(&kept.searches()), "{}", kept.searches());
    // Another structure, a broken one, and the first again.
    let molecule = some_molecule(2);
    let direct = potential.evaluate(&molecule).unwrap();
    assert_eq!(kept.evaluate(&molecule).unwrap(), direct);
    let mut broken = molecule.clone();
    broken.species.pop();
    assert!(kept.evaluate(&broken).is_err());
    assert_eq!(kept.evaluate(&molecule).unwrap(), direct);
}

#[test]
fn threads_share_a_potential() {
    let potential = Arc::new(fresh(1));
    let structure = some_molecule(7);
    let expected = potential.evaluate(&structure).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut mine = Calculator::new(Arc::clone(&potential), 0.5).unwrap();
                let field: &mut dyn ForceField = &mut mine;
                assert_eq!(field.evaluate(&structure).unwrap(), expected);
            });
        }
    });
    assert!(Calculator::new(potential, 0.0).is_err());
    drop(calculator(fresh(1)));
}

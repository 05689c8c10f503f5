//! Evaluation without tensors: the same numbers as over the tape, whatever the structure and the number of threads.

use atoms::Structure;
use backend::{
    tape::{Graph, Tape},
    testing::{crystal, molecules},
};
use equivariant_gnn::{
    Batch, Evaluation, ModelConfig, PaiNNConfig, Potential, Precision, SchNetConfig,
    evaluate::{Wanted, predict},
    weights::{Weights, read_named},
};
use serde_json::Value;

use super::{
    fresh,
    golden::{close, folder, structures},
    structure,
};

/// Architectures and widths with loops of their own; one width fills two vectors and a half.
fn configs() -> Vec<ModelConfig> {
    vec![
        SchNetConfig::new(16, 1).into(),
        SchNetConfig::new(80, 3).into(),
        PaiNNConfig::new(16, 1).into(),
        PaiNNConfig::new(80, 3).into(),
        ModelConfig::from(PaiNNConfig::new(32, 2)).with_zbl(),
    ]
}

/// Atoms on a jittered grid in a cell of so many places along each axis.
pub(crate) fn grid(places: [u32; 3], periodic: bool) -> Structure {
    let mut species = Vec::new();
    let mut positions = Vec::new();
    let mut state = 1_u32;
    let mut jitter = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8) / f64::from(1 << 24) * 0.8
    };
    for x in 0..places[0] {
        for y in 0..places[1] {
            for z in 0..places[2] {
                species.push([1, 6, 8][((x + 2 * y + z) % 3) as usize]);
                positions.push([x, y, z].map(|k| 2.1 * f64::from(k) + jitter()));
            }
        }
    }
    let grid = Structure::new(species, positions).unwrap();
    if !periodic {
        return grid;
    }
    let [a, b, c] = places.map(|k| 2.1 * f64::from(k));
    let cell = [[a, 0.0, 0.0], [0.4, b, 0.0], [-0.3, 0.6, c]];
    grid.with_cell(cell, [true; 3]).unwrap()
}

/// Molecules, crystals, a cell smaller than the cutoff, one atom alone, and enough pairs for several tiles.
fn set() -> Vec<Structure> {
    let mut samples = molecules(4, 3);
    samples.push(crystal(4));
    let mut set: Vec<Structure> = samples.iter().map(structure).collect();
    set.push(grid([1, 1, 2], true));
    set.push(grid([1, 1, 1], false));
    set.push(grid([4, 4, 5], true));
    set
}

fn own_energy(potential: &Potential, structure: &Structure, energy: f64) -> f64 {
    let species = structure.species.iter();
    energy - species.map(|z| potential.references()[z]).sum::<f64>()
}

#[track_caller]
pub(crate) fn agree(what: &str, found: &Evaluation, exact: &Evaluation, size: f64, tolerance: f64) {
    let close = |what: &str, a: f64, b: f64, scale: f64| {
        assert!(
            (a - b).abs() <= tolerance * scale,
            "{what}: {a} instead of {b}"
        );
    };
    close(&format!("{what}: energy"), found.energy, exact.energy, size);
    let flat = |rows: &[[f64; 3]]| rows.as_flattened().to_vec();
    for (name, a, b) in [
        ("forces", flat(&found.forces), flat(&exact.forces)),
        (
            "stress",
            found.stress.map_or(vec![], |s| flat(&s)),
            exact.stress.map_or(vec![], |s| flat(&s)),
        ),
    ] {
        assert_eq!(a.len(), b.len(), "{what}: {name}");
        let largest = b
            .iter()
            .fold(if name == "forces" { 0.1 } else { 1e-4 }, |m: f64, x| {
                m.max(x.abs())
            });
        for (a, b) in a.iter().zip(&b) {
            close(&format!("{what}: {name}"), *a, *b, largest);
        }
    }
}

#[test]
fn loops_give_the_numbers_of_the_tape_in_float64() {
    for config in configs() {
        let (fast, exact) = (
            fresh(&config, Precision::F32, 5),
            fresh(&config, Precision::F64, 5),
        );
        for (k, structure) in set().iter().enumerate() {
            let found = fast.evaluate(structure).unwrap();
            let expected = exact.evaluate(structure).unwrap();
            // Atomic energies cancel in the sum; rounding is relative to their sizes.
            let size: f64 = (expected.atom_energies.iter().zip(&structure.species))
                .map(|(e, z)| (e - exact.references()[z]).abs())
                .sum();
            let what = format!("{} {}, structure {k}", config.name(), config.parameters());
            agree(&what, &found, &expected, size.max(0.1), 1e-5);
            for (a, b) in found.atom_energies.iter().zip(&expected.atom_energies) {
                assert!((a - b).abs() <= 1e-5 * size.max(1.0), "{what}: {a} {b}");
            }
        }
    }
}

#[test]
fn loops_are_what_evaluates_a_potential_in_float32() {
    let device = backend::device(&crate::device_name()).unwrap();
    for config in configs() {
        let potential = fresh(&config, Precision::F32, 5);
        let mut differ = false;
        for structure in set() {
            let found = potential.evaluate(&structure).unwrap().energy;
            let batch =
                Batch::new(&[&structure], potential.cutoff(), Precision::F32, &device).unwrap();
            let wanted = Wanted {
                forces: true,
                virial: true,
            };
            let (model, tape) = (config.model(), Tape::new());
            let scope = potential.weights().constants();
            let tape = predict(&*model, &scope, &batch, &tape, wanted, Graph::Drop);
            let energy: Vec<f64> = tape.energies.value().to_data().try_to_vec().unwrap();
            let own = own_energy(&potential, &structure, found) / potential.scale();
            assert!(
                (own - energy[0]).abs() < 1e-4 * (1.0 + own.abs()),
                "{own} {energy:?}"
            );
            differ |= (own - energy[0]).abs() > 1e-12 * own.abs();
        }
        // On other devices the tape is all there is, and nothing may differ.
        assert_eq!(differ, crate::device_name() == "flex", "{}", config.name());
    }
}

pub(crate) fn same_bits_on_any_number_of_threads(config: &ModelConfig, structure: &Structure) {
    let potential = fresh(config, Precision::F32, 5);
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().unwrap();
        pool.install(|| potential.evaluate(structure).unwrap())
    };
    let alone = with(1);
    assert!(alone.forces.iter().flatten().all(|f| f.is_finite()));
    assert_eq!(alone, with(3), "{}", config.name());
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    for config in configs() {
        same_bits_on_any_number_of_threads(&config, &grid([6, 6, 7], true));
    }
}

#[test]
fn arrays_left_over_from_another_structure_change_no_bit() {
    for config in configs() {
        let potential = fresh(&config, Precision::F32, 5);
        let set = set();
        let each = |p: &Potential| -> Vec<Evaluation> {
            set.iter().map(|s| p.evaluate(s).unwrap()).collect()
        };
        let first = each(&potential);
        assert_eq!(first, each(&potential));
        for (structure, first) in set.iter().zip(&first).rev() {
            assert_eq!(first, &potential.evaluate(structure).unwrap());
            let unused = fresh(&config, Precision::F32, 5);
            assert_eq!(first, &unused.evaluate(structure).unwrap());
        }
    }
}

#[test]
fn a_list_in_any_order_is_evaluated() {
    for config in configs() {
        let potential = fresh(&config, Precision::F32, 5);
        let structure = grid([3, 2, 2], true);
        let mut list = atoms::neighbour_list(&structure, potential.cutoff()).unwrap();
        let expected = potential.evaluate_with(&structure, &list).unwrap();
        list.centre.reverse();
        list.neighbour.reverse();
        list.shift.reverse();
        let found = potential.evaluate_with(&structure, &list).unwrap();
        let size = own_energy(&potential, &structure, expected.energy).abs();
        agree(config.name(), &found, &expected, size.max(1.0), 3e-5);
    }
}

#[test]
fn a_potential_in_float32_gives_schnetpacks_numbers() {
    let Some(folder) = folder() else { return };
    let device = backend::device(&crate::device_name()).unwrap();
    for (file, config) in [
        ("schnet_f32", ModelConfig::from(SchNetConfig::new(32, 3))),
        ("painn_f32", PaiNNConfig::new(32, 3).into()),
    ] {
        let text = std::fs::read_to_string(folder.join(format!("{file}.json"))).unwrap();
        let golden: Value = serde_json::from_str(&text).unwrap();
        let named = read_named(&folder.join(format!("{file}.safetensors"))).unwrap();
        let layout = config.model().layout();
        let weights = Weights::from_named(layout, &named, Precision::F32, &device).unwrap();
        let references = (1..100).map(|z| (z, 0.0)).collect();
        let potential = Potential::new(config, weights, 1.0, references).unwrap();
        for system in golden["systems"].as_array().unwrap() {
            let (mut energies, mut forces) = (Vec::new(), Vec::new());
            for (structure, list) in structures(&system["inputs"]) {
                let evaluation = potential.evaluate_with(&structure, &list).unwrap();
                energies.push(evaluation.energy);
                forces.extend(evaluation.forces.into_flattened());
            }
            let (name, expected) = (&system["name"], &system["expected"]);
            close(
                &format!("{name} energy"),
                &energies,
                &expected["energy"],
                1e-5,
            );
            close(
                &format!("{name} forces"),
                &forces,
                &expected["forces"],
                1e-4,
            );
        }
    }
}

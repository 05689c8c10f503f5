//! Strictly local potentials evaluate large structures some atoms at a time: the same numbers, with bounded memory.

use backend::tape::{Graph, Tape};
use equivariant_gnn::{
    AllegroConfig, Batch, Evaluation, ModelConfig, Precision,
    evaluate::{Wanted, predict},
};

use super::{
    fresh,
    kernel::{agree, grid, same_bits_on_any_number_of_threads},
};

fn configs() -> [ModelConfig; 2] {
    let small = AllegroConfig {
        neighbours: 50.0,
        ..AllegroConfig::new(16, 4, 2, 1)
    };
    [small.clone().into(), ModelConfig::from(small).with_zbl()]
}

/// The energies of the atoms with the whole structure as one batch.
fn in_one_piece(
    config: &ModelConfig,
    precision: Precision,
    structure: &atoms::Structure,
) -> Vec<f64> {
    let potential = fresh(config, precision, 5);
    let cutoff = potential.cutoff();
    let batch = Batch::new(&[structure], cutoff, precision, &potential.device()).unwrap();
    let wanted = Wanted {
        forces: false,
        virial: false,
    };
    let scope = potential.weights().constants();
    let predicted = predict(
        &*config.model(),
        &scope,
        &batch,
        &Tape::new(),
        wanted,
        Graph::Drop,
    );
    let energies = predicted.atoms.value().to_data().convert::<f64>();
    let energies: Vec<f64> = energies.try_to_vec().unwrap();
    let each = energies.iter().zip(&structure.species);
    each.map(|(e, z)| potential.scale() * e + potential.references()[z])
        .collect()
}

#[test]
fn parts_give_the_numbers_of_one_piece() {
    // A list in reverse is not sorted by centre and is not cut into parts.
    for periodic in [false, true] {
        let structure = grid([6, 7, 7], periodic);
        for config in configs() {
            let potential = fresh(&config, Precision::F64, 5);
            let mut list = atoms::neighbour_list(&structure, potential.cutoff()).unwrap();
            let found = potential.evaluate_with(&structure, &list).unwrap();
            list.centre.reverse();
            list.neighbour.reverse();
            list.shift.reverse();
            let expected = potential.evaluate_with(&structure, &list).unwrap();
            let what = format!("{}, periodic: {periodic}", config.name());
            assert_eq!(found.stress.is_some(), periodic);
            agree(&what, &found, &expected, expected.energy.abs(), 1e-12);
            let whole = in_one_piece(&config, Precision::F64, &structure);
            for (a, b) in found.atom_energies.iter().zip(&whole) {
                assert!((a - b).abs() <= 1e-12 * b.abs(), "{what}: {a} {b}");
            }
        }
    }
}

#[test]
fn a_structure_and_its_copy_give_the_same_numbers_alone_and_together() {
    let structure = grid([6, 7, 7], true);
    let small = grid([1, 2, 2], false);
    for config in configs() {
        let potential = fresh(&config, Precision::F32, 5);
        let alone: Vec<Evaluation> = [&structure, &small]
            .map(|s| potential.evaluate(s).unwrap())
            .into();
        let set = [structure.clone(), small.clone(), structure.clone()];
        let together = potential.evaluate_batch(&set).unwrap();
        assert_eq!(together[0], alone[0]);
        assert_eq!(together[2], alone[0]);
        agree(config.name(), &together[1], &alone[1], 1.0, 1e-5);
    }
}

#[test]
fn the_number_of_threads_changes_no_bit_of_a_sum_over_parts() {
    for config in configs() {
        same_bits_on_any_number_of_threads(&config, &grid([6, 7, 7], true));
    }
}

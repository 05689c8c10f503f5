//! Parity with `SchNetPack` 2.2.0: energies, forces, strain derivatives and intermediates of the
//! reference states, with the weights loaded by their own names.

use std::path::{Path, PathBuf};

use atoms::{NeighbourList, Structure};
use backend::tape::{Graph, Tape};
use equivariant_gnn::{
    Batch, ModelConfig, PaiNNConfig, Precision, Prepared, SchNetConfig,
    evaluate::{Wanted, predict},
    weights::{Named, Weights, read_named},
};
use serde_json::Value;

/// The folder of the reference states, or `None` with a line said where they are not.
pub(crate) fn folder() -> Option<PathBuf> {
    let path = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/golden/gnn"
    ));
    if path.is_dir() {
        return Some(path.to_owned());
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "../shared/golden/gnn must be beside the checkout in CI"
    );
    eprintln!("skipped: ../shared/golden/gnn is not here");
    None
}

pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(items) => items.iter().flat_map(numbers).collect(),
        Value::Bool(b) => vec![f64::from(u8::from(*b))],
        other => vec![other.as_f64().expect("a number")],
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "indices of a small reference file"
)]
fn indices(value: &Value) -> Vec<u32> {
    numbers(value).iter().map(|x| *x as u32).collect()
}

/// The structures of one system with the pairs that the reference used.
pub(crate) fn structures(inputs: &Value) -> Vec<(Structure, NeighbourList)> {
    let species = indices(&inputs["atomic_numbers"]);
    let positions = numbers(&inputs["positions"]);
    let cells = numbers(&inputs["cell"]);
    let pbc = numbers(&inputs["pbc"]);
    let counts = indices(&inputs["n_atoms"]);
    let (centre, neighbour) = (indices(&inputs["edge_i"]), indices(&inputs["edge_j"]));
    let shifts = numbers(&inputs["edge_shift"]);
    // Only states of models that know of electrons have these.
    let electrons = |field: &str, g: usize| inputs.get(field).map_or(0.0, |x| numbers(x)[g]);
    let mut first = 0;
    (0..counts.len())
        .map(|g| {
            let range = first as usize..(first + counts[g]) as usize;
            let cell = std::array::from_fn(|a| std::array::from_fn(|b| cells[9 * g + 3 * a + b]));
            // One flag per graph or one per axis.
            let flags = pbc.len() / counts.len();
            let periodic =
                std::array::from_fn(|k| pbc[g * flags + if flags == 3 { k } else { 0 }] != 0.0);
            let structure = Structure {
                species: species[range.clone()]
                    .iter()
                    .map(|z| u8::try_from(*z).unwrap())
                    .collect(),
                positions: positions.as_chunks::<3>().0[range.clone()].to_vec(),
                cell: periodic.contains(&true).then_some(cell),
                periodic,
                #[expect(clippy::cast_possible_truncation, reason = "small whole numbers")]
                charge: electrons("total_charge", g) as i32,
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "small whole numbers"
                )]
                spin: electrons("spin", g) as u32,
                ..Structure::default()
            };
            let mut list = NeighbourList::default();
            for e in 0..centre.len() {
                if range.contains(&(centre[e] as usize)) {
                    list.centre.push(centre[e] - first);
                    list.neighbour.push(neighbour[e] - first);
                    #[expect(clippy::cast_possible_truncation, reason = "small whole numbers")]
                    list.shift
                        .push(std::array::from_fn(|k| shifts[3 * e + k] as i32));
                }
            }
            first += counts[g];
            (structure, list)
        })
        .collect()
}

#[track_caller]
pub(crate) fn close(what: &str, ours: &[f64], reference: &Value, tolerance: f64) {
    let reference = numbers(reference);
    // Some intermediates hold only the first rows.
    assert!(
        ours.len() >= reference.len(),
        "{what}: {} numbers",
        ours.len()
    );
    let scale = reference.iter().fold(1e-3_f64, |m, x| m.max(x.abs()));
    for (k, (a, b)) in ours.iter().zip(&reference).enumerate() {
        assert!(
            (a - b).abs() <= tolerance * scale,
            "{what}[{k}]: ours {a}, reference {b}, scale {scale}"
        );
    }
}

/// Quantities of atoms that some references keep beside the intermediates.
const OF_ATOMS: [&str; 6] = [
    "atomic_energy_nn",
    "partial_charge",
    "atomic_zbl",
    "atomic_electrostatics",
    "atomic_dispersion",
    "descriptor_f0",
];

pub(crate) fn check(file: &str, config: &ModelConfig, precision: Precision, tolerance: f64) {
    check_systems(
        file,
        &|named| named,
        &|_| config.clone(),
        precision,
        tolerance,
    );
}

/// The same for a file whose names must be mapped, and whose systems each have settings of their own.
pub(crate) fn check_systems(
    file: &str,
    names: &dyn Fn(Named) -> Named,
    config: &dyn Fn(&Value) -> ModelConfig,
    precision: Precision,
    tolerance: f64,
) {
    let Some(folder) = folder() else { return };
    let device = backend::device(&crate::device_name()).unwrap();
    let text = std::fs::read_to_string(folder.join(format!("{file}.json"))).unwrap();
    let golden: Value = serde_json::from_str(&text).unwrap();
    let named = names(read_named(&folder.join(format!("{file}.safetensors"))).unwrap());
    for system in golden["systems"].as_array().unwrap() {
        let name = &system["name"];
        let model = config(system).model();
        let weights = Weights::from_named(model.layout(), &named, precision, &device).unwrap();
        let structures = structures(&system["inputs"]);
        let prepared: Vec<Prepared> = structures
            .iter()
            .map(|(structure, list)| {
                let mut ours: Vec<_> =
                    sorted(&atoms::neighbour_list(structure, model.cutoff()).unwrap());
                ours.dedup();
                assert_eq!(ours, sorted(list), "{name}: the same pairs");
                Prepared::with_list(structure, list, 0).unwrap()
            })
            .collect();
        let prepared: Vec<&Prepared> = prepared.iter().collect();
        let batch = Batch::of(&prepared, model.cutoff(), precision, &device).unwrap();
        let tape = Tape::new();
        let scope = weights.constants().traced();
        let wanted = Wanted {
            forces: true,
            virial: true,
        };
        let predicted = predict(&*model, &scope, &batch, &tape, wanted, Graph::Drop);
        let expected = &system["expected"];
        let flat = |x: &backend::tape::Var<2>| -> Vec<f64> {
            x.value().to_data().convert::<f64>().try_to_vec().unwrap()
        };
        let trace = scope.trace();
        let intermediates = expected["intermediates"].as_object().unwrap();
        assert!(!intermediates.is_empty());
        for (key, reference) in intermediates {
            let ours = &trace[key.split('[').next().unwrap()].1;
            close(&format!("{name} {key}"), ours, reference, tolerance);
        }
        for key in OF_ATOMS {
            if let Some(reference) = expected.get(key) {
                close(
                    &format!("{name} {key}"),
                    &trace[key].1,
                    reference,
                    tolerance,
                );
            }
        }
        for key in ["energy_per_atom", "node_energy"] {
            if let Some(reference) = expected.get(key) {
                let ours = flat(&predicted.atoms);
                close(&format!("{name} {key}"), &ours, reference, tolerance);
            }
        }
        close(
            &format!("{name} energy"),
            &flat(&predicted.energies),
            &expected["energy"],
            tolerance,
        );
        close(
            &format!("{name} forces"),
            &flat(&predicted.forces.unwrap()),
            &expected["forces"],
            tolerance,
        );
        // Some references store the strain derivative and some its negative.
        let mut virial = flat(&predicted.virial.unwrap());
        let reference = match &expected["virial_dE_dstrain"] {
            Value::Null => {
                for x in &mut virial {
                    *x = -*x;
                }
                expected
                    .get("virial_minus_dE_dstrain")
                    .unwrap_or(&expected["virials"])
            }
            derivative => derivative,
        };
        close(&format!("{name} virial"), &virial, reference, tolerance);
    }
}

fn sorted(list: &NeighbourList) -> Vec<(u32, u32, [i32; 3])> {
    let mut pairs: Vec<_> = (0..list.len())
        .map(|e| (list.centre[e], list.neighbour[e], list.shift[e]))
        .collect();
    pairs.sort_unstable();
    pairs
}

#[test]
fn schnet_gives_schnetpacks_numbers_in_float64() {
    check(
        "schnet_f32",
        &SchNetConfig::new(32, 3).into(),
        Precision::F64,
        1e-10,
    );
}

#[test]
fn schnet_gives_schnetpacks_numbers_in_float32() {
    check(
        "schnet_f32",
        &SchNetConfig::new(32, 3).into(),
        Precision::F32,
        1e-4,
    );
}

#[test]
fn painn_gives_schnetpacks_numbers_in_float64() {
    check(
        "painn_f32",
        &PaiNNConfig::new(32, 3).into(),
        Precision::F64,
        1e-10,
    );
}

#[test]
fn painn_gives_schnetpacks_numbers_in_float32() {
    check(
        "painn_f32",
        &PaiNNConfig::new(32, 3).into(),
        Precision::F32,
        1e-4,
    );
}

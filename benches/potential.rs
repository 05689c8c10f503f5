//! Potentials at the sizes that their users wait for: a training step on ten molecules of 21 atoms, and energy with
//! forces of one such molecule and of 192 and 1,536 atoms at the density of water. Float32, 5 Å, width 128, three layers
//! and 20 radial functions (the settings of SchNetPack's benchmark), and an Allegro of degree 2 with two layers, 64
//! scalars and 32 channels.
//!
//! The atoms are random with a least distance, so no file is needed; numbers of neighbours are those of aspirin and
//! water. `RAYON_NUM_THREADS=1` measures one thread, and `POTENTIAL_ATOMS=100000` a system of another size in place
//! of the largest.

use std::{collections::BTreeMap, hint::black_box, ops::ControlFlow, time::Duration};

use atoms::Structure;
use criterion::{Criterion, criterion_group, criterion_main};
use equivariant_gnn::{
    AllegroConfig, ModelConfig, PaiNNConfig, Potential, Precision, SchNetConfig, TrainingConfig,
    train, weights::Weights,
};

/// Atoms in a cube at a density (per Å³), none closer than 0.9 Å to another.
fn atoms(count: usize, density: f64, periodic: bool, seed: u64) -> Structure {
    let edge = (count as f64 / density).cbrt();
    let mut state = seed;
    let mut random = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64 * edge
    };
    let mut positions: Vec<[f64; 3]> = Vec::with_capacity(count);
    while positions.len() < count {
        let place = [random(), random(), random()];
        let apart = |other: &[f64; 3]| {
            let squared: f64 = (0..3).map(|k| (place[k] - other[k]).powi(2)).sum();
            squared > 0.81
        };
        if positions.iter().all(apart) {
            positions.push(place);
        }
    }
    let species = (0..count).map(|k| [1, 6, 8][k % 3]).collect();
    let structure = Structure::new(species, positions).expect("the atoms are valid");
    if !periodic {
        return structure;
    }
    let cell = [[edge, 0.0, 0.0], [0.0, edge, 0.0], [0.0, 0.0, edge]];
    structure
        .with_cell(cell, [true; 3])
        .expect("the cell is a cube")
}

fn models() -> [(&'static str, ModelConfig); 3] {
    let allegro = AllegroConfig {
        channels: 32,
        neighbours: 50.0,
        ..AllegroConfig::default()
    };
    [
        ("SchNet", SchNetConfig::new(128, 3).into()),
        ("PaiNN", PaiNNConfig::new(128, 3).into()),
        ("Allegro", allegro.into()),
    ]
}

fn bench(c: &mut Criterion) {
    let device = backend::device("flex").expect("the default feature");
    let mut group = c.benchmark_group("potential");
    group
        .sample_size(10)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3));
    // Aspirin has 14.5 neighbours per atom within 5 Å, which is this density in open space.
    let set: Vec<Structure> = (0..10)
        .map(|seed| {
            let molecule = atoms(21, 0.045, false, seed);
            Structure {
                energy: Some(0.1 * seed as f64),
                forces: Some(vec![[0.1, -0.2, 0.3]; 21]),
                ..molecule
            }
        })
        .collect();
    let largest = std::env::var("POTENTIAL_ATOMS").map_or(1536, |count| {
        count.parse().expect("POTENTIAL_ATOMS is a number of atoms")
    });
    let crystals = [atoms(192, 0.1, true, 5), atoms(largest, 0.1, true, 6)];
    for (name, model) in models() {
        // Ten steps at a time, so that drawing weights and finding neighbours do not count.
        let steps = TrainingConfig {
            steps: 10,
            validate_every: 1000,
            ema: None,
            ..TrainingConfig::default()
        };
        group.bench_function(format!("{name}, 10 training steps, 10 × 21 atoms"), |b| {
            b.iter(|| {
                let mut observer = |_: &_| ControlFlow::Continue(());
                train(&model, &steps, &set, &[], &device, &mut observer)
                    .expect("the labels are finite")
                    .steps
            });
        });
        let weights = Weights::init(model.model().layout(), 1, Precision::F32, &device);
        let references = BTreeMap::from([(1, 0.0), (6, 0.0), (8, 0.0)]);
        let potential =
            Potential::new(model, weights, 1.0, references).expect("the settings are valid");
        for structure in [&set[0], &crystals[0], &crystals[1]] {
            group.bench_function(
                format!("{name}, energy and forces, {} atoms", structure.len()),
                |b| {
                    b.iter(|| {
                        let evaluation = potential.evaluate(black_box(structure));
                        evaluation.expect("the structure is valid").energy
                    });
                },
            );
        }
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);

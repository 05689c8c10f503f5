//! Neighbour lists of uniformly random atoms at the density of liquid water (0.1 per Å³), cutoff 5 Å, fully periodic,
//! with the naive loop over all pairs beside the cell list. `tools/neighbour_list_peers.py` times matscipy, ASE and
//! vesin on the same atoms.

use std::hint::black_box;

use atoms::{Structure, VerletList, neighbour_list};
use criterion::{Criterion, criterion_group, criterion_main};

const CUTOFF: f64 = 5.0;

/// The same atoms as in the script for the peers: Knuth's 64-bit linear congruential generator.
fn liquid(n: usize) -> Structure {
    let edge = (n as f64 / 0.1).cbrt();
    let mut state = 12_345_u64;
    let mut random = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64 * edge
    };
    let positions = (0..n).map(|_| [random(), random(), random()]).collect();
    Structure::new(vec![1; n], positions)
        .and_then(|s| {
            let cell = [[edge, 0.0, 0.0], [0.0, edge, 0.0], [0.0, 0.0, edge]];
            s.with_cell(cell, [true; 3])
        })
        .expect("the cell is a cube")
}

/// Minimum images of all pairs, which a cube of twice the cutoff allows.
fn all_pairs(s: &Structure, cutoff: f64) -> usize {
    let edge = s.cell.expect("the liquid has a cell")[0][0];
    let mut count = 0;
    for (i, p) in s.positions.iter().enumerate() {
        for (j, q) in s.positions.iter().enumerate() {
            let squared: f64 = p
                .iter()
                .zip(q)
                .map(|(a, b)| {
                    let d = b - a;
                    (d - edge * (d / edge).round()).powi(2)
                })
                .sum();
            count += usize::from(i != j && squared < cutoff * cutoff);
        }
    }
    count
}

fn bench(c: &mut Criterion) {
    let mut group = c.benchmark_group("neighbour_list");
    group.sample_size(20);
    for n in [192, 1536, 10_000] {
        let s = liquid(n);
        group.bench_function(format!("cell list, {n} atoms"), |b| {
            b.iter(|| neighbour_list(black_box(&s), CUTOFF).expect("the cutoff is positive"));
        });
    }
    let s = liquid(1536);
    assert_eq!(
        all_pairs(&s, CUTOFF),
        neighbour_list(&s, CUTOFF)
            .expect("the cutoff is positive")
            .len()
    );
    group.bench_function("all pairs, 1536 atoms", |b| {
        b.iter(|| all_pairs(black_box(&s), CUTOFF));
    });
    let mut verlet = VerletList::new(CUTOFF, 0.5).expect("both lengths are positive");
    group.bench_function("reused with a skin, 1536 atoms", |b| {
        b.iter(|| verlet.pairs(black_box(&s)).expect("the structure is valid"));
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);

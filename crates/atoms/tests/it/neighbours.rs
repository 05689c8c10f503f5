//! The cell list equals a sum over images for any cell, periodicity and cutoff.

use atoms::{NeighbourList, Structure, VerletList, cell_heights, neighbour_list};
use proptest::prelude::*;

type Pair = (u32, u32, [i32; 3]);

/// Every pair by the definition: all images whose fractional distance along each periodic axis could be within reach.
fn brute_force(structure: &Structure, cutoff: f64) -> Vec<Pair> {
    let cell = structure.cell.unwrap_or_default();
    // Enough images for any cell of these tests, counted from the spread of the positions.
    let mut reach = [0_i32; 3];
    for (k, images) in reach.iter_mut().enumerate() {
        if structure.periodic[k] {
            let flat = least_height(&cell, structure.periodic, k);
            let spread = structure
                .positions
                .iter()
                .flat_map(|p| structure.positions.iter().map(move |q| distance(*p, *q)))
                .fold(0.0, f64::max);
            #[expect(
                clippy::cast_possible_truncation,
                reason = "small cells and cutoffs only"
            )]
            let whole = ((cutoff + spread) / flat).ceil() as i32;
            *images = whole + 1;
        }
    }
    let mut pairs = Vec::new();
    for (i, p) in (0_u32..).zip(&structure.positions) {
        for (j, q) in (0_u32..).zip(&structure.positions) {
            for a in -reach[0]..=reach[0] {
                for b in -reach[1]..=reach[1] {
                    for c in -reach[2]..=reach[2] {
                        if i == j && [a, b, c] == [0; 3] {
                            continue;
                        }
                        let s = [a, b, c].map(f64::from);
                        let image = std::array::from_fn(|k| {
                            q[k] + s[0] * cell[0][k] + s[1] * cell[1][k] + s[2] * cell[2][k]
                        });
                        if distance(*p, image) < cutoff {
                            pairs.push((i, j, [a, b, c]));
                        }
                    }
                }
            }
        }
    }
    pairs
}

fn least_height(cell: &[[f64; 3]; 3], periodic: [bool; 3], axis: usize) -> f64 {
    if periodic == [true; 3] {
        return cell_heights(cell)[axis];
    }
    // The height within the plane or along the line of the repeating vectors: Gram–Schmidt against the others.
    let mut v = cell[axis];
    for other in (0..3).filter(|k| *k != axis && periodic[*k]) {
        let u = cell[other];
        let uu: f64 = u.iter().map(|x| x * x).sum();
        let uv: f64 = u.iter().zip(v).map(|(x, y)| x * y).sum();
        for k in 0..3 {
            v[k] -= uv / uu * u[k];
        }
    }
    v.iter().map(|x| x * x).sum::<f64>().sqrt()
}

fn distance(p: [f64; 3], q: [f64; 3]) -> f64 {
    p.iter()
        .zip(q)
        .map(|(a, b)| (a - b).powi(2))
        .sum::<f64>()
        .sqrt()
}

fn pairs(list: &NeighbourList) -> Vec<Pair> {
    (0..list.len())
        .map(|e| (list.centre[e], list.neighbour[e], list.shift[e]))
        .collect()
}

fn structures() -> impl Strategy<Value = Structure> {
    let atom = prop::array::uniform3(-9.0..9.0_f64);
    (
        prop::collection::vec(atom, 1..14),
        prop::array::uniform3(prop::array::uniform3(-1.0..1.0_f64)),
        prop::array::uniform3(1.2..8.0_f64),
        prop::array::uniform3(any::<bool>()),
    )
        .prop_filter_map("a degenerate cell", |(positions, skew, edges, periodic)| {
            let cell: [[f64; 3]; 3] = std::array::from_fn(|k| {
                std::array::from_fn(|l| if k == l { edges[k] } else { skew[k][l] * 2.0 })
            });
            let flat = (0..3).any(|k| periodic[k] && least_height(&cell, periodic, k) < 0.6);
            if flat {
                return None;
            }
            Structure::new(vec![6; positions.len()], positions)
                .unwrap()
                .with_cell(cell, periodic)
                .ok()
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_cell_list_is_the_sum_over_images(structure in structures(), cutoff in 0.5..4.5_f64) {
        let list = neighbour_list(&structure, cutoff).unwrap();
        prop_assert_eq!(pairs(&list), brute_force(&structure, cutoff));
    }

    #[test]
    fn a_few_atoms_in_a_vast_cell_keep_their_pairs(
        structure in structures(),
        scale in prop::array::uniform3(6.0..400.0_f64),
        cutoff in 0.5..9.0_f64,
    ) {
        let mut vast = structure;
        let cell = vast.cell.as_mut().unwrap();
        for (row, scale) in cell.iter_mut().zip(scale) {
            *row = row.map(|x| x * scale);
        }
        prop_assert_eq!(pairs(&neighbour_list(&vast, cutoff).unwrap()), brute_force(&vast, cutoff));
    }

    #[test]
    fn a_skin_does_not_change_the_pairs(
        structure in structures(),
        steps in prop::collection::vec(prop::array::uniform3(-0.12..0.12_f64), 1..20),
    ) {
        let mut moving = structure;
        let mut verlet = VerletList::new(3.0, 0.5).unwrap();
        for (k, step) in steps.iter().enumerate() {
            let atom = k % moving.len();
            for (x, d) in moving.positions[atom].iter_mut().zip(step) {
                *x += d;
            }
            let fresh = neighbour_list(&moving, 3.0).unwrap();
            prop_assert_eq!(verlet.pairs(&moving).unwrap(), fresh);
        }
        prop_assert!(verlet.rebuilds() <= steps.len());
    }
}

#[test]
fn a_list_is_kept_until_half_the_skin_is_used_up() {
    let mut pair = Structure::new(vec![1, 1], vec![[0.0; 3], [0.0, 0.0, 3.4]]).unwrap();
    let mut verlet = VerletList::new(3.0, 0.5).unwrap();
    assert!(verlet.pairs(&pair).unwrap().is_empty());
    pair.positions[1][2] = 3.2;
    assert_eq!(verlet.candidates(&pair).unwrap().len(), 2);
    assert_eq!(verlet.rebuilds(), 1);
    pair.positions[1][2] = 2.9;
    assert_eq!(verlet.pairs(&pair).unwrap().len(), 2);
    assert_eq!(verlet.rebuilds(), 2);
}

#[test]
fn a_pair_at_the_cutoff_is_listed_in_both_directions_or_in_neither() {
    // A simple cubic lattice of 0.1 multiples: many pairs are at the cutoff to within rounding.
    let positions: Vec<[f64; 3]> = (0..125)
        .map(|n| [n / 25, n / 5 % 5, n % 5].map(|k| 0.1 * f64::from(k)))
        .collect();
    let lattice = Structure::new(vec![1; 125], positions)
        .unwrap()
        .with_cell(
            [[0.5, 0.0, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 0.5]],
            [true; 3],
        )
        .unwrap();
    let list = neighbour_list(&lattice, 0.3).unwrap();
    let all: std::collections::BTreeSet<Pair> = pairs(&list).into_iter().collect();
    for &(i, j, shift) in &all {
        assert!(all.contains(&(j, i, shift.map(|s| -s))));
    }
}

#[test]
fn absurd_requests_are_refused() {
    let atom = Structure::new(vec![1], vec![[0.0; 3]])
        .unwrap()
        .with_cell(
            [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            [true; 3],
        )
        .unwrap();
    for cutoff in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e9] {
        assert!(neighbour_list(&atom, cutoff).is_err(), "cutoff {cutoff}");
    }
    let mut far = atom;
    far.positions[0] = [1e18, 0.0, 0.0];
    assert!(neighbour_list(&far, 1.0).is_err());
}

#[test]
fn two_atoms_far_apart_cost_no_empty_bins() {
    let far = Structure::new(vec![1, 1], vec![[0.0; 3], [1e6, -1e6, 3.0]]).unwrap();
    assert!(neighbour_list(&far, 5.0).unwrap().is_empty());
}

#[test]
fn any_coordinates_and_cutoffs_end_in_a_list_or_a_named_fault() {
    let cube = |edge: f64| [[edge, 0.0, 0.0], [0.0, edge, 0.0], [0.0, 0.0, edge]];
    for x in [
        0.0,
        1e-308,
        1.0,
        1e6,
        1.8e24,
        1e154,
        1e308,
        f64::MAX,
        f64::INFINITY,
        f64::NAN,
    ] {
        for periodic in [
            [false; 3],
            [true, false, true],
            [false, false, true],
            [true; 3],
        ] {
            for edge in [1e-3, 9.0, 1e6, 1e24, 1e308, f64::NAN] {
                for cutoff in [5e-324, 1e-308, 0.1, 5.0, 1e6, 1e154, f64::MAX] {
                    let structure = Structure {
                        species: vec![1; 3],
                        positions: vec![[0.1, 0.2, -x], [x, -x, x], [-x, 1.0, 2.0]],
                        cell: Some(cube(edge)),
                        periodic,
                        ..Structure::default()
                    };
                    // A molecule and a vast cutoff: all six directed pairs; the cell is not used.
                    let molecule = periodic == [false; 3] && x <= 1e6 && !edge.is_nan();
                    // Many images are a matter of memory, and not of this test.
                    if cutoff > 10.0 * edge && cutoff < 1e4 * edge {
                        continue;
                    }
                    match neighbour_list(&structure, cutoff) {
                        Ok(list) if molecule && cutoff > 1e9 => assert_eq!(list.len(), 6),
                        Ok(_) => assert!(x <= 1e6),
                        Err(error) if x > 1e6 || x.is_nan() => {
                            let error = error.to_string();
                            assert!(error.contains("positions of atom"), "{error}");
                        }
                        Err(error) => assert!(!molecule, "{error}"),
                    }
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn groups_of_atoms_far_apart_keep_their_pairs(
        groups in prop::collection::vec(prop::array::uniform3(-1e6_f64..1e6), 1..5),
        offsets in prop::collection::vec(prop::array::uniform3(-4.0_f64..4.0), 1..24),
        edge in 3.0_f64..9.0,
        periodic in prop::sample::select(vec![[false; 3], [true, false, false], [false, true, true]]),
        cutoff in 0.5_f64..6.0,
    ) {
        let positions: Vec<[f64; 3]> = offsets
            .iter()
            .enumerate()
            .map(|(n, offset)| {
                let centre = groups[n % groups.len()];
                // Along the axes that repeat the atoms stay in the first cells, for the sake of the sum over images.
                std::array::from_fn(|k| {
                    let centre = if periodic[k] { 0.0 } else { centre[k] };
                    (centre + offset[k]).clamp(-1e6, 1e6)
                })
            })
            .collect();
        let cell = [[edge, 0.0, 0.0], [0.0, edge, 0.0], [0.0, 0.0, edge]];
        let structure = Structure::new(vec![1; positions.len()], positions)
            .unwrap()
            .with_cell(cell, periodic)
            .unwrap();
        let list = neighbour_list(&structure, cutoff).unwrap();
        prop_assert_eq!(pairs(&list), within_few_images(&structure, cutoff));
    }
}

/// All pairs over images up to eight cells away along the axes that repeat, by the definition.
fn within_few_images(structure: &Structure, cutoff: f64) -> Vec<Pair> {
    let cell = structure.cell.unwrap();
    let reach = structure.periodic.map(|p| if p { 8_i32 } else { 0 });
    let mut out = Vec::new();
    for (i, p) in (0_u32..).zip(&structure.positions) {
        for (j, q) in (0_u32..).zip(&structure.positions) {
            for a in -reach[0]..=reach[0] {
                for b in -reach[1]..=reach[1] {
                    for c in -reach[2]..=reach[2] {
                        let s = [a, b, c];
                        let image = std::array::from_fn(|k| q[k] + f64::from(s[k]) * cell[k][k]);
                        if (i != j || s != [0; 3]) && distance(*p, image) < cutoff {
                            out.push((i, j, s));
                        }
                    }
                }
            }
        }
    }
    out
}

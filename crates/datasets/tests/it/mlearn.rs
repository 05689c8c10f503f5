//! Why the stress of mlearn's files is left out: its unit and sign can be told, but its order changes within a file.

use std::io::Read;

use atoms::Structure;
use datasets::structures::{ReadOptions, read};
use serde_json::Value;

use crate::shared::data;

/// kbar in eV/Å³: 10⁸ Pa over the elementary charge (C) times 10⁻³⁰ m³.
const KBAR: f64 = 1e8 * 1e-30 / 1.602_176_634e-19;

/// The structures of the training file with what it says of them: group, description and six numbers.
fn entries() -> Option<Vec<(Structure, String, [f64; 6])>> {
    let path = data("structures/silicon_mlearn/Si_training.json.gz")?;
    let set = read(&path, &ReadOptions::default()).unwrap();
    let note = set.notes.iter().find(|n| n.contains("virial_stress"));
    assert!(note.unwrap().contains("kbar"), "{:?}", set.notes);
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    let raw: Vec<Value> = serde_json::from_str(&text).unwrap();
    let entries = set.structures.into_iter().zip(raw).map(|(s, entry)| {
        let numbers: [f64; 6] =
            serde_json::from_value(entry["outputs"]["virial_stress"].clone()).unwrap();
        (
            s,
            entry["description"].as_str().unwrap().to_owned(),
            numbers,
        )
    });
    Some(entries.collect())
}

#[test]
fn the_stress_is_left_out() {
    let Some(entries) = entries() else { return };
    assert!(entries.iter().all(|(s, _, _)| s.stress.is_none()));
}

#[test]
fn energies_of_strained_cells_say_that_it_is_a_pressure_in_kbar() {
    let Some(entries) = entries() else { return };
    let mode = |description: &str| -> Option<(String, f64)> {
        let (mode, strain) = description.split_once(", strain ")?;
        Some((mode.to_owned(), strain.parse().ok()?))
    };
    let strained: Vec<_> = entries
        .iter()
        .filter_map(|(s, description, numbers)| Some((mode(description)?, s, numbers)))
        .collect();
    let (mut found, mut expected) = (Vec::new(), Vec::new());
    for ((mode, strain), s, p) in &strained {
        for ((other, next), t, q) in &strained {
            if mode != other || !(0.001..0.041).contains(&(next - strain)) {
                continue;
            }
            // The strain from one cell to the next: rows of the cell transform by 1 + ε, up to a turn.
            let inverse = atoms::inverse(&s.cell.unwrap());
            let cell = t.cell.unwrap();
            let gradient: [[f64; 3]; 3] = std::array::from_fn(|a| {
                std::array::from_fn(|b| {
                    (0..3).map(|k| inverse[a][k] * cell[k][b]).sum::<f64>() - f64::from(a == b)
                })
            });
            let strain = |a: usize, b: usize| 0.5 * (gradient[a][b] + gradient[b][a]);
            let mean = |k: usize| 0.5 * (p[k] + q[k]) * KBAR;
            let work = mean(0) * strain(0, 0)
                + mean(1) * strain(1, 1)
                + mean(2) * strain(2, 2)
                + 2.0 * (mean(3) * strain(0, 1) + mean(4) * strain(1, 2) + mean(5) * strain(0, 2));
            let volume = 0.5 * (s.volume().unwrap() + t.volume().unwrap());
            found.push(t.energy.unwrap() - s.energy.unwrap());
            expected.push(-work * volume);
        }
    }
    assert!(found.len() > 30, "{}", found.len());
    let slope = product(&found, &expected) / product(&expected, &expected);
    assert!((slope - 1.0).abs() < 0.03, "{slope}");
    assert!(correlation(&found, &expected) > 0.999);
}

#[test]
fn the_order_of_yz_and_xz_differs_between_its_groups() {
    let Some(entries) = entries() else { return };
    for (group, yz, xz) in [
        ("strain", 4, 5),
        ("AIMD NVT simulation for normal structure at 300 K", 5, 4),
    ] {
        let chosen: Vec<_> = entries
            .iter()
            .filter(|(_, description, _)| description.contains(group))
            .collect();
        assert!(chosen.len() > 15, "{group}: {}", chosen.len());
        for (axes, right, wrong) in [([1, 2], yz, xz), ([0, 2], xz, yz), ([0, 1], 3, yz)] {
            let springs: Vec<f64> = chosen
                .iter()
                .map(|(s, _, _)| spring_stress(s, axes))
                .collect();
            let stored = |k: usize| -> Vec<f64> {
                chosen.iter().map(|(_, _, numbers)| numbers[k]).collect()
            };
            // Positive under compression, where springs pull less.
            let found = correlation(&springs, &stored(right));
            assert!(found < -0.95, "{group} {axes:?}: {found}");
            let other = correlation(&springs, &stored(wrong));
            assert!(other.abs() < 0.5, "{group} {axes:?}: {other}");
        }
    }
}

/// One component of the stress of equal springs along all bonds, whose length at rest is that of silicon (2.368 Å).
fn spring_stress(s: &Structure, [a, b]: [usize; 2]) -> f64 {
    let bonds = atoms::neighbour_list(s, 2.9).unwrap().vectors(s);
    let sum: f64 = bonds
        .iter()
        .map(|v| {
            let length = v.iter().map(|x| x * x).sum::<f64>().sqrt();
            (length - 2.368) / length * v[a] * v[b]
        })
        .sum();
    sum / s.volume().unwrap()
}

fn product(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

fn correlation(x: &[f64], y: &[f64]) -> f64 {
    let centred = |v: &[f64]| -> Vec<f64> {
        let mean = v.iter().sum::<f64>() / v.len() as f64;
        v.iter().map(|x| x - mean).collect()
    };
    let (x, y) = (centred(x), centred(y));
    product(&x, &y) / (product(&x, &x) * product(&y, &y)).sqrt()
}

//! What one part of a split knows about another.

use std::collections::HashSet;
use std::fmt;

use atoms::Structure;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::dedup::{Same, key};

use super::Split;

/// Records of validation and test that training has seen, in whole or nearly.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeakReport {
    /// Validation and test records that repeat a training record exactly.
    pub repeated: usize,
    /// Validation and test records of a molecule (or group) that is also in training.
    pub same_molecule: usize,
    /// Validation and test frames whose neighbour in the file, of the same molecule, is a training frame.
    pub neighbouring_frames: usize,
    /// Number of validation and test records.
    pub held_out: usize,
}

impl LeakReport {
    /// True when nothing is shared.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.repeated + self.same_molecule + self.neighbouring_frames == 0
    }
}

impl fmt::Display for LeakReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "of {} validation and test records, {} repeat a training record, {} are of a molecule in training, {} are next to a training frame",
            self.held_out, self.repeated, self.same_molecule, self.neighbouring_frames
        )
    }
}

/// Looks for leaks between the parts of a split of molecules: the same text, and the same canonical SMILES.
#[must_use]
pub fn molecule_leaks<S: AsRef<str> + Sync>(smiles: &[S], split: &Split) -> LeakReport {
    let held_out = [&split.validation[..], &split.test].concat();
    let shared = |same: Same| {
        let keys = |records: &[usize]| -> Vec<u128> {
            let key = |k: &usize| key(smiles[*k].as_ref(), same);
            records.par_iter().map(key).collect()
        };
        let trained: HashSet<u128> = keys(&split.train).into_iter().collect();
        keys(&held_out)
            .iter()
            .filter(|key| trained.contains(key))
            .count()
    };
    LeakReport {
        repeated: shared(Same::Text),
        same_molecule: shared(Same::Canonical),
        neighbouring_frames: 0,
        held_out: held_out.len(),
    }
}

/// Looks for leaks between the parts of a split of structures: the same geometry, the same group, and frames that
/// follow each other in one trajectory (neighbours in the file with the same atoms whose root-mean-square displacement
/// is below `step`, in Å; 0.3 Å is far below what two independent frames of a molecule differ by).
#[must_use]
pub fn structure_leaks(structures: &[Structure], split: &Split, step: f64) -> LeakReport {
    let mut trained = vec![false; structures.len()];
    let mut geometries: HashSet<Vec<u64>> = HashSet::new();
    let mut groups: HashSet<String> = HashSet::new();
    for &k in &split.train {
        trained[k] = true;
        geometries.insert(fingerprint(&structures[k]));
        groups.insert(molecule(&structures[k]));
    }
    let mut report = LeakReport::default();
    for &k in split.validation.iter().chain(&split.test) {
        report.held_out += 1;
        report.repeated += usize::from(geometries.contains(&fingerprint(&structures[k])));
        report.same_molecule += usize::from(groups.contains(&molecule(&structures[k])));
        let next_to_training = [k.checked_sub(1), Some(k + 1)]
            .into_iter()
            .flatten()
            .filter(|n| *n < structures.len())
            .any(|n| trained[n] && is_next_frame(&structures[k], &structures[n], step));
        report.neighbouring_frames += usize::from(next_to_training);
    }
    report
}

fn molecule(s: &Structure) -> String {
    s.group.clone().unwrap_or_else(|| s.formula())
}

/// Species and positions to 10⁻⁵ Å, which survives a trip through a text file.
fn fingerprint(s: &Structure) -> Vec<u64> {
    let numbers = s.species.iter().map(|z| u64::from(*z));
    let positions = s
        .positions
        .as_flattened()
        .iter()
        .map(|x| ((x * 1e5).round() + 0.0).to_bits());
    numbers.chain(positions).collect()
}

fn is_next_frame(a: &Structure, b: &Structure, step: f64) -> bool {
    if a.species != b.species || a.group != b.group {
        return false;
    }
    let squared: f64 = a
        .positions
        .as_flattened()
        .iter()
        .zip(b.positions.as_flattened())
        .map(|(x, y)| (x - y).powi(2))
        .sum();
    squared < step * step * a.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_leak_is_counted() {
        let smiles = ["CCO", "OCC", "CCO", "CCN"];
        let split = Split {
            train: vec![0],
            validation: vec![1],
            test: vec![2, 3],
        };
        let report = molecule_leaks(&smiles, &split);
        assert_eq!(
            (report.repeated, report.same_molecule, report.held_out),
            (1, 2, 3)
        );

        let frame = |x: f64, group: &str| Structure {
            species: vec![1, 1],
            positions: vec![[0.0; 3], [x, 0.0, 0.0]],
            group: Some(group.into()),
            ..Structure::default()
        };
        let frames = [
            frame(0.7, "a"),
            frame(0.71, "a"),
            frame(2.0, "a"),
            frame(0.7, "b"),
            frame(0.7, "a"),
        ];
        let split = Split {
            train: vec![0],
            validation: vec![1, 2],
            test: vec![3, 4],
        };
        let report = structure_leaks(&frames, &split, 0.3);
        assert_eq!(
            (
                report.repeated,
                report.same_molecule,
                report.neighbouring_frames,
                report.held_out
            ),
            (2, 3, 1, 4)
        );
        assert!(!report.is_clean());
        assert!(
            structure_leaks(
                &frames,
                &Split {
                    train: vec![0],
                    validation: vec![],
                    test: vec![]
                },
                0.3
            )
            .is_clean()
        );
    }
}

//! Splits that keep what belongs together in one part: molecules, compositions, scaffolds, blocks of time.

use std::collections::HashMap;
use std::hash::Hash;

use atoms::Structure;
use selfies::graph::MolGraph;

use crate::error::Result;

use super::{Fractions, Split, shuffle};

/// A split in which records with the same key are in the same part. Groups are drawn at random; a part is filled until
/// it has its share, so the shares are met to within one group.
///
/// # Errors
/// [`crate::Error::Fractions`].
///
/// # Examples
/// ```
/// use datasets::split::{Fractions, by_group};
///
/// let molecules = ["a", "a", "b", "c", "c", "c", "d", "e"];
/// let split = by_group(&molecules, &Fractions::default(), 1)?;
/// let part = |k: usize| [&split.train, &split.validation, &split.test].iter().position(|p| p.contains(&k));
/// assert_eq!(part(0), part(1));
/// assert_eq!(part(3), part(5));
/// # Ok::<(), datasets::Error>(())
/// ```
pub fn by_group<K: Hash + Eq>(keys: &[K], fractions: &Fractions, seed: u64) -> Result<Split> {
    fractions.validate()?;
    let mut groups = members(keys);
    shuffle(&mut groups, seed);
    Ok(deal(groups, keys.len(), fractions))
}

/// A split by the `group` of structures (molecule, trajectory, configuration type); structures without one are kept
/// together by composition.
///
/// # Errors
/// [`crate::Error::Fractions`].
pub fn by_molecule(structures: &[Structure], fractions: &Fractions, seed: u64) -> Result<Split> {
    let keys: Vec<String> = structures
        .iter()
        .map(|s| s.group.clone().unwrap_or_else(|| s.formula()))
        .collect();
    by_group(&keys, fractions, seed)
}

/// A split by chemical composition.
///
/// # Errors
/// [`crate::Error::Fractions`].
pub fn by_composition(structures: &[Structure], fractions: &Fractions, seed: u64) -> Result<Split> {
    let keys: Vec<String> = structures.iter().map(Structure::formula).collect();
    by_group(&keys, fractions, seed)
}

/// A split by Bemis–Murcko scaffold (J. Med. Chem. 39, 2887, 1996, <https://doi.org/10.1021/jm9602928>): common
/// scaffolds go to training, rare ones to test, as in `MoleculeNet`. Molecules without a ring share the empty scaffold;
/// a text that cannot be read is its own scaffold.
///
/// # Errors
/// [`crate::Error::Fractions`].
pub fn by_scaffold<S: AsRef<str> + Sync>(smiles: &[S], fractions: &Fractions) -> Result<Split> {
    use rayon::prelude::*;
    fractions.validate()?;
    let keys: Vec<String> = smiles.par_iter().map(|s| scaffold(s.as_ref())).collect();
    let mut groups = members(&keys);
    // The order of first appearance breaks ties, so the split does not depend on anything but the input.
    groups.sort_by_key(|group| (std::cmp::Reverse(group.len()), group[0]));
    Ok(deal(groups, keys.len(), fractions))
}

fn scaffold(smiles: &str) -> String {
    MolGraph::from_smiles(smiles)
        .ok()
        .and_then(|graph| graph.murcko_scaffold().canonical_smiles().ok())
        .unwrap_or_else(|| smiles.to_owned())
}

/// A split of a trajectory into blocks of consecutive frames, each block in one part, with `gap` frames left out where
/// blocks meet so that no validation or test frame is a neighbour of a training frame.
///
/// # Errors
/// [`crate::Error::Fractions`].
pub fn by_time_block(
    n: usize,
    block: usize,
    gap: usize,
    fractions: &Fractions,
    seed: u64,
) -> Result<Split> {
    let keys: Vec<usize> = (0..n).map(|k| k / block.max(1)).collect();
    let mut split = by_group(&keys, fractions, seed)?;
    let mut part = vec![0_u8; n];
    for (name, members) in (0..).zip([&split.train, &split.validation, &split.test]) {
        for &k in members {
            part[k] = name;
        }
    }
    // Frames are dropped from the beginning of a block whose predecessor belongs to another part.
    let mut dropped = vec![false; n];
    for k in 1..n {
        if part[k] != part[k - 1] {
            dropped[k..k.saturating_add(gap).min(n)].fill(true);
        }
    }
    for members in [&mut split.train, &mut split.validation, &mut split.test] {
        members.retain(|k| !dropped[*k]);
    }
    Ok(split)
}

/// Records of each key, keys in the order of first appearance.
fn members<K: Hash + Eq>(keys: &[K]) -> Vec<Vec<usize>> {
    let mut place: HashMap<&K, usize> = HashMap::new();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (k, key) in keys.iter().enumerate() {
        let at = *place.entry(key).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[at].push(k);
    }
    groups
}

/// Fills training, then validation, then test; a group that would overfill a part goes to the next.
fn deal(groups: Vec<Vec<usize>>, n: usize, fractions: &Fractions) -> Split {
    let (validation, test) = fractions.sizes(n);
    let train = n - validation - test;
    let mut split = Split::default();
    for group in groups {
        if split.train.len() + group.len() <= train || (validation == 0 && test == 0) {
            split.train.extend(group);
        } else if split.validation.len() + group.len() <= validation || test == 0 {
            split.validation.extend(group);
        } else {
            split.test.extend(group);
        }
    }
    split
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn groups_stay_together_and_nothing_is_lost(keys in prop::collection::vec(0_u8..12, 0..200), seed: u64) {
            let split = by_group(&keys, &Fractions::default(), seed).unwrap();
            let parts = [&split.train, &split.validation, &split.test];
            let mut all: Vec<usize> = parts.iter().flat_map(|p| p.iter().copied()).collect();
            all.sort_unstable();
            prop_assert_eq!(all, (0..keys.len()).collect::<Vec<_>>());
            for key in 0..12 {
                let homes = parts.iter().filter(|p| p.iter().any(|k| keys[*k] == key)).count();
                prop_assert!(homes <= 1);
            }
        }

        #[test]
        fn a_gap_parts_the_blocks(n in 1_usize..300, block in 1_usize..40, gap in 0_usize..5, seed: u64) {
            let split = by_time_block(n, block, gap, &Fractions::default(), seed).unwrap();
            for a in &split.train {
                for b in split.validation.iter().chain(&split.test) {
                    prop_assert!(a.abs_diff(*b) > gap.min(block - 1));
                }
            }
        }
    }

    #[test]
    fn molecules_with_one_scaffold_stay_together_and_common_ones_are_trained_on() {
        let smiles = [
            "c1ccccc1C",
            "CCc1ccccc1",
            "C1CCCCC1O",
            "Oc1ccccc1",
            "c1ccncc1",
            "CCO",
        ];
        let fractions = Fractions {
            train: 0.5,
            validation: 0.0,
            test: 0.5,
        };
        let split = by_scaffold(&smiles, &fractions).unwrap();
        assert_eq!(split.train, [0, 1, 3]);
    }
}

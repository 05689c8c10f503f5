//! Strictly local models, some atoms at a time.
//!
//! Where the energy of an atom depends on its own pairs alone, so do the derivatives of its energy: a structure of any size
//! is a sum over parts that know nothing of each other. Parts are small enough for their arrays to stay in the
//! cache, and memory grows with the list of pairs alone.

use std::ops::Range;

use rayon::prelude::*;

use super::{Answer, answers};
use crate::{
    batch::{Batch, Part, Prepared},
    error::Result,
    models::Model,
    weights::Weights,
};

/// Directed pairs of a part on the processor. From 500 to 8,000 the arithmetic takes as long; with these the memory of one
/// part mostly serves the next, where other sizes have glibc return it to the system and ask for it again.
const PAIRS_ON_PROCESSOR: usize = 4_096;

/// Directed pairs of a part on other devices, which are idle with few: some gigabytes.
const PAIRS_ON_DEVICE: usize = 65_536;

/// What a strictly local model says about structures of which one is worth cutting into parts; `None` for others.
pub(crate) fn in_parts(
    model: &dyn Model,
    weights: &Weights,
    structures: &[&Prepared],
) -> Option<Result<Vec<Answer>>> {
    let pairs = if weights.on_processor() {
        PAIRS_ON_PROCESSOR
    } else {
        PAIRS_ON_DEVICE
    };
    if !model.is_local() || structures.iter().all(|s| s.pairs() <= 2 * pairs) {
        return None;
    }
    let ranges: Vec<_> = structures
        .iter()
        .map(|structure| structure.ranges(pairs))
        .collect::<Option<_>>()?;
    let each = structures.iter().zip(ranges);
    Some(
        each.map(|(structure, ranges)| sum(model, weights, structure, ranges))
            .collect(),
    )
}

/// The sum over the parts with these centres.
fn sum(
    model: &dyn Model,
    weights: &Weights,
    structure: &Prepared,
    ranges: Vec<Range<u32>>,
) -> Result<Answer> {
    let part = |range| {
        let Part {
            prepared,
            atoms,
            centres,
        } = structure.part(range);
        let precision = weights.precision();
        let batch = Batch::of(&[&prepared], model.cutoff(), precision, &weights.device())?;
        let answer = answers(model, weights, &batch).remove(0);
        Ok((answer, atoms, centres))
    };
    // Another device is busy with one part, and has memory for few. The parts are added in their order, whichever was
    // ready first.
    let each: Vec<_> = if weights.on_processor() {
        ranges.into_par_iter().map(part).collect::<Result<_>>()?
    } else {
        ranges.into_iter().map(part).collect::<Result<_>>()?
    };
    let count = structure.species().len();
    let mut whole = Answer {
        energy: 0.0,
        atoms: Vec::with_capacity(count),
        forces: vec![[0.0; 3]; count],
        strain: structure.volume().map(|_| [[0.0; 3]; 3]),
    };
    for (answer, atoms, centres) in each {
        let own = &answer.atoms[..centres];
        whole.energy += own.iter().sum::<f64>();
        whole.atoms.extend_from_slice(own);
        for (atom, force) in atoms.into_iter().zip(answer.forces) {
            let sum = &mut whole.forces[atom as usize];
            *sum = std::array::from_fn(|axis| sum[axis] + force[axis]);
        }
        if let (Some(sum), Some(strain)) = (&mut whole.strain, answer.strain) {
            *sum = std::array::from_fn(|a| std::array::from_fn(|b| sum[a][b] + strain[a][b]));
        }
    }
    Ok(whole)
}

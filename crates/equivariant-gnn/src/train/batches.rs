//! Which structures make up which optimiser step.

use rand::{SeedableRng as _, seq::SliceRandom as _};
use rand_chacha::ChaCha8Rng;

use super::config::TrainingConfig;

/// The atoms and pairs of a structure, which is what it costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) atoms: usize,
    pub(super) pairs: usize,
}

/// How much goes into a batch: so many structures, or as many as fit.
#[derive(Debug, Clone, Copy)]
struct Limits {
    structures: usize,
    atoms: usize,
    pairs: usize,
}

impl Limits {
    fn of(config: &TrainingConfig) -> Self {
        let by_size = config.batch_atoms.is_some() || config.batch_pairs.is_some();
        Self {
            structures: if by_size { usize::MAX } else { config.batch },
            atoms: config.batch_atoms.unwrap_or(usize::MAX),
            pairs: config.batch_pairs.unwrap_or(usize::MAX),
        }
    }

    /// Where each batch begins, and the end of the last. A structure that is too large by itself is a
    /// batch of its own.
    fn cuts(self, sizes: impl Iterator<Item = Size>) -> Vec<usize> {
        let mut cuts = vec![0];
        let mut have = Size { atoms: 0, pairs: 0 };
        let mut end = 0;
        for (k, size) in sizes.enumerate() {
            let start = *cuts.last().expect("it has the first one");
            let full = k - start >= self.structures
                || have.atoms.saturating_add(size.atoms) > self.atoms
                || have.pairs.saturating_add(size.pairs) > self.pairs;
            if full && k > start {
                cuts.push(k);
                have = Size { atoms: 0, pairs: 0 };
            }
            have.atoms += size.atoms;
            have.pairs += size.pairs;
            end = k + 1;
        }
        cuts.push(end);
        cuts
    }
}

/// Indices in their order, batch by batch.
pub(super) fn in_order(sizes: &[Size], config: &TrainingConfig) -> Vec<Vec<usize>> {
    let cuts = Limits::of(config).cuts(sizes.iter().copied());
    cuts.windows(2).map(|w| (w[0]..w[1]).collect()).collect()
}

/// The batches of a training. Every pass takes all structures in an order of its own, which follows from
/// the seed and the pass alone, so that a resumed run needs no state of the shuffle.
#[derive(Debug)]
pub(super) struct Batches {
    sizes: Vec<Size>,
    limits: Limits,
    seed: u64,
    pass: u64,
    /// The step that the pass begins with.
    first: usize,
    order: Vec<usize>,
    cuts: Vec<usize>,
}

impl Batches {
    pub(super) fn new(sizes: Vec<Size>, config: &TrainingConfig) -> Self {
        let mut batches = Self {
            sizes,
            limits: Limits::of(config),
            seed: config.seed,
            pass: 0,
            first: 0,
            order: Vec::new(),
            cuts: Vec::new(),
        };
        batches.shuffle();
        batches
    }

    fn shuffle(&mut self) {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(1 + self.pass);
        self.order = (0..self.sizes.len()).collect();
        self.order.shuffle(&mut random);
        self.cuts = self.limits.cuts(self.order.iter().map(|&k| self.sizes[k]));
    }

    /// Steps of the present pass.
    fn steps(&self) -> usize {
        self.cuts.len() - 1
    }

    /// The structures of a step (from 0); steps are asked for in ascending order.
    pub(super) fn of(&mut self, step: usize) -> &[usize] {
        while step >= self.first + self.steps() {
            self.first += self.steps();
            self.pass += 1;
            self.shuffle();
        }
        let part = step - self.first;
        &self.order[self.cuts[part]..self.cuts[part + 1]]
    }

    /// How many passes are done after the step that was asked for last, which is the given one.
    pub(super) fn passes_after(&self, step: usize) -> f64 {
        self.pass as f64 + (step + 1 - self.first) as f64 / self.steps() as f64
    }

    /// Whether that step is the last one of its pass.
    pub(super) fn ends_pass(&self, step: usize) -> bool {
        step + 1 == self.first + self.steps()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(atoms: &[usize]) -> Vec<Size> {
        let size = |&atoms| Size {
            atoms,
            pairs: atoms * atoms,
        };
        atoms.iter().map(size).collect()
    }

    #[test]
    fn each_pass_takes_every_structure_once_in_another_order() {
        let config = TrainingConfig {
            batch: 3,
            seed: 7,
            ..TrainingConfig::default()
        };
        let mut batches = Batches::new(sizes(&[5; 10]), &config);
        let mut pass = |p: usize| -> Vec<usize> {
            (0..4)
                .flat_map(|k| batches.of(4 * p + k).to_vec())
                .collect()
        };
        let (first, second) = (pass(0), pass(1));
        assert_ne!(first, second);
        for mut order in [first, second] {
            order.sort_unstable();
            assert_eq!(order, (0..10).collect::<Vec<_>>());
        }
        assert!(batches.ends_pass(7) && !batches.ends_pass(6));
        assert!((batches.passes_after(7) - 2.0).abs() < 1e-15);
    }

    #[test]
    fn batches_by_size_are_as_full_as_they_can_be() {
        let config = TrainingConfig {
            batch_atoms: Some(10),
            ..TrainingConfig::default()
        };
        let set = sizes(&[3, 4, 3, 1, 25, 2, 8, 9]);
        let parts = in_order(&set, &config);
        let expected: [&[usize]; 5] = [&[0, 1, 2], &[3], &[4], &[5, 6], &[7]];
        assert_eq!(parts, expected);
        let config = TrainingConfig {
            batch_pairs: Some(34),
            ..TrainingConfig::default()
        };
        let expected: [&[usize]; 5] = [&[0, 1, 2], &[3], &[4], &[5], &[6]];
        assert_eq!(in_order(&set, &config)[..5], expected);
    }

    #[test]
    fn a_resumed_run_finds_the_same_batches() {
        let config = TrainingConfig {
            batch_atoms: Some(9),
            seed: 3,
            ..TrainingConfig::default()
        };
        let set = sizes(&[3, 4, 3, 1, 5, 2, 8, 9]);
        let mut whole = Batches::new(set.clone(), &config);
        let all: Vec<Vec<usize>> = (0..30).map(|step| whole.of(step).to_vec()).collect();
        let mut resumed = Batches::new(set, &config);
        for (step, expected) in all.iter().enumerate().skip(17) {
            assert_eq!(resumed.of(step), expected);
        }
    }
}

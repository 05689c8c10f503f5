//! Rungs of halving, and how Hyperband spreads its runs over brackets.

/// `first`, `first`·η, `first`·η², … below `epochs`, and `epochs` itself.
///
/// The last epoch is always on the ladder, and no decision is taken there.
pub(crate) fn ladder(first: usize, eta: usize, epochs: usize) -> Vec<usize> {
    let mut rungs = Vec::new();
    let mut rung = first;
    while rung < epochs {
        rungs.push(rung);
        rung = rung.saturating_mul(eta);
    }
    rungs.push(epochs);
    rungs
}

/// For each of `trials` runs, the place on a ladder of `rungs` rungs where it is compared first.
///
/// Bracket s of Hyperband holds ⌈(`s_max` + 1) η^s / (s + 1)⌉ runs; that share of the runs at
/// hand goes to it, by largest remainder. Working on one ladder instead of on fractions of the
/// last epoch makes every pair of epochs and η legal.
pub(crate) fn hyperband_starts(trials: usize, rungs: usize, eta: usize) -> Vec<usize> {
    let brackets = rungs.max(1);
    let weights: Vec<f64> = (0..brackets)
        .map(|start| {
            let s = (brackets - 1 - start) as f64;
            (brackets as f64 * (eta as f64).powf(s) / (s + 1.0)).ceil()
        })
        .collect();
    let total: f64 = weights.iter().sum();
    let exact: Vec<f64> = weights.iter().map(|w| trials as f64 * w / total).collect();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count is a count"
    )]
    let mut counts: Vec<usize> = exact.iter().map(|x| x.floor() as usize).collect();
    let mut by_remainder: Vec<usize> = (0..brackets).collect();
    by_remainder.sort_by(|&a, &b| exact[b].fract().total_cmp(&exact[a].fract()));
    let missing = trials.saturating_sub(counts.iter().sum());
    for &bracket in by_remainder.iter().cycle().take(missing) {
        counts[bracket] += 1;
    }
    counts
        .iter()
        .enumerate()
        .flat_map(|(start, &count)| std::iter::repeat_n(start, count))
        .take(trials)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_epoch_closes_every_ladder() {
        assert_eq!(ladder(2, 3, 51), [2, 6, 18, 51]);
        assert_eq!(ladder(1, 3, 27), [1, 3, 9, 27]);
        assert_eq!(ladder(5, 2, 5), [5]);
        assert_eq!(ladder(7, usize::MAX, 9), [7, 9]);
    }

    #[test]
    fn hyperband_gives_the_weights_of_its_paper() {
        // R = 81, η = 3: brackets of 81, 34, 15, 8 and 5 runs (table 1 of the paper).
        let starts = hyperband_starts(143, 5, 3);
        let counts: Vec<usize> = (0..5)
            .map(|b| starts.iter().filter(|&&s| s == b).count())
            .collect();
        assert_eq!(counts, [81, 34, 15, 8, 5]);
    }

    #[test]
    fn any_number_of_runs_and_rungs_is_legal() {
        for trials in 1..40 {
            for rungs in 1..8 {
                for eta in 2..6 {
                    let starts = hyperband_starts(trials, rungs, eta);
                    assert_eq!(starts.len(), trials);
                    assert!(starts.iter().all(|&s| s < rungs));
                }
            }
        }
    }
}

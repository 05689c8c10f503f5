//! Who survives a comparison.

/// Whether `score` is worse than `cut` by no more than the seed moves it.
///
/// `noise` is the standard deviation of ln(final loss) between seeds. Scores that are not
/// positive have no logarithm, and then only an equal score is within the noise.
pub(crate) fn within_noise(score: f64, cut: f64, noise: f64) -> bool {
    if !score.is_finite() {
        return false;
    }
    if score > 0.0 && cut > 0.0 {
        score.ln() - cut.ln() <= noise && noise > 0.0
    } else {
        false
    }
}

/// Places of the survivors: the `keep` best finite scores (equal ones in their order, at least
/// one), and all others within the noise of the last of them.
pub(crate) fn survivors(scores: &[f64], keep: usize, noise: f64) -> Vec<usize> {
    let order = crate::rank::ascending(scores);
    let finite: Vec<usize> = order
        .into_iter()
        .filter(|&i| scores[i].is_finite())
        .collect();
    let keep = keep.max(1);
    let Some(&last) = finite.get(keep.min(finite.len()).wrapping_sub(1)) else {
        return Vec::new();
    };
    let cut = scores[last];
    let mut kept: Vec<usize> = finite
        .into_iter()
        .enumerate()
        .filter(|&(place, i)| place < keep || within_noise(scores[i], cut, noise))
        .map(|(_, i)| i)
        .collect();
    kept.sort_unstable();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_stay_ties_fall_by_order_and_one_always_stays() {
        assert_eq!(survivors(&[3.0, 1.0, 2.0, 1.0], 1, 0.0), [1]);
        assert_eq!(survivors(&[3.0, 1.0, 2.0, 1.0], 3, 0.0), [1, 2, 3]);
        assert_eq!(survivors(&[3.0, 1.0], 0, 0.0), [1]);
        assert_eq!(survivors(&[f64::INFINITY, 1.0], 2, 0.0), [1]);
        assert!(survivors(&[f64::INFINITY], 1, 0.0).is_empty());
        assert!(survivors(&[], 1, 0.0).is_empty());
    }

    #[test]
    fn a_score_within_the_seed_noise_of_the_cut_stays() {
        assert_eq!(survivors(&[1.0, 1.05, 1.2], 1, 0.06), [0, 1]);
        assert_eq!(survivors(&[1.0, 1.05, 1.2], 1, 0.04), [0]);
        assert_eq!(survivors(&[-3.0, -2.9], 1, 0.5), [0]);
    }
}

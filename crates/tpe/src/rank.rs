//! Rank statistics: does the early score order the runs as the final loss does?
//!
//! Infinite values are legal and tie with one another, so diverged runs take part as the worst.
//! An undefined coefficient (fewer than two runs, all values equal, a NaN) is `None`, never 0.

/// Pearson's correlation of finite values.
#[must_use]
pub fn pearson(x: &[f64], y: &[f64]) -> Option<f64> {
    if x.len() != y.len() || x.len() < 2 {
        return None;
    }
    let n = x.len() as f64;
    let (mx, my) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let (mut sxx, mut sxy, mut syy) = (0.0, 0.0, 0.0);
    for (a, b) in x.iter().zip(y) {
        sxx += (a - mx) * (a - mx);
        sxy += (a - mx) * (b - my);
        syy += (b - my) * (b - my);
    }
    let scale = (sxx * syy).sqrt();
    (scale > 0.0).then(|| (sxy / scale).clamp(-1.0, 1.0))
}

/// Ranks from 1, equal values sharing the mean of their places; `None` if any value is NaN.
#[must_use]
pub fn average_ranks(values: &[f64]) -> Option<Vec<f64>> {
    if values.iter().any(|x| x.is_nan()) {
        return None;
    }
    let order = ascending(values);
    let mut ranks = vec![0.0; values.len()];
    let mut from = 0;
    while from < order.len() {
        let mut to = from + 1;
        while to < order.len() && same(values[order[to]], values[order[from]]) {
            to += 1;
        }
        let shared = (from + to + 1) as f64 / 2.0;
        for &at in &order[from..to] {
            ranks[at] = shared;
        }
        from = to;
    }
    Some(ranks)
}

/// Spearman's ρ: Pearson's correlation of the average ranks.
#[must_use]
pub fn spearman(x: &[f64], y: &[f64]) -> Option<f64> {
    pearson(&average_ranks(x)?, &average_ranks(y)?)
}

/// Kendall's τ-b, which corrects for ties on either side, in O(n log n).
///
/// # References
/// Knight, J. Am. Stat. Assoc. 61, 436 (1966), doi:10.1080/01621459.1966.10480879.
#[must_use]
pub fn kendall_tau_b(x: &[f64], y: &[f64]) -> Option<f64> {
    if x.len() != y.len() || x.len() < 2 || x.iter().chain(y).any(|v| v.is_nan()) {
        return None;
    }
    let mut pairs: Vec<(f64, f64)> = x.iter().copied().zip(y.iter().copied()).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let all = pairs_of(pairs.len());
    let ties_x = tied(&pairs, |a, b| same(a.0, b.0));
    let ties_both = tied(&pairs, |a, b| same(a.0, b.0) && same(a.1, b.1));
    let mut ys: Vec<f64> = pairs.iter().map(|p| p.1).collect();
    let swaps = sort_counting_swaps(&mut ys);
    let ties_y = tied(&ys, |a, b| same(*a, *b));
    // Concordant minus discordant pairs; a swap is a discordant pair.
    let difference = all + ties_both - ties_x - ties_y - 2.0 * swaps;
    let scale = ((all - ties_x) * (all - ties_y)).sqrt();
    (scale > 0.0).then(|| (difference / scale).clamp(-1.0, 1.0))
}

/// Places of the values from the lowest to the highest; equal values keep their order.
#[must_use]
pub fn ascending(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    order
}

/// Share of the `best` runs with the lowest final loss that are among the `kept` runs with the
/// lowest score. Equal values are taken in their order.
///
/// `None` where a list is empty, lengths differ, a count is 0, or a value is NaN.
#[must_use]
pub fn recall(scores: &[f64], finals: &[f64], best: usize, kept: usize) -> Option<f64> {
    let n = scores.len();
    if n == 0 || finals.len() != n || best == 0 || kept == 0 {
        return None;
    }
    if scores.iter().chain(finals).any(|v| v.is_nan()) {
        return None;
    }
    let truth = ascending(finals);
    let predicted = ascending(scores);
    let (best, kept) = (best.min(n), kept.min(n));
    let hits = truth[..best]
        .iter()
        .filter(|run| predicted[..kept].contains(run))
        .count();
    Some(hits as f64 / best as f64)
}

/// Equality for ranking: infinities tie, and the two zeros tie.
fn same(a: f64, b: f64) -> bool {
    a.partial_cmp(&b) == Some(std::cmp::Ordering::Equal)
}

fn pairs_of(n: usize) -> f64 {
    let n = n as f64;
    n * (n - 1.0) / 2.0
}

/// Pairs inside runs of neighbours that are equal.
fn tied<T>(sorted: &[T], equal: impl Fn(&T, &T) -> bool) -> f64 {
    let mut pairs = 0.0;
    let mut length = 1;
    for two in sorted.windows(2) {
        if equal(&two[0], &two[1]) {
            length += 1;
        } else {
            pairs += pairs_of(length);
            length = 1;
        }
    }
    pairs + pairs_of(length)
}

/// Merge sort; returns how many pairs were in the wrong order.
fn sort_counting_swaps(values: &mut [f64]) -> f64 {
    let n = values.len();
    if n < 2 {
        return 0.0;
    }
    let (left, right) = values.split_at_mut(n / 2);
    let mut swaps = sort_counting_swaps(left) + sort_counting_swaps(right);
    let mut merged = Vec::with_capacity(n);
    let (mut i, mut j) = (0, 0);
    while i < left.len() || j < right.len() {
        if j == right.len() || (i < left.len() && left[i] <= right[j]) {
            merged.push(left[i]);
            i += 1;
        } else {
            swaps += (left.len() - i) as f64;
            merged.push(right[j]);
            j += 1;
        }
    }
    values.copy_from_slice(&merged);
    swaps
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, pair by pair.
    fn naive_tau_b(x: &[f64], y: &[f64]) -> Option<f64> {
        let (mut difference, mut nx, mut ny) = (0.0, 0.0, 0.0);
        for i in 0..x.len() {
            for j in 0..i {
                let sign = |a: f64, b: f64| f64::from(i8::from(a > b) - i8::from(a < b));
                let (a, b) = (sign(x[i], x[j]), sign(y[i], y[j]));
                difference += a * b;
                nx += a * a;
                ny += b * b;
            }
        }
        let scale: f64 = nx * ny;
        (scale > 0.0).then(|| difference / scale.sqrt())
    }

    proptest! {
        #[test]
        fn fast_kendall_equals_the_definition(
            pairs in proptest::collection::vec((0_i8..6, 0_i8..6), 2..40),
        ) {
            let x: Vec<f64> = pairs.iter().map(|p| f64::from(p.0)).collect();
            let y: Vec<f64> = pairs.iter().map(|p| f64::from(p.1)).collect();
            match (kendall_tau_b(&x, &y), naive_tau_b(&x, &y)) {
                (Some(fast), Some(naive)) => prop_assert!((fast - naive).abs() < 1e-12),
                (fast, naive) => prop_assert_eq!(fast.is_some(), naive.is_some()),
            }
        }
    }

    #[test]
    fn infinities_tie_as_the_worst() {
        let x = [1.0, 2.0, f64::INFINITY, f64::INFINITY];
        assert_eq!(average_ranks(&x), Some(vec![1.0, 2.0, 3.5, 3.5]));
        assert_eq!(spearman(&x, &x), Some(1.0));
        assert_eq!(kendall_tau_b(&x, &x), Some(1.0));
    }

    #[test]
    fn recall_counts_the_best_among_the_kept() {
        let finals = [1.0, 2.0, 3.0, 4.0];
        let scores = [2.0, 9.0, 1.0, 3.0];
        assert_eq!(recall(&scores, &finals, 2, 2), Some(0.5));
        assert_eq!(recall(&scores, &finals, 1, 1), Some(0.0));
        assert_eq!(recall(&scores, &finals, 2, 9), Some(1.0));
        assert_eq!(recall(&scores, &finals, 0, 1), None);
    }
}

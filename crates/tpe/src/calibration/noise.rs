//! How much the seed alone moves the final loss.

/// Pooled standard deviation of ln(final loss) over groups of runs that differ only in the seed.
///
/// Each group counts with its degrees of freedom. Groups of fewer than two finite, positive
/// losses say nothing and are left out; `None` if no group is left.
pub fn seed_noise<G: AsRef<[f64]>>(groups: &[G]) -> Option<f64> {
    let (mut squares, mut freedom) = (0.0, 0.0);
    for group in groups {
        let logs: Vec<f64> = group
            .as_ref()
            .iter()
            .filter(|loss| loss.is_finite() && **loss > 0.0)
            .map(|loss| loss.ln())
            .collect();
        if logs.len() < 2 {
            continue;
        }
        let mean = logs.iter().sum::<f64>() / logs.len() as f64;
        squares += logs.iter().map(|l| (l - mean).powi(2)).sum::<f64>();
        freedom += (logs.len() - 1) as f64;
    }
    (freedom > 0.0).then(|| (squares / freedom).sqrt())
}

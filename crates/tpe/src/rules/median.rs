//! The decision of median stopping.

/// Whether a run with these losses is stopped, given the losses of the finished runs.
///
/// It is stopped if its lowest loss lies above the median, over the finished runs, of their mean
/// loss up to the same epoch (or up to their own end, if that was earlier), by more than `noise`.
pub(crate) fn stops(own: &[f64], finished: &[&[f64]], needed: usize, noise: f64) -> bool {
    if finished.len() < needed || own.is_empty() {
        return false;
    }
    let mut means: Vec<f64> = finished
        .iter()
        .filter(|losses| !losses.is_empty())
        .map(|losses| {
            let seen = &losses[..own.len().min(losses.len())];
            seen.iter().sum::<f64>() / seen.len() as f64
        })
        .collect();
    if means.is_empty() {
        return false;
    }
    means.sort_by(f64::total_cmp);
    let middle = means.len() / 2;
    let median = if means.len() % 2 == 1 {
        means[middle]
    } else {
        0.5 * (means[middle - 1] + means[middle])
    };
    let lowest = own.iter().copied().fold(f64::INFINITY, f64::min);
    lowest > median && !super::cut::within_noise(lowest, median, noise)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_above_the_median_of_the_running_means_is_stopped() {
        let finished: [&[f64]; 3] = [&[4.0, 2.0], &[6.0, 4.0], &[9.0]];
        // The means up to epoch 2 are 3, 5 and 9.
        assert!(stops(&[7.0, 5.1], &finished, 3, 0.0));
        assert!(!stops(&[7.0, 4.9], &finished, 3, 0.0));
        assert!(!stops(&[7.0, 5.1], &finished, 3, 0.05), "within the noise");
        assert!(!stops(&[7.0, 5.1], &finished, 4, 0.0), "too few");
    }
}

//! What is done to a row of logits before a token is drawn: the filters of `transformers`, in its order (repetition
//! penalty, temperature, top-k, top-p). Removed entries become −∞.

/// Logits of tokens that have been seen are divided by `penalty` where positive, multiplied where negative.
///
/// # References
/// Keskar et al., CTRL (2019), section 4.1, <https://arxiv.org/abs/1909.05858>.
pub fn repetition_penalty(logits: &mut [f32], history: &[u32], penalty: f32) {
    let mut seen = vec![false; logits.len()];
    for &id in history {
        let Some(seen) = seen.get_mut(id as usize) else {
            continue;
        };
        if !std::mem::replace(seen, true) {
            let logit = &mut logits[id as usize];
            *logit = if *logit < 0.0 {
                *logit * penalty
            } else {
                *logit / penalty
            };
        }
    }
}

/// Divides all logits.
pub fn temperature(logits: &mut [f32], temperature: f32) {
    for logit in logits {
        *logit /= temperature;
    }
}

/// Keeps the `k` largest logits, and any that equal the last of these.
pub fn top_k(logits: &mut [f32], k: usize) {
    if k == 0 || k >= logits.len() {
        return;
    }
    let mut sorted = logits.to_vec();
    let (_, &mut last, _) = sorted.select_nth_unstable_by(k - 1, |a, b| b.total_cmp(a));
    for logit in logits {
        if *logit < last {
            *logit = f32::NEG_INFINITY;
        }
    }
}

/// Keeps the smallest set of likeliest tokens whose probabilities add up to at least `p`; at least one token.
///
/// # References
/// Holtzman et al., "The curious case of neural text degeneration" (2020), <https://arxiv.org/abs/1904.09751>.
pub fn top_p(logits: &mut [f32], p: f32) {
    let mut order: Vec<usize> = (0..logits.len()).collect();
    order.sort_by(|&a, &b| logits[a].total_cmp(&logits[b]));
    let Some(&largest) = order.last() else { return };
    let largest = logits[largest];
    let weights: Vec<f32> = order
        .iter()
        .map(|&index| (logits[index] - largest).exp())
        .collect();
    let sum: f32 = weights.iter().sum();
    let mut cumulative = 0.0;
    for (&index, weight) in order.iter().zip(&weights).take(order.len() - 1) {
        cumulative += weight / sum;
        if cumulative > 1.0 - p {
            break;
        }
        logits[index] = f32::NEG_INFINITY;
    }
}

use super::*;

/// Deterministic numbers in (−1, 1).
fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

/// The definition, in float64.
fn naive(heads: &Heads<'_>, qkv: &[f32]) -> Vec<f64> {
    let (t, c, d) = (heads.length, heads.width, heads.width / heads.count);
    let at = |token: usize, part: usize, channel: usize| {
        f64::from(qkv[token * 3 * c + part * c + channel])
    };
    let mut out = vec![0.0; t * c];
    for head in 0..heads.count {
        for i in 0..t {
            let scores: Vec<(usize, f64)> = (heads.lowest(i)..=i)
                .map(|j| {
                    let channels = head * d..(head + 1) * d;
                    (
                        j,
                        channels
                            .map(|x| at(i, 0, x) * at(j, 1, x))
                            .sum::<f64>()
                            .exp(),
                    )
                })
                .collect();
            let sum: f64 = scores.iter().map(|(_, e)| e).sum();
            for channel in head * d..(head + 1) * d {
                out[i * c + channel] = scores
                    .iter()
                    .map(|&(j, e)| e / sum * at(j, 2, channel))
                    .sum();
            }
        }
    }
    out
}

fn forward(heads: Heads<'_>, qkv: &[f32]) -> (Vec<f32>, Vec<f32>) {
    let mut out = vec![0.0; heads.length * heads.width];
    let mut log_sums = vec![0.0; heads.length * heads.count];
    pulp::Arch::new().dispatch(Attend {
        heads,
        qkv,
        out: &mut out,
        log_sums: &mut log_sums,
        scratch: &mut Scratch::default(),
    });
    (out, log_sums)
}

const CASES: [(usize, usize, usize, usize); 6] = [
    (1, 4, 1, 256),
    (37, 16, 16, 256),
    (33, 24, 2, 5),
    (64, 48, 4, 8),
    (50, 80, 5, 256),
    (17, 10, 2, 1),
];

#[test]
fn attention_agrees_with_its_definition() {
    for (t, c, h, window) in CASES {
        let qkv: Vec<f32> = numbers(t * 3 * c, 3).iter().map(|x| 2.0 * x).collect();
        let first: Vec<u32> = (0..t).map(|i| if i < 9 { 0 } else { 9 }).collect();
        for first in [None, Some(first.as_slice())] {
            let heads = Heads {
                length: t,
                width: c,
                count: h,
                window,
                first,
            };
            let (out, _) = forward(heads, &qkv);
            for (found, expected) in out.iter().zip(naive(&heads, &qkv)) {
                assert!((f64::from(*found) - expected).abs() < 1e-5, "{heads:?}");
            }
        }
    }
}

#[test]
fn gradients_agree_with_finite_differences() {
    for (t, c, h, window) in CASES {
        let heads = Heads {
            length: t,
            width: c,
            count: h,
            window,
            first: None,
        };
        let mut qkv = numbers(t * 3 * c, 5);
        let weights = numbers(t * c, 6);
        let (out, log_sums) = forward(heads, &qkv);
        let mut gradient = vec![0.0; qkv.len()];
        pulp::Arch::new().dispatch(AttendBackward {
            heads,
            qkv: &qkv,
            out: &out,
            log_sums: &log_sums,
            gradient: &weights,
            qkv_gradient: &mut gradient,
            scratch: &mut Scratch::default(),
        });
        let objective = |qkv: &[f32]| -> f64 {
            let out = naive(&heads, qkv);
            out.iter()
                .zip(&weights)
                .map(|(o, &w)| o * f64::from(w))
                .sum()
        };
        for probe in 0..12 {
            let at = probe * 7919 % qkv.len();
            let kept = qkv[at];
            qkv[at] = kept + 1e-2;
            let above = objective(&qkv);
            qkv[at] = kept - 1e-2;
            let below = objective(&qkv);
            qkv[at] = kept;
            let expected = (above - below) / 2e-2;
            let off = (f64::from(gradient[at]) - expected).abs();
            assert!(
                off < 1e-3 * expected.abs().max(1.0),
                "{heads:?}, {at}: {off}"
            );
        }
    }
}

//! Start points: the parameters that enter a law non-linearly are spread over their plausible range
//! by a Sobol sequence, and those that enter linearly follow by least squares (variable projection,
//! Golub and Pereyra 1973, doi:10.1137/0710036).

use super::Law;
use super::evaluate::LN_6;
use crate::constraints::Space;
use crate::data::Row;
use crate::linalg::{Vector, ZERO_VECTOR, least_squares};
use crate::sobol::Sobol;

/// What the seeds take from the data.
struct Summary {
    ln_low: [f64; 2],
    ln_high: [f64; 2],
    loss_low: f64,
    loss_high: f64,
    /// Slope of ln L in ln R over all rows, with its sign turned: a crude exponent.
    slope: f64,
}

/// Start points in the coordinates of the law, obeying the restrictions of the space.
pub(crate) fn seeds(law: Law, rows: &[Row], weights: &[f64], space: &Space) -> Vec<Vector> {
    let Some(summary) = summarise(rows, weights) else {
        return Vec::new();
    };
    let count = match law {
        Law::Power
        | Law::Broken {
            breaks: 0,
            floor: false,
        } => 1,
        Law::Saturating
        | Law::OverTraining
        | Law::Shifted { floor: false }
        | Law::Broken {
            breaks: 0,
            floor: true,
        } => 16,
        Law::Joint | Law::Kaplan => 32,
        Law::SigmoidLike | Law::Shifted { floor: true } => 64,
        Law::Broken { breaks: 1, .. } => 256,
        Law::Broken { .. } => 2048,
    };
    let mut sobol = Sobol::new(nonlinear(law));
    (0..count)
        .filter_map(|_| {
            let point = sobol.next_point();
            seed(law, rows, weights, space, &summary, &point)
        })
        .collect()
}

/// Number of parameters that enter non-linearly.
fn nonlinear(law: Law) -> usize {
    match law {
        Law::Power | Law::Saturating | Law::OverTraining | Law::Kaplan => 1,
        Law::Joint | Law::SigmoidLike => 2,
        Law::Shifted { floor } => 1 + usize::from(floor),
        Law::Broken { breaks, floor } => (2 * usize::from(breaks) + usize::from(floor)).max(1),
    }
}

fn summarise(rows: &[Row], weights: &[f64]) -> Option<Summary> {
    let mut s = Summary {
        ln_low: [f64::INFINITY; 2],
        ln_high: [f64::NEG_INFINITY; 2],
        loss_low: f64::INFINITY,
        loss_high: 0.0,
        slope: 0.0,
    };
    for (row, _) in rows.iter().zip(weights).filter(|(_, w)| **w > 0.0) {
        for axis in 0..2 {
            s.ln_low[axis] = s.ln_low[axis].min(row.ln_x[axis]);
            s.ln_high[axis] = s.ln_high[axis].max(row.ln_x[axis]);
        }
        if row.loss > 0.0 {
            s.loss_low = s.loss_low.min(row.loss);
        }
        s.loss_high = s.loss_high.max(row.loss);
    }
    let line = log_line(rows, weights, |row| {
        (row.loss > 0.0).then_some([1.0, row.ln_x[0]])
    })?;
    s.slope = -line[1];
    s.loss_low.is_finite().then_some(s)
}

/// Least squares of ln L on given regressors; rows without regressors are left out.
fn log_line<const K: usize>(
    rows: &[Row],
    weights: &[f64],
    regressors: impl Fn(&Row) -> Option<[f64; K]>,
) -> Option<Vector> {
    least_squares(
        K,
        rows.iter().zip(weights).filter_map(|(row, &weight)| {
            let x = regressors(row)?;
            let mut vector = ZERO_VECTOR;
            vector[..K].copy_from_slice(&x);
            Some((vector, row.ln_loss, weight))
        }),
    )
}

/// Non-negative least squares of the loss on up to three terms given as ln(term), with relative
/// residuals: all sign patterns are tried, which for three unknowns is simpler than any pivoting.
fn linear_terms<const K: usize>(
    rows: &[Row],
    weights: &[f64],
    terms: impl Fn(&Row) -> [f64; K],
) -> Option<[f64; K]> {
    // Each term is scaled by its largest value so that no exponential overflows.
    let mut top = [f64::NEG_INFINITY; K];
    for row in rows {
        for (slot, term) in top.iter_mut().zip(terms(row)) {
            *slot = slot.max(term);
        }
    }
    let mut gram = [[0.0; K]; K];
    let mut right = [0.0; K];
    for (row, &weight) in rows.iter().zip(weights) {
        if weight <= 0.0 || row.loss <= 0.0 {
            continue;
        }
        let mut x = terms(row);
        for (slot, top) in x.iter_mut().zip(top) {
            *slot = (*slot - top).exp() / row.loss;
        }
        for a in 0..K {
            right[a] += weight * x[a];
            for b in 0..K {
                gram[a][b] += weight * x[a] * x[b];
            }
        }
    }
    let mut best: Option<(f64, [f64; K])> = None;
    for pattern in 1..(1_u32 << K) {
        let kept: Vec<usize> = (0..K).filter(|a| pattern >> a & 1 == 1).collect();
        let mut matrix = crate::linalg::ZERO_MATRIX;
        let mut vector = ZERO_VECTOR;
        for (i, &a) in kept.iter().enumerate() {
            vector[i] = right[a];
            for (j, &b) in kept.iter().enumerate() {
                matrix[i][j] = gram[a][b];
            }
        }
        let Some(solution) = crate::linalg::solve_spd(&matrix, &vector, kept.len()) else {
            continue;
        };
        if solution[..kept.len()].iter().any(|&v| v < 0.0) {
            continue;
        }
        let explained: f64 = (0..kept.len()).map(|i| vector[i] * solution[i]).sum();
        if best.as_ref().is_none_or(|(most, _)| explained > *most) {
            let mut full = [0.0; K];
            for (i, &a) in kept.iter().enumerate() {
                full[a] = solution[i];
            }
            best = Some((explained, full));
        }
    }
    let (_, values) = best?;
    // A term that vanished starts at a hundredth of the smallest loss, so that a descent may still find it.
    let small = 0.01
        * rows
            .iter()
            .map(|row| row.loss)
            .filter(|&loss| loss > 0.0)
            .fold(f64::INFINITY, f64::min);
    let mut logs = [0.0; K];
    for (slot, (value, top)) in logs.iter_mut().zip(values.iter().zip(top)) {
        *slot = if *value > 0.0 { value.ln() } else { small.ln() } - top;
    }
    Some(logs)
}

fn between(low: f64, high: f64, share: f64) -> f64 {
    low + share * (high - low)
}

/// One seed from one Sobol point.
fn seed(
    law: Law,
    rows: &[Row],
    weights: &[f64],
    space: &Space,
    s: &Summary,
    u: &[f64],
) -> Option<Vector> {
    let mut theta = ZERO_VECTOR;
    let crude = s.slope.abs().max(0.02);
    match law {
        Law::Power => {
            let line = log_line(rows, weights, |row| Some([1.0, row.ln_x[0]]))?;
            theta[0] = line[0];
            theta[1] = -line[1];
        }
        Law::Saturating => {
            // A floor only steepens the law, so the exponent is at least the crude slope.
            theta[2] = s.slope.signum() * crude * (8.0 * u[0]).exp2() * 0.8;
            theta = space.project(&theta);
            let logs = linear_terms(rows, weights, |row| [0.0, -theta[2] * row.ln_x[0]])?;
            (theta[0], theta[1]) = (logs[0], logs[1]);
        }
        Law::Shifted { floor } => {
            // The shift bends the law where R is about 1/gamma.
            theta[2] = -between(s.ln_low[0] - 1.0, s.ln_high[0] + 6.0, u[0]);
            let ln_floor = if floor {
                (s.loss_low * 0.98 * u[1]).max(s.loss_low * 1e-3).ln()
            } else {
                f64::NEG_INFINITY
            };
            theta[3] = ln_floor;
            theta = space.project(&theta);
            let under = if floor { theta[3].exp() } else { 0.0 };
            let inner = |row: &Row| ((-row.ln_x[0]).exp() + theta[2].exp()).ln();
            let line = excess_line(rows, weights, under, |row| Some([1.0, inner(row)]))?;
            (theta[0], theta[1]) = (line[0], line[1]);
        }
        Law::SigmoidLike => {
            let e_inf = s.loss_low * (0.001 + 0.97 * u[0]);
            let e_0 = s.loss_high * (1.0 + 0.002 * (10.0 * u[1]).exp2());
            (theta[0], theta[1]) = (e_inf.ln(), e_0.ln());
            theta = space.project(&theta);
            let (e_inf, e_0) = (theta[0].exp(), theta[1].exp());
            let line = excess_line(rows, weights, e_inf, |row| {
                (row.loss < e_0).then(|| [1.0, (e_0 - row.loss).ln(), row.ln_x[0]])
            })?;
            (theta[2], theta[3], theta[4]) = (line[1].max(0.0), line[0], -line[2]);
        }
        Law::Joint => {
            theta[3] = 0.05 * (5.0 * u[0]).exp2();
            theta[4] = 0.05 * (5.0 * u[1]).exp2();
            theta = space.project(&theta);
            let logs = linear_terms(rows, weights, |row| {
                [-theta[3] * row.ln_x[0], -theta[4] * row.ln_x[1], 0.0]
            })?;
            theta[..3].copy_from_slice(&logs);
        }
        Law::Kaplan => return kaplan_seed(rows, weights, space, u),
        Law::OverTraining => {
            theta[2] = 0.02 * (5.5 * u[0]).exp2();
            theta = space.project(&theta);
            let logs = linear_terms(rows, weights, |row| {
                [
                    -theta[2] * (LN_6 + 2.0 * row.ln_x[0]),
                    -theta[2] * (LN_6 + 2.0 * row.ln_x[1]),
                    0.0,
                ]
            })?;
            (theta[0], theta[1], theta[3]) = (logs[0], logs[1], logs[2]);
        }
        Law::Broken { breaks, floor } => {
            return broken_seed(law, usize::from(breaks), floor, rows, weights, space, s, u);
        }
    }
    Some(space.project(&theta))
}

/// Least squares of ln(L - floor); rows at or below the floor are left out.
fn excess_line<const K: usize>(
    rows: &[Row],
    weights: &[f64],
    floor: f64,
    regressors: impl Fn(&Row) -> Option<[f64; K]>,
) -> Option<Vector> {
    least_squares(
        K,
        rows.iter().zip(weights).filter_map(|(row, &weight)| {
            let excess = row.loss - floor;
            if excess <= 0.0 {
                return None;
            }
            let x = regressors(row)?;
            let mut vector = ZERO_VECTOR;
            vector[..K].copy_from_slice(&x);
            // d ln(L - E) = dL / (L - E): this weight makes the residual one of ln L again.
            let relative = excess / row.loss;
            Some((vector, excess.ln(), weight * relative * relative))
        }),
    )
}

/// `L^(1/alpha_D)` is linear in Nc^p and Dc once `p = alpha_N/alpha_D` and `alpha_D` are given.
fn kaplan_seed(rows: &[Row], weights: &[f64], space: &Space, u: &[f64]) -> Option<Vector> {
    let mut best: Option<(f64, Vector)> = None;
    let exponent = 0.02 * (5.0 * u[0]).exp2();
    for ratio in [0.35, 0.6, 0.85, 1.2, 1.8, 3.0] {
        let mut theta = ZERO_VECTOR;
        theta[3] = exponent;
        theta[2] = ratio * exponent;
        theta = space.project(&theta);
        if theta[3] == 0.0 {
            continue;
        }
        let p = theta[2] / theta[3];
        let powered: Vec<Row> = rows
            .iter()
            .map(|row| Row {
                loss: ((row.ln_loss - rows[0].ln_loss) / theta[3]).exp(),
                ..*row
            })
            .collect();
        let Some(logs) = linear_terms(&powered, weights, |row| [-p * row.ln_x[0], -row.ln_x[1]])
        else {
            continue;
        };
        let shift = rows[0].ln_loss / theta[3];
        theta[0] = (logs[0] + shift) / p;
        theta[1] = logs[1] + shift;
        theta = space.project(&theta);
        let error: f64 = rows
            .iter()
            .zip(weights)
            .map(|(row, w)| w * (row.ln_loss - Law::Kaplan.evaluate(&theta, row.ln_x)).powi(2))
            .sum();
        if error.is_finite() && best.as_ref().is_none_or(|(least, _)| error < *least) {
            best = Some((error, theta));
        }
    }
    best.map(|(_, theta)| theta)
}

/// ln(L - a) is linear in ln b, c0 and every `c_i` once the floor, the breaks and their widths are given.
#[expect(
    clippy::too_many_arguments,
    reason = "the parts of one law, taken apart only here"
)]
fn broken_seed(
    law: Law,
    breaks: usize,
    floor: bool,
    rows: &[Row],
    weights: &[f64],
    space: &Space,
    s: &Summary,
    u: &[f64],
) -> Option<Vector> {
    let mut theta = ZERO_VECTOR;
    let o = usize::from(floor);
    if floor {
        theta[0] = (s.loss_low * (0.002 + 0.99 * u[2 * breaks])).ln();
    }
    let mut places: Vec<f64> = (0..breaks)
        .map(|i| between(s.ln_low[0], s.ln_high[0], 0.04 + 0.92 * u[2 * i]))
        .collect();
    places.sort_by(f64::total_cmp);
    for i in 0..breaks {
        let at = o + 2 + 3 * i;
        theta[at + 1] = places[i];
        theta[at + 2] = between((0.04_f64).ln(), (1.5_f64).ln(), u[2 * i + 1]);
    }
    theta = space.project(&theta);
    let under = if floor { theta[0].exp() } else { 0.0 };
    let n = 2 + breaks;
    let solution = least_squares(
        n,
        rows.iter().zip(weights).filter_map(|(row, &weight)| {
            let excess = row.loss - under;
            if excess <= 0.0 {
                return None;
            }
            let mut x = ZERO_VECTOR;
            x[0] = 1.0;
            x[1] = -row.ln_x[0];
            for i in 0..breaks {
                let at = o + 2 + 3 * i;
                let f = theta[at + 2].exp();
                let z = (row.ln_x[0] - theta[at + 1]) / f;
                let softplus = if z > 0.0 {
                    z + (-z).exp().ln_1p()
                } else {
                    z.exp().ln_1p()
                };
                x[2 + i] = -f * softplus;
            }
            let relative = excess / row.loss;
            Some((x, excess.ln(), weight * relative * relative))
        }),
    )?;
    theta[o] = solution[0];
    theta[o + 1] = solution[1];
    for i in 0..breaks {
        theta[o + 2 + 3 * i] = solution[2 + i];
    }
    debug_assert_eq!(law.parameter_count(), o + 2 + 3 * breaks);
    Some(space.project(&theta))
}

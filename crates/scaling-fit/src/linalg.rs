//! Dense linear algebra for at most [`MAX_PARAMETERS`] unknowns, on the stack.

#![expect(
    clippy::needless_range_loop,
    reason = "indices are those of the matrix formulas"
)]

/// The most parameters any law has: a broken law with three breaks and a floor.
pub(crate) const MAX_PARAMETERS: usize = 12;

/// A vector of at most [`MAX_PARAMETERS`] entries.
pub(crate) type Vector = [f64; MAX_PARAMETERS];

/// A square matrix of at most [`MAX_PARAMETERS`] rows.
pub(crate) type Matrix = [[f64; MAX_PARAMETERS]; MAX_PARAMETERS];

/// Zero vector.
pub(crate) const ZERO_VECTOR: Vector = [0.0; MAX_PARAMETERS];

/// Zero matrix.
pub(crate) const ZERO_MATRIX: Matrix = [[0.0; MAX_PARAMETERS]; MAX_PARAMETERS];

/// Solves `a x = b` for a symmetric positive definite leading block of size `n`.
///
/// The matrix is first scaled to a unit diagonal, which makes the pivots comparable
/// whatever the units of the parameters. Returns `None` where a pivot is lost.
pub(crate) fn solve_spd(a: &Matrix, b: &Vector, n: usize) -> Option<Vector> {
    let (factor, scale) = cholesky(a, n)?;
    let mut x = ZERO_VECTOR;
    for i in 0..n {
        x[i] = b[i] * scale[i];
    }
    substitute(&factor, &mut x, n);
    for i in 0..n {
        x[i] *= scale[i];
    }
    x[..n].iter().all(|v| v.is_finite()).then_some(x)
}

/// Inverse of a symmetric positive definite leading block, or `None`.
pub(crate) fn inverse_spd(a: &Matrix, n: usize) -> Option<Matrix> {
    let (factor, scale) = cholesky(a, n)?;
    let mut inverse = ZERO_MATRIX;
    for column in 0..n {
        let mut x = ZERO_VECTOR;
        x[column] = scale[column];
        substitute(&factor, &mut x, n);
        for row in 0..n {
            inverse[row][column] = x[row] * scale[row];
        }
    }
    Some(inverse)
}

fn cholesky(a: &Matrix, n: usize) -> Option<(Matrix, Vector)> {
    let mut scale = ZERO_VECTOR;
    for i in 0..n {
        if !(a[i][i] > 0.0 && a[i][i].is_finite()) {
            return None;
        }
        scale[i] = a[i][i].sqrt().recip();
    }
    let mut l = ZERO_MATRIX;
    for i in 0..n {
        for j in 0..=i {
            let mut sum = a[i][j] * scale[i] * scale[j];
            for k in 0..j {
                sum -= l[i][k] * l[j][k];
            }
            if i == j {
                // A scaled pivot below rounding means that the direction is not determined at all.
                if sum <= 1e-15 {
                    return None;
                }
                l[i][i] = sum.sqrt();
            } else {
                l[i][j] = sum / l[j][j];
            }
        }
    }
    Some((l, scale))
}

fn substitute(l: &Matrix, x: &mut Vector, n: usize) {
    for i in 0..n {
        let mut sum = x[i];
        for k in 0..i {
            sum -= l[i][k] * x[k];
        }
        x[i] = sum / l[i][i];
    }
    for i in (0..n).rev() {
        let mut sum = x[i];
        for k in i + 1..n {
            sum -= l[k][i] * x[k];
        }
        x[i] = sum / l[i][i];
    }
}

/// Eigenvalues of a symmetric leading block by Jacobi rotations, in no order.
pub(crate) fn eigenvalues(a: &Matrix, n: usize) -> Vec<f64> {
    let mut m = *a;
    for _sweep in 0..60 {
        let off: f64 = (0..n)
            .flat_map(|i| (0..i).map(move |j| (i, j)))
            .map(|(i, j)| m[i][j] * m[i][j])
            .sum();
        let diagonal: f64 = (0..n).map(|i| m[i][i] * m[i][i]).sum();
        if off <= 1e-32 * diagonal {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                if m[p][q] == 0.0 {
                    continue;
                }
                let tau = (m[q][q] - m[p][p]) / (2.0 * m[p][q]);
                let t = tau.signum() / (tau.abs() + (1.0 + tau * tau).sqrt());
                let t = if tau == 0.0 { 1.0 } else { t };
                let c = (1.0 + t * t).sqrt().recip();
                let s = t * c;
                for k in 0..n {
                    let (kp, kq) = (m[k][p], m[k][q]);
                    m[k][p] = c * kp - s * kq;
                    m[k][q] = s * kp + c * kq;
                }
                for k in 0..n {
                    let (pk, qk) = (m[p][k], m[q][k]);
                    m[p][k] = c * pk - s * qk;
                    m[q][k] = s * pk + c * qk;
                }
            }
        }
    }
    (0..n).map(|i| m[i][i]).collect()
}

/// Least squares `min |X c - y|²` with row weights, by the scaled normal equations.
///
/// `rows` yields the regressors of each row with its target and weight.
pub(crate) fn least_squares(
    n: usize,
    rows: impl Iterator<Item = (Vector, f64, f64)>,
) -> Option<Vector> {
    let mut a = ZERO_MATRIX;
    let mut b = ZERO_VECTOR;
    for (x, y, w) in rows {
        for i in 0..n {
            b[i] += w * x[i] * y;
            for j in 0..=i {
                a[i][j] += w * x[i] * x[j];
            }
        }
    }
    for i in 0..n {
        for j in i + 1..n {
            a[i][j] = a[j][i];
        }
    }
    solve_spd(&a, &b, n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_system_is_solved_and_inverted() {
        let mut a = ZERO_MATRIX;
        let rows = [[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 2.0]];
        for i in 0..3 {
            a[i][..3].copy_from_slice(&rows[i]);
        }
        let mut b = ZERO_VECTOR;
        b[..3].copy_from_slice(&[1.0, 2.0, 3.0]);
        let x = solve_spd(&a, &b, 3).unwrap();
        for i in 0..3 {
            let sum: f64 = (0..3).map(|j| a[i][j] * x[j]).sum();
            approx::assert_relative_eq!(sum, b[i], max_relative = 1e-14);
        }
        let inverse = inverse_spd(&a, 3).unwrap();
        let trace: f64 = (0..3)
            .map(|i| (0..3).map(|j| a[i][j] * inverse[j][i]).sum::<f64>())
            .sum();
        approx::assert_relative_eq!(trace, 3.0, max_relative = 1e-14);
        let sum: f64 = eigenvalues(&a, 3).iter().sum();
        approx::assert_relative_eq!(sum, 9.0, max_relative = 1e-14);
    }

    #[test]
    fn a_singular_matrix_is_refused() {
        let mut a = ZERO_MATRIX;
        for row in a.iter_mut().take(2) {
            row[..2].copy_from_slice(&[1.0, 1.0]);
        }
        assert!(solve_spd(&a, &ZERO_VECTOR, 2).is_none());
    }
}

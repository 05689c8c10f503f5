//! Eigenvalues of symmetric matrices by Jacobi's rotations (Golub, Van Loan, Matrix Computations, 4th ed., 8.5): every
//! digit of small eigenvalues survives, and a few hundred rows are a matter of seconds.

/// Sweeps over all pairs; convergence is quadratic, and ten are already rare.
const SWEEPS: usize = 60;

/// Eigenvalues in ascending order, and the eigenvector of each as a row.
pub(super) fn symmetric(mut a: Vec<f64>, n: usize) -> (Vec<f64>, Vec<Vec<f64>>) {
    let mut rows: Vec<f64> = vec![0.0; n * n];
    for k in 0..n {
        rows[k * n + k] = 1.0;
    }
    let size: f64 = a.iter().map(|x| x * x).sum();
    for _ in 0..SWEEPS {
        let off: f64 = (0..n)
            .flat_map(|p| (0..p).map(move |q| (p, q)))
            .map(|(p, q)| a[p * n + q].powi(2))
            .sum();
        if off <= 1e-30 * size {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(&mut a, &mut rows, n, p, q);
            }
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|x, y| a[x * n + x].total_cmp(&a[y * n + y]));
    let values = order.iter().map(|k| a[k * n + k]).collect();
    let vectors = order
        .iter()
        .map(|k| rows[k * n..(k + 1) * n].to_vec())
        .collect();
    (values, vectors)
}

/// The rotation in the plane of p and q that makes their entry zero.
fn rotate(a: &mut [f64], rows: &mut [f64], n: usize, p: usize, q: usize) {
    let apq = a[p * n + q];
    if apq == 0.0 {
        return;
    }
    let theta = (a[q * n + q] - a[p * n + p]) / (2.0 * apq);
    let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let c = 1.0 / (t * t + 1.0).sqrt();
    let s = t * c;
    for k in 0..n {
        let (x, y) = (a[k * n + p], a[k * n + q]);
        a[k * n + p] = c * x - s * y;
        a[k * n + q] = s * x + c * y;
    }
    for k in 0..n {
        let (x, y) = (a[p * n + k], a[q * n + k]);
        a[p * n + k] = c * x - s * y;
        a[q * n + k] = s * x + c * y;
        let (x, y) = (rows[p * n + k], rows[q * n + k]);
        rows[p * n + k] = c * x - s * y;
        rows[q * n + k] = s * x + c * y;
    }
}

#[cfg(test)]
mod tests {
    use super::symmetric;

    #[test]
    fn a_chain_of_springs_has_its_known_eigenvalues() {
        let n = 24;
        let mut a = vec![0.0; n * n];
        for k in 0..n {
            a[k * n + k] = 2.0;
            if k > 0 {
                a[k * n + k - 1] = -1.0;
                a[(k - 1) * n + k] = -1.0;
            }
        }
        let (values, vectors) = symmetric(a.clone(), n);
        for (k, value) in values.iter().enumerate() {
            let angle = std::f64::consts::PI * (k + 1) as f64 / (n + 1) as f64;
            assert!((value - (2.0 - 2.0 * angle.cos())).abs() < 1e-13);
            for row in 0..n {
                let image: f64 = (0..n).map(|j| a[row * n + j] * vectors[k][j]).sum();
                assert!((image - value * vectors[k][row]).abs() < 1e-13);
            }
        }
    }

    #[test]
    fn equal_eigenvalues_and_zeros_are_no_trouble() {
        let (values, _) = symmetric(vec![0.0; 9], 3);
        assert_eq!(values, [0.0; 3]);
        let (values, _) = symmetric(vec![1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0], 3);
        assert!(values[0].abs() < 1e-15 && values[1].abs() < 1e-15);
        assert!((values[2] - 3.0).abs() < 1e-14);
    }
}

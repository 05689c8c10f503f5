//! Superposition of two geometries: the rotation of least squares by quaternions (Horn, J. Opt. Soc. Am. A 4, 629,
//! 1987, <https://doi.org/10.1364/JOSAA.4.000629>).

/// Positions of b less those of a after b was shifted and turned onto a, and the forces of b turned the same way.
pub(super) fn aligned_difference(
    a: &[[f64; 3]],
    b: &[[f64; 3]],
    forces_of_b: &[[f64; 3]],
) -> (Vec<[f64; 3]>, Vec<[f64; 3]>) {
    let (ca, cb) = (centre(a), centre(b));
    let shifted = |v: &[f64; 3], c: &[f64; 3]| [v[0] - c[0], v[1] - c[1], v[2] - c[2]];
    // Correlation of b with a.
    let mut m = [[0.0; 3]; 3];
    for (p, q) in a.iter().zip(b) {
        let (p, q) = (shifted(p, &ca), shifted(q, &cb));
        for k in 0..3 {
            for l in 0..3 {
                m[k][l] += q[k] * p[l];
            }
        }
    }
    let rotation = best_rotation(&m);
    let turn = |v: [f64; 3]| -> [f64; 3] {
        std::array::from_fn(|k| {
            rotation[k][0] * v[0] + rotation[k][1] * v[1] + rotation[k][2] * v[2]
        })
    };
    let difference = a
        .iter()
        .zip(b)
        .map(|(p, q)| {
            let (p, q) = (shifted(p, &ca), turn(shifted(q, &cb)));
            [q[0] - p[0], q[1] - p[1], q[2] - p[2]]
        })
        .collect();
    (difference, forces_of_b.iter().map(|f| turn(*f)).collect())
}

fn centre(v: &[[f64; 3]]) -> [f64; 3] {
    std::array::from_fn(|k| v.iter().map(|p| p[k]).sum::<f64>() / v.len() as f64)
}

/// Rotation matrix from the eigenvector of the largest eigenvalue of Horn's symmetric 4 × 4 matrix (his eq. 45).
fn best_rotation(m: &[[f64; 3]; 3]) -> [[f64; 3]; 3] {
    let [[xx, xy, xz], [yx, yy, yz], [zx, zy, zz]] = *m;
    let n = [
        [xx + yy + zz, yz - zy, zx - xz, xy - yx],
        [yz - zy, xx - yy - zz, xy + yx, zx + xz],
        [zx - xz, xy + yx, -xx + yy - zz, yz + zy],
        [xy - yx, zx + xz, yz + zy, -xx - yy + zz],
    ];
    let [w, x, y, z] = largest_eigenvector(n);
    [
        [
            w * w + x * x - y * y - z * z,
            2.0 * (x * y - w * z),
            2.0 * (x * z + w * y),
        ],
        [
            2.0 * (x * y + w * z),
            w * w - x * x + y * y - z * z,
            2.0 * (y * z - w * x),
        ],
        [
            2.0 * (x * z - w * y),
            2.0 * (y * z + w * x),
            w * w - x * x - y * y + z * z,
        ],
    ]
}

/// Cyclic Jacobi rotations of a symmetric matrix; four rows need a handful of sweeps.
fn largest_eigenvector(mut a: [[f64; 4]; 4]) -> [f64; 4] {
    let mut v = [[0.0; 4]; 4];
    for (k, row) in v.iter_mut().enumerate() {
        row[k] = 1.0;
    }
    for _ in 0..32 {
        let mut off = 0.0;
        for p in 0..4 {
            for q in p + 1..4 {
                off += a[p][q] * a[p][q];
                if a[p][q].abs() < f64::MIN_POSITIVE {
                    continue;
                }
                let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
                let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
                let c = 1.0 / (t * t + 1.0).sqrt();
                let s = t * c;
                for row in &mut a {
                    (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
                }
                let (mut rp, mut rq) = (a[p], a[q]);
                for (x, y) in rp.iter_mut().zip(&mut rq) {
                    (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
                }
                (a[p], a[q]) = (rp, rq);
                for row in &mut v {
                    (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
                }
            }
        }
        let scale: f64 = (0..4).map(|k| a[k][k] * a[k][k]).sum();
        if off <= 1e-30 * scale {
            break;
        }
    }
    let best = (0..4)
        .max_by(|&p, &q| a[p][p].total_cmp(&a[q][q]))
        .expect("four columns");
    std::array::from_fn(|k| v[k][best])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turned_and_shifted_copy_comes_back() {
        let a = [
            [0.0, 0.0, 0.0],
            [1.0, 0.2, 0.0],
            [0.3, 1.1, -0.4],
            [0.5, -0.7, 0.9],
        ];
        let (s, c) = 1.1_f64.sin_cos();
        let turn = |v: [f64; 3]| [c * v[0] - s * v[1], s * v[0] + c * v[1], v[2]];
        let b: Vec<[f64; 3]> = a.iter().map(|v| turn(*v).map(|x| x + 3.0)).collect();
        let forces: Vec<[f64; 3]> = a.iter().map(|v| turn(*v)).collect();
        let (difference, turned) = aligned_difference(&a, &b, &forces);
        assert!(difference.as_flattened().iter().all(|x| x.abs() < 1e-12));
        for (p, q) in a.as_flattened().iter().zip(turned.as_flattened()) {
            assert!((p - q).abs() < 1e-12);
        }
    }
}

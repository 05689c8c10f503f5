//! Coupling coefficients of real representations.

/// A complex number: real and imaginary part.
type Complex = (f64, f64);

fn times(a: Complex, b: Complex) -> Complex {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}

/// The Wigner 3j symbol in the real basis, with Frobenius norm 1: the coefficients that couple
/// degrees l₁ and l₂ to l₃.
///
/// # Shapes
/// - output: `[2 l1 + 1, 2 l2 + 1, 2 l3 + 1]`, row by row
///
/// # Panics
/// If the degrees violate the triangle rule |l₁ − l₂| ≤ l₃ ≤ l₁ + l₂.
///
/// # References
/// Racah's formula for the complex coefficients (doi:10.1103/PhysRev.62.438, eq. 16), transformed to the
/// real basis and scaled to norm 1 as in e3nn's `wigner_3j`.
#[must_use]
pub fn wigner_3j(l1: usize, l2: usize, l3: usize) -> Vec<f64> {
    assert!(
        (l1.abs_diff(l2)..=l1 + l2).contains(&l3),
        "degrees {l1}, {l2} do not couple to {l3}"
    );
    let (d2, d3) = (2 * l2 + 1, 2 * l3 + 1);
    let mut out = vec![0.0; (2 * l1 + 1) * d2 * d3];
    let (j1, j2, j3) = (signed(l1), signed(l2), signed(l3));
    for m1 in -j1..=j1 {
        for m2 in -j2..=j2 {
            let m3 = m1 + m2;
            if m3.abs() > j3 {
                continue;
            }
            let coefficient = clebsch_gordan(j1, j2, j3, m1, m2);
            for (a, qa) in real_columns(j1, m1) {
                for (b, qb) in real_columns(j2, m2) {
                    for (c, qc) in real_columns(j3, m3) {
                        let conjugate = (qc.0, -qc.1);
                        // The imaginary parts cancel in the sum.
                        let (real, _) = times(times(qa, qb), conjugate);
                        out[(a * d2 + b) * d3 + c] += real * coefficient;
                    }
                }
            }
        }
    }
    let norm = out.iter().map(|x| x * x).sum::<f64>().sqrt();
    for x in &mut out {
        *x /= norm;
    }
    out
}

fn signed(l: usize) -> i64 {
    i64::try_from(l).expect("degrees are small")
}

/// The components of the real basis that make up component m of the complex one, with their factors.
fn real_columns(l: i64, m: i64) -> Vec<(usize, Complex)> {
    let half = std::f64::consts::FRAC_1_SQRT_2;
    let sign = if m % 2 == 0 { 1.0 } else { -1.0 };
    let columns = match m {
        0 => vec![(l, (1.0, 0.0))],
        ..0 => vec![(l - m, (half, 0.0)), (l + m, (0.0, -half))],
        1.. => vec![(l + m, (sign * half, 0.0)), (l - m, (0.0, sign * half))],
    };
    // The phase (−i)ˡ makes the coefficients real.
    let phase = [(1.0, 0.0), (0.0, -1.0), (-1.0, 0.0), (0.0, 1.0)]
        [usize::try_from(l % 4).expect("degrees are not negative")];
    columns
        .into_iter()
        .map(|(column, factor)| {
            let column = usize::try_from(column).expect("|m| ≤ l");
            (column, times(phase, factor))
        })
        .collect()
}

/// ⟨j₁ m₁ j₂ m₂ | j₃ m₁ + m₂⟩ by Racah's formula.
fn clebsch_gordan(j1: i64, j2: i64, j3: i64, m1: i64, m2: i64) -> f64 {
    let m3 = m1 + m2;
    let f = factorial;
    let square = (2 * j3 + 1) as f64 * f(j3 + j1 - j2) * f(j3 - j1 + j2) * f(j1 + j2 - j3)
        / f(j1 + j2 + j3 + 1)
        * (f(j3 + m3) * f(j3 - m3))
        / (f(j1 - m1) * f(j1 + m1) * f(j2 - m2) * f(j2 + m2));
    let first = (-j1 + j2 + m3).max(-j1 + m1).max(0);
    let last = (j2 + j3 + m1).min(j3 - j1 + j2).min(j3 + m3);
    let sum: f64 = (first..=last)
        .map(|v| {
            let sign = if (v + j2 + m2) % 2 == 0 { 1.0 } else { -1.0 };
            sign * f(j2 + j3 + m1 - v) * f(j1 - m1 + v)
                / (f(v) * f(j3 - j1 + j2 - v) * f(j3 + m3 - v) * f(v + j1 - j2 - m3))
        })
        .sum();
    square.sqrt() * sum
}

fn factorial(n: i64) -> f64 {
    (1..=n).map(|k| k as f64).product()
}

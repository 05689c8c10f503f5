//! Small linear algebra of 3-vectors and cells; a cell is three **row** vectors (Å).

/// Dot product.
pub(crate) fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// Cross product.
pub(crate) fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

/// Euclidean length.
pub(crate) fn norm(a: [f64; 3]) -> f64 {
    dot(a, a).sqrt()
}

/// `a` times `s`.
pub(crate) fn scale(a: [f64; 3], s: f64) -> [f64; 3] {
    [a[0] * s, a[1] * s, a[2] * s]
}

/// Volume of a cell (Å³), always positive.
#[must_use]
pub fn cell_volume(cell: &[[f64; 3]; 3]) -> f64 {
    dot(cell[0], cross(cell[1], cell[2])).abs()
}

/// Distances between opposite faces of a cell (Å): the height along axis k is the volume over the area
/// that the other two vectors span. A degenerate cell has a height of zero or NaN.
#[must_use]
pub fn cell_heights(cell: &[[f64; 3]; 3]) -> [f64; 3] {
    let volume = cell_volume(cell);
    [
        volume / norm(cross(cell[1], cell[2])),
        volume / norm(cross(cell[2], cell[0])),
        volume / norm(cross(cell[0], cell[1])),
    ]
}

/// Inverse of a matrix of row vectors, so that `fractional = position · inverse(cell)`.
/// Entries are infinite or NaN when the rows are linearly dependent.
#[must_use]
pub fn inverse(cell: &[[f64; 3]; 3]) -> [[f64; 3]; 3] {
    let [a, b, c] = *cell;
    let determinant = dot(a, cross(b, c));
    let (x, y, z) = (cross(b, c), cross(c, a), cross(a, b));
    // The columns of the inverse are the reciprocal vectors.
    [
        [x[0] / determinant, y[0] / determinant, z[0] / determinant],
        [x[1] / determinant, y[1] / determinant, z[1] / determinant],
        [x[2] / determinant, y[2] / determinant, z[2] / determinant],
    ]
}

/// Row vector times matrix.
pub(crate) fn row_times(v: [f64; 3], m: &[[f64; 3]; 3]) -> [f64; 3] {
    [
        v[0] * m[0][0] + v[1] * m[1][0] + v[2] * m[2][0],
        v[0] * m[0][1] + v[1] * m[1][1] + v[2] * m[2][1],
        v[0] * m[0][2] + v[1] * m[1][2] + v[2] * m[2][2],
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    const SKEWED: [[f64; 3]; 3] = [[15.48, -3.5, 24.63], [0.0, 9.02, 0.15], [0.0, 0.0, 8.74]];

    #[test]
    fn a_cell_times_its_inverse_is_one() {
        let inv = inverse(&SKEWED);
        for (k, row) in SKEWED.iter().enumerate() {
            let product = row_times(*row, &inv);
            for (l, value) in product.iter().enumerate() {
                assert_relative_eq!(*value, f64::from(u8::from(k == l)), epsilon = 1e-12);
            }
        }
    }

    #[test]
    fn heights_of_a_box_are_its_edges_and_of_a_skewed_cell_are_smaller() {
        let heights = cell_heights(&[[2.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 4.0]]);
        assert_relative_eq!(heights[0], 2.0);
        assert_relative_eq!(heights[1], 3.0);
        assert_relative_eq!(heights[2], 4.0);
        let skewed = cell_heights(&SKEWED);
        for (height, edge) in skewed.iter().zip(SKEWED) {
            assert!(*height <= norm(edge) + 1e-12);
        }
    }
}

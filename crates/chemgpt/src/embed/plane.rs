//! A flat map of a set of vectors.

/// The two leading principal components of each vector: a flat map of a set of molecules.
///
/// Found by orthogonal iteration on the covariance; signs are fixed so that each axis's largest loading is positive.
#[must_use]
pub fn principal_plane(vectors: &[Vec<f32>]) -> Vec<[f64; 2]> {
    let Some(width) = vectors.first().map(Vec::len) else {
        return Vec::new();
    };
    let n = vectors.len() as f64;
    let mut centre = vec![0.0; width];
    for vector in vectors {
        for (c, &x) in centre.iter_mut().zip(vector) {
            *c += f64::from(x) / n;
        }
    }
    let centred: Vec<Vec<f64>> = vectors
        .iter()
        .map(|vector| {
            vector
                .iter()
                .zip(&centre)
                .map(|(&x, c)| f64::from(x) - c)
                .collect()
        })
        .collect();
    let project = |axis: &[f64]| -> Vec<f64> {
        let dot = |row: &Vec<f64>| row.iter().zip(axis).map(|(x, a)| x * a).sum();
        centred.iter().map(dot).collect()
    };
    let mut axes: Vec<Vec<f64>> = Vec::new();
    for start in 0..2 {
        let mut direction: Vec<f64> = (0..width)
            .map(|at| 1.0 + ((at * 31 + start * 17) % 13) as f64 * 0.1)
            .collect();
        for _ in 0..200 {
            let weights = project(&direction);
            let mut next = vec![0.0; width];
            for (row, weight) in centred.iter().zip(weights) {
                for (next, x) in next.iter_mut().zip(row) {
                    *next += weight * x;
                }
            }
            for other in &axes {
                let along: f64 = next.iter().zip(other).map(|(a, b)| a * b).sum();
                for (next, other) in next.iter_mut().zip(other) {
                    *next -= along * other;
                }
            }
            let norm = next.iter().map(|x| x * x).sum::<f64>().sqrt();
            if norm == 0.0 {
                break;
            }
            direction = next.iter().map(|x| x / norm).collect();
        }
        let largest = direction
            .iter()
            .copied()
            .max_by(|a, b| a.abs().total_cmp(&b.abs()));
        if largest.is_some_and(|x| x < 0.0) {
            for x in &mut direction {
                *x = -*x;
            }
        }
        axes.push(direction);
    }
    let [x, y] = [project(&axes[0]), project(&axes[1])];
    x.into_iter().zip(y).map(|(x, y)| [x, y]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plane_finds_the_two_widest_directions() {
        let vectors: Vec<Vec<f32>> = (0..60)
            .map(|i| {
                let (a, b) = ((i % 10) as f32 - 4.5, (i / 10) as f32 - 2.5);
                vec![0.1 * a, 3.0 * a, 2.0 * b, 0.0]
            })
            .collect();
        let plane = principal_plane(&vectors);
        for (vector, [x, y]) in vectors.iter().zip(plane) {
            let expected = f64::from(vector[1]) * (1.0 + 1.0 / 900.0_f64).sqrt();
            assert!((x.abs() - expected.abs()).abs() < 1e-5);
            assert!((y.abs() - f64::from(vector[2]).abs()).abs() < 1e-5);
        }
    }
}

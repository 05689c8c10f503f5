//! Real spherical harmonics on the tape.

use backend::tape::Var;

use super::{constant, wigner_3j};

/// The real spherical harmonics of unit vectors, degree by degree, with component normalisation.
///
/// Each degree is the coupling of the one before with the vector itself, one product and one
/// contraction, so that derivatives of any order follow.
///
/// # Shapes
/// - `directions`: `[E, 3]`, of length 1
/// - output: `[E, (l_max + 1)²]`
#[must_use]
pub fn spherical_harmonics(l_max: usize, directions: &Var<2>) -> Var<2> {
    let e = directions.dims()[0];
    let (device, dtype) = (directions.device(), directions.dtype());
    let mut degrees = vec![constant(vec![1.0; e], [e, 1], &device, dtype)];
    if l_max > 0 {
        degrees.push(directions.scale(3.0_f64.sqrt())); // [E, 3]
    }
    for l in 2..=l_max {
        let before = 2 * l - 1;
        let product = degrees[l - 1]
            .reshape([e, before, 1])
            .mul(&directions.reshape([e, 1, 3]))
            .reshape([e, before * 3]);
        let raise = constant(raising(l), [before * 3, 2 * l + 1], &device, dtype);
        degrees.push(product.matmul(&raise)); // [E, 2 l + 1]
    }
    Var::cat(&degrees, 1)
}

/// The matrix from Y of degree l − 1 times r̂ to Y of degree l: the 3j symbol, scaled so that the norm comes
/// out as √(2l + 1).
fn raising(l: usize) -> Vec<f64> {
    let mut matrix = wigner_3j(l - 1, 1, l);
    // Along the polar axis only m = 0 is not zero, where Y_{l−1} is √(2l − 1) and r̂ is 1.
    let columns = 2 * l + 1;
    let row = (l - 1) * 3 + 1;
    let reached = (2.0 * l as f64 - 1.0).sqrt() * matrix[row * columns + l];
    let scale = (columns as f64).sqrt() / reached.abs();
    for x in &mut matrix {
        *x *= scale;
    }
    matrix
}

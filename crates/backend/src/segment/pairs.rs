//! The pair products of message passing, and each other's derivatives.
//!
//! Two forms cover the messages of the potentials here, with i the centre and j the neighbour of
//! pair e:
//!
//! - `C(g, w, x) = Σ g[i, m, c] w[h, c] x[j, m, c]`, the filter convolution;
//! - `S(g, u, x, w) = Σ g[i, m, c] u[e, m] x[j, c] w[h, c]`, the one that makes vectors (or higher
//!   components) out of scalars.
//!
//! The sums run over all pairs e, components m and channels c, and h is the filter of the pair: H is E
//! unless pairs share filters ([`Pairs::sharing`]).
//!
//! Both are linear in every argument, so the derivative by one argument is a function here, and so
//! is every further derivative. On the processor each is one pass over the pairs that never writes
//! the gathered `[E, M, C]` product out to memory; elsewhere it is put together from Burn's
//! operations.

use burn::tensor::Tensor;

use super::{Pairs, gather, sum};

macro_rules! on_flex {
    ($call:expr) => {
        #[cfg(feature = "flex")]
        if let Some(out) = $call {
            return out;
        }
    };
}

/// ∂C/∂g: `out[i, m, c] = Σ_{e of i} w[h, c] x[j, m, c]`.
///
/// # Shapes
/// - `x`: `[N, M, C]`, `w`: `[H, C]`
/// - output: `[N, M, C]`
#[must_use]
pub fn convolve(x: &Tensor<3>, w: &Tensor<2>, pairs: &Pairs) -> Tensor<3> {
    on_flex!(super::pairs_flex::convolve(x, w, pairs));
    sum(
        &(gather(x, &pairs.neighbour) * gather(w, &pairs.filter).unsqueeze_dim(1)),
        &pairs.centre,
    )
}

/// ∂C/∂w: `out[h, c] = Σ_{e with h} Σ_m g[i, m, c] x[j, m, c]`.
///
/// # Shapes
/// - `g`: `[N, M, C]`, `x`: `[N, M, C]`
/// - output: `[H, C]`
#[must_use]
pub fn correlate(g: &Tensor<3>, x: &Tensor<3>, pairs: &Pairs) -> Tensor<2> {
    on_flex!(super::pairs_flex::correlate(g, x, pairs));
    let products: Tensor<3> = gather(g, &pairs.centre) * gather(x, &pairs.neighbour);
    sum(&products.sum_dim(1).squeeze_dim::<2>(1), &pairs.filter)
}

/// ∂S/∂g: `out[i, m, c] = Σ_{e of i} u[e, m] w[h, c] x[j, c]`.
///
/// # Shapes
/// - `u`: `[E, M]`, `x`: `[N, C]`, `w`: `[H, C]`
/// - output: `[N, M, C]`
#[must_use]
pub fn spread(u: &Tensor<2>, x: &Tensor<2>, w: &Tensor<2>, pairs: &Pairs) -> Tensor<3> {
    on_flex!(super::pairs_flex::spread(u, x, w, pairs));
    let message = gather(x, &pairs.neighbour) * gather(w, &pairs.filter); // [E, C]
    sum(
        &(message.unsqueeze_dim::<3>(1) * u.clone().unsqueeze_dim(2)),
        &pairs.centre,
    )
}

/// ∂S/∂u: `out[e, m] = Σ_c g[i, m, c] x[j, c] w[h, c]`.
///
/// # Shapes
/// - `g`: `[N, M, C]`, `x`: `[N, C]`, `w`: `[H, C]`
/// - output: `[E, M]`
#[must_use]
pub fn spread_to_components(
    g: &Tensor<3>,
    x: &Tensor<2>,
    w: &Tensor<2>,
    pairs: &Pairs,
) -> Tensor<2> {
    on_flex!(super::pairs_flex::spread_to_components(g, x, w, pairs));
    let message = gather(x, &pairs.neighbour) * gather(w, &pairs.filter); // [E, C]
    (gather(g, &pairs.centre) * message.unsqueeze_dim(1))
        .sum_dim(2)
        .squeeze_dim(2)
}

/// ∂S/∂x: `out[j, c] = Σ_{e to j} w[h, c] Σ_m u[e, m] g[i, m, c]`.
///
/// # Shapes
/// - `g`: `[N, M, C]`, `u`: `[E, M]`, `w`: `[H, C]`
/// - output: `[N, C]`
#[must_use]
pub fn spread_to_neighbours(
    g: &Tensor<3>,
    u: &Tensor<2>,
    w: &Tensor<2>,
    pairs: &Pairs,
) -> Tensor<2> {
    on_flex!(super::pairs_flex::spread_to_neighbours(g, u, w, pairs));
    sum(
        &(contract(g, u, pairs) * gather(w, &pairs.filter)),
        &pairs.neighbour,
    )
}

/// ∂S/∂w: `out[h, c] = Σ_{e with h} x[j, c] Σ_m u[e, m] g[i, m, c]`.
///
/// # Shapes
/// - `g`: `[N, M, C]`, `u`: `[E, M]`, `x`: `[N, C]`
/// - output: `[H, C]`
#[must_use]
pub fn spread_to_pairs(g: &Tensor<3>, u: &Tensor<2>, x: &Tensor<2>, pairs: &Pairs) -> Tensor<2> {
    on_flex!(super::pairs_flex::spread_to_pairs(g, u, x, pairs));
    sum(
        &(contract(g, u, pairs) * gather(x, &pairs.neighbour)),
        &pairs.filter,
    )
}

/// `out[e, c] = Σ_m u[e, m] g[i, m, c]`.
fn contract(g: &Tensor<3>, u: &Tensor<2>, pairs: &Pairs) -> Tensor<2> {
    (gather(g, &pairs.centre) * u.clone().unsqueeze_dim(2))
        .sum_dim(1)
        .squeeze_dim(1)
}

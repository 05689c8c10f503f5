//! The pair products of message passing as single operations; see [`crate::segment::pairs`] for
//! the two forms C and S.
//!
//! Each rule here is again one of these operations, because the forms are linear in every argument:
//! replacing an argument of C or S by the incoming gradient gives the gradient by another.

use super::Var;
use crate::segment::{Pairs, pairs as form};

impl Var<3> {
    /// `out[i, m, c] = Σ_{pairs of i} w[h, c] x[j, m, c]`: messages filtered channel by channel.
    ///
    /// # Shapes
    /// - `self`: x `[N, M, C]`, `filter`: w `[H, C]`
    /// - output: `[N, M, C]`
    #[must_use]
    pub fn convolve(&self, filter: &Var<2>, pairs: &Pairs) -> Self {
        let value = form::convolve(&self.value, &filter.value, pairs);
        Self::record(value, &[self.place(), filter.place()], || {
            let (x, w, pairs) = (self.clone(), filter.clone(), pairs.clone());
            move |gradients, g| {
                gradients.add(&x, || g.convolve(&w, &pairs.reversed()));
                gradients.add(&w, || g.correlate(&x, &pairs));
            }
        })
    }

    /// `out[h, c] = Σ_{pairs with h} Σ_m g[i, m, c] x[j, m, c]`, with `self` taken at the centre.
    ///
    /// # Shapes
    /// - `self`: g `[N, M, C]`, `other`: x `[N, M, C]`
    /// - output: `[H, C]`
    #[must_use]
    pub fn correlate(&self, other: &Self, pairs: &Pairs) -> Var<2> {
        let value = form::correlate(&self.value, &other.value, pairs);
        Self::record(value, &[self.place(), other.place()], || {
            let (g, x, pairs) = (self.clone(), other.clone(), pairs.clone());
            move |gradients, h: Var<2>| {
                gradients.add(&g, || x.convolve(&h, &pairs));
                gradients.add(&x, || g.convolve(&h, &pairs.reversed()));
            }
        })
    }
}

impl Var<2> {
    /// `out[i, m, c] = Σ_{pairs of i} u[pair, m] w[h, c] x[j, c]`: scalars spread over the
    /// components of a tensor, such as a unit vector or a spherical harmonic, of each pair.
    ///
    /// # Shapes
    /// - `self`: x `[N, C]`, `components`: u `[E, M]`, `filter`: w `[H, C]`
    /// - output: `[N, M, C]`
    #[must_use]
    pub fn spread(&self, components: &Self, filter: &Self, pairs: &Pairs) -> Var<3> {
        let (x, u, w) = (self, components, filter);
        let value = form::spread(&u.value, &x.value, &w.value, pairs);
        Self::record(value, &[x.place(), u.place(), w.place()], || {
            let (x, u, w, pairs) = (x.clone(), u.clone(), w.clone(), pairs.clone());
            move |gradients, g: Var<3>| {
                gradients.add(&x, || to_neighbours(&g, &u, &w, &pairs));
                gradients.add(&u, || to_components(&g, &x, &w, &pairs));
                gradients.add(&w, || to_pairs(&g, &u, &x, &pairs));
            }
        })
    }
}

/// ∂S/∂u.
pub(super) fn to_components(g: &Var<3>, x: &Var<2>, w: &Var<2>, pairs: &Pairs) -> Var<2> {
    let value = form::spread_to_components(&g.value, &x.value, &w.value, pairs);
    Var::<2>::record(value, &[g.place(), x.place(), w.place()], || {
        let (g, x, w, pairs) = (g.clone(), x.clone(), w.clone(), pairs.clone());
        move |gradients, h: Var<2>| {
            gradients.add(&g, || x.spread(&h, &w, &pairs));
            gradients.add(&x, || to_neighbours(&g, &h, &w, &pairs));
            gradients.add(&w, || to_pairs(&g, &h, &x, &pairs));
        }
    })
}

/// ∂S/∂x.
pub(super) fn to_neighbours(g: &Var<3>, u: &Var<2>, w: &Var<2>, pairs: &Pairs) -> Var<2> {
    let value = form::spread_to_neighbours(&g.value, &u.value, &w.value, pairs);
    Var::<2>::record(value, &[g.place(), u.place(), w.place()], || {
        let (g, u, w, pairs) = (g.clone(), u.clone(), w.clone(), pairs.clone());
        move |gradients, h: Var<2>| {
            gradients.add(&g, || h.spread(&u, &w, &pairs));
            gradients.add(&u, || to_components(&g, &h, &w, &pairs));
            gradients.add(&w, || to_pairs(&g, &u, &h, &pairs));
        }
    })
}

/// ∂S/∂w.
pub(super) fn to_pairs(g: &Var<3>, u: &Var<2>, x: &Var<2>, pairs: &Pairs) -> Var<2> {
    let value = form::spread_to_pairs(&g.value, &u.value, &x.value, pairs);
    Var::<2>::record(value, &[g.place(), u.place(), x.place()], || {
        let (g, u, x, pairs) = (g.clone(), u.clone(), x.clone(), pairs.clone());
        move |gradients, h: Var<2>| {
            gradients.add(&g, || x.spread(&u, &h, &pairs));
            gradients.add(&u, || to_components(&g, &x, &h, &pairs));
            gradients.add(&x, || to_neighbours(&g, &u, &h, &pairs));
        }
    })
}

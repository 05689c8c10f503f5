//! Features with components: N rows, M components (3 of a vector), C channels.
//!
//! The two operations are derivatives of the form Σ s\[n, c\] a\[n, m, c\] b\[n, m, c\] by its first and
//! second argument, so each is the other's rule.

use super::Var;
use crate::segment::rows;

impl Var<3> {
    /// `out[n, c] = Σ_m a[n, m, c] b[n, m, c]`: the inner product over components.
    ///
    /// # Shapes
    /// - `self`, `other`: `[N, M, C]`
    /// - output: `[N, C]`
    #[must_use]
    pub fn dot(&self, other: &Self) -> Var<2> {
        let value = rows::dot(&self.value, &other.value);
        Self::record(value, &[self.place(), other.place()], || {
            let (a, b) = (self.clone(), other.clone());
            move |gradients, g: Var<2>| {
                gradients.add(&a, || b.scale_by(&g));
                gradients.add(&b, || a.scale_by(&g));
            }
        })
    }

    /// `out[n, m, c] = a[n, m, c] s[n, c]`: every component times the same scalar.
    ///
    /// # Shapes
    /// - `self`: `[N, M, C]`, `scalar`: `[N, C]`
    /// - output: `[N, M, C]`
    #[must_use]
    pub fn scale_by(&self, scalar: &Var<2>) -> Self {
        let value = rows::scale(&self.value, &scalar.value);
        Self::record(value, &[self.place(), scalar.place()], || {
            let (a, s) = (self.clone(), scalar.clone());
            move |gradients, g| {
                gradients.add(&a, || g.scale_by(&s));
                gradients.add(&s, || g.dot(&a));
            }
        })
    }
}

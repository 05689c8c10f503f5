//! Gathers of rows and sums of segments.

use super::Var;
use crate::segment::{self, Index};

impl<const D: usize> Var<D> {
    /// Row `index[e]` for each item e.
    ///
    /// # Shapes
    /// - `self`: `[N, …]`
    /// - output: `[E, …]`
    #[must_use]
    pub fn gather(&self, index: &Index) -> Self {
        Self::record(segment::gather(&self.value, index), &[self.place()], || {
            let (x, index) = (self.clone(), index.clone());
            move |gradients, g| gradients.add(&x, || g.segment_sum(&index))
        })
    }

    /// The sum of the items of each row; a row without items is zero.
    ///
    /// # Shapes
    /// - `self`: `[E, …]`
    /// - output: `[N, …]`
    #[must_use]
    pub fn segment_sum(&self, index: &Index) -> Self {
        Self::record(segment::sum(&self.value, index), &[self.place()], || {
            let (x, index) = (self.clone(), index.clone());
            move |gradients, g| gradients.add(&x, || g.gather(&index))
        })
    }
}

//! Sums over axes, and their opposite, the copy along axes.

use super::Var;

impl<const D: usize> Var<D> {
    /// The sum over one axis, which stays with extent one.
    #[must_use]
    pub fn sum_dim(&self, axis: usize) -> Self {
        if self.dims()[axis] == 1 {
            return self.clone();
        }
        let value = self.value.clone().sum_dim(axis);
        Self::record(value, &[self.place()], || {
            let x = self.clone();
            move |gradients, g| gradients.add(&x, || g.expand_to(x.dims()))
        })
    }

    /// The sum of all elements.
    ///
    /// # Shapes
    /// - output: `[1]`
    #[must_use]
    pub fn sum(&self) -> Var<1> {
        let value = self.value.clone().sum();
        Self::record(value, &[self.place()], || {
            let x = self.clone();
            move |gradients, g: Var<1>| {
                gradients.add(&x, || g.reshape([1; D]).expand_to(x.dims()));
            }
        })
    }

    /// The mean of all elements.
    ///
    /// # Shapes
    /// - output: `[1]`
    #[must_use]
    pub fn mean(&self) -> Var<1> {
        let count: usize = self.dims().iter().product();
        self.sum().scale(1.0 / count as f64)
    }

    /// Sums over the axes that a broadcast has stretched, back to `dims`.
    #[must_use]
    pub fn sum_to(&self, dims: [usize; D]) -> Self {
        let mut out = self.clone();
        for (axis, &extent) in dims.iter().enumerate() {
            if extent == 1 {
                out = out.sum_dim(axis);
            }
        }
        out
    }

    /// Copies along the axes of extent one, up to `dims`.
    #[must_use]
    pub fn expand_to(&self, dims: [usize; D]) -> Self {
        if self.dims() == dims {
            return self.clone();
        }
        Self::record(self.value.clone().expand(dims), &[self.place()], || {
            let x = self.clone();
            move |gradients, g| gradients.add(&x, || g.sum_to(x.dims()))
        })
    }
}

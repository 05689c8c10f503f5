//! The same elements in another arrangement.

use burn::tensor::Tensor;

use super::Var;

impl<const D: usize> Var<D> {
    /// The elements in another shape.
    #[must_use]
    pub fn reshape<const E: usize>(&self, dims: [usize; E]) -> Var<E> {
        Self::record(self.value.clone().reshape(dims), &[self.place()], || {
            let x = self.clone();
            move |gradients, g: Var<E>| gradients.add(&x, || g.reshape(x.dims()))
        })
    }

    /// Two axes exchanged.
    #[must_use]
    pub fn swap_dims(&self, a: usize, b: usize) -> Self {
        Self::record(self.value.clone().swap_dims(a, b), &[self.place()], || {
            let x = self.clone();
            move |gradients, g| gradients.add(&x, || g.swap_dims(a, b))
        })
    }

    /// `length` entries of one axis, from `start` on.
    #[must_use]
    pub fn narrow(&self, axis: usize, start: usize, length: usize) -> Self {
        let extent = self.dims()[axis];
        if length == extent {
            return self.clone();
        }
        let value = self.value.clone().narrow(axis, start, length);
        Self::record(value, &[self.place()], || {
            let x = self.clone();
            move |gradients, g| {
                gradients.add(&x, || g.pad(axis, start, extent - start - length));
            }
        })
    }

    /// Zeros before and after the entries of one axis.
    #[must_use]
    pub fn pad(&self, axis: usize, before: usize, after: usize) -> Self {
        let length = self.dims()[axis];
        let zeros = |extent: usize| {
            let mut dims = self.dims();
            dims[axis] = extent;
            Tensor::zeros(dims, (&self.device(), self.dtype()))
        };
        let mut parts = Vec::with_capacity(3);
        if before > 0 {
            parts.push(zeros(before));
        }
        parts.push(self.value.clone());
        if after > 0 {
            parts.push(zeros(after));
        }
        Self::record(Tensor::cat(parts, axis), &[self.place()], || {
            let x = self.clone();
            move |gradients, g| gradients.add(&x, || g.narrow(axis, before, length))
        })
    }

    /// The parts one after the other along one axis.
    ///
    /// # Panics
    /// If there is no part.
    #[must_use]
    pub fn cat(parts: &[Self], axis: usize) -> Self {
        let value = Tensor::cat(parts.iter().map(|part| part.value.clone()).collect(), axis);
        let places: Vec<_> = parts.iter().map(Self::place).collect();
        Self::record(value, &places, || {
            let parts = parts.to_vec();
            move |gradients, g| {
                let mut start = 0;
                for part in &parts {
                    let length = part.dims()[axis];
                    gradients.add(part, || g.narrow(axis, start, length));
                    start += length;
                }
            }
        })
    }
}

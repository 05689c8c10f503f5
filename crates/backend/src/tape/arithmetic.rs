//! Sums, products and quotients, with broadcasting of extents of one.

use burn::tensor::DType;

use super::Var;

impl<const D: usize> Var<D> {
    /// `self + other`, broadcast.
    #[must_use]
    pub fn add(&self, other: &Self) -> Self {
        let value = self.value.clone() + other.value.clone();
        Self::record(value, &[self.place(), other.place()], || {
            let (a, b) = (self.clone(), other.clone());
            move |gradients, g| {
                gradients.add(&a, || g.sum_to(a.dims()));
                gradients.add(&b, || g.sum_to(b.dims()));
            }
        })
    }

    /// `self − other`, broadcast.
    #[must_use]
    pub fn sub(&self, other: &Self) -> Self {
        let value = self.value.clone() - other.value.clone();
        Self::record(value, &[self.place(), other.place()], || {
            let (a, b) = (self.clone(), other.clone());
            move |gradients, g| {
                gradients.add(&a, || g.sum_to(a.dims()));
                gradients.add(&b, || g.sum_to(b.dims()).neg());
            }
        })
    }

    /// `self · other`, element by element, broadcast.
    #[must_use]
    pub fn mul(&self, other: &Self) -> Self {
        let value = self.value.clone() * other.value.clone();
        Self::record(value, &[self.place(), other.place()], || {
            let (a, b) = (self.clone(), other.clone());
            move |gradients, g| {
                gradients.add(&a, || g.mul(&b).sum_to(a.dims()));
                gradients.add(&b, || g.mul(&a).sum_to(b.dims()));
            }
        })
    }

    /// `self / other`, element by element, broadcast.
    #[must_use]
    pub fn div(&self, other: &Self) -> Self {
        self.mul(&other.recip())
    }

    /// `−self`.
    #[must_use]
    pub fn neg(&self) -> Self {
        self.scale(-1.0)
    }

    /// `factor · self`.
    #[must_use]
    pub fn scale(&self, factor: f64) -> Self {
        let value = self.value.clone() * factor;
        Self::record(value, &[self.place()], || {
            let x = self.clone();
            move |gradients, g| gradients.add(&x, || g.scale(factor))
        })
    }

    /// `self + offset`.
    #[must_use]
    pub fn shift(&self, offset: f64) -> Self {
        let value = self.value.clone() + offset;
        Self::record(value, &[self.place()], || {
            let x = self.clone();
            move |gradients, g| gradients.add(&x, || g.clone())
        })
    }

    /// The same numbers in another float type; gradients come back in the input's.
    #[must_use]
    pub fn cast(&self, dtype: DType) -> Self {
        if dtype == self.dtype() {
            return self.clone();
        }
        Self::record(self.value.clone().cast(dtype), &[self.place()], || {
            let x = self.clone();
            move |gradients, g| gradients.add(&x, || g.cast(x.dtype()))
        })
    }
}

//! Reading a tensor that already lives in host memory without copying it.
//!
//! On the `flex` device a tensor *is* a slice of host memory. The optimiser and the custom operations take that
//! slice directly, which saves one allocation and one pass over memory for each element-wise step; on every other
//! device they fall back to tensor operations.

use burn::tensor::Tensor;

/// A contiguous `f32` tensor in host memory.
#[derive(Clone, Debug)]
pub struct HostTensor {
    #[cfg(feature = "flex")]
    tensor: burn::backend::flex::FlexTensor,
}

#[cfg(feature = "flex")]
impl HostTensor {
    /// The host view of a plain (not autodiff) tensor, or `None` when it lives elsewhere or is not `f32`.
    #[must_use]
    pub fn of<const D: usize>(tensor: Tensor<D>) -> Option<Self> {
        let tensor = tensor
            .try_into_primitive::<burn::backend::Flex>()
            .ok()
            .filter(|tensor| tensor.dtype() == burn::tensor::DType::F32)?;
        Some(Self::from_flex(tensor))
    }

    pub(crate) fn from_flex(tensor: burn::backend::flex::FlexTensor) -> Self {
        let tensor = if tensor.as_slice::<f32>().is_some() {
            tensor
        } else {
            tensor.to_contiguous()
        };
        Self { tensor }
    }

    /// The numbers, row-major.
    ///
    /// # Panics
    /// Never: the constructor keeps only contiguous float32 tensors.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        self.tensor
            .as_slice()
            .expect("the constructor keeps only contiguous float32 tensors")
    }

    /// The numbers as an owned vector; no copy when nobody else holds the tensor.
    pub(crate) fn into_values(self) -> Vec<f32> {
        self.tensor
            .into_data()
            .try_into_vec()
            .expect("the constructor keeps only float32 tensors")
    }
}

#[cfg(not(feature = "flex"))]
impl HostTensor {
    #[must_use]
    pub fn of<const D: usize>(_tensor: Tensor<D>) -> Option<Self> {
        None
    }

    #[must_use]
    pub fn values(&self) -> &[f32] {
        unreachable!("without the `flex` feature no tensor has a host view")
    }
}

//! The numbers in which matrix products are computed.

use burn::tensor::{DType, Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The numbers in which matrix products are computed; everything between them, the attention scores, the loss, and all
/// parameters are float32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 32-bit numbers.
    #[default]
    Float32,
    /// 16-bit numbers with the exponents of float32 (bfloat16): both factors are rounded before each product.
    Bfloat16,
}

impl Precision {
    /// Whether a device knows these numbers.
    ///
    /// # Errors
    /// [`Error::Precision`] naming the device.
    pub fn check(self, device: &Device) -> Result<()> {
        match self {
            Self::Bfloat16 if !device.supports_dtype(DType::BF16) => Err(Error::Precision {
                device: format!("{device:?}"),
                precision: "bfloat16",
            }),
            _ => Ok(()),
        }
    }

    /// `x` \[N, I\] times the transpose of `matrix` \[O, I\], both float32: \[N, O\], float32.
    pub(crate) fn product(self, x: Tensor<2>, matrix: Tensor<2>) -> Tensor<2> {
        self.matmul(x, matrix.transpose())
    }

    /// The product of two float32 tensors, as float32.
    pub(crate) fn matmul<const D: usize>(self, a: Tensor<D>, b: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Float32 => a.matmul(b),
            Self::Bfloat16 => a
                .cast(DType::BF16)
                .matmul(b.cast(DType::BF16))
                .cast(DType::F32),
        }
    }
}

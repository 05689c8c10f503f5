//! A vector of float32 numbers on the host or on a device: moments and averages live in it.

use burn::tensor::{DType, Device, Tensor, TensorData};

use crate::host::HostTensor;

/// Numbers of one parameter, flattened.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there are few buffers and each owns far more memory than the handle"
)]
pub(super) enum Buffer {
    /// In host memory, updated by loops.
    Host(Vec<f32>),
    /// On a device, updated by tensor operations, always float32.
    Device(Tensor<1>),
}

impl Buffer {
    /// Zeros shaped like `like`, on the host when `like` is there.
    pub(super) fn zeros_like(length: usize, on_host: bool, device: &Device) -> Self {
        if on_host {
            Self::Host(vec![0.0; length])
        } else {
            Self::Device(Tensor::<1>::zeros([length], device).cast(DType::F32))
        }
    }

    /// The numbers of a plain tensor as float32.
    pub(super) fn copy_of<const D: usize>(tensor: Tensor<D>) -> Self {
        match HostTensor::of(tensor.clone()) {
            Some(host) => Self::Host(host.values().to_vec()),
            None => Self::Device(flat(tensor).cast(DType::F32)),
        }
    }

    pub(super) fn to_vec(&self) -> Vec<f32> {
        match self {
            Self::Host(values) => values.clone(),
            Self::Device(tensor) => tensor
                .to_data()
                .try_to_vec()
                .expect("device buffers are float32 by construction"),
        }
    }

    /// The same numbers where tensors of `device` live.
    pub(super) fn from_vec(values: Vec<f32>, on_host: bool, device: &Device) -> Self {
        if on_host {
            Self::Host(values)
        } else {
            let length = values.len();
            let data = TensorData::new(values, [length]);
            Self::Device(Tensor::<1>::from_data(data, device).cast(DType::F32))
        }
    }
}

/// All elements in one row.
pub(super) fn flat<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    let length = tensor.shape().num_elements();
    tensor.reshape([length])
}

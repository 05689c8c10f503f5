//! Weight files: safetensors both ways, PyTorch's zipped pickles in.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use half::{bf16, f16};
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};

use crate::error::{Error, Result};
use crate::model::NamedTensor;

/// All floating-point tensors of a `.safetensors` or a PyTorch `.bin` file, as float32.
///
/// Tensors of other types (the causal masks of old checkpoints) are left out.
///
/// # Errors
/// [`Error::File`] or [`Error::Format`] naming the file.
pub fn read_tensors(path: &Path) -> Result<Vec<NamedTensor>> {
    if path.extension().is_some_and(|kind| kind == "safetensors") {
        read_safetensors(path)
    } else {
        read_pickle(path)
    }
}

fn read_safetensors(path: &Path) -> Result<Vec<NamedTensor>> {
    let bytes = fs::read(path).map_err(|source| Error::File {
        path: path.to_owned(),
        source,
    })?;
    let file = SafeTensors::deserialize(&bytes).map_err(|error| Error::Format {
        path: path.to_owned(),
        reason: format!("not a whole safetensors file: {error}"),
    })?;
    let tensors = file.tensors().into_iter().filter_map(|(name, view)| {
        let kind = match view.dtype() {
            Dtype::F32 => Kind::F32,
            Dtype::F64 => Kind::F64,
            Dtype::F16 => Kind::F16,
            Dtype::BF16 => Kind::BF16,
            _ => return None,
        };
        Some(NamedTensor {
            name,
            shape: view.shape().to_vec(),
            values: kind.numbers(view.data()),
        })
    });
    Ok(tensors.collect())
}

fn read_pickle(path: &Path) -> Result<Vec<NamedTensor>> {
    let format = |reason: String| Error::Format {
        path: path.to_owned(),
        reason,
    };
    let reader = pytorch_reader::PytorchReader::new(path)
        .map_err(|error| format(format!("not a whole PyTorch file: {error}")))?;
    let mut tensors = Vec::new();
    for (name, tensor) in reader.into_tensors() {
        let kind = match tensor.dtype() {
            pytorch_reader::DType::F32 => Kind::F32,
            pytorch_reader::DType::F64 => Kind::F64,
            pytorch_reader::DType::F16 => Kind::F16,
            pytorch_reader::DType::BF16 => Kind::BF16,
            _ => continue,
        };
        let bytes = tensor
            .read()
            .map_err(|error| format(format!("tensor `{name}`: {error}")))?;
        tensors.push(NamedTensor {
            shape: tensor.shape().to_vec(),
            values: kind.numbers(&bytes),
            name,
        });
    }
    Ok(tensors)
}

enum Kind {
    F32,
    F64,
    F16,
    BF16,
}

impl Kind {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the model computes in float32"
    )]
    fn numbers(&self, data: &[u8]) -> Vec<f32> {
        match self {
            Self::F32 => each(data, f32::from_le_bytes),
            Self::F64 => each(data, |bytes| f64::from_le_bytes(bytes) as f32),
            Self::F16 => each(data, |bytes| f16::from_le_bytes(bytes).to_f32()),
            Self::BF16 => each(data, |bytes| bf16::from_le_bytes(bytes).to_f32()),
        }
    }
}

fn each<const N: usize>(data: &[u8], convert: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    let (numbers, _) = data.as_chunks::<N>();
    numbers.iter().map(|&bytes| convert(bytes)).collect()
}

/// A safetensors file of float32 tensors, with the metadata that `transformers` asks for.
///
/// # Errors
/// [`Error::Format`] when the writer refuses, which needs a tensor whose shape and number of values disagree.
pub fn safetensors_bytes(tensors: &[NamedTensor]) -> Result<Vec<u8>> {
    let refuse = |error: safetensors::SafeTensorError| Error::Format {
        path: "model.safetensors".into(),
        reason: error.to_string(),
    };
    let bytes: Vec<Vec<u8>> = tensors
        .iter()
        .map(|tensor| {
            tensor
                .values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect()
        })
        .collect();
    let mut views = Vec::with_capacity(tensors.len());
    for (tensor, bytes) in tensors.iter().zip(&bytes) {
        let view = TensorView::new(Dtype::F32, tensor.shape.clone(), bytes).map_err(refuse)?;
        views.push((tensor.name.as_str(), view));
    }
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    serialize(views, Some(metadata)).map_err(refuse)
}

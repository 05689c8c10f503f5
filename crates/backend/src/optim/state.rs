//! The optimiser's state as bytes: one safetensors file.

use std::collections::BTreeMap;

use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};

/// First and second moment of one parameter, flattened.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    /// How many steps this parameter has taken.
    pub step: u64,
    /// Running mean of the gradient.
    pub first: Vec<f32>,
    /// Running mean of the squared gradient.
    pub second: Vec<f32>,
}

/// Why a state file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// Not a safetensors file, or a damaged one.
    #[error("the optimiser state is not a whole safetensors file")]
    Format(#[from] safetensors::SafeTensorError),
    /// A tensor that must be there is missing or has another type.
    #[error("the optimiser state lacks tensor `{name}` of type {expected}")]
    Missing {
        /// Name of the tensor.
        name: String,
        /// Its type.
        expected: &'static str,
    },
}

impl Moments {
    /// The moments of all parameters as the bytes of a safetensors file.
    ///
    /// # Errors
    /// [`StateError::Format`] when the writer refuses, which needs more than 2^63 bytes.
    pub fn to_bytes(all: &[Option<Self>]) -> Result<Vec<u8>, StateError> {
        let count = (all.len() as u64).to_le_bytes();
        let mut buffers = vec![("count".to_owned(), Dtype::U64, count.to_vec())];
        for (index, moments) in all.iter().enumerate() {
            let Some(moments) = moments else { continue };
            let step = moments.step.to_le_bytes().to_vec();
            buffers.push((format!("{index}.step"), Dtype::U64, step));
            buffers.push((format!("{index}.first"), Dtype::F32, bytes(&moments.first)));
            buffers.push((
                format!("{index}.second"),
                Dtype::F32,
                bytes(&moments.second),
            ));
        }
        let mut views = BTreeMap::new();
        for (name, kind, data) in &buffers {
            let length = data.len() / (kind.bitsize() / 8);
            views.insert(name.clone(), TensorView::new(*kind, vec![length], data)?);
        }
        Ok(serialize(&views, None)?)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`StateError`] when the bytes are damaged or a tensor is missing.
    pub fn from_bytes(data: &[u8]) -> Result<Vec<Option<Self>>, StateError> {
        let file = SafeTensors::deserialize(data)?;
        let count = usize::try_from(number(&file, "count")?).unwrap_or(0);
        (0..count)
            .map(|index| {
                let step_name = format!("{index}.step");
                if file.tensor(&step_name).is_err() {
                    return Ok(None);
                }
                Ok(Some(Self {
                    step: number(&file, &step_name)?,
                    first: floats(&file, &format!("{index}.first"))?,
                    second: floats(&file, &format!("{index}.second"))?,
                }))
            })
            .collect()
    }
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

fn number(file: &SafeTensors<'_>, name: &str) -> Result<u64, StateError> {
    file.tensor(name)
        .ok()
        .filter(|tensor| tensor.dtype() == Dtype::U64)
        .and_then(|tensor| tensor.data().try_into().ok())
        .map(u64::from_le_bytes)
        .ok_or_else(|| StateError::Missing {
            name: name.to_owned(),
            expected: "u64",
        })
}

fn floats(file: &SafeTensors<'_>, name: &str) -> Result<Vec<f32>, StateError> {
    let tensor = file
        .tensor(name)
        .ok()
        .filter(|tensor| tensor.dtype() == Dtype::F32)
        .ok_or_else(|| StateError::Missing {
            name: name.to_owned(),
            expected: "f32",
        })?;
    Ok(tensor
        .data()
        .chunks_exact(4)
        .map(|chunk| f32::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]))
        .collect())
}

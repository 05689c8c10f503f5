//! Named tensors in safetensors files.

use std::{collections::BTreeMap, path::Path};

use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use crate::error::{Error, Result};

/// Tensors by name: extents and numbers.
pub type Named = BTreeMap<String, (Vec<usize>, Vec<f64>)>;

/// Reads every float tensor of a safetensors file; tensors of whole numbers are read as well, so
/// that tables of indices arrive, and other types are an error.
///
/// # Errors
/// A file that cannot be read, is damaged, or holds a type that is neither float nor integer.
pub fn read_named(path: &Path) -> Result<Named> {
    let bytes = std::fs::read(path).map_err(|source| Error::Io {
        path: path.to_owned(),
        source,
    })?;
    match parse_named(&bytes) {
        Ok(named) => Ok(named),
        Err(Unreadable::Damaged(source)) => Err(Error::Safetensors {
            path: path.to_owned(),
            source,
        }),
        Err(Unreadable::Type { name, dtype }) => Err(Error::WeightType { name, dtype }),
    }
}

/// Why bytes are no tensors.
#[derive(Debug)]
pub(crate) enum Unreadable {
    Damaged(safetensors::SafeTensorError),
    Type { name: String, dtype: String },
}

/// The same from memory.
pub(crate) fn parse_named(bytes: &[u8]) -> Result<Named, Unreadable> {
    let file = SafeTensors::deserialize(bytes).map_err(Unreadable::Damaged)?;
    file.tensors()
        .into_iter()
        .map(|(name, view)| {
            let values = numbers(&name, &view)?;
            Ok((name, (view.shape().to_vec(), values)))
        })
        .collect()
}

fn numbers(name: &str, view: &TensorView<'_>) -> Result<Vec<f64>, Unreadable> {
    fn each<const W: usize>(bytes: &[u8], number: impl Fn([u8; W]) -> f64) -> Vec<f64> {
        bytes.as_chunks().0.iter().map(|b| number(*b)).collect()
    }
    let bytes = view.data();
    Ok(match view.dtype() {
        Dtype::F32 => each(bytes, |b| f32::from_le_bytes(b).into()),
        Dtype::F64 => each(bytes, f64::from_le_bytes),
        Dtype::I64 => each(bytes, |b| i64::from_le_bytes(b) as f64),
        Dtype::BOOL => bytes.iter().map(|&b| f64::from(b)).collect(),
        Dtype::I32 => each(bytes, |b| i32::from_le_bytes(b).into()),
        other => {
            return Err(Unreadable::Type {
                name: name.to_owned(),
                dtype: format!("{other:?}"),
            });
        }
    })
}

/// Writes the tensors, in float32 if every number survives it and in float64 otherwise, to a file
/// aside that then takes the name.
///
/// # Errors
/// A file that cannot be written.
#[expect(
    clippy::cast_possible_truncation,
    clippy::float_cmp,
    reason = "the comparison finds out whether the cast is exact"
)]
pub fn write_named(path: &Path, named: &Named) -> Result<()> {
    let encoded: Vec<(&String, Dtype, &[usize], Vec<u8>)> = named
        .iter()
        .map(|(name, (shape, values))| {
            let narrow = values.iter().all(|&x| f64::from(x as f32) == x);
            let (dtype, bytes) = if narrow {
                let bytes = values.iter().flat_map(|&x| (x as f32).to_le_bytes());
                (Dtype::F32, bytes.collect())
            } else {
                let bytes = values.iter().flat_map(|x| x.to_le_bytes());
                (Dtype::F64, bytes.collect())
            };
            (name, dtype, &shape[..], bytes)
        })
        .collect();
    let damaged = |source| Error::Safetensors {
        path: path.to_owned(),
        source,
    };
    let views = encoded
        .iter()
        .map(|(name, dtype, shape, bytes)| {
            let view = TensorView::new(*dtype, shape.to_vec(), bytes).map_err(damaged)?;
            Ok((name.as_str(), view))
        })
        .collect::<Result<Vec<_>>>()?;
    let bytes = safetensors::serialize(views, None).map_err(damaged)?;
    backend::run::write_atomic(path, &bytes).map_err(|source| Error::Io {
        path: path.to_owned(),
        source,
    })
}

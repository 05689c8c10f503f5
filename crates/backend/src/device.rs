//! Devices by name.

use burn::tensor::Device;

/// Names that [`device`] understands, with the crate feature each one needs.
pub const DEVICE_NAMES: [(&str, &str); 3] = [("flex", "flex"), ("cuda", "cuda"), ("tch", "tch")];

/// Why a device could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// The name is none of [`DEVICE_NAMES`].
    #[error("unknown device `{name}`, expected one of flex, cuda, cuda:N, tch, tch:N")]
    Unknown {
        /// The name that was asked for.
        name: String,
    },
    /// The device is known but its feature is not compiled in.
    #[error("device `{name}` is not built in, build with `--features {feature}`")]
    NotBuilt {
        /// The name that was asked for.
        name: String,
        /// The Cargo feature that brings it.
        feature: &'static str,
    },
    /// The part after the colon is not a device number.
    #[error("device `{name}` has the index `{index}`, expected a whole number")]
    BadIndex {
        /// The name that was asked for.
        name: String,
        /// The text after the colon.
        index: String,
    },
    /// The processor has one device only.
    #[error("device `{name}` takes no index")]
    NoIndex {
        /// The name that was asked for.
        name: String,
    },
    /// The machine has no such device.
    #[error("device `{name}` is not on this machine, which has {count} of that kind")]
    Absent {
        /// The name that was asked for.
        name: String,
        /// How many devices of the kind were found.
        count: usize,
    },
    /// A list of devices is empty.
    #[error("no device is named, expected at least one")]
    None,
    /// A list names a CUDA device again.
    #[error("device `{name}` is named twice, expected each CUDA device once")]
    Twice {
        /// The name.
        name: String,
    },
}

/// Opens a device by name: `flex` (the processor, pure Rust), `cuda`, `cuda:1`, `tch` (`LibTorch` on
/// the processor) or `tch:0` (`LibTorch` on a CUDA device).
///
/// The device is returned without automatic differentiation; [`crate::tape`] brings its own, and
/// Burn's is one call of `.autodiff()` away.
///
/// # Errors
/// An unknown name, a device whose feature is not compiled in, an index that is no number, and a
/// device that this machine lacks.
///
/// # Examples
/// ```
/// assert!(backend::device("flex").is_ok());
/// let error = backend::device("abacus").unwrap_err();
/// assert!(error.to_string().contains("unknown device `abacus`"));
/// ```
pub fn device(name: &str) -> Result<Device, DeviceError> {
    let (kind, index) = match name.split_once(':') {
        None => (name, None),
        Some((kind, text)) => {
            let index = text.parse::<usize>().map_err(|_| DeviceError::BadIndex {
                name: name.to_owned(),
                index: text.to_owned(),
            })?;
            (kind, Some(index))
        }
    };
    match kind {
        "flex" if index.is_some() => Err(DeviceError::NoIndex {
            name: name.to_owned(),
        }),
        "flex" => flex(name),
        "cuda" => cuda(name, index),
        "tch" => tch(name, index),
        _ => Err(DeviceError::Unknown {
            name: name.to_owned(),
        }),
    }
}

#[cfg(feature = "flex")]
#[expect(
    clippy::unnecessary_wraps,
    reason = "same signature as the build without the feature"
)]
fn flex(_: &str) -> Result<Device, DeviceError> {
    Ok(Device::flex())
}

#[cfg(not(feature = "flex"))]
fn flex(name: &str) -> Result<Device, DeviceError> {
    not_built(name, "flex")
}

#[cfg(feature = "cuda")]
fn cuda(name: &str, index: Option<usize>) -> Result<Device, DeviceError> {
    // Listing the devices loads the CUDA driver, and the loader panics where there is none; a
    // machine without a driver has no device, so the panic becomes the count zero.
    let count = std::panic::catch_unwind(|| {
        Device::enumerate(burn::tensor::DeviceType::Cuda)
            .into_iter()
            .count()
    })
    .unwrap_or(0);
    let index = index.unwrap_or(0);
    if index >= count {
        return Err(DeviceError::Absent {
            name: name.to_owned(),
            count,
        });
    }
    Ok(Device::cuda(index))
}

#[cfg(not(feature = "cuda"))]
fn cuda(name: &str, _: Option<usize>) -> Result<Device, DeviceError> {
    not_built(name, "cuda")
}

#[cfg(feature = "tch")]
#[expect(
    clippy::unnecessary_wraps,
    reason = "same signature as the build without the feature"
)]
#[expect(
    deprecated,
    reason = "Burn 0.22 is the last release with LibTorch, which is why it is pinned"
)]
fn tch(_: &str, index: Option<usize>) -> Result<Device, DeviceError> {
    Ok(match index {
        None => Device::libtorch(),
        Some(index) => Device::libtorch_cuda(index),
    })
}

#[cfg(not(feature = "tch"))]
fn tch(name: &str, _: Option<usize>) -> Result<Device, DeviceError> {
    not_built(name, "tch")
}

#[cfg(not(all(feature = "flex", feature = "cuda", feature = "tch")))]
fn not_built(name: &str, feature: &'static str) -> Result<Device, DeviceError> {
    Err(DeviceError::NotBuilt {
        name: name.to_owned(),
        feature,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_no_device_is_named_in_the_error() {
        for name in ["", "gpu", "flexx", "CUDA"] {
            assert_eq!(
                device(name).unwrap_err(),
                DeviceError::Unknown { name: name.into() }
            );
        }
    }

    #[test]
    fn an_index_must_be_a_number() {
        assert!(matches!(
            device("cuda:one").unwrap_err(),
            DeviceError::BadIndex { .. }
        ));
        assert!(matches!(
            device("flex:0").unwrap_err(),
            DeviceError::NoIndex { .. }
        ));
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_device_whose_feature_is_missing_names_the_feature() {
        let message = device("cuda:1").unwrap_err().to_string();
        assert_eq!(
            message,
            "device `cuda:1` is not built in, build with `--features cuda`"
        );
    }
}

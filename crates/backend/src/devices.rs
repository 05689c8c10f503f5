//! One batch over several devices.

use std::{ops::Range, panic, thread};

use burn::tensor::{
    Device, Tensor,
    distributed::{ReduceOperation, all_reduce},
};

use crate::{DeviceError, device};

/// How the gradients of several devices become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reduction {
    /// They are copied to the first device and added there, in the order of the devices.
    Gather,
    /// Burn's own all-reduce.
    Collective,
}

/// Where a training computes: one device, or several that share the samples of each batch.
///
/// Weights and optimiser are on the first one; each step copies the weights to the others. Devices of the processor
/// may be named several times: each is a thread of its own.
///
/// # Examples
/// ```
/// let devices = backend::Devices::named(&["flex", "flex"])?;
/// let sums = devices.each(|index, _| devices.share(index, 9).sum::<usize>());
/// assert_eq!(sums, [6, 30]); // 0 + 1 + 2 + 3 and 4 + … + 8
/// # Ok::<(), backend::DeviceError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Devices {
    devices: Vec<Device>,
    reduction: Reduction,
}

impl From<&Device> for Devices {
    fn from(device: &Device) -> Self {
        Self {
            devices: vec![device.clone()],
            reduction: Reduction::Gather,
        }
    }
}

impl Devices {
    /// Devices by the names that [`device`] takes. Several CUDA devices add their gradients by Burn's own
    /// all-reduce; all others as [`gathered`](Self::gathered) says.
    ///
    /// # Errors
    /// A name that is no device, no name at all, and a CUDA device that is named twice.
    pub fn named<S: AsRef<str>>(names: &[S]) -> Result<Self, DeviceError> {
        let cuda = |name: &S| name.as_ref().starts_with("cuda");
        let opened: Result<Vec<Device>, _> =
            names.iter().map(|name| device(name.as_ref())).collect();
        let mut devices = Self::gathered(opened?)?;
        for (index, name) in names.iter().enumerate() {
            let mut earlier = names[..index].iter().map(S::as_ref);
            if cuda(name) && earlier.any(|earlier| earlier == name.as_ref()) {
                return Err(DeviceError::Twice {
                    name: name.as_ref().to_owned(),
                });
            }
        }
        if names.len() > 1 && names.iter().all(cuda) {
            devices.reduction = Reduction::Collective;
        }
        Ok(devices)
    }

    /// Devices whose gradients are copied to the first one and added there, in their order: this works with all
    /// devices, also with one that is given several times, and gives the numbers of one device that takes the same
    /// parts one after another, bit for bit.
    ///
    /// # Errors
    /// No device at all.
    pub fn gathered(devices: Vec<Device>) -> Result<Self, DeviceError> {
        if devices.is_empty() {
            return Err(DeviceError::None);
        }
        Ok(Self {
            devices,
            reduction: Reduction::Gather,
        })
    }

    /// The device of weights and optimiser.
    #[must_use]
    pub fn first(&self) -> &Device {
        &self.devices[0]
    }

    /// The devices in their order.
    #[must_use]
    pub fn all(&self) -> &[Device] {
        &self.devices
    }

    /// Number of devices.
    #[must_use]
    pub fn count(&self) -> usize {
        self.devices.len()
    }

    /// What the device of an index takes of so many samples: neighbouring ones, as evenly as it goes.
    #[must_use]
    pub fn share(&self, index: usize, samples: usize) -> Range<usize> {
        let count = self.count();
        index * samples / count..(index + 1) * samples / count
    }

    /// Does some work for each device in a thread of its own, or in this one if there is one device; the results in
    /// the order of the devices. A panic of one is passed on.
    pub fn each<T: Send>(&self, work: impl Fn(usize, &Device) -> T + Sync) -> Vec<T> {
        if self.count() == 1 {
            return vec![work(0, self.first())];
        }
        let work = &work;
        thread::scope(|scope| {
            let threads: Vec<_> = self
                .devices
                .iter()
                .enumerate()
                .map(|(index, device)| scope.spawn(move || work(index, device)))
                .collect();
            threads
                .into_iter()
                .map(|thread| {
                    thread
                        .join()
                        .unwrap_or_else(|cause| panic::resume_unwind(cause))
                })
                .collect()
        })
    }

    /// Whether [`reduce`](Self::reduce) gives every device the whole sum; otherwise the parts are to be added on the
    /// first device.
    #[must_use]
    pub fn is_collective(&self) -> bool {
        self.reduction == Reduction::Collective
    }

    /// What the thread of a device does with its part of a sum: Burn's all-reduce, for which every device must call
    /// this with its own, in the same order; without a collective the part as it is.
    #[must_use]
    pub fn reduce<const D: usize>(&self, part: Tensor<D>) -> Tensor<D> {
        match self.reduction {
            Reduction::Gather => part,
            Reduction::Collective => {
                let inner = self.devices.iter().map(|d| d.clone().inner()).collect();
                all_reduce(part, ReduceOperation::Sum, inner).resolve()
            }
        }
    }

    /// The sum, on the first device, of what [`reduce`](Self::reduce) gave each device; nothing of nothing.
    #[must_use]
    pub fn total<const D: usize>(&self, parts: Vec<Tensor<D>>) -> Option<Tensor<D>> {
        let mut parts = parts.into_iter();
        if self.is_collective() {
            return parts.next();
        }
        let first = self.first().clone().inner();
        parts
            .map(|part| part.to_device(&first))
            .reduce(|sum, part| sum + part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_cover_all_samples_once() {
        for count in 1..5 {
            let devices = Devices::named(&vec!["flex"; count]).unwrap();
            for samples in 0..12 {
                let all: Vec<usize> = (0..count)
                    .flat_map(|index| devices.share(index, samples))
                    .collect();
                assert_eq!(all, (0..samples).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn parts_are_added_in_the_order_of_the_devices() {
        let devices = Devices::named(&["flex", "flex", "flex"]).unwrap();
        let parts = devices.each(|index, device| {
            let numbers = [0.1 * index as f32, 1.0];
            devices.reduce(Tensor::<1>::from_floats(numbers, device))
        });
        let total = devices.total(parts).unwrap();
        let sum = total.to_data().try_into_vec::<f32>().unwrap();
        assert_eq!(sum, [0.0_f32 + 0.1 + 0.2, 3.0]);
    }

    #[test]
    fn no_name_at_all_is_refused() {
        let error = Devices::named::<&str>(&[]).unwrap_err();
        assert_eq!(error, DeviceError::None);
    }
}

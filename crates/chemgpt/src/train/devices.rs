//! One batch over several devices.

use std::thread;

use backend::optim::accumulate;
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::distributed::{ReduceOperation, all_reduce};
use burn::tensor::{Device, Tensor};

use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::model::{ChemGpt, Precision};

/// How the gradients of several devices become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reduction {
    /// They are copied to the first device and added there, in the order of the devices.
    Gather,
    /// Burn's own all-reduce.
    Collective,
}

/// Where a run computes: one device, or several that share the rows of each batch.
///
/// Weights and optimiser are on the first one; each step copies the weights to the others.
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
    /// Devices by the names that [`backend::device`] takes. Several CUDA devices add their gradients by Burn's own
    /// all-reduce; all others as [`gathered`](Self::gathered) says.
    ///
    /// # Errors
    /// [`Error::Device`] for a name that is no device, [`Error::Config`] without names and for a CUDA device that is
    /// named twice.
    pub fn named<S: AsRef<str>>(names: &[S]) -> Result<Self> {
        let cuda = |name: &S| name.as_ref().starts_with("cuda");
        let mut devices = Self::gathered(
            names
                .iter()
                .map(|name| Ok(backend::device(name.as_ref())?))
                .collect::<Result<_>>()?,
        )?;
        for (index, name) in names.iter().enumerate() {
            let earlier = names[..index].iter().map(S::as_ref);
            if cuda(name) && earlier.into_iter().any(|earlier| earlier == name.as_ref()) {
                return Err(Error::Config {
                    field: "devices",
                    value: name.as_ref().to_owned(),
                    allowed: "each CUDA device once",
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
    /// [`Error::Config`] without devices.
    pub fn gathered(devices: Vec<Device>) -> Result<Self> {
        if devices.is_empty() {
            return Err(Error::Config {
                field: "devices",
                value: "none".into(),
                allowed: "at least one",
            });
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

    pub(super) fn check(&self, precision: Precision) -> Result<()> {
        self.devices
            .iter()
            .try_for_each(|device| precision.check(device))
    }

    /// Number of devices.
    #[must_use]
    pub fn count(&self) -> usize {
        self.devices.len()
    }
}

/// Loss and gradients of a batch of which `items` targets count, on the devices, each of which takes its rows in
/// `accumulation` parts.
pub(super) fn gradients(
    model: &ChemGpt,
    devices: &Devices,
    batch: &Batch,
    items: usize,
    accumulation: usize,
) -> Result<(f64, GradientsParams)> {
    let count = devices.count();
    if count == 1 {
        return in_parts(model, batch, items, accumulation);
    }
    if batch.rows < count {
        return Err(Error::Config {
            field: "batch",
            value: batch.rows.to_string(),
            allowed: "at least one row a device",
        });
    }
    let others: Vec<Device> = devices.devices.iter().map(|d| d.clone().inner()).collect();
    let results: Vec<Result<(f64, GradientsParams)>> = thread::scope(|scope| {
        let threads: Vec<_> = devices
            .devices
            .iter()
            .enumerate()
            .map(|(index, device)| {
                let rows = index * batch.rows / count..(index + 1) * batch.rows / count;
                let part = batch.slice(rows);
                let replica = model.clone().fork(&device.clone().inner().autodiff());
                let others = others.clone();
                scope.spawn(move || {
                    let (loss, gradients) = in_parts(&replica, &part, items, accumulation)?;
                    let gradients = match devices.reduction {
                        Reduction::Gather => gradients,
                        Reduction::Collective => reduced(&replica, gradients, others),
                    };
                    Ok((loss, gradients))
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| match thread.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    });
    let mut loss = 0.0;
    let mut total: Option<GradientsParams> = None;
    for result in results {
        let (part, gradients) = result?;
        loss += part;
        total = match (devices.reduction, total) {
            // Every device has the sum; the first one's is taken.
            (Reduction::Collective, Some(total)) => Some(total),
            (_, total) => {
                let gradients = gradients.to_device(&others[0], model);
                Some(accumulate(model, total, gradients))
            }
        };
    }
    Ok((loss, total.expect("there is at least one device")))
}

/// Loss and gradients of some rows, a part at a time.
fn in_parts(
    model: &ChemGpt,
    batch: &Batch,
    items: usize,
    parts: usize,
) -> Result<(f64, GradientsParams)> {
    let parts = parts.min(batch.rows).max(1);
    if parts == 1 {
        return model.loss_gradients(batch, items);
    }
    let mut loss = 0.0;
    let mut total = None;
    for part in 0..parts {
        let rows = part * batch.rows / parts..(part + 1) * batch.rows / parts;
        let (value, gradients) = model.loss_gradients(&batch.slice(rows), items)?;
        loss += value;
        total = Some(accumulate(model, total, gradients));
    }
    Ok((loss, total.expect("there is at least one part")))
}

/// The gradients summed over all devices by Burn's all-reduce; every device's thread calls this with its own.
fn reduced(model: &ChemGpt, gradients: GradientsParams, devices: Vec<Device>) -> GradientsParams {
    let mut visitor = AllReduce { gradients, devices };
    model.visit(&mut visitor);
    visitor.gradients
}

struct AllReduce {
    gradients: GradientsParams,
    devices: Vec<Device>,
}

impl ModuleVisitor for AllReduce {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            let sum = all_reduce(gradient, ReduceOperation::Sum, self.devices.clone()).resolve();
            self.gradients.register(param.id, sum);
        }
    }
}

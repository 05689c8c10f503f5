//! One batch over several devices.

use backend::Devices;
use backend::optim::accumulate;
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::model::ChemGpt;

/// Loss and gradients of a batch of which `items` targets count, on the devices, each of which takes its rows in
/// `accumulation` parts.
pub(super) fn gradients(
    model: &ChemGpt,
    devices: &Devices,
    batch: &Batch,
    items: usize,
    accumulation: usize,
) -> Result<(f64, GradientsParams)> {
    if devices.count() == 1 {
        return in_parts(model, batch, items, accumulation);
    }
    if batch.rows < devices.count() {
        return Err(Error::Config {
            field: "batch",
            value: batch.rows.to_string(),
            allowed: "at least one row a device",
        });
    }
    let parts: Vec<Result<_>> = devices.each(|index, device| {
        let part = batch.slice(devices.share(index, batch.rows));
        let replica = model.clone().fork(&device.clone().inner().autodiff());
        let (loss, gradients) = in_parts(&replica, &part, items, accumulation)?;
        let mut reduce = Reduce { gradients, devices };
        replica.visit(&mut reduce);
        Ok((loss, reduce.gradients))
    });
    let mut loss = 0.0;
    let mut total: Option<GradientsParams> = None;
    for part in parts {
        let (part, gradients) = part?;
        loss += part;
        total = match total {
            // Every device has the sum; the first one's is taken.
            Some(total) if devices.is_collective() => Some(total),
            total => {
                let gradients = gradients.to_device(&devices.first().clone().inner(), model);
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

/// Hands each gradient to the other devices, if they add them together.
struct Reduce<'a> {
    gradients: GradientsParams,
    devices: &'a Devices,
}

impl ModuleVisitor for Reduce<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            self.gradients
                .register(param.id, self.devices.reduce(gradient));
        }
    }
}

//! Loss and gradient of one batch, on one device or shared out over several.

use backend::{
    Devices,
    tape::{Graph, Role, Tape},
};
use burn::tensor::{Device, Tensor};

use super::{
    config::TrainingConfig,
    data::Set,
    loss::{Counts, Label, Labels},
};
use crate::{
    batch::{Batch, Prepared},
    error::Result,
    evaluate::{Wanted, predict},
    models::Model,
    weights::{Weights, host},
};

/// What is minimised.
#[derive(Clone, Copy)]
pub(super) struct Problem<'a> {
    pub(super) model: &'a dyn Model,
    pub(super) set: &'a Set,
    /// Turns the network's numbers into eV.
    pub(super) scale: f64,
    pub(super) config: &'a TrainingConfig,
}

/// The loss and its gradient by the flat weights.
pub(super) struct Slope {
    pub(super) loss: f64,
    pub(super) gradient: Tensor<1>,
}

impl Problem<'_> {
    /// The mean over the picked structures, of which each device takes its share; `None` if none of them has a label
    /// that counts.
    pub(super) fn slope(
        &self,
        weights: &Weights,
        picked: &[usize],
        devices: &Devices,
    ) -> Result<Option<Slope>> {
        let (structures, labels) = self.set.pick(picked);
        let counts = Counts::of(&labels, self.config);
        if counts.is_nothing() {
            return Ok(None);
        }
        let parts: Vec<Result<Slope>> = devices.each(|index, device| {
            let share = devices.share(index, picked.len());
            let (structures, labels) = (&structures[share.clone()], &labels[share]);
            let flat = weights.flat().clone().to_device(device);
            let replica = weights.with_flat(flat);
            let part = self.part(&replica, structures, labels, counts, device)?;
            Ok(Slope {
                gradient: devices.reduce(part.gradient),
                ..part
            })
        });
        let mut loss = 0.0;
        let mut gradients = Vec::with_capacity(parts.len());
        for part in parts {
            let part = part?;
            loss += part.loss;
            gradients.push(part.gradient);
        }
        let gradient = devices.total(gradients);
        Ok(gradient.map(|gradient| Slope { loss, gradient }))
    }

    /// The part of some structures in means over `counts` labels.
    fn part(
        &self,
        weights: &Weights,
        structures: &[&Prepared],
        labels: &[&Label],
        counts: Counts,
        device: &Device,
    ) -> Result<Slope> {
        let nothing = || Slope {
            loss: 0.0,
            gradient: weights.flat().zeros_like(),
        };
        if structures.is_empty() {
            return Ok(nothing());
        }
        let cutoff = self.model.cutoff();
        let batch = Batch::of(structures, cutoff, self.config.precision, device)?;
        let labels = Labels::new(labels, counts, &batch, self.config);
        let tape = Tape::new();
        let scope = weights.inputs(&tape);
        let wanted = Wanted {
            forces: labels.needs_forces(),
            virial: labels.needs_virial(),
        };
        let predicted = predict(self.model, &scope, &batch, &tape, wanted, Graph::Keep);
        let Some(loss) = labels.loss(&predicted, self.scale, self.config) else {
            return Ok(nothing());
        };
        let value = host(loss.value())[0];
        let gradients = tape.gradients(&loss, Role::Parameters, Graph::Drop);
        let gradient = scope.flat_gradient(&gradients);
        Ok(Slope {
            loss: value,
            gradient,
        })
    }

    /// The first of the picked structures whose own prediction or label is not finite, or else the first one.
    pub(super) fn culprit(&self, weights: &Weights, picked: &[usize]) -> Result<usize> {
        for &candidate in picked {
            let (structures, labels) = self.set.pick(&[candidate]);
            let counts = Counts::of(&labels, self.config);
            let device = weights.device();
            let alone = self.part(weights, &structures, &labels, counts, &device)?;
            if !alone.loss.is_finite() {
                return Ok(candidate);
            }
        }
        Ok(picked[0])
    }
}

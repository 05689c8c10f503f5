//! Deviations of predictions from labels, as one number to minimise.

use backend::tape::Var;
use burn::tensor::{DType, Device, Tensor, TensorData};

use super::config::{Penalty, TrainingConfig};
use crate::{batch::Batch, evaluate::Predicted};

/// The labels of a batch, on the device.
#[derive(Debug)]
pub(super) struct Labels {
    /// Energies less references (eV) and the weight of each, zero where the label is missing, `[G, 1]`.
    energy: Option<(Tensor<2>, Tensor<2>)>,
    /// Forces (eV/Å) and weights, `[N, 3]`.
    forces: Option<(Tensor<2>, Tensor<2>)>,
    /// Strain derivatives over the volume (eV/Å³) and weights over the volume, `[G, 9]`.
    stress: Option<(Tensor<2>, Tensor<2>, Tensor<2>)>,
    counts: Counts,
}

/// The labels of one structure.
#[derive(Debug, Clone)]
pub(super) struct Label {
    pub(super) energy: Option<f64>,
    pub(super) forces: Option<Vec<[f64; 3]>>,
    /// Only of structures with a volume.
    pub(super) stress: Option<[[f64; 3]; 3]>,
}

/// How many numbers are labelled in a batch: what each term of its loss is the mean over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counts {
    energy: usize,
    forces: usize,
    stress: usize,
}

impl Counts {
    /// Labels of terms without weight do not count.
    pub(super) fn of(labels: &[&Label], config: &TrainingConfig) -> Self {
        let sum = |weight: f64, numbers: fn(&Label) -> usize| {
            if weight > 0.0 {
                labels.iter().map(|label| numbers(label)).sum()
            } else {
                0
            }
        };
        Self {
            energy: sum(config.energy_weight, |l| usize::from(l.energy.is_some())),
            forces: sum(config.force_weight, |l| {
                3 * l.forces.as_ref().map_or(0, Vec::len)
            }),
            stress: sum(config.stress_weight, |l| {
                9 * usize::from(l.stress.is_some())
            }),
        }
    }

    pub(super) fn is_nothing(self) -> bool {
        self.energy + self.forces + self.stress == 0
    }
}

impl Labels {
    /// Puts labels side by side; a term that has no label or no weight is left out.
    ///
    /// Each term will be the sum over the labelled numbers, divided by `counts`: those of the whole batch, of which
    /// these may be a part.
    pub(super) fn new(
        labels: &[&Label],
        counts: Counts,
        batch: &Batch,
        config: &TrainingConfig,
    ) -> Self {
        let device = batch.device();
        let graphs = batch.graphs();
        let mut energy = (vec![0.0; graphs], vec![0.0; graphs]);
        let mut forces = (Vec::new(), Vec::new());
        let mut stress = (vec![0.0; 9 * graphs], vec![0.0; 9 * graphs]);
        let mut volume = vec![0.0; 9 * graphs];
        for (g, label) in labels.iter().enumerate() {
            let count = batch.atoms[g];
            if let Some(value) = label.energy {
                energy.0[g] = value;
                energy.1[g] = if config.per_atom {
                    1.0 / count as f64
                } else {
                    1.0
                };
            }
            if let Some(values) = &label.forces {
                forces.0.extend_from_slice(values.as_flattened());
                forces.1.resize(forces.0.len(), 1.0);
            } else {
                forces.0.resize(forces.0.len() + 3 * count, 0.0);
                forces.1.resize(forces.0.len(), 0.0);
            }
            if let (Some(values), Some(v)) = (&label.stress, batch.volume[g]) {
                let range = 9 * g..9 * g + 9;
                stress.0[range.clone()].copy_from_slice(values.as_flattened());
                stress.1[range.clone()].fill(1.0);
                volume[range].fill(1.0 / v);
            }
        }
        let used = |weights: &[f64], weight: f64| weight > 0.0 && weights.iter().any(|w| *w > 0.0);
        let on = |values: &[f64], columns: usize, dtype| matrix(values, columns, dtype, &device);
        Self {
            energy: used(&energy.1, config.energy_weight)
                .then(|| (on(&energy.0, 1, DType::F64), on(&energy.1, 1, DType::F64))),
            forces: used(&forces.1, config.force_weight)
                .then(|| (on(&forces.0, 3, batch.dtype), on(&forces.1, 3, batch.dtype))),
            stress: used(&stress.1, config.stress_weight).then(|| {
                (
                    on(&stress.0, 9, DType::F64),
                    on(&stress.1, 9, DType::F64),
                    on(&volume, 9, DType::F64),
                )
            }),
            counts,
        }
    }

    pub(super) fn needs_forces(&self) -> bool {
        self.forces.is_some()
    }

    pub(super) fn needs_virial(&self) -> bool {
        self.stress.is_some()
    }

    /// The loss in float64, `[1]`, or `None` if no label of the batch counts. `scale` is what turns the
    /// network's numbers into eV.
    pub(super) fn loss(
        &self,
        predicted: &Predicted,
        scale: f64,
        config: &TrainingConfig,
    ) -> Option<Var<1>> {
        let mut terms = Vec::new();
        if let Some((target, weight)) = &self.energy {
            let deviation = deviation(&predicted.energies.scale(scale), target, weight);
            terms.push(
                mean(config.penalty, &deviation, self.counts.energy).scale(config.energy_weight),
            );
        }
        if let (Some((target, weight)), Some(forces)) = (&self.forces, &predicted.forces) {
            let deviation = deviation(&forces.scale(scale), target, weight);
            let term = mean(config.penalty, &deviation, self.counts.forces).cast(DType::F64);
            terms.push(term.scale(config.force_weight));
        }
        if let (Some((target, weight, volume)), Some(virial)) = (&self.stress, &predicted.virial) {
            let stress = virial.mul(&Var::constant(volume.clone())).scale(scale);
            let deviation = deviation(&stress, target, weight);
            terms.push(
                mean(config.penalty, &deviation, self.counts.stress).scale(config.stress_weight),
            );
        }
        terms.into_iter().reduce(|sum, term| sum.add(&term))
    }
}

fn matrix(values: &[f64], columns: usize, dtype: DType, device: &Device) -> Tensor<2> {
    let shape = [values.len() / columns, columns];
    Tensor::from_data(TensorData::new(values.to_vec(), shape), (device, dtype))
}

fn deviation(predicted: &Var<2>, target: &Tensor<2>, weight: &Tensor<2>) -> Var<2> {
    predicted
        .sub(&Var::constant(target.clone()))
        .mul(&Var::constant(weight.clone()))
}

/// The mean penalty over so many numbers; those without a label have the deviation zero.
fn mean(penalty: Penalty, deviation: &Var<2>, count: usize) -> Var<1> {
    apply(penalty, deviation).sum().scale(1.0 / count as f64)
}

fn apply(penalty: Penalty, x: &Var<2>) -> Var<2> {
    let size = || x.mul(&Var::constant(x.value().clone().sign()));
    match penalty {
        Penalty::Mse => x.square(),
        Penalty::Mae => size(),
        Penalty::Huber { delta } => {
            let inside = x.value().clone().abs().lower_elem(delta).float();
            let inside = Var::constant(inside.cast(x.dtype()));
            let parabola = x.square().scale(0.5).mul(&inside);
            let outside = inside.neg().shift(1.0);
            let line = size().scale(delta).shift(-0.5 * delta * delta);
            parabola.add(&line.mul(&outside))
        }
    }
}

//! AdamW as PyTorch computes it.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::{DType, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::buffer::{Buffer, flat};
use super::norm::{Indexed, Numbered, clip_factor, global_norm, map_value};
use super::state::Moments;
use crate::host::HostTensor;

/// Which parameters the weight decay pulls towards zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecayGroup {
    /// Every parameter.
    All,
    /// Matrices and higher ranks only: no bias, no normalisation weight.
    #[default]
    Matrices,
}

/// Settings of [`AdamW`]; the defaults are PyTorch's, but for the decay group.
#[derive(Config, Debug, PartialEq)]
pub struct AdamWConfig {
    /// Decay rate of the first moment.
    #[config(default = 0.9)]
    pub beta_1: f64,
    /// Decay rate of the second moment.
    #[config(default = 0.999)]
    pub beta_2: f64,
    /// Added to the root of the second moment (PyTorch's `1e-8`; Burn's own AdamW has `1e-5`).
    #[config(default = 1e-8)]
    pub epsilon: f64,
    /// Decoupled weight decay, multiplied by the learning rate.
    #[config(default = 0.01)]
    pub weight_decay: f64,
    /// Which parameters decay.
    #[config(default = "DecayGroup::Matrices")]
    pub decay: DecayGroup,
}

impl AdamWConfig {
    /// An optimiser without any state yet.
    #[must_use]
    pub fn init(&self) -> AdamW {
        AdamW {
            config: self.clone(),
            slots: Vec::new(),
        }
    }
}

/// Adam with decoupled weight decay: p ← p − η λ p, then p ← p − η m̂ / (√v̂ + ε).
///
/// On the host device each parameter is updated in one loop over memory; on other devices by tensor operations. The
/// moments are float32 whatever the type of the parameters.
///
/// # References
/// Loshchilov, Hutter, "Decoupled weight decay regularization", algorithm 2, <https://arxiv.org/abs/1711.05101>.
#[derive(Clone, Debug)]
pub struct AdamW {
    config: AdamWConfig,
    slots: Vec<Option<Slot>>,
}

#[derive(Clone, Debug)]
struct Slot {
    step: u64,
    first: Buffer,
    second: Buffer,
}

impl AdamW {
    /// One step at learning rate `rate`. Parameters without a gradient stay as they are.
    pub fn step<M: Module>(&mut self, rate: f64, module: M, gradients: GradientsParams) -> M {
        self.apply(rate, 1.0, module, gradients)
    }

    /// One step after the gradients are clipped to global norm `limit`; returns the norm before clipping.
    ///
    /// The clipping factor is applied in the update itself, which saves a pass over all gradients.
    pub fn step_clipped<M: Module>(
        &mut self,
        rate: f64,
        limit: f64,
        module: M,
        gradients: GradientsParams,
    ) -> (M, f64) {
        let norm = global_norm(&module, &gradients);
        let module = self.apply(rate, clip_factor(norm, limit), module, gradients);
        (module, norm)
    }

    fn apply<M: Module>(
        &mut self,
        rate: f64,
        factor: f64,
        module: M,
        gradients: GradientsParams,
    ) -> M {
        let mut update = Update {
            config: &self.config,
            slots: &mut self.slots,
            gradients,
            rate,
            factor,
        };
        module.map(&mut Numbered {
            change: &mut update,
            next: 0,
        })
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &AdamWConfig {
        &self.config
    }

    /// A copy of the moments, in the order in which the module visits its parameters.
    #[must_use]
    pub fn moments(&self) -> Vec<Option<Moments>> {
        self.slots
            .iter()
            .map(|slot| {
                slot.as_ref().map(|slot| Moments {
                    step: slot.step,
                    first: slot.first.to_vec(),
                    second: slot.second.to_vec(),
                })
            })
            .collect()
    }

    /// Takes back the moments that [`moments`](Self::moments) gave, so that training goes on exactly.
    ///
    /// They move to the parameters' device at the next step.
    pub fn restore(&mut self, moments: Vec<Option<Moments>>) {
        self.slots = moments
            .into_iter()
            .map(|moments| {
                moments.map(|moments| Slot {
                    step: moments.step,
                    first: Buffer::Host(moments.first),
                    second: Buffer::Host(moments.second),
                })
            })
            .collect();
    }
}

struct Update<'a> {
    config: &'a AdamWConfig,
    slots: &'a mut Vec<Option<Slot>>,
    gradients: GradientsParams,
    rate: f64,
    factor: f64,
}

impl Indexed for Update<'_> {
    fn change<const D: usize>(
        &mut self,
        index: usize,
        param: Param<Tensor<D>>,
    ) -> Param<Tensor<D>> {
        if self.slots.len() <= index {
            self.slots.resize(index + 1, None);
        }
        let Some(gradient) = self.gradients.remove::<D>(param.id) else {
            return param;
        };
        let decay = match self.config.decay {
            DecayGroup::Matrices if D < 2 => 0.0,
            _ => self.config.weight_decay,
        };
        let numbers = self.slots[index].as_ref().map_or(1, |slot| slot.step + 1);
        let scalars = Scalars::new(self.config, self.rate, self.factor, decay, numbers);
        let slot = &mut self.slots[index];
        map_value(param, |tensor| {
            let shape = tensor.shape();
            let device = tensor.device();
            let host = HostTensor::of(tensor.clone()).zip(HostTensor::of(gradient.clone()));
            let length = shape.num_elements();
            let on_host = host.is_some();
            let state = slot.get_or_insert_with(|| Slot {
                step: 0,
                first: Buffer::zeros_like(length, on_host, &device),
                second: Buffer::zeros_like(length, on_host, &device),
            });
            state.step = numbers;
            if let (Some((value, gradient)), Buffer::Host(first), Buffer::Host(second)) =
                (&host, &mut state.first, &mut state.second)
            {
                let mut updated = value.values().to_vec();
                scalars.update(&mut updated, gradient.values(), first, second);
                return Tensor::from_data(TensorData::new(updated, shape), &device);
            }
            let [first, second] = [&state.first, &state.second].map(|buffer| match buffer {
                Buffer::Device(tensor) => tensor.clone(),
                Buffer::Host(values) => {
                    let data = TensorData::new(values.clone(), [length]);
                    Tensor::<1>::from_data(data, &device).cast(DType::F32)
                }
            });
            let kind = tensor.dtype();
            let (value, first, second) =
                scalars.update_tensors(flat(tensor), flat(gradient), first, second);
            state.first = Buffer::Device(first);
            state.second = Buffer::Device(second);
            value.cast(kind).reshape(shape)
        })
    }
}

/// The numbers of one step that are equal for all elements of a parameter.
struct Scalars {
    factor: f64,
    keep: f64,
    beta_1: f64,
    beta_2: f64,
    step_size: f64,
    root_correction: f64,
    epsilon: f64,
}

impl Scalars {
    fn new(config: &AdamWConfig, rate: f64, factor: f64, decay: f64, step: u64) -> Self {
        let step = i32::try_from(step).unwrap_or(i32::MAX);
        Self {
            factor,
            keep: 1.0 - rate * decay,
            beta_1: config.beta_1,
            beta_2: config.beta_2,
            step_size: rate / (1.0 - config.beta_1.powi(step)),
            root_correction: (1.0 - config.beta_2.powi(step)).sqrt(),
            epsilon: config.epsilon,
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "the update runs in float32, as PyTorch's does; its factors are rounded once"
    )]
    fn update(&self, value: &mut [f32], gradient: &[f32], first: &mut [f32], second: &mut [f32]) {
        let factor = self.factor as f32;
        let keep = self.keep as f32;
        let take_1 = (1.0 - self.beta_1) as f32;
        let beta_2 = self.beta_2 as f32;
        let take_2 = (1.0 - self.beta_2) as f32;
        let step_size = self.step_size as f32;
        let inverse_root = (1.0 / self.root_correction) as f32;
        let epsilon = self.epsilon as f32;
        for (((value, &gradient), first), second) in
            value.iter_mut().zip(gradient).zip(first).zip(second)
        {
            let gradient = gradient * factor;
            let m = flush(*first + (gradient - *first) * take_1);
            let v = flush(*second * beta_2 + gradient * gradient * take_2);
            *first = m;
            *second = v;
            *value = *value * keep - step_size * m / (v.sqrt() * inverse_root + epsilon);
        }
    }

    fn update_tensors(
        &self,
        value: Tensor<1>,
        gradient: Tensor<1>,
        first: Tensor<1>,
        second: Tensor<1>,
    ) -> (Tensor<1>, Tensor<1>, Tensor<1>) {
        let gradient = gradient.cast(DType::F32).mul_scalar(self.factor);
        let first = first.clone() + (gradient.clone() - first).mul_scalar(1.0 - self.beta_1);
        let second =
            second.mul_scalar(self.beta_2) + gradient.square().mul_scalar(1.0 - self.beta_2);
        let root = second
            .clone()
            .sqrt()
            .mul_scalar(1.0 / self.root_correction)
            .add_scalar(self.epsilon);
        let value = value.cast(DType::F32).mul_scalar(self.keep)
            - (first.clone() / root).mul_scalar(self.step_size);
        (value, first, second)
    }
}

/// Numbers below the smallest normal float32 become zero.
///
/// The moments of a parameter whose gradient has become zero (the embedding of a rare symbol) shrink by a constant
/// factor each step and would stay denormal for hundreds of steps; processors work on denormal numbers up to thirty
/// times slower, and they change no result.
fn flush(value: f32) -> f32 {
    if value.abs() < f32::MIN_POSITIVE {
        0.0
    } else {
        value
    }
}

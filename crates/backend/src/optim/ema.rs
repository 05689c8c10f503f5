//! An exponential moving average of a module's parameters.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{DType, Tensor, TensorData};

use super::buffer::{Buffer, flat};
use super::norm::{Indexed, Numbered, map_value};
use crate::host::HostTensor;

/// Averages parameters as θ̄ ← d θ̄ + (1 − d) θ, in float32.
///
/// The first call of [`update`](Self::update) copies the parameters, so there is no start-up bias.
#[derive(Clone, Debug)]
pub struct Ema {
    decay: f64,
    shadow: Vec<Buffer>,
}

impl Ema {
    /// An empty average with decay `decay` a step (0.999 for example).
    #[must_use]
    pub fn new(decay: f64) -> Self {
        Self {
            decay,
            shadow: Vec::new(),
        }
    }

    /// Takes in the parameters of one step.
    pub fn update<M: Module>(&mut self, module: &M) {
        let mut visitor = Average {
            ema: self,
            index: 0,
        };
        module.visit(&mut visitor);
    }

    /// `module` with the averaged parameters in place of its own.
    #[must_use]
    pub fn apply<M: Module>(&self, module: M) -> M {
        let mut replace = Replace { ema: self };
        module.map(&mut Numbered {
            change: &mut replace,
            next: 0,
        })
    }

    /// The averages in visiting order, flattened.
    #[must_use]
    pub fn values(&self) -> Vec<Vec<f32>> {
        self.shadow.iter().map(Buffer::to_vec).collect()
    }

    /// Takes back what [`values`](Self::values) gave.
    pub fn restore(&mut self, values: Vec<Vec<f32>>) {
        self.shadow = values.into_iter().map(Buffer::Host).collect();
    }
}

struct Average<'a> {
    ema: &'a mut Ema,
    index: usize,
}

impl ModuleVisitor for Average<'_> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the average is kept in float32"
    )]
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val().inner();
        let index = self.index;
        self.index += 1;
        if self.ema.shadow.len() <= index {
            self.ema.shadow.push(Buffer::copy_of(value));
            return;
        }
        let decay = self.ema.decay;
        let device = value.device();
        let shadow = &mut self.ema.shadow[index];
        if let (Some(value), Buffer::Host(average)) = (HostTensor::of(value.clone()), &mut *shadow)
        {
            let take = (1.0 - decay) as f32;
            for (average, &value) in average.iter_mut().zip(value.values()) {
                *average += (value - *average) * take;
            }
            return;
        }
        if let Buffer::Host(values) = shadow {
            *shadow = Buffer::from_vec(std::mem::take(values), false, &device);
        }
        if let Buffer::Device(average) = shadow {
            let value = flat(value).cast(DType::F32);
            *average = average.clone().mul_scalar(decay) + value.mul_scalar(1.0 - decay);
        }
    }
}

struct Replace<'a> {
    ema: &'a Ema,
}

impl Indexed for Replace<'_> {
    fn change<const D: usize>(
        &mut self,
        index: usize,
        param: Param<Tensor<D>>,
    ) -> Param<Tensor<D>> {
        let Some(average) = self.ema.shadow.get(index) else {
            return param;
        };
        map_value(param, |tensor| {
            let kind = tensor.dtype();
            let shape = tensor.shape();
            match average {
                Buffer::Host(values) => {
                    let data = TensorData::new(values.clone(), shape);
                    Tensor::<D>::from_data(data, &tensor.device()).cast(kind)
                }
                Buffer::Device(values) => values.clone().cast(kind).reshape(shape),
            }
        })
    }
}

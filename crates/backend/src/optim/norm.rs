//! The length of all gradients of a module taken as one vector.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{DType, Tensor};

use crate::host::HostTensor;

/// The Euclidean norm of all gradients of `module` together, summed in float64.
///
/// Parameters without a gradient count as zero.
#[must_use]
pub fn global_norm<M: Module>(module: &M, gradients: &GradientsParams) -> f64 {
    let mut visitor = SquareSum {
        gradients,
        total: 0.0,
    };
    module.visit(&mut visitor);
    visitor.total.sqrt()
}

/// Scales all gradients of `module` so that their [`global_norm`] is at most `limit`; returns them with the norm
/// before clipping.
///
/// The factor is `limit / (norm + 1e-6)`, as in `torch.nn.utils.clip_grad_norm_`.
#[must_use]
pub fn clip_global_norm<M: Module>(
    module: &M,
    gradients: GradientsParams,
    limit: f64,
) -> (GradientsParams, f64) {
    let norm = global_norm(module, &gradients);
    let factor = clip_factor(norm, limit);
    if factor >= 1.0 {
        return (gradients, norm);
    }
    let mut scaler = Scale { gradients, factor };
    module.visit(&mut scaler);
    (scaler.gradients, norm)
}

pub(super) fn clip_factor(norm: f64, limit: f64) -> f64 {
    (limit / (norm + 1e-6)).min(1.0)
}

struct SquareSum<'a> {
    gradients: &'a GradientsParams,
    total: f64,
}

impl ModuleVisitor for SquareSum<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(gradient) = self.gradients.get::<D>(param.id) else {
            return;
        };
        self.total += match HostTensor::of(gradient.clone()) {
            Some(host) => square_sum(host.values()),
            None => f64::from(
                gradient
                    .cast(DType::F32)
                    .square()
                    .sum()
                    .into_scalar::<f32>(),
            ),
        };
    }
}

/// Eight partial sums in float64 let the compiler use vector registers, and their order is fixed.
fn square_sum(values: &[f32]) -> f64 {
    let mut partial = [0.0_f64; 8];
    let chunks = values.chunks_exact(8);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (sum, &value) in partial.iter_mut().zip(chunk) {
            let value = f64::from(value);
            *sum += value * value;
        }
    }
    let tail: f64 = rest.iter().map(|&value| f64::from(value).powi(2)).sum();
    partial.iter().sum::<f64>() + tail
}

struct Scale {
    gradients: GradientsParams,
    factor: f64,
}

impl ModuleVisitor for Scale {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            self.gradients
                .register(param.id, gradient.mul_scalar(self.factor));
        }
    }
}

/// Applies `change` to the value of a parameter and keeps its autodiff state.
pub(super) fn map_value<const D: usize>(
    param: Param<Tensor<D>>,
    change: impl FnOnce(Tensor<D>) -> Tensor<D>,
) -> Param<Tensor<D>> {
    let (id, tensor, mapper) = param.consume();
    let autodiff = tensor.is_autodiff();
    let tracked = tensor.is_require_grad();
    let strategy = tensor.gradient_checkpointing_strategy();
    let mut changed = change(tensor.inner());
    if autodiff {
        changed = Tensor::from_inner(changed);
        if let Some(strategy) = strategy {
            changed = changed.with_gradient_checkpointing_strategy(strategy);
        }
        if tracked {
            changed = changed.require_grad();
        }
    }
    Param::from_mapped_value(id, changed, mapper)
}

/// A mapper that needs the number of the parameter in visiting order.
pub(super) trait Indexed {
    fn change<const D: usize>(&mut self, index: usize, param: Param<Tensor<D>>)
    -> Param<Tensor<D>>;
}

/// Drives an [`Indexed`] change over a module.
pub(super) struct Numbered<'a, C> {
    pub(super) change: &'a mut C,
    pub(super) next: usize,
}

impl<C: Indexed> ModuleMapper for Numbered<'_, C> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let index = self.next;
        self.next += 1;
        self.change.change(index, param)
    }
}

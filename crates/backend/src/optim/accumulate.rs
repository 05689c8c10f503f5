//! Adding the gradients of several backward passes.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// The sum of two sets of gradients of `module`.
///
/// The loss of each part must already be divided by the number of items of the whole batch, so that the sum is the
/// gradient of the whole batch's mean.
#[must_use]
pub fn accumulate<M: Module>(
    module: &M,
    total: Option<GradientsParams>,
    part: GradientsParams,
) -> GradientsParams {
    let Some(total) = total else {
        return part;
    };
    let mut visitor = Add { total, part };
    module.visit(&mut visitor);
    visitor.total
}

struct Add {
    total: GradientsParams,
    part: GradientsParams,
}

impl ModuleVisitor for Add {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(part) = self.part.remove::<D>(param.id) else {
            return;
        };
        let sum = match self.total.remove::<D>(param.id) {
            Some(total) => total + part,
            None => part,
        };
        self.total.register(param.id, sum);
    }
}

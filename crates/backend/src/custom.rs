//! Operations on host memory that bring their own backward pass.
//!
//! A chain of small tensor operations spends most of its time on passes over memory and on dispatch. Where a tensor
//! lives in host memory (the `flex` device), a [`SliceOp`] does the whole chain in one function over slices and hands
//! Burn's autodiff one node with one backward function. On any other device [`apply`] gives `None`, and the caller uses
//! ordinary tensor operations.

use std::fmt::Debug;

use burn::tensor::Tensor;

pub use crate::host::HostTensor;

/// A function of `N` float32 tensors with its own backward pass.
pub trait SliceOp<const N: usize>: Clone + Debug + Send + 'static {
    /// What the backward pass needs beside the inputs.
    type Saved: Clone + Debug + Send + 'static;

    /// The output's values, row-major, and what the backward pass needs. `tracked` tells whether there will be one.
    fn forward(&self, inputs: [&[f32]; N], tracked: bool) -> (Vec<f32>, Self::Saved);

    /// The gradient of each input, given that of the output; `None` where `wanted` is false.
    fn backward(
        &self,
        saved: Self::Saved,
        inputs: [&[f32]; N],
        gradient: Vec<f32>,
        wanted: [bool; N],
    ) -> [Option<Vec<f32>>; N];
}

/// An input of [`apply`], of any rank.
#[derive(Debug)]
pub struct Input(#[cfg(feature = "flex")] flex::Input);

/// Takes a tensor as an input of a custom operation; `None` when it is not float32 in host memory.
#[must_use]
pub fn input<const D: usize>(tensor: Tensor<D>) -> Option<Input> {
    #[cfg(feature = "flex")]
    {
        flex::input(tensor).map(Input)
    }
    #[cfg(not(feature = "flex"))]
    {
        drop(tensor);
        None
    }
}

/// Runs `op` on `inputs`, giving a tensor of shape `shape` that is part of the autodiff graph when an input is.
///
/// # Panics
/// When `op` returns another number of values than `shape` has.
#[must_use]
pub fn apply<const N: usize, const D: usize, O: SliceOp<N>>(
    op: &O,
    inputs: [Input; N],
    shape: [usize; D],
) -> Tensor<D> {
    #[cfg(feature = "flex")]
    {
        flex::apply(op, inputs.map(|input| input.0), shape)
    }
    #[cfg(not(feature = "flex"))]
    {
        let _ = (op, inputs, shape);
        unreachable!("without the `flex` feature there are no inputs")
    }
}

#[cfg(feature = "flex")]
mod flex {
    use burn::backend::autodiff::checkpoint::base::Checkpointer;
    use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
    use burn::backend::autodiff::grads::Gradients;
    use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
    use burn::backend::flex::FlexTensor;
    use burn::backend::{Autodiff, Flex};
    use burn::tensor::{DType, Shape, Tensor, TensorData};

    use super::SliceOp;
    use crate::host::HostTensor;

    type Tracked = <Autodiff<Flex> as burn::backend::BackendTypes>::FloatTensorPrimitive;

    #[derive(Debug)]
    pub(super) enum Input {
        Plain(FlexTensor),
        Tracked(Tracked),
    }

    pub(super) fn input<const D: usize>(tensor: Tensor<D>) -> Option<Input> {
        if tensor.dtype() != DType::F32 {
            return None;
        }
        if tensor.is_autodiff() {
            let tensor = tensor.try_into_primitive::<Autodiff<Flex>>().ok()?;
            Some(Input::Tracked(tensor))
        } else {
            let tensor = tensor.try_into_primitive::<Flex>().ok()?;
            Some(Input::Plain(tensor))
        }
    }

    fn from_values(values: Vec<f32>, shape: Shape) -> FlexTensor {
        FlexTensor::from_data(TensorData::new(values, shape))
    }

    /// A saved input: the operation's own inputs outlive it as shared handles, not as copies.
    #[derive(Clone, Debug)]
    struct State<S, const N: usize> {
        saved: S,
        inputs: [HostTensor; N],
        shapes: [Shape; N],
    }

    #[derive(Debug)]
    struct Step<O>(O);

    impl<O: SliceOp<N>, const N: usize> Backward<Flex, N> for Step<O> {
        type State = State<O::Saved, N>;

        fn backward(
            self,
            ops: Ops<Self::State, N>,
            grads: &mut Gradients,
            _checkpointer: &mut Checkpointer,
        ) {
            let gradient = HostTensor::from_flex(grads.consume::<Flex>(&ops.node)).into_values();
            let State {
                saved,
                inputs,
                shapes,
            } = ops.state;
            let wanted = ops.parents.each_ref().map(Option::is_some);
            let slices = inputs.each_ref().map(HostTensor::values);
            let results = self.0.backward(saved, slices, gradient, wanted);
            for ((parent, result), shape) in ops.parents.iter().zip(results).zip(shapes) {
                if let (Some(parent), Some(values)) = (parent, result) {
                    grads.register::<Flex>(parent.id, from_values(values, shape));
                }
            }
        }
    }

    pub(super) fn apply<const N: usize, const D: usize, O: SliceOp<N>>(
        op: &O,
        inputs: [Input; N],
        shape: [usize; D],
    ) -> Tensor<D> {
        if inputs.iter().all(|input| matches!(input, Input::Plain(_))) {
            let hosts = inputs.map(|input| match input {
                Input::Plain(tensor) => HostTensor::from_flex(tensor),
                Input::Tracked(_) => unreachable!("all inputs are plain"),
            });
            let (values, _) = op.forward(hosts.each_ref().map(HostTensor::values), false);
            return Tensor::from_primitive::<Flex>(from_values(values, shape.into()));
        }
        // Plain inputs of a tracked operation are constants of the graph.
        let tracked = inputs.map(|input| match input {
            Input::Tracked(tensor) => tensor,
            Input::Plain(tensor) => Tensor::<1>::from_primitive::<Flex>(flatten(tensor))
                .autodiff()
                .try_into_primitive::<Autodiff<Flex>>()
                .expect("a plain flex tensor becomes a constant of the flex autodiff backend"),
        });
        let shapes = tracked
            .each_ref()
            .map(|tensor| burn::backend::TensorMetadata::shape(tensor.primitive()));
        let nodes = tracked.each_ref().map(Tracked::node);
        let hosts = tracked.map(|tensor| HostTensor::from_flex(tensor.into_primitive()));
        let prepared = Step(op.clone())
            .prepare::<NoCheckpointing>(nodes)
            .compute_bound()
            .stateful();
        let output = match prepared {
            OpsKind::Tracked(prepared) => {
                let slices = hosts.each_ref().map(HostTensor::values);
                let (values, saved) = op.forward(slices, true);
                let state = State {
                    saved,
                    inputs: hosts,
                    shapes,
                };
                prepared.finish(state, from_values(values, shape.into()))
            }
            OpsKind::UnTracked(prepared) => {
                let slices = hosts.each_ref().map(HostTensor::values);
                let (values, _) = op.forward(slices, false);
                prepared.finish(from_values(values, shape.into()))
            }
        };
        Tensor::from_primitive::<Autodiff<Flex>>(output)
    }

    fn flatten(tensor: FlexTensor) -> FlexTensor {
        let host = HostTensor::from_flex(tensor);
        let values = host.values().to_vec();
        let length = values.len();
        from_values(values, Shape::from([length]))
    }
}

//! The weights as a model asks for them: by name, as constants or as inputs of a tape.

use std::{any::Any, cell::RefCell, sync::PoisonError};

use backend::tape::{Gradients, Role, Tape, Var};
use burn::tensor::{DType, Tensor, TensorData};

use super::{Named, Weights, host};

/// The weights as a model sees them during one evaluation.
pub struct Scope<'a> {
    pub(super) weights: &'a Weights,
    tape: Option<&'a Tape>,
    variables: RefCell<Vec<Option<Box<dyn Any>>>>,
    trace: Option<RefCell<Named>>,
}

impl std::fmt::Debug for Scope<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scope")
            .field("parameters", &self.weights.layout.parameters())
            .field("recorded", &self.is_recorded())
            .finish_non_exhaustive()
    }
}

impl<'a> Scope<'a> {
    pub(super) fn new(weights: &'a Weights, tape: Option<&'a Tape>) -> Self {
        let mut variables = Vec::new();
        variables.resize_with(weights.layout.entries.len(), || None);
        Self {
            weights,
            tape,
            variables: RefCell::new(variables),
            trace: None,
        }
    }

    /// Keeps a copy of every intermediate that the model names, for comparisons.
    #[must_use]
    pub fn traced(mut self) -> Self {
        self.trace = Some(RefCell::default());
        self
    }

    /// Whether the weights are inputs of a tape.
    pub(super) fn is_recorded(&self) -> bool {
        self.tape.is_some()
    }

    /// Whether named intermediates are kept.
    #[must_use]
    pub fn is_traced(&self) -> bool {
        self.trace.is_some()
    }

    /// What the network's energies are multiplied by (eV).
    #[must_use]
    pub fn unit(&self) -> f64 {
        self.weights.unit
    }

    /// The intermediates named so far.
    #[must_use]
    pub fn trace(&self) -> Named {
        self.trace
            .as_ref()
            .map(|trace| trace.borrow().clone())
            .unwrap_or_default()
    }

    /// Names an intermediate; costs nothing unless the scope is traced.
    pub fn note<const D: usize>(&self, name: impl FnOnce() -> String, value: &Var<D>) {
        if let Some(trace) = &self.trace {
            let entry = (value.dims().to_vec(), host(value.value()));
            trace.borrow_mut().insert(name(), entry);
        }
    }

    /// A trainable tensor.
    ///
    /// # Panics
    /// If the model has not declared the name, or with another rank.
    #[must_use]
    pub fn weight<const D: usize>(&self, name: &str) -> Var<D> {
        let index = *self
            .weights
            .layout
            .by_name
            .get(name)
            .unwrap_or_else(|| panic!("the model has not declared the weight {name}"));
        if let Some(variable) = &self.variables.borrow()[index] {
            return variable
                .downcast_ref::<Var<D>>()
                .expect("a weight is asked for with one rank")
                .clone();
        }
        let entry = &self.weights.layout.entries[index];
        // A single number without extents is asked for as a vector of one.
        let extents = if entry.shape.is_empty() {
            &[1]
        } else {
            &entry.shape[..]
        };
        let shape: [usize; D] = extents
            .try_into()
            .unwrap_or_else(|_| panic!("the weight {name} has the shape {:?}", entry.shape));
        let flat = self.weights.flat.clone();
        let value = flat.narrow(0, entry.start, entry.len()).reshape(shape);
        let variable = match self.tape {
            Some(tape) => tape.input(value, Role::Parameters),
            None => Var::constant(value),
        };
        self.variables.borrow_mut()[index] = Some(Box::new(variable.clone()));
        variable
    }

    /// Numbers that are not trained.
    ///
    /// # Panics
    /// If the model has not declared the name, or with another rank.
    #[must_use]
    pub fn buffer<const D: usize>(&self, name: &str) -> Var<D> {
        self.buffer_in(name, self.weights.precision.dtype())
    }

    /// Numbers that are not trained, in a float type of their own.
    ///
    /// # Panics
    /// If the model has not declared the name, or with another rank.
    #[must_use]
    pub fn buffer_in<const D: usize>(&self, name: &str, dtype: DType) -> Var<D> {
        let (shape, values) = self
            .weights
            .buffers
            .get(name)
            .unwrap_or_else(|| panic!("the model has not declared the buffer {name}"));
        let shape: [usize; D] = shape[..]
            .try_into()
            .unwrap_or_else(|_| panic!("the buffer {name} has the shape {shape:?}"));
        Var::constant(Tensor::from_data(
            TensorData::new(values.clone(), shape),
            (&self.weights.device(), dtype),
        ))
    }

    /// Numbers that are not trained, read with other extents.
    ///
    /// # Panics
    /// If the model has not declared the name, or with another count.
    #[must_use]
    pub fn buffer_as<const D: usize>(&self, name: &str, shape: [usize; D]) -> Var<D> {
        let buffer = self.weights.buffers.get(name);
        let (_, values) =
            buffer.unwrap_or_else(|| panic!("the model has not declared the buffer {name}"));
        Var::constant(Tensor::from_data(
            TensorData::new(values.clone(), shape),
            (&self.weights.device(), self.weights.precision.dtype()),
        ))
    }

    /// Numbers that are not trained, with their extents, for what is computed beside the tape.
    ///
    /// # Panics
    /// If the model has not declared the name.
    #[must_use]
    pub fn table(&self, name: &str) -> (&[usize], &[f64]) {
        let buffer = self.weights.buffers.get(name);
        let (shape, values) =
            buffer.unwrap_or_else(|| panic!("the model has not declared the buffer {name}"));
        (shape, values)
    }

    /// One number that is not trained.
    ///
    /// # Panics
    /// If the model has not declared the name, or it is not one number.
    #[must_use]
    pub fn number(&self, name: &str) -> f64 {
        match self.weights.buffers.get(name) {
            Some((shape, values)) if shape.is_empty() => values[0],
            other => panic!("the buffer {name} is no single number: {other:?}"),
        }
    }

    /// The dense layer `{name}.weight` with `{name}.bias`.
    #[must_use]
    pub fn dense(&self, name: &str, x: &Var<2>) -> Var<2> {
        let bias = self.weight::<1>(&format!("{name}.bias"));
        let outputs = bias.dims()[0];
        self.product(&format!("{name}.weight"), x, 0, outputs, Some(&bias))
    }

    /// Some of the outputs of the dense layer `{name}.weight` with `{name}.bias`; cutting the weight is
    /// cheaper than cutting the features.
    #[must_use]
    pub fn dense_part(&self, name: &str, x: &Var<2>, first: usize, outputs: usize) -> Var<2> {
        let bias = self
            .weight::<1>(&format!("{name}.bias"))
            .narrow(0, first, outputs);
        self.product(&format!("{name}.weight"), x, first, outputs, Some(&bias))
    }

    /// `x Wᵀ + b` with the rows of the named weight from `first` on.
    ///
    /// # Panics
    /// If the model has not declared the name.
    #[must_use]
    pub fn product(
        &self,
        name: &str,
        x: &Var<2>,
        first: usize,
        outputs: usize,
        bias: Option<&Var<1>>,
    ) -> Var<2> {
        let weight = self.weight::<2>(name).narrow(0, first, outputs);
        if self.is_recorded() {
            return x.linear(&weight, bias);
        }
        let mut known = self
            .weights
            .transposed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let whole = known.entry(name.to_owned()).or_insert_with(|| {
            // Through the data, because a transposition is a view of the same order in memory.
            let turned = self.weight::<2>(name).into_value().transpose();
            let (device, dtype) = (turned.device(), turned.dtype());
            Tensor::from_data(turned.into_data(), (&device, dtype))
        });
        let transposed = whole.clone().narrow(1, first, outputs);
        drop(known);
        x.linear_constant(weight.value(), &transposed, bias)
    }

    /// The gradient by all weights in the order of the layout; zero for those without one.
    #[must_use]
    pub fn flat_gradient(&self, gradients: &Gradients) -> Tensor<1> {
        let device = self.weights.device();
        let dtype = self.weights.precision.dtype();
        let variables = self.variables.borrow();
        let parts = self.weights.layout.entries.iter().zip(variables.iter());
        let parts = parts.map(|(entry, variable)| {
            let gradient = variable
                .as_ref()
                .and_then(|variable| match entry.shape.len() {
                    0 | 1 => flatten::<1>(variable.as_ref(), gradients),
                    2 => flatten::<2>(variable.as_ref(), gradients),
                    3 => flatten::<3>(variable.as_ref(), gradients),
                    4 => flatten::<4>(variable.as_ref(), gradients),
                    rank => unreachable!("weights of rank {rank} cannot be asked for"),
                });
            gradient.unwrap_or_else(|| Tensor::zeros([entry.len()], (&device, dtype)))
        });
        Tensor::cat(parts.collect(), 0)
    }
}

fn flatten<const D: usize>(variable: &dyn Any, gradients: &Gradients) -> Option<Tensor<1>> {
    let variable = variable.downcast_ref::<Var<D>>()?;
    let gradient = gradients.of(variable)?.into_value();
    let count = gradient.shape().num_elements();
    Some(gradient.reshape([count]))
}

//! The weights of a model by name, in one vector.
//!
//! All trainable numbers lie in one flat tensor, so that the optimiser, the running average, the
//! clipping and a checkpoint each see one array. A model asks for its weights by the names of its
//! reference implementation, hence loading a peer's file needs no translation.

mod files;
mod init;
mod tables;

use std::{
    any::Any,
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use backend::tape::{Gradients, Role, Tape, Var};
use burn::tensor::{DType, Device, Tensor, TensorData};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::{
    batch::Precision,
    error::{Error, Result},
};
use tables::Tables;

pub(crate) use files::parse_named;
pub use files::{Named, read_named, write_named};
pub use init::Init;
pub(crate) use init::orthogonal;

/// One trainable tensor of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its name in the reference implementation.
    pub name: String,
    /// Its extents.
    pub shape: Vec<usize>,
    /// How it starts.
    pub init: Init,
    start: usize,
}

impl Entry {
    fn len(&self) -> usize {
        self.shape.iter().product()
    }
}

/// What a model's weights are called, how large they are, and how they start.
#[derive(Debug, Clone, Default)]
pub struct Layout {
    entries: Vec<Entry>,
    by_name: HashMap<String, usize>,
    buffers: BTreeMap<String, (Vec<usize>, Vec<f64>)>,
    len: usize,
}

impl Layout {
    /// Declares a trainable tensor.
    ///
    /// # Panics
    /// If the name is taken.
    pub fn weight(&mut self, name: impl Into<String>, shape: &[usize], init: Init) {
        let name = name.into();
        let previous = self.by_name.insert(name.clone(), self.entries.len());
        assert!(previous.is_none(), "the weight {name} is declared twice");
        let entry = Entry {
            name,
            shape: shape.to_vec(),
            init,
            start: self.len,
        };
        self.len += entry.len();
        self.entries.push(entry);
    }

    /// Declares a dense layer `{name}.weight` `[outputs, inputs]` and, if wanted, `{name}.bias`.
    pub fn dense(&mut self, name: &str, inputs: usize, outputs: usize, bias: bool) {
        self.weight(
            format!("{name}.weight"),
            &[outputs, inputs],
            Init::XavierUniform,
        );
        if bias {
            self.weight(format!("{name}.bias"), &[outputs], Init::Zero);
        }
    }

    /// Declares numbers that belong to the model but are not trained, with their usual values.
    pub fn buffer(&mut self, name: impl Into<String>, shape: &[usize], values: Vec<f64>) {
        self.buffers.insert(name.into(), (shape.to_vec(), values));
    }

    /// The trainable tensors in the order of the flat vector.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many trainable numbers there are.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.len
    }
}

/// The weights of one model on a device.
#[derive(Debug, Clone)]
pub struct Weights {
    layout: Arc<Layout>,
    buffers: BTreeMap<String, (Vec<usize>, Vec<f64>)>,
    flat: Tensor<1>,
    precision: Precision,
    unit: f64,
    /// Transposed copies of constant weights, made when first asked for.
    transposed: Arc<Mutex<HashMap<String, Tensor<2>>>>,
    /// Networks of a distance as tables, if that is wanted.
    tables: Option<Arc<Tables>>,
}

impl Weights {
    /// Draws fresh weights from a seed; the numbers are the same on every platform and in both
    /// precisions up to rounding.
    #[must_use]
    pub fn init(layout: Layout, seed: u64, precision: Precision, device: &Device) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut values: Vec<f64> = Vec::with_capacity(layout.len);
        for entry in &layout.entries {
            values.extend(
                entry
                    .init
                    .draw(&entry.shape, &mut || random.random::<f64>()),
            );
        }
        Self::from_values(Arc::new(layout), &values, precision, device)
    }

    /// Weights with the given numbers in the order of the layout.
    ///
    /// # Panics
    /// If the count is not the layout's.
    #[must_use]
    pub fn from_values(
        layout: Arc<Layout>,
        values: &[f64],
        precision: Precision,
        device: &Device,
    ) -> Self {
        assert_eq!(values.len(), layout.len, "one number per trainable weight");
        let data = TensorData::new(values.to_vec(), [values.len()]);
        Self {
            buffers: layout.buffers.clone(),
            flat: Tensor::from_data(data, (device, precision.dtype())),
            layout,
            precision,
            unit: 1.0,
            transposed: Arc::default(),
            tables: None,
        }
    }

    /// Takes the weights and buffers of a file, every one of which must be there; what else the
    /// file holds is ignored.
    ///
    /// # Errors
    /// A weight that is missing or has another shape.
    pub fn from_named(
        layout: Layout,
        named: &Named,
        precision: Precision,
        device: &Device,
    ) -> Result<Self> {
        let find = |name: &str, shape: &[usize]| match named.get(name) {
            Some((got, values)) if got == shape => Ok(values.clone()),
            other => Err(Error::WeightShape {
                name: name.to_owned(),
                expected: shape.to_vec(),
                got: other.map(|(shape, _)| shape.clone()),
            }),
        };
        let mut values = Vec::with_capacity(layout.len);
        for entry in &layout.entries {
            values.extend(find(&entry.name, &entry.shape)?);
        }
        let mut buffers = BTreeMap::new();
        for (name, (shape, _)) in &layout.buffers {
            buffers.insert(name.clone(), (shape.clone(), find(name, shape)?));
        }
        let mut weights = Self::from_values(Arc::new(layout), &values, precision, device);
        weights.buffers = buffers;
        Ok(weights)
    }

    /// All weights and buffers by name, in float64.
    ///
    /// # Panics
    /// If the device fails to hand its numbers over.
    #[must_use]
    pub fn to_named(&self) -> Named {
        let values = self.values();
        let mut named: Named = self.buffers.clone();
        for entry in &self.layout.entries {
            let part = values[entry.start..entry.start + entry.len()].to_vec();
            named.insert(entry.name.clone(), (entry.shape.clone(), part));
        }
        named
    }

    /// The trainable numbers in the order of the layout.
    ///
    /// # Panics
    /// If the device fails to hand its numbers over.
    #[must_use]
    pub fn values(&self) -> Vec<f64> {
        host(&self.flat)
    }

    /// The trainable numbers as one tensor.
    #[must_use]
    pub fn flat(&self) -> &Tensor<1> {
        &self.flat
    }

    /// The same model with other numbers.
    #[must_use]
    pub fn with_flat(&self, flat: Tensor<1>) -> Self {
        Self {
            flat,
            transposed: Arc::default(),
            tables: self.tables.as_ref().map(|tables| tables.emptied().into()),
            ..self.clone()
        }
    }

    /// The same weights in a potential that multiplies the network's energies by `unit` (eV), for terms
    /// that are known in eV.
    #[must_use]
    pub fn with_unit(self, unit: f64) -> Self {
        Self { unit, ..self }
    }

    /// The names and shapes.
    #[must_use]
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// The float type.
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// The device.
    #[must_use]
    pub fn device(&self) -> Device {
        self.flat.device()
    }

    /// The weights as constants, for use without training.
    #[must_use]
    pub fn constants(&self) -> Scope<'_> {
        Scope::new(self, None)
    }

    /// The weights as inputs of a tape, for training.
    #[must_use]
    pub fn inputs<'a>(&'a self, tape: &'a Tape) -> Scope<'a> {
        Scope::new(self, Some(tape))
    }
}

/// The numbers of a tensor in float64.
pub(crate) fn host<const D: usize>(tensor: &Tensor<D>) -> Vec<f64> {
    tensor
        .to_data()
        .convert::<f64>()
        .try_into_vec()
        .expect("a float tensor converts to float64")
}

/// The weights as a model sees them during one evaluation.
pub struct Scope<'a> {
    weights: &'a Weights,
    tape: Option<&'a Tape>,
    variables: RefCell<Vec<Option<Box<dyn Any>>>>,
    trace: Option<RefCell<Named>>,
}

impl std::fmt::Debug for Scope<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scope")
            .field("parameters", &self.weights.layout.len)
            .field("recorded", &self.tape.is_some())
            .finish_non_exhaustive()
    }
}

impl<'a> Scope<'a> {
    fn new(weights: &'a Weights, tape: Option<&'a Tape>) -> Self {
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
        if self.tape.is_some() {
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

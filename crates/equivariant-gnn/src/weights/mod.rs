//! The weights of a model by name, in one vector.
//!
//! All trainable numbers lie in one flat tensor, so that the optimiser, the running average, the
//! clipping and a checkpoint each see one array. A model asks for its weights by the names of its
//! reference implementation, hence loading a peer's file needs no translation.

mod files;
mod init;
mod layout;
mod scope;
mod tables;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

use backend::tape::Tape;
use burn::tensor::{Device, Tensor, TensorData};
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
pub use layout::{Entry, Layout};
pub use scope::Scope;

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
        let mut values: Vec<f64> = Vec::with_capacity(layout.parameters());
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
        assert_eq!(
            values.len(),
            layout.parameters(),
            "one number per trainable weight"
        );
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
        let mut values = Vec::with_capacity(layout.parameters());
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

    /// What the network's energies are multiplied by (eV).
    #[must_use]
    pub fn unit(&self) -> f64 {
        self.unit
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

    /// Whether they are on the processor, in memory that Rust reads: not with `LibTorch`.
    pub(crate) fn on_processor(&self) -> bool {
        backend::device("flex").is_ok_and(|flex| flex == self.device())
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

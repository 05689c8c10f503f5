//! Structures put side by side as one graph.
//!
//! Axis letters: G graphs (structures), N atoms of all graphs, E directed pairs of all graphs.

mod part;
mod prepared;

use atoms::Structure;
use backend::segment::{Index, Pairs};
use burn::tensor::{DType, Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

pub(crate) use part::Part;
pub use prepared::{EVERY_PAIR, LEAST_DISTANCE, Prepared};

/// Embedding rows of a model: atomic numbers 0 to 99, as in `SchNetPack`.
pub(crate) const ELEMENTS: usize = 100;

/// The float type that a model computes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32 bits: training and use. Geometry, sums of energies and references are in 64 bits anyway.
    #[default]
    F32,
    /// 64 bits: comparisons.
    F64,
}

impl Precision {
    /// The tensors' float type.
    #[must_use]
    pub fn dtype(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::F64 => DType::F64,
        }
    }
}

/// The pairs of a batch within one cutoff.
#[derive(Debug, Clone)]
pub struct Edges {
    /// Centre and neighbour of each pair, E of each, counted over the whole batch.
    pub pairs: Pairs,
    /// From centre to neighbour image, `[E, 3]` (Å), rounded from float64 to the model's type.
    pub vectors: Tensor<2>,
    /// The graph of each pair, for strain derivatives.
    pub graph: Index,
    /// The same pairs, with the two directions of a pair sharing one filter of H: what depends on the
    /// distance alone needs to be computed for H pairs only.
    pub shared: Pairs,
    /// One of the pairs of each filter, H of E.
    pub representative: Index,
    /// How many atoms come up to the last one that is a centre; those behind have no pairs.
    pub centres: usize,
}

impl Edges {
    /// The pairs with as many centres as there are, for sums over pairs that need no row for the atoms behind.
    #[must_use]
    pub fn centred(&self) -> Pairs {
        let centre = &self.pairs.centre;
        if self.centres == centre.count() {
            return self.pairs.clone();
        }
        let rows = centre.rows().to_vec();
        Pairs {
            centre: Index::new(rows, self.centres, &self.vectors.device()),
            ..self.pairs.clone()
        }
    }
}

/// G structures as one graph with N atoms, without a pair between two of them.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Atomic numbers, `[N]`.
    pub species: Vec<u8>,
    /// The embedding row of each atom, which is its atomic number.
    pub element: Index,
    /// The graph of each atom.
    pub graph: Index,
    /// How many atoms each graph has, `[G]`.
    pub atoms: Vec<usize>,
    /// Total charge of each graph, `[G]` (e).
    pub charge: Vec<f64>,
    /// Unpaired electrons of each graph, `[G]`.
    pub spin: Vec<f64>,
    /// Volume of the cell of each graph (Å³), if it repeats along all axes, `[G]`.
    pub volume: Vec<Option<f64>>,
    /// The pairs within the model's cutoff.
    pub edges: Edges,
    /// The float type of the vectors.
    pub dtype: DType,
}

impl Batch {
    /// Finds the neighbours of each structure and puts them side by side.
    ///
    /// # Errors
    /// An empty list, a structure that is not valid, an unknown element, or two atoms at one place.
    pub fn new(
        structures: &[&Structure],
        cutoff: f64,
        precision: Precision,
        device: &Device,
    ) -> Result<Self> {
        let prepared = structures
            .iter()
            .enumerate()
            .map(|(index, structure)| Prepared::new(structure, cutoff, index))
            .collect::<Result<Vec<_>>>()?;
        let prepared: Vec<&Prepared> = prepared.iter().collect();
        Self::of(&prepared, cutoff, precision, device)
    }

    /// Puts prepared structures side by side.
    ///
    /// # Errors
    /// An empty list.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "rounding the vectors to float32 is what float32 means here; counts are checked by the index"
    )]
    pub fn of(
        structures: &[&Prepared],
        cutoff: f64,
        precision: Precision,
        device: &Device,
    ) -> Result<Self> {
        if structures.is_empty() {
            return Err(Error::Empty { what: "the batch" });
        }
        let graphs = structures.len();
        let total: usize = structures.iter().map(|s| s.species.len()).sum();
        let edges: usize = structures.iter().map(|s| s.centre.len()).sum();
        let mut species = Vec::with_capacity(total);
        let mut graph = Vec::with_capacity(total);
        let mut centre = Vec::with_capacity(edges);
        let mut neighbour = Vec::with_capacity(edges);
        let mut vectors = Vec::with_capacity(edges);
        let mut edge_graph = Vec::with_capacity(edges);
        let mut filter = Vec::with_capacity(edges);
        let mut representative = Vec::with_capacity(edges / 2 + 1);
        for (g, structure) in (0_u32..).zip(structures) {
            let first = species.len() as u32;
            let (pair, shared) = (centre.len() as u32, representative.len() as u32);
            filter.extend(structure.filter.iter().map(|h| h + shared));
            representative.extend(structure.representative.iter().map(|e| e + pair));
            species.extend_from_slice(&structure.species);
            graph.resize(species.len(), g);
            centre.extend(structure.centre.iter().map(|i| i + first));
            neighbour.extend(structure.neighbour.iter().map(|j| j + first));
            vectors.extend_from_slice(&structure.vectors);
            edge_graph.resize(centre.len(), g);
        }
        if centre.is_empty() {
            // Tensors without elements are not supported everywhere. A pair beyond the cutoff has no
            // weight in any model, so it stands for having none.
            centre.push(0);
            neighbour.push(0);
            vectors.push([2.0 * cutoff, 0.0, 0.0]);
            edge_graph.push(0);
            filter.push(0);
            representative.push(0);
        }
        let dtype = precision.dtype();
        let shape = [vectors.len(), 3];
        let data = match precision {
            Precision::F64 => TensorData::new(vectors.into_flattened(), shape),
            Precision::F32 => {
                let values: Vec<f32> = vectors.as_flattened().iter().map(|x| *x as f32).collect();
                TensorData::new(values, shape)
            }
        };
        let last = centre.iter().max().map_or(0, |&last| last as usize);
        let pairs = Pairs::new(centre, neighbour, total, device);
        let shared = pairs.sharing(Index::new(filter, representative.len(), device));
        let rows = species.iter().map(|&z| u32::from(z)).collect();
        Ok(Self {
            element: Index::new(rows, ELEMENTS, device),
            graph: Index::new(graph, graphs, device),
            atoms: structures.iter().map(|s| s.species.len()).collect(),
            charge: structures.iter().map(|s| s.charge.into()).collect(),
            spin: structures.iter().map(|s| s.spin.into()).collect(),
            volume: structures.iter().map(|s| s.volume).collect(),
            edges: Edges {
                representative: Index::new(representative, pairs.len(), device),
                pairs,
                shared,
                vectors: Tensor::from_data(data, (device, dtype)),
                graph: Index::new(edge_graph, graphs, device),
                centres: last + 1,
            },
            species,
            dtype,
        })
    }

    /// The number of structures G.
    #[must_use]
    pub fn graphs(&self) -> usize {
        self.atoms.len()
    }

    /// The device of the tensors.
    #[must_use]
    pub fn device(&self) -> Device {
        self.edges.vectors.device()
    }
}

//! Structures put side by side as one graph.
//!
//! Axis letters: G graphs (structures), N atoms of all graphs, E directed pairs of all graphs.

use atoms::{NeighbourList, Structure};
use backend::segment::{Index, Pairs};
use burn::tensor::{DType, Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

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

/// A structure with its neighbours found, ready to be put into any batch.
#[derive(Debug, Clone)]
pub struct Prepared {
    species: Vec<u8>,
    centre: Vec<u32>,
    neighbour: Vec<u32>,
    vectors: Vec<[f64; 3]>,
    /// The filter of each pair.
    filter: Vec<u32>,
    /// The first pair of each filter.
    representative: Vec<u32>,
    charge: i32,
    spin: u32,
    volume: Option<f64>,
    both_directions: bool,
}

/// One directed pair of a structure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair {
    pub(crate) centre: u32,
    pub(crate) neighbour: u32,
    /// From centre to neighbour (Å).
    pub(crate) vector: [f64; 3],
    /// The filter, which the opposite pair shares.
    pub(crate) filter: u32,
}

impl Prepared {
    /// Finds the neighbours of one structure; `index` names it in errors.
    ///
    /// # Errors
    /// A structure that is not valid, has an element beyond the embedding table, or is periodic while the
    /// cutoff is [`EVERY_PAIR`].
    pub fn new(structure: &Structure, cutoff: f64, index: usize) -> Result<Self> {
        if cutoff >= EVERY_PAIR && structure.periodic.contains(&true) {
            return Err(Error::NoRange {
                index,
                formula: structure.formula(),
            });
        }
        let list = atoms::neighbour_list(structure, cutoff).map_err(|source| Error::Structure {
            index,
            formula: structure.formula(),
            source,
        })?;
        Self::with_list(structure, &list, index)
    }

    /// Takes a neighbour list that is already there; it may hold pairs beyond the cutoff, which the
    /// models give no weight.
    ///
    /// # Errors
    /// An element beyond the embedding table, or two atoms at one place.
    pub fn with_list(structure: &Structure, list: &NeighbourList, index: usize) -> Result<Self> {
        if let Some((atom, &z)) = structure
            .species
            .iter()
            .enumerate()
            .find(|(_, z)| usize::from(**z) >= ELEMENTS)
        {
            return Err(Error::UnknownElement {
                index,
                atom,
                symbol: atoms::element::symbol(z).unwrap_or("?"),
            });
        }
        let vectors = list.vectors(structure);
        // A pair at one place has no direction, and every potential here divides by the distance.
        if let Some(e) = vectors.iter().position(|r| norm(*r) < LEAST_DISTANCE) {
            return Err(Error::Structure {
                index,
                formula: structure.formula(),
                source: atoms::Error::TooClose {
                    first: list.centre[e] as usize,
                    second: list.neighbour[e] as usize,
                    distance: norm(vectors[e]),
                    least: LEAST_DISTANCE,
                },
            });
        }
        let (filter, representative) = share(list);
        Ok(Self {
            both_directions: list.centre.is_sorted() && 2 * representative.len() == list.len(),
            filter,
            representative,
            species: structure.species.clone(),
            centre: list.centre.clone(),
            neighbour: list.neighbour.clone(),
            vectors,
            charge: structure.charge,
            spin: structure.spin,
            volume: structure.volume(),
        })
    }

    /// The atomic numbers.
    #[must_use]
    pub fn species(&self) -> &[u8] {
        &self.species
    }

    /// Whether every pair is there in both directions, sorted by centre, as [`atoms::neighbour_list`] makes them.
    pub(crate) fn has_both_directions(&self) -> bool {
        self.both_directions
    }

    /// The directed pairs.
    pub(crate) fn directed(&self) -> impl Iterator<Item = Pair> {
        let ends = self.centre.iter().zip(&self.neighbour);
        let rest = self.vectors.iter().zip(&self.filter);
        ends.zip(rest)
            .map(|((&centre, &neighbour), (&vector, &filter))| Pair {
                centre,
                neighbour,
                vector,
                filter,
            })
    }

    /// The number of filters, which are half as many as the pairs.
    pub(crate) fn filters(&self) -> usize {
        self.representative.len()
    }

    /// Volume of the cell (Å³), if it repeats along all axes.
    pub(crate) fn volume(&self) -> Option<f64> {
        self.volume
    }

    /// The number of directed pairs.
    #[must_use]
    pub fn pairs(&self) -> usize {
        self.centre.len()
    }
}

/// The cutoff of a model in which every atom sees every other (Å). A periodic structure has no such list of
/// pairs.
pub const EVERY_PAIR: f64 = 1e6;

/// Atoms closer than this are taken as being at one place (Å).
pub const LEAST_DISTANCE: f64 = 1e-3;

/// Numbers the pairs so that the two directions of a pair have one number; gives the number of each pair
/// and the first pair of each number.
fn share(list: &NeighbourList) -> (Vec<u32>, Vec<u32>) {
    const NONE: u32 = u32::MAX;
    let key = |e: u32| {
        let e = e as usize;
        (list.centre[e], list.neighbour[e], list.shift[e])
    };
    // The lists of this workspace are sorted by key; others are looked at through their sorted order.
    let mut order: Vec<u32> = (0..).take(list.len()).collect();
    if !order.is_sorted_by_key(|&e| key(e)) {
        order.sort_unstable_by_key(|&e| key(e));
    }
    let atoms = list.centre.iter().chain(&list.neighbour).max();
    let starts = list.starts(atoms.map_or(0, |&last| last as usize + 1));
    let mut filter = vec![NONE; list.len()];
    let mut representative = Vec::with_capacity(list.len() / 2 + 1);
    for e in (0..).take(list.len()) {
        if filter[e as usize] != NONE {
            continue;
        }
        let number = u32::try_from(representative.len()).expect("no more filters than pairs");
        representative.push(e);
        filter[e as usize] = number;
        let (i, j, shift) = key(e);
        let row = &order[starts[j as usize]..starts[j as usize + 1]];
        if let Ok(place) = row.binary_search_by_key(&(j, i, shift.map(|s| -s)), |&e| key(e)) {
            filter[row[place] as usize] = number;
        }
    }
    (filter, representative)
}

fn norm(r: [f64; 3]) -> f64 {
    r.iter().map(|x| x * x).sum::<f64>().sqrt()
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

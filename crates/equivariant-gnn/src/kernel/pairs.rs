//! The pairs of one structure as the passes over them want them.
//!
//! Filters depend on the distance alone. They are computed for a tile, some consecutive centres, at a time, so that
//! they never leave the cache; pairs of one tile that are each other's opposite share one.
//!
//! Axis letters: N atoms, E pairs, T filters of a tile.

use std::ops::Range;

use crate::batch::Prepared;

/// Filters of a tile after which the next centre begins another.
const FILTERS: usize = 160;

/// The pairs within the cutoff, sorted by centre.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    /// Pairs of atom i are `starts[i]..starts[i + 1]`, `[N + 1]`.
    pub(super) starts: Vec<usize>,
    /// `[E]`
    pub(super) neighbour: Vec<u32>,
    /// From centre to neighbour, `[E, 3]` (Å).
    pub(super) vectors: Vec<[f64; 3]>,
    /// The same with length one, `[E, 3]`.
    pub(super) directions: Vec<[f32; 3]>,
    /// The filter of each pair, `[E]`.
    filter: Vec<u32>,
    /// The distance that belongs to each filter (Å).
    distances: Vec<f64>,
    tiles: Vec<Tile>,
    /// The filter of this tile that a filter of the structure has become.
    place: Vec<u32>,
}

/// Consecutive centres and their filters.
#[derive(Debug, Clone)]
pub(super) struct Tile {
    pub(super) centres: Range<usize>,
    filters: Range<usize>,
}

impl Pairs {
    /// Takes the pairs of a structure that are closer than the cutoff.
    ///
    /// # Panics
    /// If the pairs are not sorted by centre.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "directions are rounded to float32; counts of pairs fit their numbers"
    )]
    pub(super) fn take(&mut self, structure: &Prepared, cutoff: f64) {
        let atoms = structure.species().len();
        self.starts.clear();
        self.neighbour.clear();
        self.vectors.clear();
        self.directions.clear();
        self.filter.clear();
        self.distances.clear();
        self.tiles.clear();
        self.place.clear();
        self.place.resize(structure.filters(), u32::MAX);
        let mut pairs = structure.directed().peekable();
        let mut tile = Tile {
            centres: 0..0,
            filters: 0..0,
        };
        for centre in 0..atoms {
            self.starts.push(self.neighbour.len());
            while let Some(pair) = pairs.next_if(|pair| pair.centre as usize == centre) {
                let distance = pair.vector.iter().map(|x| x * x).sum::<f64>().sqrt();
                if distance >= cutoff {
                    continue;
                }
                let place = &mut self.place[pair.filter as usize];
                if *place == u32::MAX || (*place as usize) < tile.filters.start {
                    *place = self.distances.len() as u32;
                    self.distances.push(distance);
                }
                self.filter.push(*place - tile.filters.start as u32);
                self.neighbour.push(pair.neighbour);
                self.directions
                    .push(pair.vector.map(|x| (x / distance) as f32));
                self.vectors.push(pair.vector);
            }
            tile.centres.end = centre + 1;
            tile.filters.end = self.distances.len();
            if tile.filters.len() >= FILTERS || centre + 1 == atoms {
                let next = Tile {
                    centres: centre + 1..centre + 1,
                    filters: tile.filters.end..tile.filters.end,
                };
                self.tiles.push(std::mem::replace(&mut tile, next));
            }
        }
        self.starts.push(self.neighbour.len());
        assert!(pairs.next().is_none(), "pairs are sorted by centre");
    }

    pub(super) fn atoms(&self) -> usize {
        self.starts.len() - 1
    }

    pub(super) fn len(&self) -> usize {
        self.neighbour.len()
    }

    /// The pairs of a centre.
    #[inline]
    pub(super) fn of(&self, centre: usize) -> Range<usize> {
        self.starts[centre]..self.starts[centre + 1]
    }

    /// The filter of a pair among those of its tile.
    #[inline]
    pub(super) fn filter(&self, pair: usize) -> usize {
        self.filter[pair] as usize
    }

    /// The distances of the filters of a tile (Å).
    pub(super) fn distances(&self, tile: &Tile) -> &[f64] {
        &self.distances[tile.filters.clone()]
    }

    /// Consecutive centres whose filters are made at a time.
    pub(super) fn tiles(&self) -> &[Tile] {
        &self.tiles
    }
}

/// The energy's derivative by the distance of a pair and by each component of its direction.
pub(super) type ByPair = [f32; 4];

/// Forces and strain derivative from the derivatives of all pairs.
///
/// With r the vector from j to i of the message to j, the energy's derivative by it is
/// v = (∂E/∂d − u · ∂E/∂u / d) u + ∂E/∂u / d, where u = r/d. It pulls j along and i back.
pub(super) fn forces(pairs: &Pairs, by_pair: &[ByPair]) -> (Vec<[f64; 3]>, [[f64; 3]; 3]) {
    let mut forces = vec![[0.0; 3]; pairs.atoms()];
    let mut strain = [[0.0; 3]; 3];
    for i in 0..pairs.atoms() {
        for e in pairs.of(i) {
            let r = pairs.vectors[e].map(|x| -x);
            let d = r.iter().map(|x| x * x).sum::<f64>().sqrt();
            let u = r.map(|x| x / d);
            let [by_d, by_u @ ..] = by_pair[e].map(f64::from);
            let along = (0..3).map(|k| u[k] * by_u[k]).sum::<f64>();
            let v: [f64; 3] = std::array::from_fn(|k| (by_d - along / d) * u[k] + by_u[k] / d);
            let j = pairs.neighbour[e] as usize;
            for a in 0..3 {
                forces[i][a] -= v[a];
                forces[j][a] += v[a];
                for b in 0..3 {
                    strain[a][b] += v[a] * r[b];
                }
            }
        }
    }
    let symmetric = |a: usize, b: usize| 0.5 * (strain[a][b] + strain[b][a]);
    (
        forces,
        std::array::from_fn(|a| std::array::from_fn(|b| symmetric(a, b))),
    )
}

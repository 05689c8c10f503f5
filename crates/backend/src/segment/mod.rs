//! Which row belongs to which segment: the index lists of gathers and segment sums.
//!
//! Axis letters: E items (edges), N rows (atoms), C channels, M vector components.
//!
//! An [`Index`] maps E items to N rows. It keeps the list on the device for backends that gather
//! and scatter natively, and on the host together with the items of each row, so that the
//! processor's kernels write every output row once: no atomics, no race, and the same sum on any
//! number of threads.

pub mod blocks;
#[cfg(feature = "flex")]
pub(crate) mod flex;
pub mod pairs;
#[cfg(feature = "flex")]
mod pairs_flex;
pub mod rows;

use std::sync::{Arc, OnceLock};

use burn::tensor::{Device, IndexingUpdateOp, Int, Tensor, TensorData};

/// A map from E items to N rows.
///
/// Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Index {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    rows: Vec<u32>,
    count: usize,
    device: Device,
    tensor: OnceLock<Tensor<1, Int>>,
    grouped: OnceLock<Grouped>,
}

/// The items of each row, in the order of the list.
#[derive(Debug)]
pub struct Grouped {
    /// Items of row r: `order[offsets[r]..offsets[r + 1]]`. Length N + 1.
    pub offsets: Vec<u32>,
    /// Item numbers sorted by row. Length E.
    pub order: Vec<u32>,
}

impl Index {
    /// Makes the map from the row of each item.
    ///
    /// # Panics
    /// If a row is not below `count`, or there are more than `u32::MAX` items.
    #[must_use]
    pub fn new(rows: Vec<u32>, count: usize, device: &Device) -> Self {
        assert!(
            rows.iter().all(|&row| (row as usize) < count),
            "an item points past the {count} rows"
        );
        assert!(u32::try_from(rows.len()).is_ok(), "too many items");
        Self {
            shared: Arc::new(Shared {
                rows,
                count,
                device: device.clone(),
                tensor: OnceLock::new(),
                grouped: OnceLock::new(),
            }),
        }
    }

    /// The row of each item.
    #[must_use]
    pub fn rows(&self) -> &[u32] {
        &self.shared.rows
    }

    /// How many items there are: E.
    #[must_use]
    pub fn items(&self) -> usize {
        self.shared.rows.len()
    }

    /// How many rows there are: N.
    #[must_use]
    pub fn count(&self) -> usize {
        self.shared.count
    }

    /// The row of each item on the device `[E]`.
    #[must_use]
    pub fn tensor(&self) -> Tensor<1, Int> {
        self.shared
            .tensor
            .get_or_init(|| {
                let rows: Vec<i64> = self.shared.rows.iter().map(|&row| row.into()).collect();
                let length = rows.len();
                Tensor::from_data(TensorData::new(rows, [length]), &self.shared.device)
            })
            .clone()
    }

    /// The items of each row, found once by a counting sort.
    #[must_use]
    pub fn grouped(&self) -> &Grouped {
        self.shared.grouped.get_or_init(|| {
            let mut offsets = vec![0_u32; self.shared.count + 1];
            for &row in &self.shared.rows {
                offsets[row as usize + 1] += 1;
            }
            for row in 0..self.shared.count {
                offsets[row + 1] += offsets[row];
            }
            let mut next = offsets.clone();
            let mut order = vec![0_u32; self.shared.rows.len()];
            for (item, &row) in (0_u32..).zip(&self.shared.rows) {
                let slot = &mut next[row as usize];
                order[*slot as usize] = item;
                *slot += 1;
            }
            Grouped { offsets, order }
        })
    }
}

/// Directed pairs of rows: for each of E pairs the row that receives (the centre) and the row that
/// sends (the neighbour).
#[derive(Debug, Clone)]
pub struct Pairs {
    /// The receiving row of each pair.
    pub centre: Index,
    /// The sending row of each pair.
    pub neighbour: Index,
    /// The filter of each pair, one of H: pairs whose filters are equal, such as the two directions of
    /// a pair whose filter depends on the distance alone, can share one. Each has its own at first.
    pub filter: Index,
}

impl Pairs {
    /// Makes the pairs among `count` rows.
    ///
    /// # Panics
    /// If the lists differ in length or name a row that does not exist.
    #[must_use]
    pub fn new(centre: Vec<u32>, neighbour: Vec<u32>, count: usize, device: &Device) -> Self {
        assert_eq!(centre.len(), neighbour.len(), "one neighbour per centre");
        let own = u32::try_from(centre.len()).expect("checked by the index");
        Self {
            filter: Index::new((0..own).collect(), centre.len(), device),
            centre: Index::new(centre, count, device),
            neighbour: Index::new(neighbour, count, device),
        }
    }

    /// The same pairs with shared filters.
    ///
    /// # Panics
    /// If there is not one filter for each pair.
    #[must_use]
    pub fn sharing(&self, filter: Index) -> Self {
        assert_eq!(filter.items(), self.len(), "one filter per pair");
        Self {
            filter,
            ..self.clone()
        }
    }

    /// The same pairs with the roles of centre and neighbour exchanged.
    #[must_use]
    pub fn reversed(&self) -> Self {
        Self {
            centre: self.neighbour.clone(),
            neighbour: self.centre.clone(),
            filter: self.filter.clone(),
        }
    }

    /// How many pairs there are: E.
    #[must_use]
    pub fn len(&self) -> usize {
        self.centre.items()
    }

    /// Whether there is no pair.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Row `index[e]` of `x` for each item e.
///
/// # Shapes
/// - `x`: `[N, …]`
/// - output: `[E, …]`
#[must_use]
pub fn gather<const D: usize>(x: &Tensor<D>, index: &Index) -> Tensor<D> {
    #[cfg(feature = "flex")]
    if let Some(out) = flex::gather(x, index) {
        return out;
    }
    x.clone().select(0, index.tensor())
}

/// Sum of the items of each row.
///
/// # Shapes
/// - `x`: `[E, …]`
/// - output: `[N, …]`
#[must_use]
pub fn sum<const D: usize>(x: &Tensor<D>, index: &Index) -> Tensor<D> {
    #[cfg(feature = "flex")]
    if let Some(out) = flex::sum(x, index) {
        return out;
    }
    let mut shape = x.dims();
    shape[0] = index.count();
    Tensor::zeros(shape, (&x.device(), x.dtype())).select_assign(
        0,
        index.tensor(),
        x.clone(),
        IndexingUpdateOp::Add,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_grouped_by_row_in_list_order() {
        let device = crate::device("flex").unwrap();
        let index = Index::new(vec![2, 0, 2, 3, 0], 5, &device);
        assert_eq!(index.grouped().offsets, [0, 2, 2, 4, 5, 5]);
        assert_eq!(index.grouped().order, [1, 4, 0, 2, 3]);
    }

    #[test]
    fn a_segment_sum_is_the_naive_sum_and_rows_without_items_are_zero() {
        let device = crate::device("flex").unwrap();
        let index = Index::new(vec![2, 0, 2, 3, 0], 5, &device);
        let x = Tensor::<2>::from_floats(
            [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0], [9.0, 10.0]],
            &device,
        );
        let expected = [12.0_f32, 14.0, 0.0, 0.0, 6.0, 8.0, 7.0, 8.0, 0.0, 0.0];
        let out: Vec<f32> = sum(&x, &index).into_data().try_to_vec().unwrap();
        assert_eq!(out, expected);
        // The same on an autodiff device, which takes Burn's own scatter.
        let tracked = Tensor::<2>::from_data(x.clone().into_data(), &device.clone().autodiff());
        let index = Index::new(vec![2, 0, 2, 3, 0], 5, &device.autodiff());
        let out: Vec<f32> = sum(&tracked, &index).into_data().try_to_vec().unwrap();
        assert_eq!(out, expected);
        let rows: Vec<f32> = gather(&x, &Index::new(vec![4, 1], 5, &x.device()))
            .into_data()
            .try_to_vec()
            .unwrap();
        assert_eq!(rows, [9.0, 10.0, 3.0, 4.0]);
    }

    #[test]
    #[should_panic(expected = "an item points past the 2 rows")]
    fn an_item_past_the_rows_is_a_callers_bug() {
        let _ = Index::new(vec![0, 2], 2, &crate::device("flex").unwrap());
    }
}

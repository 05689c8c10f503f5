//! Networks of a distance as tables, for use without training.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use backend::tape::{Table, Var};
use burn::tensor::{DType, Tensor, TensorData};

use super::{Scope, Weights, host};
use crate::batch::Precision;

/// The tables of one set of weights, each made when it is first asked for.
#[derive(Debug)]
pub(super) struct Tables {
    intervals: usize,
    known: Mutex<HashMap<String, Table>>,
}

impl Tables {
    pub(super) fn new(intervals: usize) -> Self {
        Self {
            intervals,
            known: Mutex::default(),
        }
    }

    /// The same without what is known of other numbers.
    pub(super) fn emptied(&self) -> Self {
        Self::new(self.intervals)
    }
}

impl Scope<'_> {
    /// Whether functions of a distance are looked up: tables are switched on, and neither a training nor
    /// a comparison needs the network itself.
    #[must_use]
    pub fn looks_up(&self) -> bool {
        self.weights.tables.is_some() && !self.is_recorded() && !self.is_traced()
    }

    /// Functions of a distance that are zero with zero slope at `end` and beyond: as a table if tables
    /// are switched on, and computed otherwise.
    ///
    /// The table is a spline through values that are computed in float64, and its derivative is exact, so
    /// that forces are the gradient of the energy that it gives.
    ///
    /// # Shapes
    /// - `distance`: `[H, 1]` (Å)
    /// - output: `[H, C]`
    ///
    /// # Panics
    /// If the function asks for a weight that the model has not declared.
    #[must_use]
    pub fn of_distance(
        &self,
        name: &str,
        distance: &Var<2>,
        end: f64,
        function: impl Fn(&Scope<'_>, &Var<2>) -> Var<2>,
    ) -> Var<2> {
        let Some(tables) = self.weights.tables.as_ref().filter(|_| self.looks_up()) else {
            return function(self, distance);
        };
        let mut known = tables.known.lock().unwrap_or_else(PoisonError::into_inner);
        let table = known
            .entry(name.to_owned())
            .or_insert_with(|| self.weights.tabulated(tables.intervals, end, function));
        let table = table.clone();
        drop(known);
        distance.look_up(&table)
    }
}

impl Weights {
    /// The same weights with functions of a distance as tables of so many intervals up to the cutoff, for
    /// use without training.
    #[must_use]
    pub fn with_tables(self, intervals: usize) -> Self {
        Self {
            tables: Some(Tables::new(intervals.max(4)).into()),
            ..self
        }
    }

    /// A table of functions of a distance, with as many intervals as are asked for or else 1,000.
    pub(crate) fn table_of(
        &self,
        end: f64,
        function: impl Fn(&Scope<'_>, &Var<2>) -> Var<2>,
    ) -> Table {
        let intervals = self.tables.as_ref().map_or(1000, |tables| tables.intervals);
        self.tabulated(intervals, end, function)
    }

    fn tabulated(
        &self,
        intervals: usize,
        end: f64,
        function: impl Fn(&Scope<'_>, &Var<2>) -> Var<2>,
    ) -> Table {
        let count = intervals + 1;
        // Not quite from zero, where some functions divide by the distance.
        let knots: Vec<f64> = (0..count)
            .map(|k| end * (k as f64).max(1e-9) / intervals as f64)
            .collect();
        let exact = self.in_float64();
        let knots = TensorData::new(knots, [count, 1]);
        let knots = Tensor::from_data(knots, (&exact.device(), DType::F64));
        let values = function(&exact.constants(), &Var::constant(knots));
        Table::spline(&host(values.value()), values.dims()[1], end)
    }

    fn in_float64(&self) -> Self {
        let layout = self.layout.clone();
        let exact = Self::from_values(layout, &self.values(), Precision::F64, &self.device());
        Self {
            buffers: self.buffers.clone(),
            unit: self.unit,
            ..exact
        }
    }
}

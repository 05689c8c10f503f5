//! The grid of one family: size × data size × learning rate × batch × seed, and how long to train.

use serde::{Deserialize, Serialize};

use super::check;
use crate::error::Result;
use crate::spec::Size;

/// The declared grid of one family.
///
/// Without a [`Search`] every combination is run. With one, learning rates × batches are searched
/// at some of the sizes, and sizes × data sizes × seeds are run, each size at the setting found at
/// the nearest searched one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grid {
    /// Capacities.
    pub sizes: Vec<Size>,
    /// Training-set sizes in items (molecules or structures), ascending. The smaller sets lie
    /// inside the larger ones.
    pub data_sizes: Vec<usize>,
    /// Peak learning rates.
    pub learning_rates: Vec<f64>,
    /// Batch sizes in packed rows or structures.
    pub batches: Vec<usize>,
    /// Seeds of initialisation and of the order of the data.
    pub seeds: Vec<u64>,
    /// How long each run trains.
    pub budget: Budget,
    /// How learning rate and batch are chosen.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub search: Option<Search>,
    /// Further seeds for some cells, to see the noise between runs.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub replicates: Option<Replicates>,
}

/// How long a run trains. The schedule (warm-up, then cosine) always ends with the run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Passes over the training set, unless `min_items` asks for more.
    pub epochs: f64,
    /// Items seen at least, repeats counted: without it a run over few items ends before it has
    /// learnt anything, and the loss would tell the number of steps instead of the data.
    pub min_items: u64,
}

impl Budget {
    /// Passes over a training set of `data_size` items.
    #[must_use]
    pub fn epochs_over(&self, data_size: usize) -> f64 {
        self.epochs
            .max(self.min_items as f64 / data_size.max(1) as f64)
    }
}

/// Learning rate and batch by training performance estimation: every setting is trained for the
/// first share of its schedule, most are discarded on what that shows, the rest run to their end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// Capacities at which the settings are compared, each by a search of its own: the best rate
    /// falls as models grow, and one rate for all sizes bends the law. A size that is not listed
    /// takes the setting of the listed one nearest in ln(parameters).
    pub sizes: Vec<Size>,
    /// Training-set size at which they are compared.
    pub data_size: usize,
    /// Seed of these runs.
    pub seed: u64,
    /// Share of the schedule after which most settings are discarded.
    pub cut: f64,
    /// Settings kept to the end.
    pub keep: usize,
    /// Discarded settings that are run to the end all the same, spread over the ranking, so that
    /// the prediction can be compared with the truth. Their cost is reported apart.
    pub controls: usize,
}

/// Cells of the grid that are repeated with other seeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replicates {
    /// Capacities.
    pub sizes: Vec<Size>,
    /// Training-set sizes.
    pub data_sizes: Vec<usize>,
    /// Seeds beside the grid's own.
    pub seeds: Vec<u64>,
}

impl Grid {
    /// The largest training set that any run of the grid asks for.
    #[must_use]
    pub fn largest_data_size(&self) -> usize {
        let searched = self.search.as_ref().map(|search| search.data_size);
        self.data_sizes
            .iter()
            .copied()
            .chain(searched)
            .max()
            .unwrap_or(0)
    }

    pub(super) fn validate(&self, field: &str) -> Result<()> {
        check(
            &format!("{field}.sizes"),
            "empty",
            !self.sizes.is_empty(),
            "at least one size",
        )?;
        check(
            &format!("{field}.data_sizes"),
            "empty",
            !self.data_sizes.is_empty(),
            "at least one size",
        )?;
        for (index, size) in self.data_sizes.iter().enumerate() {
            let ascending = index == 0 || self.data_sizes[index - 1] < *size;
            check(
                &format!("{field}.data_sizes[{index}]"),
                size,
                *size > 0 && ascending,
                "a positive number above the one before it",
            )?;
        }
        check(
            &format!("{field}.learning_rates"),
            "empty",
            !self.learning_rates.is_empty(),
            "at least one rate",
        )?;
        for (index, rate) in self.learning_rates.iter().enumerate() {
            let sane = rate.is_finite() && *rate > 0.0 && *rate <= 1.0;
            check(
                &format!("{field}.learning_rates[{index}]"),
                rate,
                sane,
                "above 0, at most 1",
            )?;
        }
        check(
            &format!("{field}.batches"),
            "empty",
            !self.batches.is_empty(),
            "at least one batch",
        )?;
        for (index, batch) in self.batches.iter().enumerate() {
            check(
                &format!("{field}.batches[{index}]"),
                batch,
                *batch > 0,
                "at least 1",
            )?;
        }
        check(
            &format!("{field}.seeds"),
            "empty",
            !self.seeds.is_empty(),
            "at least one seed",
        )?;
        let budget = &self.budget;
        let sane = budget.epochs.is_finite() && budget.epochs > 0.0;
        check(
            &format!("{field}.budget.epochs"),
            budget.epochs,
            sane,
            "a number above 0",
        )?;
        if let Some(search) = &self.search {
            search.validate(
                &format!("{field}.search"),
                self.learning_rates.len() * self.batches.len(),
            )?;
        }
        Ok(())
    }

    /// See [`super::Study::fitted_to`].
    pub(super) fn shrink_data_sizes(&mut self, available: usize) {
        let Some((&first, &last)) = self.data_sizes.first().zip(self.data_sizes.last()) else {
            return;
        };
        if last > available {
            let points = self.data_sizes.len();
            let first = first.min(available);
            let ratio = available as f64 / first as f64;
            let old = std::mem::take(&mut self.data_sizes);
            for index in 0..points {
                let share = index as f64 / (points.max(2) - 1) as f64;
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "between two counts that are there already"
                )]
                let size = (first as f64 * ratio.powf(share)).round() as usize;
                if self.data_sizes.last().is_none_or(|before| *before < size) {
                    self.data_sizes.push(size);
                }
            }
            // What was a cell of the grid must stay one: each size becomes the one in its place.
            let moved = |size: usize| match old.iter().position(|other| *other == size) {
                Some(place) => self.data_sizes[place.min(self.data_sizes.len() - 1)],
                None => size.min(available),
            };
            if let Some(replicates) = &mut self.replicates {
                for size in &mut replicates.data_sizes {
                    *size = moved(*size);
                }
                replicates.data_sizes.dedup();
            }
            if let Some(search) = &mut self.search {
                search.data_size = moved(search.data_size);
            }
        }
        if let Some(search) = &mut self.search {
            search.data_size = search.data_size.min(available);
        }
    }
}

impl Search {
    fn validate(&self, field: &str, settings: usize) -> Result<()> {
        let sane = self.cut > 0.0 && self.cut < 1.0;
        check(&format!("{field}.cut"), self.cut, sane, "between 0 and 1")?;
        check(
            &format!("{field}.sizes"),
            "empty",
            !self.sizes.is_empty(),
            "at least one size",
        )?;
        check(
            &format!("{field}.data_size"),
            self.data_size,
            self.data_size > 0,
            "at least 1",
        )?;
        check(
            &format!("{field}.keep"),
            self.keep,
            (1..=settings).contains(&self.keep),
            &format!("1 to {settings}, the number of settings"),
        )
    }
}

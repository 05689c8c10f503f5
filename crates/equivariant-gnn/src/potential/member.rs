//! One network of a potential: its weights, scale and reference energies.

use std::{collections::BTreeMap, sync::OnceLock};

use rayon::prelude::*;

use super::{Evaluation, Provenance};
use crate::{
    batch::{Batch, Precision, Prepared},
    error::{Error, Result},
    evaluate::{Answer, answers, in_parts},
    kernel::Kernel,
    models::{Model, ModelConfig},
    weights::Weights,
};

/// A network that gives `scale · Σ ε + Σ E₀[Z]`.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) config: ModelConfig,
    pub(super) model: Box<dyn Model>,
    pub(super) weights: Weights,
    pub(super) scale: f64,
    pub(super) references: BTreeMap<u8, f64>,
    pub(super) provenance: Provenance,
    /// The weights laid out for loops without tensors, if there are such for the model, when first needed.
    kernel: OnceLock<Option<Kernel>>,
}

impl Member {
    pub(super) fn new(
        config: ModelConfig,
        weights: Weights,
        scale: f64,
        references: BTreeMap<u8, f64>,
        provenance: Provenance,
    ) -> Result<Self> {
        let model = config.model();
        model.validate()?;
        if let Some(&z) = references.keys().find(|z| !model.knows(**z)) {
            return Err(Error::Setting {
                field: "references",
                value: atoms::element::symbol(z).unwrap_or("?").to_owned(),
                expected: "elements that the model knows",
            });
        }
        Ok(Self {
            config,
            model,
            weights: weights.with_unit(scale),
            scale,
            references,
            provenance,
            kernel: OnceLock::new(),
        })
    }

    /// Makes tables of networks of a distance.
    pub(super) fn tabulate(&mut self, intervals: usize) {
        self.weights = self.weights.clone().with_tables(intervals);
        self.kernel = OnceLock::new();
    }

    /// What this member says about each structure; `first` is the index of the first one in the caller's list.
    pub(super) fn evaluate(
        &self,
        structures: &[&Prepared],
        shared: &mut SharedBatch,
        first: usize,
    ) -> Result<Vec<Evaluation>> {
        let kernel = self.kernel();
        let fast: Option<Vec<Answer>> = kernel.and_then(|kernel| {
            if let [structure] = structures {
                return Some(vec![kernel.evaluate(structure)?]);
            }
            let each = structures.par_iter();
            each.map(|structure| kernel.evaluate(structure)).collect()
        });
        let fast = fast
            .map(Ok)
            .or_else(|| in_parts(&*self.model, &self.weights, structures));
        let answers = if let Some(answers) = fast {
            answers?
        } else {
            let batch = shared.of(structures, &self.weights)?;
            answers(&*self.model, &self.weights, batch)
        };
        let answers = structures.iter().zip(answers).enumerate();
        answers
            .map(|(g, (structure, answer))| {
                let evaluation = self.in_units(structure, answer);
                check_finite(&evaluation, first + g)?;
                Ok(evaluation)
            })
            .collect()
    }

    fn kernel(&self) -> Option<&Kernel> {
        let make = || Kernel::new(&self.config, &self.weights);
        self.kernel.get_or_init(make).as_ref()
    }

    /// The network's answer scaled and with reference energies.
    fn in_units(&self, structure: &Prepared, answer: Answer) -> Evaluation {
        let species = structure.species();
        let reference: f64 = species.iter().map(|z| self.references[z]).sum();
        let scaled = |row: [f64; 3]| row.map(|x| self.scale * x);
        Evaluation {
            energy: self.scale * answer.energy + reference,
            forces: answer.forces.into_iter().map(scaled).collect(),
            stress: structure
                .volume()
                .zip(answer.strain)
                .map(|(volume, strain)| strain.map(|row| scaled(row).map(|x| x / volume))),
            atom_energies: (answer.atoms.iter().zip(species))
                .map(|(e, z)| self.scale * e + self.references[z])
                .collect(),
            uncertainty: None,
        }
    }
}

/// The structures as one graph, made when a member needs it; members mostly share a float type, and then one graph serves
/// them all.
pub(super) struct SharedBatch {
    cutoff: f64,
    made: Option<(Precision, Batch)>,
}

impl SharedBatch {
    pub(super) fn new(cutoff: f64) -> Self {
        Self { cutoff, made: None }
    }

    fn of(&mut self, structures: &[&Prepared], weights: &Weights) -> Result<&Batch> {
        let precision = weights.precision();
        let known = self.made.take().filter(|(known, _)| *known == precision);
        let made = if let Some(known) = known {
            known
        } else {
            let batch = Batch::of(structures, self.cutoff, precision, &weights.device())?;
            (precision, batch)
        };
        Ok(&self.made.insert(made).1)
    }
}

fn check_finite(evaluation: &Evaluation, index: usize) -> Result<()> {
    let what = if !evaluation.energy.is_finite() {
        "energy"
    } else if !evaluation
        .forces
        .as_flattened()
        .iter()
        .all(|x| x.is_finite())
    {
        "force"
    } else {
        return Ok(());
    };
    Err(Error::NotFinite { index, what })
}

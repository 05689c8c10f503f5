//! One network of a potential: its weights, scale and reference energies.

use std::collections::BTreeMap;

use backend::tape::{Graph, Tape};

use super::{Evaluation, Provenance};
use crate::{
    batch::{Batch, Prepared},
    error::{Error, Result},
    evaluate::{Wanted, predict, symmetric, triples},
    models::{Model, ModelConfig},
    weights::{Weights, host},
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
        })
    }

    /// What this member says about each structure of the batch; `first` is the index of the first one
    /// in the caller's list.
    pub(super) fn evaluate(
        &self,
        structures: &[&Prepared],
        batch: &Batch,
        first: usize,
    ) -> Result<Vec<Evaluation>> {
        let tape = Tape::new();
        let wanted = Wanted {
            forces: true,
            virial: batch.volume.iter().any(Option::is_some),
        };
        let scope = self.weights.constants();
        let predicted = predict(&*self.model, &scope, batch, &tape, wanted, Graph::Drop);
        let network = host(predicted.energies.value());
        let atoms = host(predicted.atoms.value());
        let forces = triples(predicted.forces.as_ref().expect("forces were asked for"));
        let virials = predicted.virial.as_ref().map(symmetric);
        let mut begin = 0;
        let mut out = Vec::with_capacity(structures.len());
        for (g, structure) in structures.iter().enumerate() {
            let range = begin..begin + structure.species().len();
            begin = range.end;
            let reference: f64 = structure.species().iter().map(|z| self.references[z]).sum();
            let evaluation = Evaluation {
                energy: self.scale * network[g] + reference,
                forces: forces[range.clone()]
                    .iter()
                    .map(|f| f.map(|x| self.scale * x))
                    .collect(),
                stress: batch.volume[g]
                    .zip(virials.as_ref())
                    .map(|(volume, virials)| {
                        virials[g].map(|row| row.map(|x| self.scale * x / volume))
                    }),
                atom_energies: atoms[range]
                    .iter()
                    .zip(structure.species())
                    .map(|(e, z)| self.scale * e + self.references[z])
                    .collect(),
                uncertainty: None,
            };
            check_finite(&evaluation, first + g)?;
            out.push(evaluation);
        }
        Ok(out)
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

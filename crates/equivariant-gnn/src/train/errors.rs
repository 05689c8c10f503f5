//! Errors of a model on labelled structures.

use backend::tape::{Graph, Tape};
use serde::{Deserialize, Serialize};

use super::{batches::in_order, config::TrainingConfig, data::Set};
use crate::{
    batch::Batch,
    error::Result,
    evaluate::{Wanted, predict},
    models::Model,
    weights::{Weights, host},
};

/// Mean absolute and root mean square errors.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Errors {
    /// Mean absolute error of the energy (meV/atom).
    pub energy_mae: Option<f64>,
    /// Root mean square error of the energy (meV/atom).
    pub energy_rmse: Option<f64>,
    /// Mean absolute error of force components (meV/Å).
    pub force_mae: Option<f64>,
    /// Root mean square error of force components (meV/Å).
    pub force_rmse: Option<f64>,
    /// Mean absolute error of stress components (meV/Å³).
    pub stress_mae: Option<f64>,
}

/// The sums behind a mean of one kind.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    count: usize,
    size: f64,
    square: f64,
}

impl Sums {
    fn add(&mut self, x: f64) {
        self.count += 1;
        self.size += x.abs();
        self.square += x * x;
    }

    fn mae(&self) -> Option<f64> {
        (self.count > 0).then(|| 1e3 * self.size / self.count as f64)
    }

    fn rmse(&self) -> Option<f64> {
        (self.count > 0).then(|| 1e3 * (self.square / self.count as f64).sqrt())
    }
}

/// Evaluates every structure of the set.
pub(super) fn errors(
    model: &dyn Model,
    weights: &Weights,
    set: &Set,
    scale: f64,
    config: &TrainingConfig,
) -> Result<Errors> {
    let (mut energy, mut force, mut stress) = (Sums::default(), Sums::default(), Sums::default());
    for chunk in in_order(&set.sizes(), config) {
        let (structures, labels) = set.pick(&chunk);
        let batch = Batch::of(
            &structures,
            model.cutoff(),
            weights.precision(),
            &weights.device(),
        )?;
        let wanted = Wanted {
            forces: labels.iter().any(|label| label.forces.is_some()),
            virial: labels.iter().any(|label| label.stress.is_some()),
        };
        let tape = Tape::new();
        let scope = weights.constants();
        let predicted = predict(model, &scope, &batch, &tape, wanted, Graph::Drop);
        let energies = host(predicted.energies.value());
        let forces = predicted.forces.map(|forces| host(forces.value()));
        let virials = predicted.virial.map(|virial| host(virial.value()));
        let mut first = 0;
        for (g, label) in labels.iter().enumerate() {
            let atoms = batch.atoms[g];
            if let Some(target) = label.energy {
                energy.add((scale * energies[g] - target) / atoms as f64);
            }
            if let (Some(target), Some(forces)) = (&label.forces, &forces) {
                let ours = &forces[3 * first..3 * (first + atoms)];
                for (a, b) in ours.iter().zip(target.as_flattened()) {
                    force.add(scale * a - b);
                }
            }
            if let (Some(target), Some(virials), Some(volume)) =
                (&label.stress, &virials, batch.volume[g])
            {
                let v = &virials[9 * g..9 * g + 9];
                for (a, b) in v.iter().zip(target.as_flattened()) {
                    stress.add(scale * a / volume - b);
                }
            }
            first += atoms;
        }
    }
    Ok(Errors {
        energy_mae: energy.mae(),
        energy_rmse: energy.rmse(),
        force_mae: force.mae(),
        force_rmse: force.rmse(),
        stress_mae: stress.mae(),
    })
}

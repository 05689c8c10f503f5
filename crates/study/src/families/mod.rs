//! The families that a study file can name: ChemGPT, PaiNN and SchNet.

mod language;
mod potential;

pub use language::Language;
pub use potential::Potentials;

use std::sync::Arc;

use crate::config::{Model, Study};
use crate::error::{Error, Result};
use crate::family::Family;
use crate::folder::StudyFolder;
use crate::inputs::{MoleculePool, StructurePool};
use crate::results::InputSummary;

/// The families of a study, ready to run, and what was read for them.
pub type Opened = (Vec<Box<dyn Family>>, Vec<InputSummary>);

/// Reads the study's data, opens its device, and makes its families. Input lines that cannot be
/// used are listed in side files of the folder.
///
/// # Errors
/// [`Error::Device`], [`Error::Input`], [`Error::TooFew`], or a setting that a model refuses.
pub fn open(study: &Study, folder: &StudyFolder) -> Result<Opened> {
    study.validate()?;
    let device = backend::device(&study.device).map_err(|error| Error::Device(error.into()))?;
    let wanted = |of_molecules: bool| {
        study
            .families
            .iter()
            .any(|family| matches!(family.model, Model::Chemgpt(_)) == of_molecules)
    };
    let molecules = study
        .molecules
        .as_ref()
        .filter(|_| wanted(true))
        .map(|settings| {
            MoleculePool::open(settings, study.largest_training_set(true), folder.root())
        })
        .transpose()?
        .map(Arc::new);
    let structures = study
        .structures
        .as_ref()
        .filter(|_| wanted(false))
        .map(|settings| {
            StructurePool::open(settings, study.largest_training_set(false), folder.root())
        })
        .transpose()?
        .map(Arc::new);
    let mut summaries = Vec::new();
    let mut families: Vec<Box<dyn Family>> = Vec::new();
    for (index, plan) in study.families.iter().enumerate() {
        let absent = |field: &str| Error::Setting {
            field: field.to_owned(),
            value: "absent".to_owned(),
            expected: format!("present, for the family {}", plan.name),
        };
        let field = format!("families[{index}]");
        families.push(match &plan.model {
            Model::Chemgpt(_) => {
                let pool = molecules.as_ref().ok_or_else(|| absent("molecules"))?;
                Box::new(Language::new(plan, &field, pool, &device)?)
            }
            Model::Painn(_) | Model::Schnet(_) => {
                let pool = structures.as_ref().ok_or_else(|| absent("structures"))?;
                Box::new(Potentials::new(plan, &field, pool, &device)?)
            }
        });
    }
    summaries.extend(molecules.map(|pool| pool.summary.clone()));
    summaries.extend(structures.map(|pool| pool.summary.clone()));
    Ok((families, summaries))
}

/// A share of the steps, as warm-up.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share below 1 of a number of steps"
)]
fn share_of(share: f64, steps: u64) -> u64 {
    (share * steps as f64).round() as u64
}

//! Everything that a run needs to go on, as files.

use std::fs;
use std::path::Path;

use backend::Devices;
use backend::optim::Moments;
use backend::run::{write_atomic, write_json};
use serde::{Deserialize, Serialize};

use super::config::TrainingConfig;
use super::trainer::Trainer;
use crate::config::ChemGptConfig;
use crate::error::{Error, Result};
use crate::hub::{read_tensors, safetensors_bytes};
use crate::model::{ChemGpt, NamedTensor};

#[derive(Serialize, Deserialize)]
struct State {
    step: u64,
}

/// Writes weights, moments, averages, and the step into `folder`.
pub(super) fn write(trainer: &Trainer, folder: &Path) -> Result<()> {
    let weights = safetensors_bytes(&trainer.model.named_tensors())?;
    write_atomic(folder.join("model.safetensors"), &weights)?;
    let moments = Moments::to_bytes(&trainer.optimizer.moments())?;
    write_atomic(folder.join("optimizer.safetensors"), &moments)?;
    if let Some(average) = &trainer.average {
        let tensors: Vec<NamedTensor> = average
            .values()
            .into_iter()
            .enumerate()
            .map(|(index, values)| NamedTensor {
                name: format!("{index:06}"),
                shape: vec![values.len()],
                values,
            })
            .collect();
        write_atomic(
            folder.join("average.safetensors"),
            &safetensors_bytes(&tensors)?,
        )?;
    }
    // The step is written last: a folder that has it is whole.
    write_json(folder.join("state.json"), &State { step: trainer.step })?;
    Ok(())
}

/// The trainer as it was when `folder` was written.
pub(super) fn read(
    folder: &Path,
    config: &ChemGptConfig,
    training: &TrainingConfig,
    devices: &Devices,
) -> Result<Trainer> {
    let path = folder.join("model.safetensors");
    let device = devices.first().clone().autodiff();
    let model = ChemGpt::from_named_tensors(config, read_tensors(&path)?, &path, &device)?;
    let mut trainer = Trainer::on(model, devices, training)?;
    let moments = Moments::from_bytes(&bytes(&folder.join("optimizer.safetensors"))?)?;
    trainer.optimizer.restore(moments);
    if let Some(average) = &mut trainer.average {
        let mut tensors = read_tensors(&folder.join("average.safetensors"))?;
        tensors.sort_by(|a, b| a.name.cmp(&b.name));
        average.restore(tensors.into_iter().map(|tensor| tensor.values).collect());
    }
    let path = folder.join("state.json");
    let state: State = serde_json::from_slice(&bytes(&path)?).map_err(|error| Error::Format {
        path,
        reason: error.to_string(),
    })?;
    trainer.step = state.step;
    Ok(trainer)
}

fn bytes(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|source| Error::File {
        path: path.to_owned(),
        source,
    })
}

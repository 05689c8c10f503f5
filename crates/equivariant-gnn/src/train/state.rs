//! What a training remembers from step to step, and its checkpoints.

use std::path::{Path, PathBuf};

use atoms::Structure;
use backend::{
    optim::{AdamW, AdamWConfig, DecayGroup, Ema, Moments, Plateau},
    run::Checkpoints,
};
use burn::{
    module::{Module, Param, ParamId},
    optim::GradientsParams,
    tensor::{Tensor, TensorData},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{RateSchedule, TrainingConfig, Validation};
use crate::{
    error::{Error, Result},
    models::ModelConfig,
    weights::{Named, Weights, host, read_named, write_named},
};

/// All weights as the one parameter that the optimiser and the average see.
#[derive(Module, Debug)]
struct Flat {
    values: Param<Tensor<1>>,
}

/// The part of the state that is small and readable.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Small {
    pub(super) step: usize,
    pub(super) seconds: f64,
    pub(super) best_step: usize,
    pub(super) validations: Vec<Validation>,
    best_metric: Option<f64>,
    since_best: usize,
    plateau: Option<Plateau>,
    fingerprint: String,
}

pub(super) struct State {
    module: Flat,
    optimiser: AdamW,
    average: Option<Ema>,
    pub(super) progress: Small,
    pub(super) losses: Vec<f64>,
    pub(super) best: Option<Tensor<1>>,
}

impl State {
    pub(super) fn new(config: &TrainingConfig, weights: &Weights) -> Self {
        let module = flat(weights.flat().clone());
        let average = config.ema.map(|decay| {
            let mut average = Ema::new(decay);
            average.update(&module);
            average
        });
        let plateau = match config.schedule {
            RateSchedule::Plateau(plateau) => Some(Plateau::new(plateau, config.rate)),
            _ => None,
        };
        Self {
            optimiser: AdamWConfig::new()
                .with_weight_decay(config.weight_decay)
                .with_decay(DecayGroup::All)
                .init(),
            module,
            average,
            progress: Small {
                step: 0,
                seconds: 0.0,
                best_step: 0,
                validations: Vec::new(),
                best_metric: None,
                since_best: 0,
                plateau,
                fingerprint: String::new(),
            },
            losses: Vec::new(),
            best: None,
        }
    }

    /// The weights that training moves.
    pub(super) fn flat(&self) -> Tensor<1> {
        self.module.values.val()
    }

    /// The weights that validation sees.
    pub(super) fn averaged(&self) -> Tensor<1> {
        match &self.average {
            None => self.flat(),
            Some(average) => average.apply(self.module.clone()).values.val(),
        }
    }

    /// The learning rate of the next step.
    pub(super) fn rate(&self, config: &TrainingConfig) -> f64 {
        let step = self.progress.step;
        let rate = match config.schedule {
            RateSchedule::Constant => config.rate,
            RateSchedule::Plateau(_) => {
                let plateau = self.progress.plateau.as_ref();
                plateau.map_or(config.rate, Plateau::rate)
            }
            RateSchedule::Cosine { end } => {
                let done = step as f64 / config.steps as f64;
                let wave = 0.5 * (1.0 + (std::f64::consts::PI * done).cos());
                config.rate * (end + (1.0 - end) * wave)
            }
        };
        let risen = (step + 1) as f64 / (config.warmup + 1) as f64;
        rate * risen.min(1.0)
    }

    /// Takes one optimiser step; returns the gradient's norm before clipping.
    pub(super) fn update(
        &mut self,
        rate: f64,
        gradient: Tensor<1>,
        config: &TrainingConfig,
    ) -> f64 {
        let module = self.module.clone();
        let mut gradients = GradientsParams::new();
        gradients.register(module.values.id, gradient);
        let limit = config.clip.unwrap_or(f64::INFINITY);
        // The old weights are let go first, so that the update happens in place.
        self.module = flat_like(&module);
        let (module, norm) = self.optimiser.step_clipped(rate, limit, module, gradients);
        self.module = module;
        if let Some(average) = &mut self.average {
            average.update(&self.module);
        }
        norm
    }

    /// Takes in a validation (lower is better); without one the newest weights are the best.
    pub(super) fn keep(&mut self, weights: &Weights, metric: Option<f64>) {
        let progress = &mut self.progress;
        let better = match (metric, progress.best_metric) {
            (Some(metric), Some(best)) => metric < best,
            _ => true,
        };
        if better {
            progress.best_metric = metric;
            progress.best_step = progress.step;
            progress.since_best = 0;
            self.best = Some(weights.flat().clone());
        } else {
            progress.since_best += 1;
        }
        if let (Some(plateau), Some(metric)) = (&mut progress.plateau, metric) {
            plateau.observe(metric);
        }
    }

    /// Whether there is nothing more to gain: patience has run out, or the rate is at its minimum and
    /// has been waited out there.
    pub(super) fn is_settled(&self, config: &TrainingConfig) -> bool {
        let since = self.progress.since_best;
        let waited_out = match (config.schedule, &self.progress.plateau) {
            (RateSchedule::Plateau(settings), Some(plateau)) => {
                plateau.is_exhausted() && since as u64 > settings.patience
            }
            _ => false,
        };
        waited_out || config.patience.is_some_and(|patience| since > patience)
    }
}

fn flat(values: Tensor<1>) -> Flat {
    Flat {
        values: Param::initialized(ParamId::new(), values),
    }
}

/// A place holder of no size on the same device.
fn flat_like(module: &Flat) -> Flat {
    let values = module.values.val();
    flat(Tensor::zeros([1], (&values.device(), values.dtype())))
}

/// The checkpoints of one run.
pub(super) struct Files {
    checkpoints: Checkpoints,
    folder: PathBuf,
    fingerprint: String,
}

const SMALL: &str = "state.json";
const TENSORS: &str = "state.safetensors";
const MOMENTS: &str = "moments.safetensors";

impl Files {
    pub(super) fn open(folder: &Path, fingerprint: String) -> Result<Self> {
        let checkpoints =
            Checkpoints::open(folder.join("checkpoints")).map_err(|e| io(folder, e))?;
        Ok(Self {
            checkpoints,
            folder: folder.to_owned(),
            fingerprint,
        })
    }

    /// Goes back to the newest checkpoint, if there is one.
    pub(super) fn load_into(&self, state: &mut State, weights: &Weights) -> Result<()> {
        let latest = self.checkpoints.latest().map_err(|e| io(&self.folder, e))?;
        let Some((_, folder)) = latest else {
            return Ok(());
        };
        let path = folder.join(SMALL);
        let text = std::fs::read_to_string(&path).map_err(|e| io(&path, e))?;
        let small: Small = serde_json::from_str(&text).map_err(|source| Error::Json {
            path: path.clone(),
            source,
        })?;
        if small.fingerprint != self.fingerprint {
            return Err(Error::OtherRun {
                path,
                what: "model, settings or training set",
            });
        }
        let tensors = read_named(&folder.join(TENSORS))?;
        let tensor = |name: &str| -> Result<Tensor<1>> {
            let length = weights.layout().parameters();
            let values = vector(&tensors, name, Some(length))?;
            let data = TensorData::new(values, [length]);
            let dtype = weights.precision().dtype();
            Ok(Tensor::from_data(data, (&weights.device(), dtype)))
        };
        state.module = flat(tensor("weights")?);
        if tensors.contains_key("best") {
            state.best = Some(tensor("best")?);
        }
        state.losses = vector(&tensors, "losses", None)?;
        if let Some(average) = &mut state.average {
            let values = vector(&tensors, "average", None)?;
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the average was float32 when it was written"
            )]
            average.restore(vec![values.iter().map(|x| *x as f32).collect()]);
        }
        let path = folder.join(MOMENTS);
        let bytes = std::fs::read(&path).map_err(|e| io(&path, e))?;
        let moments = Moments::from_bytes(&bytes)
            .map_err(|e| io(&path, std::io::Error::other(e.to_string())))?;
        state.optimiser.restore(moments);
        state.progress = small;
        Ok(())
    }

    /// Writes a checkpoint aside and renames it; the last two are kept.
    pub(super) fn save(&self, state: &State, seconds: f64) -> Result<()> {
        let mut small = state.progress.clone();
        small.seconds = seconds;
        small.fingerprint.clone_from(&self.fingerprint);
        let mut tensors = Named::new();
        let mut put = |name: &str, values: Vec<f64>| {
            tensors.insert(name.to_owned(), (vec![values.len()], values));
        };
        put("weights", host(&state.flat()));
        put("losses", state.losses.clone());
        if let Some(best) = &state.best {
            put("best", host(best));
        }
        if let Some(average) = &state.average {
            let values = average.values().concat();
            put("average", values.into_iter().map(f64::from).collect());
        }
        let moments = Moments::to_bytes(&state.optimiser.moments())
            .map_err(|e| io(&self.folder, std::io::Error::other(e.to_string())))?;
        let metric = None;
        self.checkpoints
            .save(small.step as u64, metric, 2, |folder| {
                write_named(&folder.join(TENSORS), &tensors).map_err(std::io::Error::other)?;
                backend::run::write_atomic(folder.join(MOMENTS), &moments)?;
                backend::run::write_json(folder.join(SMALL), &small)
            })
            .map(drop)
            .map_err(|e| io(&self.folder, e))
    }
}

fn io(path: &Path, source: std::io::Error) -> Error {
    Error::Io {
        path: path.to_owned(),
        source,
    }
}

fn vector(named: &Named, name: &str, length: Option<usize>) -> Result<Vec<f64>> {
    let found = named.get(name);
    let good = found.is_some_and(|(_, values)| length.is_none_or(|length| values.len() == length));
    match found {
        Some((_, values)) if good => Ok(values.clone()),
        _ => Err(Error::WeightShape {
            name: name.to_owned(),
            expected: length.into_iter().collect(),
            got: found.map(|(shape, _)| shape.clone()),
        }),
    }
}

/// The hash of structures and labels (SHA-256, hexadecimal).
pub(super) fn hash(structures: &[Structure]) -> String {
    let mut hash = Sha256::new();
    for structure in structures {
        hash.update((structure.len() as u64).to_le_bytes());
        hash.update(&structure.species);
        let mut numbers = |values: &[f64]| {
            for x in values {
                hash.update(x.to_le_bytes());
            }
        };
        numbers(structure.positions.as_flattened());
        numbers(
            structure
                .cell
                .iter()
                .flatten()
                .flatten()
                .copied()
                .collect::<Vec<_>>()
                .as_slice(),
        );
        numbers(structure.energy.as_slice());
        numbers(
            structure
                .forces
                .iter()
                .flatten()
                .flatten()
                .copied()
                .collect::<Vec<_>>()
                .as_slice(),
        );
        numbers(
            structure
                .stress
                .iter()
                .flatten()
                .flatten()
                .copied()
                .collect::<Vec<_>>()
                .as_slice(),
        );
    }
    hexadecimal(&hash.finalize())
}

/// What makes two runs the same run: model, settings, training set and first weights. Limits of length
/// are not part of it unless the rate depends on them, so a run can be prolonged.
pub(super) fn fingerprint(
    model: &ModelConfig,
    config: &TrainingConfig,
    training_set: &str,
    weights: &Weights,
) -> String {
    let mut config = TrainingConfig {
        seconds: None,
        ..config.clone()
    };
    if !matches!(config.schedule, RateSchedule::Cosine { .. }) {
        config.steps = 0;
    }
    let mut hash = Sha256::new();
    hash.update(format!("{model:?} {config:?} {training_set}"));
    for x in host(weights.flat()) {
        hash.update(x.to_le_bytes());
    }
    hexadecimal(&hash.finalize())
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all that is written");
        text
    })
}

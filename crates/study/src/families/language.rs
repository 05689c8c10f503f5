//! ChemGPT as a family: depth is the number of blocks, width the residual stream.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use backend::optim::AdamWConfig;
use backend::run::Progress;
use burn::tensor::Device;
use chemgpt::{ChemGptConfig, PackedRows, SymbolTokenizer, TrainingConfig};

use super::share_of;
use crate::config::{Budget, FamilyPlan, LanguageModel, Model};
use crate::error::{Cause, Error, Result};
use crate::family::{DataAxis, Family, Metric, Outcome, Tick};
use crate::inputs::MoleculePool;
use crate::record::{Exposure, ParameterCount, Status};
use crate::spec::{RunSpec, Settings, Size};

const METRICS: [Metric; 1] = [Metric {
    name: "loss",
    unit: "nats/token",
    title: "validation loss",
}];

/// ChemGPT over one pool of molecules.
#[derive(Debug)]
pub struct Language {
    name: String,
    model: LanguageModel,
    budget: Budget,
    device: Device,
    pool: Arc<MoleculePool>,
    tokenizer: SymbolTokenizer,
    /// Tokens of the first n training molecules, for n from 0 on.
    tokens_before: Vec<u64>,
    validation: PackedRows,
}

impl Language {
    /// Builds the tokenizer from the largest training set, once for all runs: a loss in nats per
    /// token can be compared only under one tokenizer.
    ///
    /// # Errors
    /// [`Error::Input`] if the molecules cannot be tokenized or do not fill a row.
    pub fn new(
        plan: &FamilyPlan,
        field: &str,
        pool: &Arc<MoleculePool>,
        device: &Device,
    ) -> Result<Self> {
        let Model::Chemgpt(model) = &plan.model else {
            return Err(Error::Setting {
                field: format!("{field}.model.kind"),
                value: "a potential".into(),
                expected: "chemgpt".into(),
            });
        };
        let failed = |source: chemgpt::Error| Error::Input {
            what: "molecules",
            origin: pool.summary.origin.clone(),
            source: source.into(),
        };
        let tokenizer = SymbolTokenizer::from_corpus(&pool.train).map_err(failed)?;
        let mut tokens_before = vec![0];
        for selfies in &pool.train {
            let tokens = tokenizer.encode(selfies).map_err(failed)?.len() as u64;
            tokens_before.push(tokens_before[tokens_before.len() - 1] + tokens);
        }
        let validation = pack(&tokenizer, &pool.validation, model.context).map_err(failed)?;
        for (index, &data_size) in plan.grid.data_sizes.iter().enumerate() {
            let tokens = tokens_before.get(data_size).copied().unwrap_or(0);
            if tokens < model.context as u64 {
                return Err(Error::Setting {
                    field: format!("{field}.grid.data_sizes[{index}]"),
                    value: format!("{data_size} molecules with {tokens} tokens"),
                    expected: format!("at least one row of {} tokens", model.context),
                });
            }
        }
        Ok(Self {
            name: plan.name.clone(),
            model: model.clone(),
            budget: plan.grid.budget,
            device: device.clone(),
            pool: Arc::clone(pool),
            tokenizer,
            tokens_before,
            validation,
        })
    }

    fn config(&self, size: Size) -> ChemGptConfig {
        ChemGptConfig {
            positions: self.model.context,
            ..ChemGptConfig::new(
                self.tokenizer.vocab(),
                size.width,
                size.depth,
                self.model.heads,
            )
        }
    }

    /// Distinct tokens of a training set, less what does not fill its last row.
    fn unique_tokens(&self, data_size: usize) -> u64 {
        let context = self.model.context as u64;
        self.tokens_before[data_size.min(self.tokens_before.len() - 1)] / context * context
    }

    fn rows(&self, data_size: usize) -> u64 {
        self.unique_tokens(data_size) / self.model.context as u64
    }

    /// Rows of a step: a batch is never larger than the training set.
    fn rows_a_step(&self, spec: &RunSpec) -> u64 {
        (spec.batch as u64).min(self.rows(spec.data_size)).max(1)
    }

    fn training(&self, spec: &RunSpec) -> TrainingConfig {
        TrainingConfig::new(spec.steps)
            .with_rate(spec.learning_rate)
            .with_warmup(share_of(self.model.warmup, spec.steps))
            .with_batch(spec.batch)
            .with_clip(Some(self.model.clip))
            .with_optimizer(AdamWConfig::new().with_weight_decay(self.model.weight_decay))
            .with_seed(spec.seed)
    }
}

fn pack(
    tokenizer: &SymbolTokenizer,
    selfies: &[String],
    context: usize,
) -> chemgpt::Result<PackedRows> {
    let sequences = selfies
        .iter()
        .map(|selfies| tokenizer.encode(selfies))
        .collect::<chemgpt::Result<Vec<Vec<u32>>>>()?;
    PackedRows::pack(sequences, context)
}

impl Family for Language {
    fn name(&self) -> &str {
        &self.name
    }

    fn items(&self) -> &'static str {
        "molecules"
    }

    fn units(&self) -> &'static str {
        "tokens"
    }

    fn data_axis(&self) -> DataAxis {
        DataAxis::Units
    }

    fn metrics(&self) -> &'static [Metric] {
        &METRICS
    }

    fn settings(&self) -> Settings {
        Settings::from([
            ("kind".into(), "chemgpt".into()),
            ("context".into(), self.model.context.into()),
            ("heads".into(), self.model.heads.into()),
            ("warmup".into(), self.model.warmup.into()),
            ("weight_decay".into(), self.model.weight_decay.into()),
            ("clip".into(), self.model.clip.into()),
            // The tokenizer is made from the largest training set, so it is part of every run.
            ("vocabulary".into(), self.tokenizer.vocab().into()),
            ("vocabulary_molecules".into(), self.pool.train.len().into()),
        ])
    }

    fn data_hash(&self) -> &str {
        &self.pool.summary.hash
    }

    fn steps(&self, data_size: usize, batch: usize) -> u64 {
        let rows = self.rows(data_size).max(1);
        let batch = (batch as u64).min(rows).max(1);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number of steps"
        )]
        let steps = (self.budget.epochs_over(data_size) * rows as f64 / batch as f64).ceil() as u64;
        steps.max(1)
    }

    fn parameters(&self, size: Size) -> ParameterCount {
        let config = self.config(size);
        ParameterCount {
            non_embedding: config.non_embedding_parameters() as u64,
            total: config.parameters() as u64,
        }
    }

    fn exposure(&self, spec: &RunSpec, steps: u64) -> Exposure {
        let unique = self.unique_tokens(spec.data_size);
        let rows = steps * self.rows_a_step(spec);
        let seen = rows * self.model.context as u64;
        Exposure {
            items: spec.data_size as u64,
            unique_units: unique,
            items_seen: rows,
            units_seen: seen,
            epochs: seen as f64 / unique.max(1) as f64,
            flops: seen as f64 * self.config(spec.size).flops_per_token(self.model.context),
        }
    }

    fn cost(&self, spec: &RunSpec) -> f64 {
        // A step has a part that does not depend on the size of its tensors; for the small models
        // of a scaling study it is most of the time. Numbers from a 2-core processor.
        let steps = spec.cut.unwrap_or(spec.steps);
        let overhead = 1.5e-3 * spec.size.depth as f64 * steps as f64;
        let tokens = (steps * self.rows_a_step(spec)) as f64 * self.model.context as f64;
        overhead + self.exposure(spec, steps).flops / 1e10 + tokens * spec.size.width as f64 * 2e-9
    }

    fn run(
        &self,
        spec: &RunSpec,
        watch: &mut dyn FnMut(Tick) -> ControlFlow<()>,
    ) -> Result<Outcome, Cause> {
        let train = pack(
            &self.tokenizer,
            &self.pool.train[..spec.data_size],
            self.model.context,
        )?;
        let last = spec.cut.unwrap_or(spec.steps);
        let mut curve = Vec::new();
        let mut observer = |progress: &Progress| {
            let tick = Tick {
                step: progress.step,
                loss: progress.train_loss,
            };
            curve.push((tick.step, tick.loss));
            let flow = watch(tick);
            if progress.step >= last {
                ControlFlow::Break(())
            } else {
                flow
            }
        };
        let trained = chemgpt::train(
            &self.config(spec.size),
            &self.training(spec),
            &train,
            &self.validation,
            &self.device,
            &mut observer,
        );
        match trained {
            Ok(trained) => Ok(Outcome {
                status: match spec.cut {
                    Some(step) => Status::Cut { step },
                    None => Status::Finished,
                },
                validation: BTreeMap::from([("loss".to_owned(), trained.validation)]),
                validation_curve: trained
                    .evaluations
                    .iter()
                    .map(|evaluation| (evaluation.step, evaluation.loss))
                    .collect(),
                curve,
            }),
            Err(chemgpt::Error::Diverged { step, loss, .. }) => {
                curve.push((step, loss));
                Ok(Outcome {
                    status: Status::Diverged { step },
                    curve,
                    validation: BTreeMap::new(),
                    validation_curve: Vec::new(),
                })
            }
            Err(error) => Err(error.into()),
        }
    }
}

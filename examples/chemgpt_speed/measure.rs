//! The measurements, one a process.

use std::hint::black_box;

use anyhow::Result;
use burn::tensor::{Device, Tensor};
use chemgpt::generate::{SamplingOptions, generate};
use chemgpt::train::Trainer;
use chemgpt::{AttentionKind, Batch, ChemGpt, ChemGptConfig, Precision, TrainingConfig};
use serde_json::{Value, json};

use crate::clock::{Times, peak_mib, timed};
use crate::shapes::{Rows, shape};

/// What all rows share.
pub(crate) struct Settings {
    pub(crate) device: Device,
    /// Whether the device is the processor, so that processor time is the measure.
    pub(crate) processor: bool,
    pub(crate) steps: usize,
    pub(crate) fused: bool,
    pub(crate) training: TrainingConfig,
}

impl Settings {
    /// The rate of a large square product.
    pub(crate) fn peak(&self) -> Result<Value> {
        const SIZE: usize = 2048;
        let mut best = f64::INFINITY;
        for _ in 0..7 {
            best = best.min(self.seconds(self.product([SIZE, SIZE, SIZE], 1)?));
        }
        let gflops = 2.0 * (SIZE as f64).powi(3) / best * 1e-9;
        Ok(json!({ "kind": "peak", "gflops": gflops }))
    }

    /// A training step: loss, gradients, clipping, AdamW.
    pub(crate) fn train(&self, name: &str, rows: Rows) -> Result<Value> {
        let config = shape(name)?;
        let (times, memory) = {
            let mut trainer = self.trainer(&config)?;
            let batch = batch(rows)?;
            let times = timed(&self.device, 2, self.steps, || {
                trainer.step(&batch)?;
                Ok(())
            })?;
            (times, peak_mib())
        };
        let flops = config.flops_per_token(rows.length) * rows.tokens() as f64;
        let mut row = self.row(["train", name], rows, times, flops, rows.tokens());
        row["peak_mib"] = json!(memory);
        // Only the fused operations skip what a window hides, so only there the parts can be told apart.
        let exact = self.training.precision == Precision::Float32;
        if self.processor && self.fused && exact && !self.training.recompute {
            row["parts"] = self.parts(&config, rows, self.seconds(times))?;
        }
        Ok(row)
    }

    /// Drawing with a cache from the 50 likeliest tokens; sequences do not end early.
    pub(crate) fn draw(&self, name: &str, rows: Rows) -> Result<Value> {
        let config = shape(name)?;
        let model = config
            .init(1, &self.device)
            .with_fused_operations(self.fused);
        let options = SamplingOptions {
            max_new_tokens: rows.length,
            top_k: Some(50),
            end: None,
            batch: rows.count,
            ..SamplingOptions::default()
        };
        let prompts = vec![vec![2]; rows.count];
        let times = timed(&self.device, 1, self.steps, || {
            black_box(generate(&model, &prompts, &options)?);
            Ok(())
        })?;
        // A third of training's operations, over half of the context on average.
        let flops = config.flops_per_token(rows.length / 2) / 3.0 * rows.tokens() as f64;
        let mut row = self.row(["draw", name], rows, times, flops, rows.tokens());
        row["peak_mib"] = json!(peak_mib());
        Ok(row)
    }

    fn row(
        &self,
        [kind, name]: [&str; 2],
        rows: Rows,
        times: Times,
        flops: f64,
        tokens: usize,
    ) -> Value {
        json!({
            "kind": kind,
            "shape": name,
            "batch": rows.to_string(),
            "threads": rayon::current_num_threads(),
            "ms": times.clock * 1e3,
            "cpu_ms": times.processor * 1e3,
            "tokens_per_s": tokens as f64 / times.clock,
            "tokens_per_cpu_s": tokens as f64 / times.processor,
            "gflops": flops / self.seconds(times) * 1e-9,
        })
    }

    /// Shares of a step of `whole` seconds.
    fn parts(&self, config: &ChemGptConfig, rows: Rows, whole: f64) -> Result<Value> {
        let products = self.products(config, rows.tokens())?;
        let near = config
            .clone()
            .with_attention(vec![AttentionKind::Local])
            .with_window(1);
        let batch = batch(rows)?;
        let steps = self.steps;
        let mut trainer = self.trainer(&near)?;
        let near_step = self.seconds(timed(&self.device, 2, steps, || {
            trainer.step(&batch)?;
            Ok(())
        })?);
        let model: ChemGpt = trainer.model().clone();
        drop(trainer);
        let items = batch.target_count();
        let near_gradients = self.seconds(timed(&self.device, 1, steps, || {
            black_box(model.loss_gradients(&batch, items)?);
            Ok(())
        })?);
        let attention = whole - near_step;
        let optimiser = near_step - near_gradients;
        Ok(json!({
            "products": products / whole,
            "attention": attention / whole,
            "optimiser": optimiser / whole,
            "rest": (whole - products - attention - optimiser) / whole,
        }))
    }

    /// Seconds of all matrix products of a step on `tokens` tokens, attention left out.
    fn products(&self, config: &ChemGptConfig, tokens: usize) -> Result<f64> {
        let (c, f) = (config.width, config.hidden_width());
        let mut total = 0.0;
        for ([m, k], count) in [
            ([3 * c, c], config.layers),
            ([c, c], config.layers),
            ([f, c], config.layers),
            ([c, f], config.layers),
            ([config.vocab, c], 1),
        ] {
            // Forward, gradient of the input, gradient of the matrix.
            for [rows, columns, inner] in [[tokens, m, k], [tokens, k, m], [m, k, tokens]] {
                let times = self.product([rows, columns, inner], self.steps)?;
                total += count as f64 * self.seconds(times);
            }
        }
        Ok(total)
    }

    fn product(&self, [rows, columns, inner]: [usize; 3], steps: usize) -> Result<Times> {
        let a = Tensor::<2>::ones([rows, inner], &self.device);
        let b = Tensor::<2>::ones([inner, columns], &self.device);
        timed(&self.device, 1, steps, || {
            black_box(a.clone().matmul(b.clone()));
            Ok(())
        })
    }

    fn trainer(&self, config: &ChemGptConfig) -> Result<Trainer> {
        let model = config
            .init(1, &self.device.clone().autodiff())
            .with_fused_operations(self.fused);
        Ok(Trainer::new(model, &self.training)?)
    }

    fn seconds(&self, times: Times) -> f64 {
        if self.processor {
            times.processor
        } else {
            times.clock
        }
    }
}

fn batch(rows: Rows) -> Result<Batch> {
    let ids = (0..rows.tokens())
        .map(|at| u32::try_from(at * 7919 % 679 + 5))
        .collect::<Result<_, _>>()?;
    Ok(Batch::new(ids, rows.length))
}

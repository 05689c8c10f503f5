//! The model folder and the device that an example works with.

use std::path::PathBuf;

use anyhow::{Context, Result};
use chemgpt::Pretrained;
use clap::Args;

#[derive(Args)]
pub(crate) struct ModelArguments {
    /// Model folder: config.json, weights, tokenizer.json.
    #[arg(long)]
    model: PathBuf,
    /// Device: flex, cuda, cuda:1, tch.
    #[arg(long, default_value = "flex")]
    device: String,
}

impl ModelArguments {
    pub(crate) fn load(&self) -> Result<Pretrained> {
        let device = backend::device(&self.device)?;
        Pretrained::load(&self.model, &device)
            .with_context(|| format!("the model folder {}", self.model.display()))
    }
}

//! Parameters by the names that `transformers` gives them.

use std::collections::BTreeMap;
use std::path::Path;

use burn::module::Param;
use burn::tensor::{DType, Device, Tensor};

use super::initial::parameter;
use super::{Affine, Block, ChemGpt, Norm, Precision};
use crate::config::ChemGptConfig;
use crate::error::{Error, Result};

/// A parameter on the host.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// Name in a GPT-Neo state dict.
    pub name: String,
    /// Extents.
    pub shape: Vec<usize>,
    /// Numbers, row-major.
    pub values: Vec<f32>,
}

impl ChemGpt {
    /// All parameters, named and shaped as in a GPT-Neo state dict; the output layer is the token table and is left out.
    #[must_use]
    pub fn named_tensors(&self) -> Vec<NamedTensor> {
        let c = self.config.width;
        let mut all = Vec::new();
        let mut push = |name: String, shape: Vec<usize>, values: Vec<f32>| {
            all.push(NamedTensor {
                name,
                shape,
                values,
            });
        };
        push(
            "transformer.wte.weight".into(),
            vec![self.config.vocab, c],
            numbers(&self.tokens),
        );
        push(
            "transformer.wpe.weight".into(),
            vec![self.config.positions, c],
            numbers(&self.positions),
        );
        let f = self.config.hidden_width();
        for (index, block) in self.blocks.iter().enumerate() {
            let base = format!("transformer.h.{index}");
            push(
                format!("{base}.ln_1.weight"),
                vec![c],
                numbers(&block.norm_1.weight),
            );
            push(
                format!("{base}.ln_1.bias"),
                vec![c],
                numbers(&block.norm_1.bias),
            );
            let attention = format!("{base}.attn.attention");
            let qkv = numbers(&block.qkv);
            for (part, name) in ["q_proj", "k_proj", "v_proj"].iter().enumerate() {
                push(
                    format!("{attention}.{name}.weight"),
                    vec![c, c],
                    qkv[part * c * c..(part + 1) * c * c].to_vec(),
                );
            }
            push(
                format!("{attention}.out_proj.weight"),
                vec![c, c],
                numbers(&block.output.weight),
            );
            push(
                format!("{attention}.out_proj.bias"),
                vec![c],
                numbers(&block.output.bias),
            );
            push(
                format!("{base}.ln_2.weight"),
                vec![c],
                numbers(&block.norm_2.weight),
            );
            push(
                format!("{base}.ln_2.bias"),
                vec![c],
                numbers(&block.norm_2.bias),
            );
            push(
                format!("{base}.mlp.c_fc.weight"),
                vec![f, c],
                numbers(&block.fc.weight),
            );
            push(
                format!("{base}.mlp.c_fc.bias"),
                vec![f],
                numbers(&block.fc.bias),
            );
            push(
                format!("{base}.mlp.c_proj.weight"),
                vec![c, f],
                numbers(&block.project.weight),
            );
            push(
                format!("{base}.mlp.c_proj.bias"),
                vec![c],
                numbers(&block.project.bias),
            );
        }
        push(
            "transformer.ln_f.weight".into(),
            vec![c],
            numbers(&self.norm.weight),
        );
        push(
            "transformer.ln_f.bias".into(),
            vec![c],
            numbers(&self.norm.bias),
        );
        all
    }

    /// A model from named parameters. Names that the model does not know are ignored: old files carry causal masks,
    /// `masked_bias`, and the output layer again. A token table with more rows than the vocabulary is accepted as it is
    /// by giving `config.vocab` that number of rows.
    ///
    /// `path` is named in errors.
    ///
    /// # Errors
    /// [`Error::MissingTensor`] and [`Error::TensorShape`].
    pub fn from_named_tensors(
        config: &ChemGptConfig,
        tensors: impl IntoIterator<Item = NamedTensor>,
        path: &Path,
        device: &Device,
    ) -> Result<Self> {
        config.validate()?;
        let mut source = Source {
            tensors: tensors
                .into_iter()
                .map(|tensor| (tensor.name.clone(), tensor))
                .collect(),
            path,
            device,
        };
        let (c, f) = (config.width, config.hidden_width());
        let blocks = (0..config.layers)
            .map(|index| source.block(index, c, f))
            .collect::<Result<_>>()?;
        Ok(Self {
            tokens: source.parameter("transformer.wte.weight", [config.vocab, c])?,
            positions: source.parameter("transformer.wpe.weight", [config.positions, c])?,
            blocks,
            norm: source.norm("transformer.ln_f", c)?,
            config: config.clone(),
            fused: true,
            recompute: false,
            precision: Precision::Float32,
        })
    }
}

struct Source<'a> {
    tensors: BTreeMap<String, NamedTensor>,
    path: &'a Path,
    device: &'a Device,
}

impl Source<'_> {
    fn take(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let tensor = self
            .tensors
            .remove(name)
            .ok_or_else(|| Error::MissingTensor {
                path: self.path.to_owned(),
                name: name.to_owned(),
                expected: shape.to_vec(),
            })?;
        if tensor.shape != shape {
            return Err(Error::TensorShape {
                path: self.path.to_owned(),
                name: name.to_owned(),
                expected: shape.to_vec(),
                found: tensor.shape,
            });
        }
        Ok(tensor.values)
    }

    fn parameter<const D: usize>(
        &mut self,
        name: &str,
        shape: [usize; D],
    ) -> Result<Param<Tensor<D>>> {
        Ok(parameter(self.take(name, &shape)?, shape, self.device))
    }

    fn norm(&mut self, base: &str, c: usize) -> Result<Norm> {
        Ok(Norm {
            weight: self.parameter(&format!("{base}.weight"), [c])?,
            bias: self.parameter(&format!("{base}.bias"), [c])?,
        })
    }

    fn affine(&mut self, base: &str, shape: [usize; 2]) -> Result<Affine> {
        Ok(Affine {
            weight: self.parameter(&format!("{base}.weight"), shape)?,
            bias: self.parameter(&format!("{base}.bias"), [shape[0]])?,
        })
    }

    fn block(&mut self, index: usize, c: usize, f: usize) -> Result<Block> {
        let base = format!("transformer.h.{index}");
        let attention = format!("{base}.attn.attention");
        let mut qkv = Vec::with_capacity(3 * c * c);
        for name in ["q_proj", "k_proj", "v_proj"] {
            qkv.extend(self.take(&format!("{attention}.{name}.weight"), &[c, c])?);
        }
        Ok(Block {
            norm_1: self.norm(&format!("{base}.ln_1"), c)?,
            qkv: parameter(qkv, [3 * c, c], self.device),
            output: self.affine(&format!("{attention}.out_proj"), [c, c])?,
            norm_2: self.norm(&format!("{base}.ln_2"), c)?,
            fc: self.affine(&format!("{base}.mlp.c_fc"), [f, c])?,
            project: self.affine(&format!("{base}.mlp.c_proj"), [c, f])?,
        })
    }
}

fn numbers<const D: usize>(param: &Param<Tensor<D>>) -> Vec<f32> {
    param
        .val()
        .inner()
        .cast(DType::F32)
        .into_data()
        .try_into_vec()
        .expect("the tensor was cast to float32")
}

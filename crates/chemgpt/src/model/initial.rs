//! Fresh weights from a seed: the same numbers on every platform and device.

use burn::module::{Param, ParamId};
use burn::tensor::{Device, Tensor, TensorData};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Affine, Block, ChemGpt, Norm, Precision};
use crate::config::ChemGptConfig;

impl ChemGptConfig {
    /// A new model: normal weights of deviation `initial_deviation`, zero biases, normalisations at one and zero, as in
    /// `transformers`.
    ///
    /// Give an autodiff device (`device.autodiff()`) to train.
    ///
    /// # Panics
    /// When [`validate`](Self::validate) fails.
    #[must_use]
    pub fn init(&self, seed: u64, device: &Device) -> ChemGpt {
        if let Err(error) = self.validate() {
            panic!("{error}");
        }
        let mut draw = Draw {
            rng: ChaCha8Rng::seed_from_u64(seed),
            deviation: self.initial_deviation,
            device,
        };
        let (c, f) = (self.width, self.hidden_width());
        ChemGpt {
            tokens: draw.matrix([self.vocab, c]),
            positions: draw.matrix([self.positions, c]),
            blocks: (0..self.layers)
                .map(|_| Block {
                    norm_1: draw.norm(c),
                    qkv: draw.matrix([3 * c, c]),
                    output: draw.affine([c, c]),
                    norm_2: draw.norm(c),
                    fc: draw.affine([f, c]),
                    project: draw.affine([c, f]),
                })
                .collect(),
            norm: draw.norm(c),
            config: self.clone(),
            fused: true,
            recompute: false,
            precision: Precision::Float32,
        }
    }
}

struct Draw<'a> {
    rng: ChaCha8Rng,
    deviation: f64,
    device: &'a Device,
}

impl Draw<'_> {
    fn matrix(&mut self, shape: [usize; 2]) -> Param<Tensor<2>> {
        let count = shape[0] * shape[1];
        let mut values = Vec::with_capacity(count + 1);
        while values.len() < count {
            let (a, b) = normal_pair(&mut self.rng);
            values.push(narrow(a * self.deviation));
            values.push(narrow(b * self.deviation));
        }
        values.truncate(count);
        parameter(values, shape, self.device)
    }

    fn affine(&mut self, shape: [usize; 2]) -> Affine {
        Affine {
            weight: self.matrix(shape),
            bias: parameter(vec![0.0; shape[0]], [shape[0]], self.device),
        }
    }

    fn norm(&mut self, width: usize) -> Norm {
        Norm {
            weight: parameter(vec![1.0; width], [width], self.device),
            bias: parameter(vec![0.0; width], [width], self.device),
        }
    }
}

/// A trainable parameter from its numbers.
pub(crate) fn parameter<const D: usize>(
    values: Vec<f32>,
    shape: [usize; D],
    device: &Device,
) -> Param<Tensor<D>> {
    let tensor = Tensor::<D>::from_data(TensorData::new(values, shape), device);
    let tensor = if device.is_autodiff() {
        tensor.require_grad()
    } else {
        tensor
    };
    Param::initialized(ParamId::new(), tensor)
}

/// Two independent standard normal numbers, by the method of Box and Muller (doi:10.1214/aoms/1177706645).
fn normal_pair(rng: &mut ChaCha8Rng) -> (f64, f64) {
    let scale = 1.0 / (1_u64 << 53) as f64;
    let radius = (-2.0 * (((rng.next_u64() >> 11) as f64 + 1.0) * scale).ln()).sqrt();
    let angle = std::f64::consts::TAU * ((rng.next_u64() >> 11) as f64 * scale);
    (radius * angle.cos(), radius * angle.sin())
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "weights are float32, rounded once"
)]
fn narrow(value: f64) -> f32 {
    value as f32
}

//! The shape of a model, its presets, and its counts.

use burn::config::Config;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Which earlier tokens a layer sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttentionKind {
    /// All of them.
    Global,
    /// The last `window`, itself included.
    Local,
}

/// The shape of a GPT-Neo decoder.
///
/// Defaults are those of the public ChemGPT models and of `transformers`' `GPTNeoConfig`.
#[derive(Config, Debug, PartialEq)]
pub struct ChemGptConfig {
    /// Rows of the token embedding (V).
    pub vocab: usize,
    /// Width of the residual stream (C).
    pub width: usize,
    /// Number of blocks.
    pub layers: usize,
    /// Attention heads (H); must divide the width.
    pub heads: usize,
    /// Rows of the position embedding: the longest sequence.
    #[config(default = 2048)]
    pub positions: usize,
    /// Width of the hidden layer of each MLP; `None` is four times the width.
    pub hidden: Option<usize>,
    /// Tokens that a local layer sees, itself included.
    #[config(default = 256)]
    pub window: usize,
    /// Kinds of the layers, repeated to the number of layers.
    #[config(default = "vec![AttentionKind::Global, AttentionKind::Local]")]
    pub attention: Vec<AttentionKind>,
    /// Epsilon of the layer normalisations.
    #[config(default = 1e-5)]
    pub epsilon: f64,
    /// Standard deviation of the initial weights.
    #[config(default = 0.02)]
    pub initial_deviation: f64,
}

/// Rows of the public tokenizer's vocabulary.
pub const PUBLIC_VOCAB: usize = 684;

impl ChemGptConfig {
    /// The family of the paper at one width: 24 layers, 16 heads, 2,048 positions, 684 tokens.
    ///
    /// Widths 16 to 2,048 in powers of two are the paper's ladder; 128, 256, and 2,048 are the public models `4.7M`,
    /// `19M`, and `1.2B`, whose names count non-embedding parameters.
    ///
    /// # References
    /// Frey et al., Nat. Mach. Intell. 5, 1297 (2023), <https://doi.org/10.1038/s42256-023-00740-3>.
    #[must_use]
    pub fn paper(width: usize) -> Self {
        Self::new(PUBLIC_VOCAB, width, 24, 16)
    }

    /// A shape with few, wide heads (64 channels each where the width allows) for new training runs.
    ///
    /// Six layers of width 256 have the non-embedding parameters of 24 layers of width 128, the [`paper`](Self::paper)'s
    /// shape, and fewer, larger matrix products: on a processor a step is a fifth faster at that size, and less at larger ones.
    #[must_use]
    pub fn wide(vocab: usize, width: usize, layers: usize) -> Self {
        Self::new(vocab, width, layers, (width / 64).max(1))
    }

    /// The rung of a ladder of wide heads that stands beside [`paper(width)`](Self::paper): six layers of twice the width,
    /// so the matrices of the blocks have as many weights, to the digit.
    ///
    /// The token and position tables are twice as large.
    #[must_use]
    pub fn paper_wide(width: usize) -> Self {
        Self::wide(PUBLIC_VOCAB, 2 * width, 6)
    }

    /// Width of the hidden layer of each MLP (F).
    #[must_use]
    pub fn hidden_width(&self) -> usize {
        self.hidden.unwrap_or(4 * self.width)
    }

    /// The kind of layer `index`.
    #[must_use]
    pub fn kind(&self, index: usize) -> AttentionKind {
        self.attention
            .get(index % self.attention.len().max(1))
            .copied()
            .unwrap_or(AttentionKind::Global)
    }

    /// Parameters of the blocks and of the last normalisation: what the names of the public models count.
    #[must_use]
    pub fn non_embedding_parameters(&self) -> usize {
        let (c, f) = (self.width, self.hidden_width());
        let block = 4 * c * c + c + 2 * c * f + f + c + 4 * c;
        self.layers * block + 2 * c
    }

    /// Parameters of the token and position tables. The output layer shares the token table.
    #[must_use]
    pub fn embedding_parameters(&self) -> usize {
        (self.vocab + self.positions) * self.width
    }

    /// All parameters.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.non_embedding_parameters() + self.embedding_parameters()
    }

    /// Floating-point operations to train on one token of a sequence of `length` tokens, attention counted as the full
    /// square: 6 (L (4 C² + 2 C F) + V C + 2 L C T).
    #[must_use]
    pub fn flops_per_token(&self, length: usize) -> f64 {
        let (c, f, l) = (
            self.width as f64,
            self.hidden_width() as f64,
            self.layers as f64,
        );
        let matrices = l * (4.0 * c * c + 2.0 * c * f) + self.vocab as f64 * c;
        6.0 * (matrices + 2.0 * l * c * length as f64)
    }

    /// Checks the shape.
    ///
    /// # Errors
    /// [`Error::Config`] naming the field, its value, and what is allowed.
    pub fn validate(&self) -> Result<()> {
        let check = |ok: bool, field: &'static str, value: usize, allowed: &'static str| {
            if ok {
                Ok(())
            } else {
                Err(Error::Config {
                    field,
                    value: value.to_string(),
                    allowed,
                })
            }
        };
        check(self.vocab > 0, "vocab", self.vocab, "at least 1")?;
        check(self.width > 0, "width", self.width, "at least 1")?;
        check(self.layers > 0, "layers", self.layers, "at least 1")?;
        check(
            self.heads > 0 && self.width.is_multiple_of(self.heads),
            "heads",
            self.heads,
            "a divisor of the width",
        )?;
        check(
            self.positions > 0,
            "positions",
            self.positions,
            "at least 1",
        )?;
        check(self.window > 0, "window", self.window, "at least 1")?;
        check(self.hidden_width() > 0, "hidden", 0, "at least 1")?;
        check(
            !self.attention.is_empty(),
            "attention",
            0,
            "at least one kind",
        )?;
        if !(self.epsilon > 0.0 && self.epsilon < 1.0) {
            return Err(Error::Config {
                field: "epsilon",
                value: self.epsilon.to_string(),
                allowed: "between 0 and 1",
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_the_papers_ladder_agree_to_the_digit() {
        for (width, non_embedding, embedding, total) in [
            (16, 77_600, 43_712, 121_312),
            (32, 302_656, 87_424, 390_080),
            (64, 1_195_136, 174_848, 1_369_984),
            (128, 4_749_568, 349_696, 5_099_264),
            (256, 18_936_320, 699_392, 19_635_712),
            (512, 75_621_376, 1_398_784, 77_020_160),
            (1024, 302_237_696, 2_797_568, 305_035_264),
            (2048, 1_208_455_168, 5_595_136, 1_214_050_304),
        ] {
            let config = ChemGptConfig::paper(width);
            assert_eq!(config.non_embedding_parameters(), non_embedding);
            assert_eq!(config.embedding_parameters(), embedding);
            assert_eq!(config.parameters(), total);
        }
    }

    #[test]
    fn each_rung_with_wide_heads_has_the_matrices_of_the_papers() {
        let width = |rung: u32| 16 << rung;
        for rung in 0..8 {
            let (thin, wide) = (
                ChemGptConfig::paper(width(rung)),
                ChemGptConfig::paper_wide(width(rung)),
            );
            wide.validate().unwrap();
            let matrices = |config: &ChemGptConfig| {
                let (c, f) = (config.width, config.hidden_width());
                config.layers * (4 * c * c + 2 * c * f)
            };
            assert_eq!(matrices(&thin), matrices(&wide));
            assert!(wide.width / wide.heads >= 32);
            assert_eq!(wide.embedding_parameters(), 2 * thin.embedding_parameters());
        }
        assert_eq!(ChemGptConfig::paper_wide(128).heads, 4);
    }

    #[test]
    fn a_bad_head_count_is_named() {
        let error = ChemGptConfig::new(10, 48, 2, 5).validate().unwrap_err();
        assert_eq!(
            error.to_string(),
            "heads is 5, expected a divisor of the width"
        );
    }
}

//! What a run will need before it starts.

use crate::config::ChemGptConfig;
use crate::error::{Error, Result};

/// Memory of a training run on the processor, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryEstimate {
    /// Weights, their gradients, two moments, and the new weights of an update.
    pub parameters: u64,
    /// What the forward pass keeps for the backward pass.
    pub activations: u64,
    /// Working memory of one block and of one tile of logits.
    pub working: u64,
}

impl MemoryEstimate {
    /// All of it.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.parameters + self.activations + self.working
    }
}

/// Estimates a run of `rows` rows of `length` tokens a backward pass, with the fused operations.
///
/// With `recompute` each block keeps only its input.
#[must_use]
pub fn estimate_memory(
    config: &ChemGptConfig,
    rows: usize,
    length: usize,
    recompute: bool,
) -> MemoryEstimate {
    let n = (rows * length) as u64;
    let c = config.width as u64;
    let f = config.hidden_width() as u64;
    let inside = 5 * c + f + config.heads as u64 + 4;
    let kept = if recompute { c } else { c + inside };
    let layers = config.layers as u64;
    MemoryEstimate {
        parameters: 4 * 5 * config.parameters() as u64,
        activations: 4 * n * (layers * kept + 2 * c),
        working: 4
            * (n * (6 * c + if recompute { inside } else { 0 })
                + 256 * (2 * f + config.vocab as u64)),
    }
}

/// Refuses a run that will not fit into `available` bytes.
///
/// # Errors
/// [`Error::Memory`] with the need, what there is, and what would help.
pub fn check_memory(estimate: MemoryEstimate, available: u64) -> Result<()> {
    if estimate.total() <= available {
        return Ok(());
    }
    let advice = if estimate.parameters > available {
        "take a smaller model"
    } else {
        "take fewer rows at a time (accumulation), or recompute blocks in the backward pass"
    };
    Err(Error::Memory {
        needed_mib: estimate.total() >> 20,
        available_mib: available >> 20,
        advice,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_model_is_refused_on_a_small_machine_with_advice() {
        let estimate = estimate_memory(&ChemGptConfig::paper(2048), 8, 512, true);
        let error = check_memory(estimate, 16 << 30).unwrap_err().to_string();
        assert!(error.contains("smaller model"), "{error}");
        let estimate = estimate_memory(&ChemGptConfig::paper(256), 256, 512, false);
        let error = check_memory(estimate, 16 << 30).unwrap_err().to_string();
        assert!(error.contains("accumulation"), "{error}");
        assert!(
            check_memory(
                estimate_memory(&ChemGptConfig::paper(128), 8, 128, false),
                16 << 30
            )
            .is_ok()
        );
    }
}

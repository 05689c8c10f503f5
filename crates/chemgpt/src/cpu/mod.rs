//! The model on host memory: embedding, block, and loss as three operations with their own backward passes.
//!
//! Burn's operations on the processor make one pass over memory each; a block of this model is about forty of them. Here
//! a block is one operation: matrix products by `gemm`, everything between them fused, attention without a stored
//! T × T matrix (its backward pass computes the probabilities again from the saved logarithm of their sum). Rows of a
//! batch are shared out over the threads of the current `rayon` pool.
//!
//! Axis letters: B rows, T tokens, N = B T, C width, H heads, D = C / H, F hidden width, V vocabulary.

#![expect(
    clippy::inline_always,
    reason = "a function that is not inlined into the dispatched one is compiled without its vector instructions"
)]

mod attention;
mod block;
mod decode;
mod embed;
mod gemm;
mod head;
mod math;
mod norm;
mod share;

pub(crate) use block::BlockOp;
pub(crate) use decode::HostDecoder;
pub(crate) use embed::EmbedOp;
pub(crate) use head::LossOp;

//! From atomic features to atomic energies.

use backend::tape::Var;

use crate::weights::{Layout, Scope};

const NAME: &str = "output_modules.0.outnet";

/// Declares the layers C → C/2 → 1.
pub(super) fn declare(layout: &mut Layout, width: usize) {
    let half = (width / 2).max(1);
    layout.dense(&format!("{NAME}.0"), width, half, true);
    layout.dense(&format!("{NAME}.1"), half, 1, true);
}

/// Two layers with silu between.
///
/// # Shapes
/// - `features`: `[N, C]`
/// - output: `[N, 1]`
pub(super) fn energies(weights: &Scope<'_>, features: &Var<2>) -> Var<2> {
    let hidden = weights.dense(&format!("{NAME}.0"), features).silu(); // [N, C/2]
    weights.dense(&format!("{NAME}.1"), &hidden) // [N, 1]
}

//! What the network knows before it looks at the geometry: the element of each atom, and the total
//! charge and spin of each molecule (eqs. 2 to 6 of the paper).
//!
//! Axis letters: G molecules, N atoms, C features.

use backend::{segment::Index, tape::Var};
use burn::tensor::{Tensor, TensorData};

use super::{
    electrons::{COLUMNS, ROWS, configurations},
    residual::{self, Mlp},
};
use crate::{
    batch::Batch,
    weights::{Init, Layout, Scope},
};

const NUCLEAR: &str = "nuclear_embedding";

/// Added to the sum of attention weights.
const EPSILON: f64 = 1e-8;

pub(super) fn declare_nuclear(layout: &mut Layout, width: usize, zero: bool) {
    // The authors start the element's own part uniformly, or at zero with the rest.
    let bound = 3.0_f64.sqrt();
    let own = if zero {
        Init::Zero
    } else {
        Init::Uniform(-bound, bound)
    };
    layout.weight(format!("{NUCLEAR}.element_embedding"), &[ROWS, width], own);
    layout.buffer(
        format!("{NUCLEAR}.electron_config"),
        &[ROWS, COLUMNS],
        configurations(),
    );
    let config = format!("{NUCLEAR}.config_linear");
    residual::declare_linear(layout, &config, COLUMNS, width, false, Init::Orthogonal);
}

/// z = M c(Z) + z̃(Z) (eq. 2).
///
/// # Shapes
/// - output: `[N, C]`
pub(super) fn nuclear(weights: &Scope<'_>, element: &Index) -> Var<2> {
    let own = weights.weight::<2>(&format!("{NUCLEAR}.element_embedding"));
    let electrons = weights.buffer::<2>(&format!("{NUCLEAR}.electron_config"));
    let mix = weights.weight::<2>(&format!("{NUCLEAR}.config_linear.weight"));
    own.add(&electrons.matmul_transposed(&mix)).gather(element)
}

/// The charge, which has one weight for each sign, or the spin, whose sign has no meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Electronic {
    Charge,
    Spin,
}

impl Electronic {
    fn name(self) -> &'static str {
        match self {
            Self::Charge => "charge_embedding",
            Self::Spin => "magmom_embedding",
        }
    }

    fn columns(self) -> usize {
        match self {
            Self::Charge => 2,
            Self::Spin => 1,
        }
    }

    pub(super) fn declare(self, layout: &mut Layout, width: usize, mlp: Mlp) {
        let name = self.name();
        let orthogonal = Init::Orthogonal;
        let query = format!("{name}.linear_q");
        residual::declare_linear(layout, &query, width, width, true, orthogonal);
        for part in ["linear_k", "linear_v"] {
            let part = format!("{name}.{part}");
            residual::declare_linear(layout, &part, self.columns(), width, false, orthogonal);
        }
        residual::declare(layout, &format!("{name}.resblock"), width, mlp);
    }

    /// The features of each atom that tell of its molecule's charge or spin (eqs. 3 to 6): the total is
    /// shared out by attention to the elements.
    ///
    /// # Shapes
    /// - `nuclear`, output: `[N, C]`
    pub(super) fn embed(
        self,
        weights: &Scope<'_>,
        mlp: Mlp,
        nuclear: &Var<2>,
        batch: &Batch,
    ) -> Var<2> {
        let totals = match self {
            Self::Charge => &batch.charge,
            Self::Spin => &batch.spin,
        };
        if totals.iter().all(|&total| total == 0.0) {
            // Nothing to share out: the layers have no bias, so that the result is exactly zero.
            return Var::constant(nuclear.value().zeros_like());
        }
        let (name, width) = (self.name(), nuclear.dims()[1]);
        let columns: Vec<f64> = match self {
            Self::Charge => totals
                .iter()
                .flat_map(|&q| [q.max(0.0), (-q).max(0.0)])
                .collect(),
            Self::Spin => totals.iter().map(|s| s.abs()).collect(),
        };
        let shape = [totals.len(), self.columns()];
        let tensor = |values: Vec<f64>| {
            let place = (&batch.device(), batch.dtype);
            Var::constant(Tensor::from_data(TensorData::new(values, shape), place))
        };
        let bounded = tensor(columns.iter().map(|x| x / x.max(1.0)).collect());
        let product = |what: &str, x: &Var<2>| {
            weights.product(&format!("{name}.{what}.weight"), x, 0, width, None)
        };
        let key = product("linear_k", &bounded).gather(&batch.graph); // [N, C]
        let value = product("linear_v", &tensor(columns)).gather(&batch.graph); // [N, C]
        let query = weights.dense(&format!("{name}.linear_q"), nuclear); // [N, C]
        let weight = key
            .mul(&query)
            .sum_dim(1)
            .scale(1.0 / (width as f64).sqrt())
            .softplus(); // [N, 1]
        let total = weight.segment_sum(&batch.graph).shift(EPSILON); // [G, 1]
        let share = weight.mul(&total.recip().gather(&batch.graph)); // [N, 1]
        residual::apply(
            weights,
            &format!("{name}.resblock"),
            mlp,
            &value.mul(&share),
        )
    }
}

//! The repulsion of nuclei with trainable constants, after Ziegler, Biersack & Littmark 1985 (eq. 20
//! of the paper).

use backend::tape::Var;
use burn::tensor::{DType, Tensor, TensorData};

use super::{
    geometry::Near,
    radial::{cutoff_function, softplus_inverse},
};
use crate::{
    batch::Batch,
    weights::{Init, Layout, Scope},
};

const NAME: &str = "zbl_repulsion_energy";

/// e²/4πε₀ (eV Å), the authors' value.
pub(super) const COULOMB: f64 = 14.399_645_351_950_548;

/// Bohr's radius (Å), the authors' value.
pub(super) const BOHR: f64 = 0.529_177_210_563_841_1;

/// Factors and decay constants of the screening function.
const TERMS: [(f64, f64); 4] = [
    (0.181_80, 3.2),
    (0.509_90, 0.942_3),
    (0.280_20, 0.402_8),
    (0.028_17, 0.201_6),
];

/// Every constant is the softplus of a weight, which keeps it positive.
pub(super) fn declare(layout: &mut Layout) {
    let mut weight = |name: String, value: f64| {
        let init = Init::Constant(softplus_inverse(value));
        layout.weight(format!("{NAME}.{name}"), &[1], init);
    };
    weight("_adiv".into(), 1.0 / (0.8854 * BOHR));
    weight("_apow".into(), 0.23);
    for (k, (factor, decay)) in (1..).zip(TERMS) {
        weight(format!("_c{k}"), factor);
        weight(format!("_a{k}"), decay);
    }
}

/// kₑ ZᵢZⱼ/d Σₖ cₖ e^{−aₖ (Zᵢᵖ + Zⱼᵖ) d/(0.8854 a₀)} f(d), shared out to the atoms, in float64.
///
/// # Shapes
/// - output: `[N, 1]` (eV)
pub(super) fn energies(weights: &Scope<'_>, batch: &Batch, near: &Near, cutoff: f64) -> Var<2> {
    let number = |name: &str| {
        let weight = weights.weight::<1>(&format!("{NAME}.{name}"));
        weight.cast(DType::F64).softplus().reshape([1, 1])
    };
    let n = batch.species.len();
    let column = |values: Vec<f64>| {
        let data = TensorData::new(values, [n, 1]);
        Var::constant(Tensor::from_data(data, (&batch.device(), DType::F64)))
    };
    let logarithm = column(batch.species.iter().map(|&z| f64::from(z).ln()).collect());
    let charge = column(batch.species.iter().map(|&z| f64::from(z)).collect());
    let [i, j] = &near.ends;
    let power = logarithm.mul(&number("_apow")).exp(); // [N, 1]
    let distance = near.distance.cast(DType::F64); // [H, 1]
    let x = power
        .gather(i)
        .add(&power.gather(j))
        .mul(&number("_adiv"))
        .mul(&distance); // [H, 1]
    let (mut sum, mut screening): (Option<Var<2>>, Option<Var<2>>) = (None, None);
    for k in 1..=TERMS.len() {
        let (factor, decay) = (number(&format!("_c{k}")), number(&format!("_a{k}")));
        let term = x.mul(&decay).neg().exp_flushed().mul(&factor);
        screening = Some(screening.map_or(term.clone(), |s| s.add(&term)));
        sum = Some(sum.map_or(factor.clone(), |s| s.add(&factor)));
    }
    let (sum, screening) = sum.zip(screening).expect("there are four terms");
    // The factors add up to one, so that bare charges are left at no distance.
    let of_pairs = charge
        .gather(i)
        .mul(&charge.gather(j))
        .scale(COULOMB)
        .mul(&distance.recip())
        .mul(&screening)
        .mul(&sum.recip())
        .mul(&cutoff_function(&distance, cutoff));
    near.share(&of_pairs)
}

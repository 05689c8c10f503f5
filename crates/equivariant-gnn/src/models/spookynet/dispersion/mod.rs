//! London dispersion between atoms in their molecular surroundings, with the charges that the network
//! predicts: the D4 model (Caldeweyher et al., J. Chem. Phys. 150, 154122 (2019),
//! doi:10.1063/1.5090222) without its three-body term, in float64 and, inside, in atomic units.
//!
//! Axis letters: N atoms, H pairs of which both directions count as one, R = 7 reference systems of
//! an element, T elements.

mod reference;

use backend::{segment::Index, tape::Var};
use burn::tensor::{DType, Tensor, TensorData};

use super::{
    geometry::Far,
    radial::{inside, softplus_inverse, switch},
    repulsion::BOHR,
};
use crate::{
    batch::Batch,
    weights::{Init, Layout, Scope, host},
};
use reference::{COUNTS, HEIGHT, NAME, STEEPNESS, SYSTEMS, coefficients, row};

pub(super) use reference::BUILT_IN;

/// Hartree's energy (eV), the authors' value.
const HARTREE: f64 = 27.211_386_024_367_243;

/// Constants of the coordination number: the radii's scale, the electronegativity term and the
/// steepness (the reference's eqs. 6 and 7).
const RADII: f64 = 4.0 / 3.0;
const ELECTRONEGATIVITY: (f64, f64, f64) = (4.104_51, 19.088_57, 254.555_314_855_2);
const COUNTING: f64 = 7.5;

/// Width of the Gaussians that recognise a reference system (the reference's eq. 5).
const RECOGNITION: f64 = 6.0;

/// Damping of Hartree-Fock: s₆, s₈, a₁, a₂ (Bohr). The first is not trained: it is the limit of large
/// distances.
const DAMPING: [(&str, f64); 3] = [
    ("_s8", 1.616_798_27),
    ("_a1", 0.449_592_24),
    ("_a2", 3.357_436_05),
];

pub(super) fn declare(layout: &mut Layout, rows: usize) {
    reference::declare(layout, rows);
    layout.buffer(format!("{NAME}._s6"), &[], vec![softplus_inverse(1.0)]);
    for (name, value) in DAMPING.into_iter().chain([("_scaleq", 1.0)]) {
        let init = Init::Constant(softplus_inverse(value));
        layout.weight(format!("{NAME}.{name}"), &[], init);
    }
}

/// The elements of a batch and which atom is which.
struct Kinds {
    elements: Vec<u8>,
    of_atoms: Index,
}

impl Kinds {
    fn new(batch: &Batch) -> Self {
        let mut elements = batch.species.clone();
        elements.sort_unstable();
        elements.dedup();
        let kind = |z: &u8| {
            let found = elements
                .binary_search(z)
                .expect("the list is made of these");
            u32::try_from(found).expect("fewer elements than 256")
        };
        let of_atoms = batch.species.iter().map(kind).collect();
        Self {
            of_atoms: Index::new(of_atoms, elements.len(), &batch.device()),
            elements,
        }
    }

    fn len(&self) -> usize {
        self.elements.len()
    }

    /// A table's row at each atom, `[N, columns]`.
    fn table(&self, weights: &Scope<'_>, name: &str) -> Var<2> {
        let values: Vec<f64> = self
            .elements
            .iter()
            .flat_map(|&z| row(weights, name, z).iter().copied())
            .collect();
        let shape = [self.len(), values.len() / self.len()];
        constant(values, shape, &self.of_atoms).gather(&self.of_atoms)
    }

    /// A number of each pair from those of its two elements, `[H, 1]`.
    fn pairs(&self, far: &Far, number: impl Fn(u8, u8) -> f64) -> Var<2> {
        let t = self.len();
        let table: Vec<f64> = (0..t * t)
            .map(|k| number(self.elements[k / t], self.elements[k % t]))
            .collect();
        let kind = self.of_atoms.rows();
        let [i, j] = far.ends.each_ref().map(Index::rows);
        let values = i
            .iter()
            .zip(j)
            .map(|(&i, &j)| table[kind[i as usize] as usize * t + kind[j as usize] as usize]);
        constant(values.collect(), [i.len(), 1], &self.of_atoms)
    }
}

fn constant(values: Vec<f64>, shape: [usize; 2], on: &Index) -> Var<2> {
    let place = (&on.tensor().device(), DType::F64);
    Var::constant(Tensor::from_data(TensorData::new(values, shape), place))
}

/// Which numbers are above 1e-8, as ones and zeros.
fn above_nothing(x: &Var<2>) -> Tensor<2> {
    x.value()
        .clone()
        .greater_elem(1e-8)
        .float()
        .cast(DType::F64)
}

/// Where the mask is one, `x`, and elsewhere one.
fn or_one(x: &Var<2>, mask: &Tensor<2>) -> Var<2> {
    let rest = Var::constant(mask.clone().neg() + 1.0);
    x.mul(&Var::constant(mask.clone())).add(&rest)
}

/// −Σ C₆ [s₆/(d⁶ + r₀⁶) + 3 s₈ √(Qᵢ Qⱼ)/(d⁸ + r₀⁸)], shared out to the atoms.
///
/// With a finite range the kernels are shifted so that energy and force vanish there; `limit` is the
/// distance that no pair has.
///
/// # Shapes
/// - `charges`: `[N, 1]` (e), float64
/// - output: `[N, 1]` (eV)
pub(super) fn energies(
    weights: &Scope<'_>,
    batch: &Batch,
    far: &Far,
    charges: &Var<2>,
    range: Option<f64>,
    limit: f64,
) -> Var<2> {
    let kinds = Kinds::new(batch);
    let positive = |name: &str| {
        let weight = weights.weight::<1>(&format!("{NAME}.{name}"));
        weight.cast(DType::F64).softplus().reshape([1, 1])
    };
    let d = far.distance.scale(1.0 / BOHR); // [H, 1]
    let range = range.map(|range| range / BOHR);
    let charge_scale = positive("_scaleq");
    let counts = coordination(weights, &kinds, far, &d, range); // [N, 1]
    let zeta =
        recognised(weights, &kinds, &counts).mul(&scaling(weights, &kinds, charges, &charge_scale)); // [N, R]
    let c6 = interaction(weights, &kinds, far, &zeta, host(charge_scale.value())[0]); // [H, 1]

    let moments = kinds.pairs(far, |a, b| {
        let of = |z| row(weights, "sqrt_r4r2", z)[0];
        3.0_f64.sqrt() * of(a) * of(b)
    });
    let radius = moments.mul(&positive("_a1")).add(&positive("_a2")); // [H, 1]
    let kernel = |power: u32| {
        let least = radius.powi(power);
        let kernel = d.powi(power).add(&least).recip();
        let Some(range) = range else { return kernel };
        let far = range.powi(power.cast_signed());
        let there = least.shift(far).recip();
        let slope = there.square().scale(f64::from(power) * far);
        kernel
            .sub(&there)
            .add(&slope.mul(&d.scale(1.0 / range).shift(-1.0)))
    };
    let s6 = weights.number(&format!("{NAME}._s6")).exp().ln_1p();
    let of_pairs = kernel(6)
        .scale(s6)
        .add(&kernel(8).mul(&positive("_s8")).mul(&moments.square()))
        .mul(&c6)
        .mul(&inside(&far.distance, limit))
        .scale(-HARTREE);
    far.share(&of_pairs)
}

/// How many neighbours each atom is bound to, weighted by the electronegativity difference.
fn coordination(
    weights: &Scope<'_>,
    kinds: &Kinds,
    far: &Far,
    d: &Var<2>,
    range: Option<f64>,
) -> Var<2> {
    let one = |table, z| row(weights, table, z)[0];
    let inverse = kinds.pairs(far, |a, b| {
        1.0 / (RADII * (one("rcov", a) + one("rcov", b)))
    });
    let (height, offset, width) = ELECTRONEGATIVITY;
    let weight = kinds.pairs(far, |a, b| {
        let difference = (one("en", a) - one("en", b)).abs() + offset;
        0.5 * height * (-difference * difference / width).exp()
    });
    let bound = d
        .mul(&inverse)
        .shift(-1.0)
        .scale(-COUNTING)
        .erf()
        .shift(1.0)
        .mul(&weight); // [H, 1]
    let bound = match range {
        None => bound,
        // The authors' step has the width of Bohr's radius in Å, taken as Bohrs.
        Some(range) => bound.mul(&switch(d, range - BOHR, range)),
    };
    bound
        .gather(&far.pairs.filter)
        .segment_sum(&far.pairs.centre)
}

/// How much each atom resembles each reference system of its element, in parts of one, `[N, R]`.
fn recognised(weights: &Scope<'_>, kinds: &Kinds, counts: &Var<2>) -> Var<2> {
    let n = counts.dims()[0];
    let gaussians = counts
        .sub(&kinds.table(weights, "cn"))
        .square()
        .mul(&kinds.table(weights, "ncount_weight"))
        .scale(-RECOGNITION)
        .exp()
        .mul(&kinds.table(weights, "ncount_mask")) // [N, R·K]
        .reshape([n * SYSTEMS, COUNTS])
        .sum_dim(1)
        .reshape([n, SYSTEMS]);
    let norm = gaussians.sum_dim(1); // [N, 1]
    let known = above_nothing(&norm);
    let inverse = or_one(&norm, &known).recip();
    let known = Var::constant(known);
    let fixed = kinds.table(weights, "fixgweights");
    gaussians
        .mul(&inverse.mul(&known))
        .add(&fixed.mul(&known.neg().shift(1.0)))
}

/// How the charge of an atom changes its polarizability from that in each reference system, `[N, R]`.
fn scaling(weights: &Scope<'_>, kinds: &Kinds, charges: &Var<2>, scale: &Var<2>) -> Var<2> {
    let nuclear = kinds.table(weights, "zeff"); // [N, 1]
    let reference = kinds.table(weights, "refq").mul(scale).add(&nuclear); // [N, R]
    let own = nuclear.add(charges); // [N, 1]
    let electrons = above_nothing(&own);
    let ratio = reference.mul(&or_one(&own, &electrons).recip()); // [N, R]
    let electrons = Var::constant(electrons);
    let hardness = kinds.table(weights, "gam").scale(STEEPNESS); // [N, 1]
    // Without an electron left the inner exponential is zero.
    let inner = ratio.neg().shift(1.0).mul(&hardness).exp().mul(&electrons);
    inner.neg().shift(1.0).scale(HEIGHT).exp()
}

/// C₆ of each pair: Σ ζᵢ\[a\] C₆\[a, b\] ζⱼ\[b\] over reference systems, `[H, 1]`. The sum over b is
/// taken once for each atom and element instead of once for each pair.
fn interaction(
    weights: &Scope<'_>,
    kinds: &Kinds,
    far: &Far,
    zeta: &Var<2>,
    charge_scale: f64,
) -> Var<2> {
    let (n, t) = (zeta.dims()[0], kinds.len());
    let kind = kinds.of_atoms.rows();
    let table = coefficients(weights, &kinds.elements, charge_scale);
    let table = constant(table, [t * SYSTEMS, t * SYSTEMS], &kinds.of_atoms);
    let mut place = vec![0.0; n * t];
    for (atom, &kind) in kind.iter().enumerate() {
        place[atom * t + kind as usize] = 1.0;
    }
    let place = constant(place, [n, t], &kinds.of_atoms).reshape([n, t, 1]);
    let partner = zeta
        .reshape([n, 1, SYSTEMS])
        .mul(&place) // [N, T, R]
        .reshape([n, t * SYSTEMS])
        .matmul(&table)
        .reshape([n * t, SYSTEMS]);
    let [i, j] = &far.ends;
    let rows = i.rows().iter().zip(j.rows()).map(|(&i, &j)| {
        let row = j as usize * t + kind[i as usize] as usize;
        u32::try_from(row).expect("fewer atoms than 2³²/256")
    });
    let partner = partner.gather(&Index::new(rows.collect(), n * t, &i.tensor().device()));
    zeta.gather(i).mul(&partner).sum_dim(1)
}

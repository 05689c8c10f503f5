//! The universal repulsion of nuclei at short distances (Ziegler, Biersack & Littmark, *The Stopping
//! and Range of Ions in Solids*, 1985), added to any model, with the constants of LAMMPS' `pair_style
//! zbl` and NequIP's smooth cutoff.
//!
//! Axis letters: N atoms, E pairs.

use backend::tape::Var;
use burn::tensor::{DType, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::{Input, Model, ModelConfig, bessel::polynomial_cutoff, radial::Distances};
use crate::{
    error::{Error, Result},
    weights::{Layout, Scope},
};

/// e²/4πε₀ (eV Å), LAMMPS' value in metal units.
const COULOMB: f64 = 14.399_645;

/// Screening length (Å) and exponent of the charges in it.
const SCREENING: (f64, f64) = (0.468_50, 0.23);

/// Factors and decay constants of the screening function.
const TERMS: [(f64, f64); 4] = [
    (0.028_17, 0.201_62),
    (0.280_22, 0.402_90),
    (0.509_86, 0.942_29),
    (0.181_75, 3.199_80),
];

/// Power of the polynomial that takes the repulsion to zero at the model's cutoff, as in NequIP.
const CUTOFF_POWER: u32 = 6;

/// A model with the repulsion of nuclei added, in eV whatever the model's own scale is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ZblConfig {
    /// The model that learns the rest.
    pub model: Box<ModelConfig>,
}

impl Model for ZblConfig {
    fn cutoff(&self) -> f64 {
        self.model.model().cutoff()
    }

    fn layout(&self) -> Layout {
        self.model.model().layout()
    }

    fn energies(&self, weights: &Scope<'_>, input: &Input<'_>) -> Var<2> {
        let learnt = self.model.model().energies(weights, input); // [N, 1]
        let repulsion = repulsion(input, self.cutoff()).scale(1.0 / weights.unit());
        let energies = learnt.cast(DType::F64).add(&repulsion);
        weights.note(|| "pair_potential:atomic_energy".into(), &energies);
        energies
    }

    fn knows(&self, z: u8) -> bool {
        self.model.model().knows(z)
    }

    fn is_local(&self) -> bool {
        self.model.model().is_local()
    }

    fn first_rate(&self) -> f64 {
        self.model.model().first_rate()
    }

    fn depth(&self) -> usize {
        self.model.model().depth()
    }

    fn width(&self) -> usize {
        self.model.model().width()
    }

    fn validate(&self) -> Result<()> {
        let repels = match &*self.model {
            ModelConfig::Zbl(_) => true,
            ModelConfig::SpookyNet(config) => config.repulsion,
            _ => false,
        };
        if repels {
            return Err(Error::Setting {
                field: "model",
                value: self.model.name().to_lowercase(),
                expected: "a model without repulsion of its own",
            });
        }
        self.model.model().validate()
    }
}

/// Half the energy of one pair of nuclei at a distance (eV), and its derivative (eV/Å).
pub(crate) fn half_repulsion([zi, zj]: [u8; 2], distance: f64, cutoff: f64) -> [f64; 2] {
    let (length, power) = SCREENING;
    let [zi, zj] = [zi, zj].map(f64::from);
    let inverse = (zi.powf(power) + zj.powf(power)) / length;
    let terms = TERMS.map(|(factor, decay)| {
        let value = factor * (-decay * inverse * distance).exp();
        [value, -decay * inverse * value]
    });
    let [screening, screening_slope] = [0, 1].map(|k| terms.iter().map(|t| t[k]).sum::<f64>());
    let (x, p) = (distance / cutoff, f64::from(CUTOFF_POWER));
    if x >= 1.0 {
        return [0.0; 2];
    }
    let before = x.powi(CUTOFF_POWER.cast_signed() - 1);
    let [a, b, c] = [
        0.5 * (p + 1.0) * (p + 2.0),
        p * (p + 2.0),
        0.5 * p * (p + 1.0),
    ];
    let smooth = 1.0 - before * x * (a - b * x + c * x * x);
    let slope = -before * (a * p - b * (p + 1.0) * x + c * (p + 2.0) * x * x) / cutoff;
    let coulomb = 0.5 * COULOMB * zi * zj / distance;
    let by_distance = screening_slope * smooth + screening * slope - screening * smooth / distance;
    [coulomb * screening * smooth, coulomb * by_distance]
}

/// Half of each directed pair's energy, summed over the pairs of each centre, in float64 (eV).
///
/// # Shapes
/// - output: `[N, 1]`
pub(super) fn repulsion(input: &Input<'_>, cutoff: f64) -> Var<2> {
    let batch = input.batch;
    let pairs = &batch.edges.pairs;
    let e = pairs.len();
    let distance = Distances::new(input.vectors).distance.cast(DType::F64); // [E, 1]
    let charge = |row: u32| f64::from(batch.species[row as usize]);
    let (mut charges, mut inverse) = (Vec::with_capacity(e), Vec::with_capacity(e));
    for (&i, &j) in pairs.centre.rows().iter().zip(pairs.neighbour.rows()) {
        let (zi, zj) = (charge(i), charge(j));
        let (length, power) = SCREENING;
        charges.push(0.5 * COULOMB * zi * zj);
        inverse.push((zi.powf(power) + zj.powf(power)) / length);
    }
    let column = |values: Vec<f64>| {
        let data = TensorData::new(values, [e, 1]);
        Var::constant(Tensor::from_data(data, (&batch.device(), DType::F64)))
    };
    let x = distance.mul(&column(inverse));
    let terms = TERMS.map(|(factor, decay)| x.scale(-decay).exp_flushed().scale(factor));
    let [a, b, c, d] = terms;
    let screening = a.add(&b).add(&c).add(&d);
    column(charges)
        .mul(&distance.recip())
        .mul(&screening)
        .mul(&polynomial_cutoff(
            &distance.scale(1.0 / cutoff),
            CUTOFF_POWER,
        ))
        .segment_sum(&pairs.centre) // [N, 1]
}
